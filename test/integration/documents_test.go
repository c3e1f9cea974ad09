//go:build integration

package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// exampleChart is the chart that stands for ./chart.
const exampleChart = "../../examples/release"

// exampleRelease is what it renders.
func exampleRelease(t *testing.T) rendering {
	t.Helper()
	return rendering{stream: readFile(t, filepath.Join(exampleChart, "rendered.yaml"))}
}

// examples gives a copy of the examples, in which commands may write.
func examples(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// program gives the path of a part that is one program.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := parts.Program(t.Context(), name)
	parts.SkipOrFail(t, err)
	return path
}

// TestExampleChart holds that the example release is the same for Helm as for kustomize.
func TestExampleChart(t *testing.T) {
	for _, helm := range []string{"helm3", "helm4"} {
		out, err := exec.CommandContext(t.Context(), program(t, helm), "template", releaseName, exampleChart).Output()
		if err != nil {
			t.Fatal(err)
		}
		sameObjects(t, objects(t, exampleRelease(t).stream), objects(t, out))
	}
}

func TestArgoCDPage(t *testing.T) {
	serveApplications(t)
	d := newDesk(t, examples(t, ""), namespace(t), "kustomize", "kubectl")
	namespaceNamed(t, "argocd")
	out := d.typed("docs/argocd.md")
	for _, want := range []string{"deployment.apps/argocd-repo-server created", "application.argoproj.io/elk created"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	d.leavesNothing("Deployment/argocd-repo-server")
}

// serveApplications makes the API server know the Applications of Argo CD until the test is over.
func serveApplications(t *testing.T) {
	t.Helper()
	c := connect(t)
	module, err := parts.Module(t.Context(), "github.com/argoproj/argo-cd/v3", "v3.5.7")
	if err != nil {
		t.Fatal(err)
	}
	c.serve(t, readFile(t, filepath.Join(module, "manifests/crds/application-crd.yaml")))
}

// serve makes the API server know a kind until the test is over.
func (c *client) serve(t *testing.T, text []byte) {
	t.Helper()
	definitions := c.dynamic.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	definition := objectsIn(t, text)[0]
	if _, err := definitions.Create(t.Context(), definition, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := definitions.Delete(context.WithoutCancel(t.Context()), definition.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "the API server serves "+definition.GetName(), func() bool {
		now, err := definitions.Get(t.Context(), definition.GetName(), metav1.GetOptions{})
		if err != nil {
			return false
		}
		conditions, _, _ := unstructured.NestedSlice(now.Object, "status", "conditions")
		for _, condition := range conditions {
			if c, ok := condition.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
				return true
			}
		}
		return false
	})
}

func TestHelmPages(t *testing.T) {
	for _, major := range []int{3, 4} {
		t.Run(fmt.Sprint(major), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, folderWith(t, map[string]string{"chart": exampleChart}), namespace(t)).helm(major)
			if major == 3 {
				d.install("elk-mtls")
				d.typed("docs/helm3.md")
			} else {
				d.typed("docs/helm4.md")
			}
			chart := wrapped{"example", exampleRelease(t).stream, "elk-kibana"}
			sameObjects(t, objects(t, withoutHooks(t, d.file("look.yaml"))), chart.secured(t, nil))
			d.leavesNothing()
		})
	}
}

// bothPlugins puts the plugins together, as `make plugin` does, and gives their folders.
func bothPlugins(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, name := range []string{"elk-mtls", "elk-mtls-cli"} {
		put(t, filepath.Join(dir, name, "plugin.yaml"), string(readFile(t, filepath.Join("../../plugin/helm", name, "plugin.yaml"))))
		if err := os.Symlink(filepath.Join(pluginDir(t), "bin"), filepath.Join(dir, name, "bin")); err != nil {
			t.Fatal(err)
		}
		all = append(all, filepath.Join(dir, name))
	}
	return all
}

// TestMigrationPage: verify, which the page calls after each step, fails where the stage is another one.
func TestMigrationPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, folderWith(t, map[string]string{"chart": exampleChart}), namespace(t)).helm(4)
	d.plugins()
	d.typed("docs/migration.md")
	if text := d.file("changes.txt"); !bytes.Contains(text, []byte("Deployment/elk-kibana")) {
		t.Errorf("the changes before the first step:\n%s", text)
	}
}

func TestFluxPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, examples(t, "flux-export"), namespace(t), "elk-mtls", "kustomize", "git").helm(4)
	put(t, filepath.Join(d.folder, "values.yaml"), "{}\n")
	d.run("git", "init", "-q")
	d.run("cp", "-r", "../release", "chart")
	d.typed("docs/flux.md")
	built := objects(t, d.file("build.yaml"))
	var patched bool
	for _, o := range built {
		if renderers, _, err := unstructured.NestedSlice(o.Object, "spec", "postRenderers"); idOf(o) == "HelmRelease/elk" && err == nil && len(renderers) == 1 {
			patched = true
		}
		if o.GetNamespace() != "elastic" {
			t.Errorf("%s is in namespace %q", idOf(o), o.GetNamespace())
		}
	}
	if !patched || len(built) < 5 {
		t.Errorf("got %q, the release patched: %v", ids(built), patched)
	}
	if !exists(filepath.Join(d.folder, "component", "kustomization.yaml")) {
		t.Error("no component")
	}
}

