package export

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// TestOperations holds what leads from one object to another; test/integration has plain kustomize apply it.
func TestOperations(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string // of a spec, as JSON
		want          []string
	}{
		"nothing": {`{"a": 1, "b": [1, {"name": "x"}]}`, `{"b": [1, {"name": "x"}], "a": 1}`, nil},
		"a field, whose name has a slash and a tilde": {`{}`, `{"a/b~c": 1}`,
			[]string{`{"op":"test","path":"/spec/a~1b~0c","value":null}`, `{"op":"add","path":"/spec/a~1b~0c","value":1}`}},
		"a field less": {`{"a": "x", "b": 1}`, `{"b": 1}`,
			[]string{`{"op":"test","path":"/spec/a","value":"x"}`, `{"op":"remove","path":"/spec/a"}`}},
		"a mapping where null was": {`{"a": null}`, `{"a": {"b": 1}}`,
			[]string{`{"op":"test","path":"/spec/a","value":null}`, `{"op":"add","path":"/spec/a","value":{"b":1}}`}},
		"an element between others": {`{"l": ["a", "c"]}`, `{"l": ["a", "b", "c"]}`,
			[]string{`{"op":"test","path":"/spec/l","value":["a","c"]}`, `{"op":"add","path":"/spec/l/1","value":"b"}`}},
		"an element less, and the next one changed": {`{"l": [{"name": "a"}, {"name": "b", "v": 1}]}`, `{"l": [{"name": "b", "v": 2}]}`,
			[]string{`{"op":"test","path":"/spec/l","value":[{"name":"a"},{"name":"b","v":1}]}`,
				`{"op":"remove","path":"/spec/l/0"}`, `{"op":"add","path":"/spec/l/0/v","value":2}`}},
		"a volume mounted twice": {`{"m": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]}`,
			`{"m": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b", "readOnly": true}]}`,
			[]string{`{"op":"test","path":"/spec/m","value":[{"mountPath":"/a","name":"v"},{"mountPath":"/b","name":"v"}]}`,
				`{"op":"add","path":"/spec/m/1/readOnly","value":true}`}},
		"an element more in a list with null": {`{"l": [{"a": null}]}`, `{"l": [{"a": null}, 2]}`,
			[]string{`{"op":"copy","from":"/spec/l","path":"/spec/elk-mtls"}`, `{"op":"test","path":"/spec/elk-mtls/0/a","value":null}`,
				`{"op":"add","path":"/spec/elk-mtls/0/a","value":"any"}`, `{"op":"test","path":"/spec/elk-mtls","value":[{"a":"any"}]}`,
				`{"op":"remove","path":"/spec/elk-mtls"}`, `{"op":"add","path":"/spec/l/1","value":2}`}},
		"characters that JSON in HTML must not have": {`{"a": "x"}`, `{"a": "<&>"}`,
			[]string{`{"op":"test","path":"/spec/a","value":"x"}`, `{"op":"add","path":"/spec/a","value":"\u003c\u0026\u003e"}`}},
		"a pod: all of its containers stay, but for what may change": {
			`{"containers": [{"name": "a", "image": "x", "args": null, "env": [{"name": "B"}, {"name": "A_PASSWORD", "value": "hidden"}]}]}`,
			`{"containers": [{"name": "a", "image": "y", "env": [{"name": "B"}, {"name": "A_PASSWORD", "value": "hidden"}, {"name": "C"}]}]}`,
			[]string{`{"op":"test","path":"/spec/automountServiceAccountToken","value":null}`, `{"op":"test","path":"/spec/securityContext","value":null}`,
				`{"op":"test","path":"/spec/serviceAccount","value":null}`, `{"op":"test","path":"/spec/serviceAccountName","value":null}`,
				`{"op":"test","path":"/spec/volumes","value":null}`,
				`{"op":"copy","from":"/spec/containers","path":"/spec/elk-mtls"}`, `{"op":"remove","path":"/spec/elk-mtls/0"}`,
				`{"op":"test","path":"/spec/elk-mtls","value":[]}`, `{"op":"remove","path":"/spec/elk-mtls"}`,
				`{"op":"test","path":"/spec/containers/0/name","value":"a"}`,
				`{"op":"copy","from":"/spec/containers/0","path":"/spec/containers/0/elk-mtls"}`,
				`{"op":"add","path":"/spec/containers/0/elk-mtls/image","value":"any"}`,
				`{"op":"add","path":"/spec/containers/0/elk-mtls/imagePullPolicy","value":"any"}`,
				`{"op":"add","path":"/spec/containers/0/elk-mtls/ports","value":"any"}`,
				`{"op":"add","path":"/spec/containers/0/elk-mtls/resources","value":"any"}`,
				`{"op":"add","path":"/spec/containers/0/elk-mtls/env/1/value","value":"any"}`,
				`{"op":"test","path":"/spec/containers/0/elk-mtls/args","value":null}`,
				`{"op":"add","path":"/spec/containers/0/elk-mtls/args","value":"any"}`,
				`{"op":"test","path":"/spec/containers/0/elk-mtls","value":{"args":"any","env":[{"name":"B"},{"name":"A_PASSWORD","value":"any"}],` +
					`"image":"any","imagePullPolicy":"any","name":"a","ports":"any","resources":"any"}}`,
				`{"op":"remove","path":"/spec/containers/0/elk-mtls"}`,
				`{"op":"test","path":"/spec/initContainers","value":null}`,
				`{"op":"add","path":"/spec/containers/0/env/2","value":{"name":"C"}}`,
				`{"op":"test","path":"/spec/containers/0/image","value":"x"}`, `{"op":"add","path":"/spec/containers/0/image","value":"y"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Compare(stream(t, "Thing", c.before), stream(t, "Thing", c.after))
			if err != nil || len(r.Added) > 0 || len(r.Changes) > 1 {
				t.Fatalf("%d changes, %d added, %v", len(r.Changes), len(r.Added), err)
			}
			var got []string
			for _, change := range r.Changes {
				got = append(got, lines(t, change)...)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
		})
	}
}

func lines(t *testing.T, c Change) []string {
	t.Helper()
	var all []string
	for _, o := range c.Operations {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// TestContent holds that what a changed pod reads stays what it is, and that nothing of a Secret is in a patch but its
// keys.
func TestContent(t *testing.T) {
	const pod = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "here"}, "spec": {"hostname": %q,
		"volumes": [{"configMap": {"name": "files"}}, {"projected": {"sources": [{"configMap": {"name": "large"}}]}}],
		"containers": [{"envFrom": [{"secretRef": {"name": "keys"}}]}]}}`
	rest := "\n---\n" + `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "files"}, "data": {"a/b": "x", "password": "hidden"}}` +
		"\n---\n" + `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "files", "namespace": "elsewhere"}, "data": {"a": "x"}}` +
		"\n---\n" + `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"a": "` + strings.Repeat("x", largest) + `"}}` +
		"\n---\n" + `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}, "data": {"a": "x"}}` +
		"\n---\n" + `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"a": "hidden"}}`
	r, err := Compare(objects(t, fmt.Sprintf(pod, "before")+rest), objects(t, fmt.Sprintf(pod, "after")+rest))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, c := range r.Changes[1:] { // the first is the pod
		got[c.ID.String()] = lines(t, c)
	}
	if diff := cmp.Diff(map[string][]string{
		"ConfigMap/files": {`{"op":"test","path":"/binaryData","value":null}`, `{"op":"test","path":"/data/a~1b","value":"x"}`,
			`{"op":"copy","from":"/data","path":"/elk-mtls"}`, `{"op":"remove","path":"/elk-mtls/a~1b"}`, `{"op":"remove","path":"/elk-mtls/password"}`,
			`{"op":"test","path":"/elk-mtls","value":{}}`, `{"op":"remove","path":"/elk-mtls"}`},
		"Secret/keys": {`{"op":"test","path":"/data","value":null}`, `{"op":"copy","from":"/stringData","path":"/elk-mtls"}`,
			`{"op":"remove","path":"/elk-mtls/a"}`, `{"op":"test","path":"/elk-mtls","value":{}}`, `{"op":"remove","path":"/elk-mtls"}`},
		"ConfigMap/large": nil,
	}, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	if len(r.Large) != 1 || r.Large[0].Name != "large" {
		t.Errorf("too large: %v", r.Large)
	}
}

// TestSecrets holds that the content of a Secret is never written into a patch.
func TestSecrets(t *testing.T) {
	_, err := Compare(stream(t, "Secret", `{"a": "hidden"}`), stream(t, "Secret", `{"a": "hidden, too"}`))
	if err == nil || !strings.HasPrefix(err.Error(), "Secret/x: a patch of it would hold") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}

func stream(t *testing.T, kind, spec string) []*object.Object {
	t.Helper()
	return objects(t, fmt.Sprintf("{\"apiVersion\": \"v1\", \"kind\": %q, \"metadata\": {\"name\": \"x\"}, \"spec\": %s}", kind, spec))
}

func objects(t *testing.T, text string) []*object.Object {
	t.Helper()
	stream, err := manifest.Split([]byte(text + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	var all []*object.Object
	for _, doc := range stream.Documents() {
		in, err := object.In(doc)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, in...)
	}
	return all
}
