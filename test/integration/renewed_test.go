//go:build integration

package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}

// restartMark does to a Deployment what elk-mtls-init renew does, and gives it as it is then.
func (c *client) restartMark(t *testing.T, ns, name string) *unstructured.Unstructured {
	t.Helper()
	note := map[string]any{"annotations": map[string]any{"elk-mtls.dev/renewed": "0123456789abcdef"}}
	body, err := json.Marshal(map[string]any{"metadata": note, "spec": map[string]any{"template": map[string]any{"metadata": note}}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.dynamic.Resource(deployments).Namespace(ns).Patch(t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "elk-mtls-init"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// keepsRestart holds that a Deployment is as it was: another generation would replace its pods.
func (c *client) keepsRestart(t *testing.T, when string, was *unstructured.Unstructured) {
	t.Helper()
	now, err := c.dynamic.Resource(deployments).Namespace(was.GetNamespace()).Get(t.Context(), was.GetName(), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(was.Object["spec"], now.Object["spec"]); diff != "" || now.GetAnnotations()["elk-mtls.dev/renewed"] == "" {
		t.Errorf("%s, the restart is undone:\n%s", when, diff)
	}
}

func kibanaOf(t *testing.T, all []*unstructured.Unstructured) string {
	t.Helper()
	for _, o := range all {
		if o.GetKind() == "Deployment" {
			return o.GetName()
		}
	}
	t.Fatal("no Deployment")
	return ""
}

// An upgrade that changes nothing keeps the restarts that elk-mtls-init renew has made, and so does one that changes something else.
func TestHelmKeepsRestart(t *testing.T) {
	forEachWay(t, func(r *release) {
		r.must(r.apply("install", nil, r.withUs())...)
		was := r.cluster.restartMark(r.t, r.ns, kibanaOf(r.t, r.chart.secured(r.t, nil)))
		r.must(r.apply("upgrade", nil, r.withUs())...)
		r.cluster.keepsRestart(r.t, "after an upgrade that changes nothing", was)
	})
}

// Argo CD applies as kubectl apply does, or with --server-side; Flux applies on the server as kustomize-controller, and takes back only what kubectl
// wrote. Each keeps the restart; what replaces whole objects does not.
func TestGitOpsKeepsRestart(t *testing.T) {
	input := readFile(t, "../../examples/release/rendered.yaml")
	output, stderr, err := patched(t, input, "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	var deployment []byte
	for _, o := range objects(t, output) {
		if o.GetKind() == "Deployment" {
			o.SetNamespace("")
			if deployment, err = json.Marshal(o.Object); err != nil {
				t.Fatal(err)
			}
		}
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "deployment.json")
	if err := os.WriteFile(file, deployment, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, way := range []struct {
		name string
		args []string
	}{
		{"client side", []string{"apply", "-f", file}},
		{"server side, as Argo CD", []string{"apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f", file}},
		{"server side, as Flux", []string{"apply", "--server-side", "--force-conflicts", "--field-manager=kustomize-controller", "-f", file}},
	} {
		t.Run(way.name, func(t *testing.T) {
			ns := namespace(t)
			d := newDesk(t, folder, ns, "kubectl")
			d.run("kubectl", way.args...)
			was := d.cluster.restartMark(t, ns, kibanaOf(t, objects(t, output)))
			d.run("kubectl", way.args...)
			d.cluster.keepsRestart(t, "after the next sync", was)

			d.run("kubectl", "replace", "-f", file) // Replace=true of Argo CD
			now, err := d.cluster.dynamic.Resource(deployments).Namespace(ns).Get(t.Context(), was.GetName(), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if now.GetAnnotations()["elk-mtls.dev/renewed"] != "" {
				t.Error("the documents say that a replaced object loses the restart, and it does not")
			}
		})
	}
}
