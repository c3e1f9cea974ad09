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
