package krm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

const head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"

func of(t *testing.T, text string) (*manifest.Stream, *List, error) {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	list, err := Of(stream)
	return stream, list, err
}

func TestOf(t *testing.T) {
	for name, c := range map[string]struct {
		text, refused string
		is            bool
	}{
		"a list":                     {head + "items: [{kind: X}]", "", true},
		"JSON":                       {`{"apiVersion": "config.kubernetes.io/v1beta1", "kind": "ResourceList", "items": []}`, "", true},
		"empty documents around it":  {"---\n# a comment\n---\n" + head + "---\n", "", true},
		"no items":                   {head, "", true},
		"another kind that names it": {"kind: ConfigMap\ndata: {a: 'kind: ResourceList'}", "", false},
		"none":                       {"kind: ConfigMap", "", false},
		"broken elsewhere":           {"kind: ConfigMap\ndata: {a: [ResourceList", "", false},
		"broken":                     {head + "items: [", "the ResourceList on stdin is broken: ", false},
		"items that are a mapping":   {head + "items: {kind: StatefulSet}", "items of the ResourceList on stdin is no list of objects", false},
		"an item that is a text":     {head + "items: [x]", "items of the ResourceList on stdin is no list of objects", false},
		"another version":            {"apiVersion: v2\nkind: ResourceList", `the ResourceList on stdin has apiVersion "v2": expected config.kubernetes.io/v1, `, false},
		"another document":           {head + "---\nkind: X", "stdin holds a ResourceList and another document beside it: ", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, list, err := of(t, c.text)
			switch {
			case c.refused == "" && err != nil, c.refused != "" && (err == nil || !strings.HasPrefix(err.Error(), c.refused)):
				t.Errorf("want %q, got %v", c.refused, err)
			case (list != nil) != c.is:
				t.Errorf("a ResourceList: %v", list != nil)
			}
		})
	}
}

// Results name the object and the file, by either spelling, and stand in place of those that came with the list.
func TestResults(t *testing.T) {
	stream, list, err := of(t, head+`items:
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: es, namespace: elastic, annotations: {internal.config.kubernetes.io/path: a.yaml, internal.config.kubernetes.io/index: '2'}}} # as it is
- {apiVersion: v1, kind: Secret, metadata: {name: es, annotations: {config.kubernetes.io/path: b.yaml}}}
results: [{message: from before}]
`)
	if err != nil {
		t.Fatal(err)
	}
	if o := list.Item("StatefulSet", "", "es"); o != nil {
		t.Errorf("no namespace finds the one in %s", o.Namespace)
	}
	if err := list.SetResults([]Result{
		{"info", "StatefulSet/es: 2 changes", list.Item("StatefulSet", "elastic", "es")}, {"warning", "in Secret/es", list.Item("Secret", "", "es")}, {"info", "about nothing", nil},
	}); err != nil {
		t.Fatal(err)
	}
	got, err := stream.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const want = head + `items:
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: es, namespace: elastic, annotations: {internal.config.kubernetes.io/path: a.yaml, internal.config.kubernetes.io/index: '2'}}} # as it is
- {apiVersion: v1, kind: Secret, metadata: {name: es, annotations: {config.kubernetes.io/path: b.yaml}}}
results: [{message: "StatefulSet/es: 2 changes", severity: info, resourceRef: {apiVersion: apps/v1, kind: StatefulSet, name: es, namespace: elastic}, file: {path: a.yaml, index: 2}}, {message: in Secret/es, severity: warning, resourceRef: {apiVersion: v1, kind: Secret, name: es}, file: {path: b.yaml}}, {message: about nothing, severity: info}]
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What could not be secured does not leave, whoever overlooks the exit code.
func TestFailure(t *testing.T) {
	got, err := Failure([]Result{{"error", "StatefulSet/es: no", &object.Object{ID: object.ID{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "es"}}}})
	if err != nil {
		t.Fatal(err)
	}
	const want = head + `items: []
results:
- message: "StatefulSet/es: no"
  severity: error
  resourceRef:
    apiVersion: apps/v1
    kind: StatefulSet
    name: es
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
