package pods

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

func TestWhose(t *testing.T) {
	var x Index
	for ip, want := range map[string]evidence.Place{"10.0.0.1": "", "127.0.0.1": evidence.Loopback, "::1": evidence.Loopback} {
		if got := x.Whose(ip); got.Place != want {
			t.Errorf("without pods, %s is %q, want %q", ip, got.Place, want)
		}
	}
	x.Update([]Pod{
		{Namespace: "shop", Name: "a", Workload: "Deployment/a", Node: "192.0.2.1", IPs: []string{"10.0.0.1", "fd00::1"}},
		{Namespace: "shop", Name: "old", Workload: "Job/old", Node: "192.0.2.1", IPs: []string{"10.0.0.1"}, Over: true},
		{Namespace: "kube-system", Name: "p", Workload: "DaemonSet/p", Node: "192.0.2.1", OnHost: true, IPs: []string{"192.0.2.1"}},
	})
	for ip, want := range map[string]evidence.Whose{
		"10.0.0.1":  {Place: evidence.InPod, Namespace: "shop", Workload: "Deployment/a", Pod: "a"},
		"fd00::1":   {Place: evidence.InPod, Namespace: "shop", Workload: "Deployment/a", Pod: "a"},
		"192.0.2.1": {Place: evidence.OnNode, Workload: "kube-system/DaemonSet/p"},
		"192.0.2.9": {Place: evidence.Outside},
		"127.0.0.1": {Place: evidence.Loopback}, // kubectl port-forward
		"127.0.0.6": {Place: evidence.Loopback}, // the sidecar of a mesh
		"::1":       {Place: evidence.Loopback},
	} {
		if diff := cmp.Diff(want, x.Whose(ip)); diff != "" {
			t.Errorf("%s: %s", ip, diff)
		}
	}
}

// Pods on their machine's network share its address: the name of the node of Elasticsearch tells which is its own.
func TestOf(t *testing.T) {
	var x Index
	x.Update([]Pod{
		{Name: "proxy", OnHost: true, IPs: []string{"192.0.2.1"}},
		{Name: "es-0", OnHost: true, IPs: []string{"192.0.2.1"}},
		{Name: "es-1", IPs: []string{"10.0.0.1"}},
	})
	for _, c := range []struct{ ip, node, want string }{
		{"192.0.2.1", "es-0", "es-0"}, {"192.0.2.1", "else", ""}, {"10.0.0.1", "else", "es-1"}, {"10.0.0.2", "es-0", ""},
	} {
		if got, _ := x.Of(c.ip, c.node); got.Name != c.want {
			t.Errorf("%s of node %s is pod %q, want %q", c.ip, c.node, got.Name, c.want)
		}
	}
}
