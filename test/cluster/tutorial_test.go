//go:build cluster

package cluster

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/test/page"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

// What docs/tutorial.md tells its reader to type, from an empty HOME, with the programs that it names and no others. The charts lie where it
// fetches them to.
func TestTutorial(t *testing.T) {
	s := newStack(t, 4, nil)
	if !s.stock.official {
		t.Skip("LEFT OUT: the hook of our example makes no token, so that its stock Kibana never starts")
	}
	kubectl, err := parts.Dir(t.Context(), "kubectl")
	parts.SkipOrFail(t, err)
	if err := lab.Tag(t.Context(), lab.images["elk-mtls-init"], "localhost/elk-mtls-init:tutorial"); err != nil {
		t.Fatal(err)
	}
	folder, home := t.TempDir(), t.TempDir()
	for _, name := range []string{"elk-mtls", "elk-mtls-cli"} {
		if err := os.CopyFS(filepath.Join(folder, "dist", "helm4", name), os.DirFS(filepath.Join(lab.plugin, "..", name))); err != nil {
			t.Fatal(err)
		}
	}
	for name, rendering := range map[string]string{"elasticsearch": s.elasticsearch(), "kibana": s.kibana()} {
		if err := os.CopyFS(filepath.Join(folder, "elastic", name), os.DirFS(chart(t, name, rendering))); err != nil {
			t.Fatal(err)
		}
	}
	kubeconfig := filepath.Join(home, "kubeconfig")
	config, err := clientcmd.LoadFromFile(lab.Kubeconfig)
	if err == nil {
		for _, c := range config.Contexts {
			c.Namespace = s.ns
		}
		err = clientcmd.WriteToFile(*config, kubeconfig)
	}
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]string{"helm": lab.helm[4], "kubectl": filepath.Join(kubectl, "kubectl")}
	start := time.Now()
	page.Followed(t, "docs/tutorial.md", folder, programs, []string{"HOME=" + home, "KUBECONFIG=" + kubeconfig},
		func(ctx context.Context, name string, args ...string) *exec.Cmd {
			return lab.Command(ctx, name, args...)
		})
	t.Logf("the tutorial took %.0f s", time.Since(start).Seconds())
	if left := slices.DeleteFunc(s.left(), func(id string) bool { return id == "Secret/"+certificate }); len(left) > 0 {
		t.Errorf("left is %q", left)
	}
}
