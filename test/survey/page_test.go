//go:build integration || survey

package survey

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/test/page"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// TestSurveyUser gives the rights that the page about migration tells to give, in Elasticsearch and in Kubernetes, and surveys with those.
func TestSurveyUser(t *testing.T) {
	w := newWorld(t, 1)
	server := w.cluster(t)
	kubectl, err := parts.Program(t.Context(), "kubectl")
	parts.SkipOrFail(t, err)
	curl, err := exec.LookPath("curl")
	if err != nil {
		parts.SkipOrFail(t, &parts.Missing{Part: "curl", Why: "it is not on the PATH", Remedy: "install curl"})
	}
	folder := t.TempDir()
	pair := w.ca.Leaf(pki.Options{CN: "admin", ClientAuth: true})
	for name, text := range map[string][]byte{"ca.crt": w.ca.Cert, "tls.crt": pair.Cert, "tls.key": pair.Key, "password": []byte("of the survey")} {
		must(t, os.WriteFile(filepath.Join(folder, name), text, 0o600))
	}
	page.Typed(t, "docs/migration.md", folder, map[string]string{"curl": curl, "kubectl": kubectl, "elk-mtls-init": w.init},
		[]string{"ES=" + w.nodes[0].URL, "PW=" + w.nodes[0].Password, "KUBECONFIG=" + server.Kubeconfig, "HOME=" + folder})

	jane, err := clientcmd.LoadFromFile(server.Kubeconfig)
	must(t, err)
	for _, user := range jane.AuthInfos {
		user.Impersonate = "jane"
	}
	must(t, clientcmd.WriteToFile(*jane, filepath.Join(folder, "kubeconfig")))
	text := w.start(t, "--for=1s", "--every=1s", "--username-file="+filepath.Join(folder, "username"), "--password-file="+filepath.Join(folder, "password"),
		"--kubeconfig="+filepath.Join(folder, "kubeconfig")).wait(t)
	if !watched(text, "node-0") {
		t.Error(text)
	}
}