// TestKustomizePage: both ways of the page give the objects of the post-renderer, so that the second changes no workload.
func TestKustomizePage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, examples(t, "kustomize-krm"), namespace(t), "elk-mtls", "kustomize", "kubectl")
	out := d.typed("docs/kustomize.md")
	release := exampleRelease(t).byPostRenderer(t)
	sameObjects(t, release, objects(t, d.file("build.yaml")))
	if created := strings.Count(out, " created\n"); created != len(release) {
		t.Errorf("%d objects of %d are created:\n%s", created, len(release), out)
	}
	for _, o := range release {
		place, err := d.cluster.at(o, d.ns)
		if err != nil {
			t.Fatal(err)
		}
		got, err := place.Get(t.Context(), o.GetName(), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if lines := lacks("", o.Object, got.Object); lines != nil || got.GetGeneration() > 1 {
			t.Errorf("%s, of generation %d, is not as rendered:\n%s", idOf(o), got.GetGeneration(), strings.Join(lines, "\n"))
		}
	}
}

// TestCertificatesPage: what is made is good for what is installed, a client that came later included.
func TestCertificatesPage(t *testing.T) {
	d := newDesk(t, folderWith(t, nil), namespaceNamed(t, "elastic"), "elk-mtls", "kubectl").helm(4)
	d.plugins()
	filebeat := strings.NewReplacer("search-master", "elasticsearch-master", "logs-filebeat", "elk-filebeat").
		Replace(string(readFile(t, "../../plugin/testdata/charts/filebeat-daemonset/input.yaml")))
	chart := wrapped{"with a Beat", append(exampleRelease(t).stream, "\n"+filebeat...), "elk-kibana"}
	if err := os.Rename(chart.write(t), filepath.Join(d.folder, "chart")); err != nil {
		t.Fatal(err)
	}
	d.env = append(d.env, "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
	d.typed("docs/certificates.md")
	for _, name := range []string{"elasticsearch-master", "elk-kibana", "elk-filebeat"} {
		data, _, err := unstructured.NestedMap(d.cluster.secret(t, d.ns, name+"-elk-mtls-tls").Object, "data")
		if err != nil || len(data) != 3 {
			t.Errorf("%s has %d keys, %v", name, len(data), err)
		}
	}
	if text := string(d.file("new.yaml")); !strings.Contains(text, "DaemonSet/elk-filebeat") {
		t.Errorf("the new configuration:\n%s", text)
	}
}

func TestVerificationPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, folderWith(t, map[string]string{"chart": exampleChart}), namespace(t), "elk-mtls", "kubectl").helm(4)
	d.plugins()
	d.env = append(d.env, "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
	d.run("helm", "install", "elk", "./chart", "--post-renderer", "elk-mtls")
	d.typed("docs/verification.md")
}

// TestOverlayPage types the steps with renderings in the place of the charts, which no package registry has.
func TestOverlayPage(t *testing.T) {
	charts := realRenderings(t, "elasticsearch-8.5.1-default", "kibana-8.5.1-default")
	if charts == nil {
		return
	}
	d := newDesk(t, folderWith(t, map[string]string{"charts-overlay": "../../charts-overlay"}), namespaceNamed(t, "elastic"), "kubectl").helm(4)
	d.plugins()
	for _, name := range []string{"password", "ca.crt", "tls.crt", "tls.key"} {
		put(t, filepath.Join(d.folder, name), "of no worth")
	}
	for i, name := range []string{"elasticsearch", "kibana"} {
		put(t, filepath.Join(d.folder, "elastic", "x"), "")
		if err := os.Rename(wrapped{name, charts[i].stream, ""}.write(t), filepath.Join(d.folder, "elastic", name)); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		d.run("kubectl", "delete", "-f", "charts-overlay/admission-policy.yaml")
		d.run("kubectl", "label", "namespace", "elastic", "elk-mtls.dev/guard-")
	}()
	d.typed("charts-overlay/README.md")
	have := d.cluster.released(t, d.ns)
	for _, want := range []string{"StatefulSet/elasticsearch-master", "Deployment/kibana-kibana", "Secret/kibana-kibana-elk-mtls-token", "Secret/elastic-credentials", "Secret/elasticsearch-http"} {
		if !slices.Contains(have, want) {
			t.Errorf("no %s in %q", want, have)
		}
	}
}
