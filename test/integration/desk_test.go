//go:build integration

package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/elk-mtls/elk-mtls/test/page"
)

// desk is where somebody sits who types what a document says: a folder, the programs that the document names as needed, and a real API
// server, in whose namespace kubectl and Helm work without being told.
type desk struct {
	t        *testing.T
	folder   string
	ns       string
	env      []string
	programs map[string]string
	cluster  *client
}

// newDesk gives a desk with a shell, what page.Typed has beside it, and these programs.
func newDesk(t *testing.T, folder, ns string, programs ...string) *desk {
	t.Helper()
	d := &desk{t: t, folder: folder, ns: ns, cluster: connect(t), programs: map[string]string{}}
	home := t.TempDir()
	kubeconfig := filepath.Join(home, "kubeconfig")
	config, err := clientcmd.LoadFromFile(apiServer(t).Kubeconfig)
	if err == nil {
		config.Contexts[config.CurrentContext].Namespace = ns
		err = clientcmd.WriteToFile(*config, kubeconfig)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.env = append(plainEnvironment(), "KUBECONFIG="+kubeconfig, "KUBECACHEDIR="+filepath.Join(home, "cache"),
		"HELM_CONFIG_HOME="+filepath.Join(home, "config"), "HELM_CACHE_HOME="+filepath.Join(home, "cache"), "HELM_DATA_HOME="+filepath.Join(home, "data"))
	for _, name := range programs {
		d.install(name)
	}
	return d
}

// install puts a program on the PATH: ours, a real part, or else one that this machine has.
func (d *desk) install(name string) {
	d.t.Helper()
	switch name {
	case "elk-mtls":
		d.programs[name] = elkmtls(d.t)
	case "helm3", "helm4":
		d.programs["helm"] = program(d.t, name)
	case "kubectl", "kustomize", "helmfile":
		d.programs[name] = program(d.t, name)
	default:
		path, err := exec.LookPath(name)
		if err != nil {
			d.t.Fatal(err)
		}
		d.programs[name] = path
	}
}

// helm puts that Helm on the PATH. Helm 4 finds dist/helm4, as `make plugin` makes it.
func (d *desk) helm(major int) *desk {
	d.t.Helper()
	d.install(fmt.Sprintf("helm%d", major))
	if major == 4 {
		bothPlugins(d.t, filepath.Join(d.folder, "dist", "helm4"))
	}
	return d
}

// plugins installs both plugins for Helm 4, as a document tells elsewhere.
func (d *desk) plugins() {
	d.t.Helper()
	for _, name := range []string{"elk-mtls", "elk-mtls-cli"} {
		d.run("helm", "plugin", "install", filepath.Join(d.folder, "dist", "helm4", name))
	}
}

// run runs what a document takes for done.
func (d *desk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := d.try(name, args...); err != nil {
		d.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// try runs what may fail, and gives what it says.
func (d *desk) try(name string, args ...string) (string, error) {
	if own := d.programs[name]; own != "" {
		name = own
	}
	cmd := exec.CommandContext(d.t.Context(), name, args...)
	cmd.Dir, cmd.Env = d.folder, d.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// typed types a document.
func (d *desk) typed(document string) string {
	d.t.Helper()
	return page.Typed(d.t, document, d.folder, d.programs, d.env)
}

// file gives what the commands have written.
func (d *desk) file(name string) []byte {
	d.t.Helper()
	return readFile(d.t, filepath.Join(d.folder, name))
}

// leavesNothing holds that the namespace is as empty as it was.
func (d *desk) leavesNothing(besides ...string) {
	d.t.Helper()
	left := map[string]bool{}
	for _, id := range d.cluster.everything(d.t, d.ns) {
		left[id] = true
	}
	for _, id := range besides {
		if !left[id] {
			d.t.Errorf("no %s is left", id)
		}
		delete(left, id)
	}
	if len(left) > 0 {
		d.t.Errorf("what was typed left %v", left)
	}
}

// namespaceNamed gives a namespace that a document names. What is in it goes with the test.
func namespaceNamed(t *testing.T, name string) string {
	t.Helper()
	c := connect(t)
	c.ensureNamespace(t, name)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for _, resource := range c.listed {
			place := c.dynamic.Resource(resource).Namespace(name)
			list, err := place.List(ctx, metav1.ListOptions{})
			if err != nil {
				t.Errorf("%s: %v", resource.Resource, err)
				continue
			}
			for i := range list.Items {
				if err := place.Delete(ctx, list.Items[i].GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
					t.Error(err)
				}
			}
		}
	})
	return name
}

// folderWith gives a folder in which links stand for folders elsewhere.
func folderWith(t *testing.T, links map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, to := range links {
		path, err := filepath.Abs(to)
		if err := errors.Join(err, os.Symlink(path, filepath.Join(folder, name))); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// eventually waits for what takes the API server a moment.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after five minutes: not so: %s", what)
		}
	}
}
