//go:build elasticsearch || integration

package wiring

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/pod"
)

// kibanaPassword is in the Secret kibana-login.
const kibanaPassword = "a password for Kibana"

// TestModes patches a release in each mode without a token, starts its Elasticsearch, runs the init container with the very arguments of
// the manifests, and logs in with what Kibana's container has: first as it is refused, then as it works.
func TestModes(t *testing.T) {
	example := stocks(t)[0]
	const head = "apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec:\n"
	setPassword := func(l *lab) {
		l.call(http.MethodPost, "/_security/user/kibana_system/_password", map[string]any{"password": kibanaPassword})
	}
	for _, m := range []struct {
		mode, config string
		refused      string // what the init container says first
		mend         func(*lab)
		user         string // that Kibana is in the end
	}{
		{"password", "  password: {secretName: kibana-login}\n", "answers 401", setPassword, "kibana_system"},
		{"cert-password", "  password: {secretName: kibana-login}\n", "answers 401", setPassword, "kibana_system"},
		{"cert-password", "  password: {secretName: kibana-login, set: true}\n", "", nil, "kibana_system"},
		{"pki", "  certificates:\n    clientCA: {secretName: clients-ca}\n    clients: [{ref: Deployment/elk-kibana, secretName: kibana-client}]\n", `the licence is "basic"`,
			func(l *lab) { l.call(http.MethodPost, "/_license/start_trial?acknowledge=true", nil) }, "kibana"},
	} {
		s := example
		s.config = head + "  mode: " + m.mode + "\n" + m.config
		t.Run(m.mode, func(t *testing.T) {
			if m.mode == "password" { // the example asks for certificates by hand
				s.text = regexp.MustCompile(`(?m)^ *client_authentication: optional.*\n`).ReplaceAllString(s.text, "")
			}
			l := newLab(t, s)
			if m.refused != "" {
				if log, err := l.ensure("--timeout=20s"); err == nil || !strings.Contains(log, m.refused) {
					t.Fatalf("want a refusal with %q, got %v\n%s", m.refused, err, log)
				}
				m.mend(l)
			}
			for range 2 {
				if log, err := l.ensure(); err != nil {
					t.Fatalf("%v\n%s", err, log)
				} else if strings.Contains(log, kibanaPassword) || strings.Contains(log, l.node.Password) {
					t.Error("a password is in the log")
				}
			}
			for _, asUser := range []bool{false, true} {
				name, stage, err := l.build(l.after, l.kibana, "kibana").Login(t.Context(), l.node.URL, asUser)
				if err != nil || name != m.user {
					t.Errorf("patched, request of a user: %v: logged in as %q, %s: %v", asUser, name, stage, err)
				}
			}
			if m.mode != "password" { // nothing changes for anybody else there
				t.Run("who is let in", l.letIn)
				t.Run("the stock readiness probe", l.probe)
			}
			if m.mode == "pki" {
				l.usersFirst(t)
			}
		})
	}
}

// usersFirst holds that a request with a password is the user's, whatever certificate comes with it.
func (l *lab) usersFirst(t *testing.T) {
	container := l.build(l.after, l.kibana, "kibana")
	container.Env["ELASTICSEARCH_USERNAME"], container.Env["ELASTICSEARCH_PASSWORD"] = "elastic", l.node.Password
	if name, stage, err := container.Login(t.Context(), l.node.URL, true); err != nil || name != "elastic" {
		t.Errorf("with a password beside the certificate: %q, %s: %v", name, stage, err)
	}
	container.Env["ELASTICSEARCH_PASSWORD"] = "wrong"
	if name, stage, err := container.Login(t.Context(), l.node.URL, true); err == nil || stage != pod.Authenticated {
		t.Errorf("with a wrong password beside the certificate: %q, %s: %v", name, stage, err)
	}
}

// ensure runs the init container of the patched manifests; more arguments come behind theirs.
func (l *lab) ensure(more ...string) (log string, err error) {
	l.t.Helper()
	container := l.build(l.after, l.kibana, "elk-mtls-init")
	if err := container.Program(filepath.Join(programs, "elk-mtls-init"), "elk-mtls-init"); err != nil {
		l.t.Fatal(err)
	}
	return l.run(container, append(append([]string{"/elk-mtls-init"}, container.Spec.Args...), more...)...)
}

func (l *lab) call(method, path string, body any) {
	l.t.Helper()
	if status, text, err := l.node.Call(l.t.Context(), method, path, body); err != nil || status >= 300 {
		l.t.Fatalf("%s %s: %d, %v: %s", method, path, status, err, text)
	}
}
