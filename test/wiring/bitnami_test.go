//go:build elasticsearch || integration

package wiring

import (
	"crypto/tls"
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

// letIn holds the node to its list of CAs, and to what a certificate is for.
func (l *lab) letIn(t *testing.T) {
	others, client := pki.NewCA("others"), pki.Options{CN: "somebody", ClientAuth: true}
	l.knock(t, "a client of the cluster's CA", l.ca.Client(l.ca.Leaf(client)), true)
	l.knock(t, "one of another CA", l.ca.Client(others.Leaf(client)), false)
	l.knock(t, "a certificate for servers only", l.ca.Client(l.ca.Leaf(pki.Options{CN: "somebody", ServerAuth: true})), false)
	nobody := l.ca.Client(l.ca.Leaf(client))
	nobody.Certificates = nil
	l.knock(t, "nobody's", nobody, false)
	if strings.Contains(l.config, "clients-ca") {
		l.knock(t, "one of the CA that is listed", l.ca.Client(l.clients.Leaf(client)), true)
	}
}

// knock asks with a certificate, and holds whether TLS lets it in.
func (l *lab) knock(t *testing.T, who string, with *tls.Config, welcome bool) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: with, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.node.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	if (err == nil) != welcome {
		t.Errorf("%s: want it let in: %v; the node says %v", who, welcome, err)
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
