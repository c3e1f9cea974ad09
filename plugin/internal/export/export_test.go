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
			[]string{`{"op":"add","path":"/spec/l/1","value":"b"}`}},
		"an element less, and the next one changed": {`{"l": [{"name": "a"}, {"name": "b", "v": 1}]}`, `{"l": [{"name": "b", "v": 2}]}`,
			[]string{`{"op":"test","path":"/spec/l/0","value":{"name":"a"}}`, `{"op":"remove","path":"/spec/l/0"}`,
				`{"op":"test","path":"/spec/l/0/name","value":"b"}`, `{"op":"test","path":"/spec/l/0/v","value":1}`, `{"op":"add","path":"/spec/l/0/v","value":2}`}},
		"a volume mounted twice": {`{"m": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]}`,
			`{"m": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b", "readOnly": true}]}`,
			[]string{`{"op":"test","path":"/spec/m/1/name","value":"v"}`, `{"op":"test","path":"/spec/m/1/readOnly","value":null}`, `{"op":"add","path":"/spec/m/1/readOnly","value":true}`}},
		"characters that JSON in HTML must not have": {`{"a": "x"}`, `{"a": "<&>"}`,
			[]string{`{"op":"test","path":"/spec/a","value":"x"}`, `{"op":"add","path":"/spec/a","value":"\u003c\u0026\u003e"}`}},
		"a pod: its containers are counted": {`{"containers": [{"name": "a"}], "x": 1}`, `{"containers": [{"name": "a"}], "x": 2}`,
			[]string{`{"op":"test","path":"/spec/initContainers","value":null}`, `{"op":"copy","from":"/spec/containers","path":"/spec/elk-mtls"}`,
				`{"op":"remove","path":"/spec/elk-mtls/0"}`, `{"op":"test","path":"/spec/elk-mtls","value":[]}`, `{"op":"remove","path":"/spec/elk-mtls"}`,
				`{"op":"test","path":"/spec/x","value":1}`, `{"op":"add","path":"/spec/x","value":2}`}},
	} {
		t.Run(name, func(t *testing.T) {
			changes, added, _, err := Compare(stream(t, "Thing", c.before), stream(t, "Thing", c.after))
			if err != nil || len(added) > 0 || len(changes) > 1 {
				t.Fatalf("%d changes, %d added, %v", len(changes), len(added), err)
			}
			var got []string
			for _, change := range changes {
				for _, o := range change.Operations {
					text, err := json.Marshal(o)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, string(text))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSecrets holds that the content of a Secret is never written into a patch.
func TestSecrets(t *testing.T) {
	_, _, _, err := Compare(stream(t, "Secret", `{"a": "hidden"}`), stream(t, "Secret", `{"a": "hidden, too"}`))
	if err == nil || !strings.HasPrefix(err.Error(), "Secret/x: a patch of it would hold") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}

func stream(t *testing.T, kind, spec string) []*object.Object {
	t.Helper()
	doc, err := manifest.Parse([]byte(fmt.Sprintf("{\"apiVersion\": \"v1\", \"kind\": %q, \"metadata\": {\"name\": \"x\"}, \"spec\": %s}\n", kind, spec)))
	if err != nil {
		t.Fatal(err)
	}
	all, err := object.In(doc)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
