//go:build elasticsearch || integration

package wiring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/pod"
)

// login builds Kibana's containers from the manifests and logs in with nothing else. The init container runs as the pod's
// security context says, sees what it mounts, and writes to a file in place of the API server. Less than the patched manifests fails
// at a stage of the login that is named here.
func (l *lab) login(t *testing.T) {
	tokenSecret := strings.TrimPrefix(l.kibana, "Deployment/") + "-elk-mtls-token"

	if _, err := l.after.Container(l.kibana, "kibana", t.TempDir()); err == nil || !strings.Contains(err.Error(), "couldn't find key token") {
		t.Errorf("before the init container ran, Kibana's container must not start, and says %v", err)
	}
	data := l.mint(tokenSecret)
	l.after.Put("Secret", tokenSecret, data)
	for _, asUser := range []bool{false, true} {
		name, stage, err := l.build(l.after, l.kibana, "kibana").Login(t.Context(), l.node.URL, asUser)
		if err != nil || name != "elastic/kibana" {
			t.Errorf("patched, request of a user: %v: logged in as %q, %s: %v", asUser, name, stage, err)
		}
	}

	stockSecret := strings.TrimPrefix(l.kibana, "Deployment/") + "-es-token"
	if _, err := l.before.Container(l.kibana, "kibana", t.TempDir()); err == nil || !strings.Contains(err.Error(), "couldn't find key token in Secret "+stockSecret) {
		t.Errorf("stock, without its hook: want no token, got %v", err)
	}
	l.before.Put("Secret", stockSecret, data)
	if _, stage, err := l.build(l.before, l.kibana, "kibana").Login(t.Context(), l.node.URL, false); err == nil || stage != pod.Connected {
		t.Errorf("stock, with a token that works: want a failure at %q, got one at %q: %v", pod.Connected, stage, err)
	}

	withoutAlways := l.build(l.after, l.kibana, "kibana")
	delete(withoutAlways.Env, "ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE")
	if _, stage, err := withoutAlways.Login(t.Context(), l.node.URL, true); err == nil || stage != pod.Connected {
		t.Errorf("without alwaysPresentCertificate: want a user's request to fail at %q, got %q: %v", pod.Connected, stage, err)
	}
}

// mint runs the init container and gives the data of the Secret that it wrote.
func (l *lab) mint(secret string) map[string][]byte {
	l.t.Helper()
	container := l.build(l.after, l.kibana, "elk-mtls-init")
	if err := container.Program(filepath.Join(programs, "elk-mtls-init"), "elk-mtls-init"); err != nil {
		l.t.Fatal(err)
	}
	words := []string{"/elk-mtls-init"}
	for _, arg := range container.Spec.Args {
		if strings.HasPrefix(arg, "--secret=") {
			arg = "--secret-out=/tmp/secret.yaml"
		}
		words = append(words, arg)
	}
	out, err := l.run(container, words...)
	if err != nil {
		l.t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(container.Path("tmp/secret.yaml"))
	if err != nil {
		l.t.Fatal(err)
	}
	written, err := pod.Read(text)
	if err != nil {
		l.t.Fatal(err)
	}
	names := written.Names("Secret")
	if len(names) != 1 {
		l.t.Fatalf("the init container wrote %v for Secret/%s", names, secret)
	}
	data := written.Data("Secret", names[0])
	if token := string(data["token"]); token == "" || strings.Contains(out, token) {
		l.t.Errorf("the token is missing, or in the log")
	}
	return data
}
