//go:build elasticsearch || integration

package wiring

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

// TestPatchedBitnami starts a node with what the entry script of Bitnami's image makes of the patched manifests, and holds the
// container's health check and Kibana against it. The script is emulated: its image is not here.
func TestPatchedBitnami(t *testing.T) {
	text, err := os.ReadFile("../../plugin/testdata/charts/bitnami-release/input.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := stock{
		text: string(text), certs: "logs-elasticsearch-coordinating-crt", more: []string{"logs-elasticsearch-master-crt"}, service: "logs-elasticsearch",
		server: "StatefulSet/logs-elasticsearch-coordinating", kibana: "Deployment/logs-kibana", bitnami: true,
	}
	for name, config := range map[string]string{
		"one CA": "",
		"a CA of the clients": "apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec:\n  certificates:\n    clientCA: {secretName: clients-ca}\n" +
			"    clients: [{ref: Deployment/logs-kibana, secretName: kibana-client}]\n",
	} {
		s.name, s.config = name, config
		t.Run(name, func(t *testing.T) {
			l := newLab(t, s)
			t.Run("who is let in", l.letIn)
			t.Run("the health check of the image", l.healthCheck)
			t.Run("Kibana logs in", l.bitnamiLogin)
		})
	}
}

// letIn holds the node to its list of CAs.
func (l *lab) letIn(t *testing.T) {
	signers := map[*pki.CA]bool{l.ca: true, pki.NewCA("others"): false}
	if l.clients != nil {
		signers[l.clients] = true
	}
	for ca, welcome := range signers {
		pair := ca.Leaf(pki.Options{CN: "somebody", ClientAuth: true})
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: l.ca.Client(pair), DisableKeepAlives: true}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.node.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if (err == nil) != welcome {
			t.Errorf("a client of another CA: %v, of one that is listed: %v; the node says %v", !welcome, welcome, err)
		}
	}
}

// healthCheck runs what the script of the readiness probe runs.
func (l *lab) healthCheck(t *testing.T) {
	_, port, _ := strings.Cut(strings.TrimPrefix(l.node.URL, "https://"), ":")
	script := fmt.Sprintf("curl --silent --fail -k --user \"elastic:$(cat $ELASTICSEARCH_PASSWORD_FILE)\" https://%s:%s/_cluster/health?local=true", l.service, port)
	for _, c := range []struct {
		what    string
		release *pod.Release
		passes  bool
	}{{"stock", l.before, false}, {"patched", l.after, true}} {
		out, err := l.run(l.build(c.release, l.server, "elasticsearch"), "sh", "-c", script)
		if (err == nil) != c.passes || !c.passes && !failedByTLS(err) {
			t.Errorf("%s: %v\n%s", c.what, err, out)
		}
	}
}

// bitnamiLogin logs in as Kibana with what its kibana.yml says in the end.
func (l *lab) bitnamiLogin(t *testing.T) {
	secret := strings.TrimPrefix(l.kibana, "Deployment/") + "-elk-mtls-token"
	if _, err := l.after.Container(l.kibana, "kibana", t.TempDir()); err == nil || !strings.Contains(err.Error(), "couldn't find key token") {
		t.Errorf("before the init container ran, Kibana's container must not start, and says %v", err)
	}
	l.after.Put("Secret", secret, l.mint(secret))
	for _, asUser := range []bool{false, true} {
		container := l.build(l.after, l.kibana, "kibana")
		if err := container.BitnamiKibana(); err != nil {
			t.Fatal(err)
		}
		if name, stage, err := container.Login(t.Context(), l.node.URL, asUser); err != nil || name != "elastic/kibana" {
			t.Errorf("patched, request of a user: %v: logged in as %q, %s: %v", asUser, name, stage, err)
		}
	}
	stock := l.build(l.before, l.kibana, "kibana")
	if err := stock.BitnamiKibana(); err != nil {
		t.Fatal(err)
	}
	stock.Env["ELASTICSEARCH_SERVICEACCOUNTTOKEN"] = "of somebody"
	if _, stage, err := stock.Login(t.Context(), l.node.URL, false); err == nil || stage != pod.Configured {
		t.Errorf("stock, with a token beside its user name: want a failure at %q, got %q: %v", pod.Configured, stage, err)
	}
}
