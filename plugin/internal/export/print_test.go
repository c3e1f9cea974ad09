package export

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// patched is a release of which an object is taken away, one is marked and one is changed, and to which one is added.
func patched(t *testing.T) Result {
	t.Helper()
	const name = `"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a.b", "namespace": "here"`
	const test = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "t", "annotations": {"helm.sh/hook": "test"}}, "spec": {"hostname": %H}}` + "\n---\n"
	before := strings.ReplaceAll(test, "%H", `"x"`) + `{` + name + `}, "spec": {"paused": false}}` +
		"\n---\n" + `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "old"}}`
	after := strings.ReplaceAll(test, "%H", `"y"`) + `{` + name + `, "annotations": {"n": "1", "m": "x"}}, "spec": {"paused": true}}` +
		"\n---\n" + `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "new"}}`
	r, err := Compare(objects(t, before), objects(t, after))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Added) != 1 || r.Added[0].Name != "new" || len(r.Tests) != 1 || r.Tests[0].Name != "t" {
		t.Errorf("added: %v; tests, which are left as they are: %v", r.Added, r.Tests)
	}
	return r
}

// TestComponent holds the whole file: what is changed is named by a patch that fails without it, and by one with the
// operations, whose target is a pattern; what is taken away by one alone.
func TestComponent(t *testing.T) {
	r := patched(t)
	got, err := Component(r.Changes, r.Added)
	if err != nil {
		t.Fatal(err)
	}
	const want = `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
- objects.yaml
patches:
`
	if diff := cmp.Diff(want+list, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := Component(r.Changes, nil); err != nil || strings.Contains(got, Objects) {
		t.Errorf("without additions it names no file of them: %v\n%s", err, got)
	}
}

// TestHelmRelease holds that Flux applies the same patches, and runs no hook that they do not reach.
func TestHelmRelease(t *testing.T) {
	const head = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: elk-mtls\nspec:\n"
	indented := "  postRenderers:\n  - kustomize:\n      patches:\n" + strings.ReplaceAll("      "+strings.TrimSpace(list), "\n", "\n      ") + "\n"
	const off = ":\n    disableHooks: true\n"
	for hooks, want := range map[bool]string{
		true:  "  postRenderStrategy: combined\n",
		false: "  install" + off + "  upgrade" + off + "  rollback" + off + "  uninstall" + off,
	} {
		got, err := HelmRelease(patched(t).Changes, hooks)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(head+want+indented, got); diff != "" {
			t.Errorf("hooks in the stream: %t (-want +got):\n%s", hooks, diff)
		}
	}
}

const list = `- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: a.b
      namespace: here
      annotations:
        m: x
        "n": "1"
- target:
    group: apps
    version: v1
    kind: Deployment
    namespace: here
    name: a\.b
  patch: |
    [
      {"op":"test","path":"/spec/paused","value":false},
      {"op":"add","path":"/spec/paused","value":true}
    ]
- patch: |
    $patch: delete
    apiVersion: v1
    kind: Secret
    metadata:
      name: old
`

// TestUnlike holds that two objects of one name cannot be told apart by a patch.
func TestUnlike(t *testing.T) {
	const one = `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}`
	_, err := Compare(objects(t, one+"\n---\n"+one), nil)
	if err == nil || !strings.Contains(err.Error(), "Secret/x") {
		t.Errorf("got %v", err)
	}
}
