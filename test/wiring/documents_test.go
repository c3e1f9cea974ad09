//go:build integration

package wiring

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/page"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

// TestCommandsForElasticsearch types what documents tell to ask of Elasticsearch itself, on the example release after the init container
// has made its token: the user that may make tokens, the doctor who logs in as that one, and a token deleted by hand.
func TestCommandsForElasticsearch(t *testing.T) {
	kubectl, err := parts.Program(t.Context(), "kubectl")
	if err != nil {
		parts.SkipOrFail(t, err)
	}
	l := newLab(t, stocks(t)[0])
	c := newCluster(t, l)
	if log, err := c.ensure(t, l); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	folder := t.TempDir()
	kubeconfig, err := os.ReadFile(c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"ca.crt": l.ca.Cert, "tls.crt": l.pair.Cert, "tls.key": l.pair.Key, "password": []byte("of the minter"), ".kube/config": kubeconfig,
	} {
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	minterJob(t, l)
	made := tokens(t, l)
	if len(made) != 1 {
		t.Fatalf("the init container made the tokens %v", made)
	}
	env := append(os.Environ(), "HOME="+folder, "KUBECONFIG="+filepath.Join(folder, ".kube/config"), "ES="+l.node.URL, "PW="+l.node.Password, "NAME="+made[0],
		"OPTIONS=-fsS --cacert ca.crt --cert tls.crt --key tls.key -u elastic:"+l.node.Password)
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"kubectl": kubectl, "curl": curl, "elk-mtls-init": filepath.Join(programs, "elk-mtls-init")}

	page.Typed(t, "SECURITY.md", folder, all, env)
	if _, err := c.admin.AppsV1().Deployments(namespace).Create(t.Context(), deployment(t, l), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	report := page.Typed(t, "docs/doctor.md", folder, all, env)
	if strings.Contains(report, "✗") || !strings.Contains(report, "token-works") {
		t.Errorf("the doctor says\n%s", report)
	}
	if out := page.Typed(t, "docs/uninstall.md", folder, all, env); !strings.Contains(out, made[0]) {
		t.Errorf("the list of tokens does not have %q:\n%s", made[0], out)
	}
	if status, body, err := l.node.Call(t.Context(), http.MethodPut, "/_security/service/elastic/kibana/credential/token/kibana-kibana", nil); err != nil || status != http.StatusOK {
		t.Fatalf("a token as the hook makes it: %d %s %v", status, body, err)
	}
	hook := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "kibana-kibana-es-token"}}
	if _, err := c.admin.CoreV1().Secrets("default").Create(t.Context(), hook, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	page.Typed(t, "docs/from-the-hook.md", folder, all, env)
	if left := tokens(t, l); len(left) > 0 {
		t.Errorf("after the deletion there are still %v", left)
	}
}

// minterJob runs the Job of elk-mtls-support as its manifest says, twice, and logs in as the user that it makes.
func minterJob(t *testing.T, l *lab) {
	t.Helper()
	helm, err := parts.Helm(t.Context(), 4)
	if err != nil {
		parts.SkipOrFail(t, err)
	}
	url := strings.Replace(l.node.URL, "127.0.0.1", l.service, 1)
	rendered, err := exec.CommandContext(t.Context(), helm, "template", "x", "../../charts-overlay/elk-mtls-support", "--set", "minter.enabled=true", "--set", "minter.image=x",
		"--set", "minter.admin.secretName=admin", "--set", "minter.certificates.secretName=certs", "--set", "minter.elasticsearchURL="+url).Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := pod.Read(rendered)
	if err != nil {
		t.Fatal(err)
	}
	const user, password = "made-by-the-job", `a "quoted" \ word`
	r.Put("Secret", "certs", map[string][]byte{"ca.crt": l.ca.Cert, "tls.crt": l.pair.Cert, "tls.key": l.pair.Key})
	r.Put("Secret", "admin", map[string][]byte{"username": []byte("elastic"), "password": []byte(l.node.Password)})
	r.Put("Secret", "es-token-minter", map[string][]byte{"username": []byte(user), "password": []byte(password)})
	c := l.build(r, "Job/x-minter", "minter")
	for range 2 {
		if out, err := l.run(c, c.Spec.Command...); err != nil || !strings.Contains(out, "role elk-mtls-minter and its user are there") || strings.Contains(out, l.node.Password) {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.node.URL+"/_security/_authenticate", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	answer, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: l.tls}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var who struct{ Roles []string }
	if err := json.NewDecoder(answer.Body).Decode(&who); err != nil || answer.StatusCode != http.StatusOK || !slices.Equal(who.Roles, []string{"elk-mtls-minter"}) {
		t.Errorf("the user logs in with status %d (%v), and has the roles %q", answer.StatusCode, err, who.Roles)
	}
}

// deployment is that of Kibana in the patched manifests.
func deployment(t *testing.T, l *lab) *appsv1.Deployment {
	t.Helper()
	for _, text := range bytes.Split(l.patched, []byte("\n---\n")) {
		d := &appsv1.Deployment{}
		if err := yaml.Unmarshal(text, d); err == nil && d.Kind == "Deployment" {
			return d
		}
	}
	t.Fatal("no Deployment in the patched manifests")
	return nil
}
