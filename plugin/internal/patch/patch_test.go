package patch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

const text = `kind: ConfigMap
mode: 288
metadata:
  name: c
  annotations:
spec:
  list:
  - name: a
    value: "1"   # kept
  - name: b
    value: "2"
  words: [one]
data:
  app.yml: |
    # a comment
    a.b: 1
`

func TestEdits(t *testing.T) {
	list := Fields("spec", "list")
	for name, c := range map[string]struct {
		edit Edit
		want string // the part of the text that differs, as a line diff
		path string
	}{
		"a field of a list element": {Edit{Path: list.Item("name", "a").Field("value"), Value: Str("3")},
			"-    value: \"1\"   # kept\n+    value: \"3\"   # kept\n", "spec.list[a].value"},
		"a new element":                  {Edit{Path: list.Item("name", "c"), Value: Map(F("name", Str("c")))}, "+  - name: c\n", "spec.list[c]"},
		"a field below null":             {Edit{Path: Fields("metadata", "annotations", "x/y"), Value: Str("z")}, "+    x/y: z\n", "metadata.annotations[x/y]"},
		"a word of a list":               {Edit{Path: Fields("spec", "words").Item("", "two"), Value: Str("two")}, "-  words: [one]\n+  words: [one, two]\n", "spec.words[two]"},
		"an element by its position":     {Edit{Path: Fields("spec", "words").Index("0"), Value: Str("eins")}, "-  words: [one]\n+  words: [eins]\n", "spec.words[0]"},
		"a removal":                      {Edit{Path: list.Item("name", "b")}, "-  - name: b\n-    value: \"2\"\n", "spec.list[b]"},
		"a removal of what is not there": {Edit{Path: Fields("spec", "nothing", "here")}, "", "spec.nothing.here"},
		"what stands there already":      {Edit{Path: list.Item("name", "b"), Value: Map(F("name", Str("b")), F("value", Str("2")))}, "", "spec.list[b]"},
		"fields in another order":        {Edit{Path: list.Item("name", "b"), Value: Map(F("value", Str("2")), F("name", Str("b")))}, "", "spec.list[b]"},
		"a number in another base":       {Edit{Path: Fields("mode"), Value: Octal(0o440)}, "", "mode"},
		"another number":                 {Edit{Path: Fields("mode"), Value: Octal(0o444)}, "-mode: 288\n+mode: 0444\n", "mode"},
		"a setting in an embedded file": {Edit{Path: Fields("data", "app.yml"), Inside: Fields("a.b"), Value: Int(2)},
			"-    a.b: 1\n+    a.b: 2\n", "data[app.yml] > [a.b]"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := manifest.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			objects, err := object.In(doc)
			if err != nil {
				t.Fatal(err)
			}
			for run, wantChanged := range []bool{c.want != "", false} {
				outcomes, err := Apply(objects[0], []Edit{c.edit})
				if err != nil {
					t.Fatal(err)
				}
				if changed := outcomes[0].Changed; changed != wantChanged {
					t.Errorf("run %d: changed is %v", run+1, changed)
				}
			}
			got, err := doc.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, lines(text, string(got))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if c.edit.String() != c.path {
				t.Errorf("the path reads %q, want %q", c.edit, c.path)
			}
		})
	}
}

// lines gives the lines that only one of two texts has, in order.
func lines(a, b string) string {
	out := ""
	count := map[string]int{}
	for _, l := range strings.SplitAfter(b, "\n") {
		count[l]++
	}
	for _, l := range strings.SplitAfter(a, "\n") {
		if count[l]--; count[l] < 0 {
			out += "-" + l
		}
	}
	count = map[string]int{}
	for _, l := range strings.SplitAfter(a, "\n") {
		count[l]++
	}
	for _, l := range strings.SplitAfter(b, "\n") {
		if count[l]--; count[l] < 0 {
			out += "+" + l
		}
	}
	return out
}

func TestFlow(t *testing.T) {
	node := yaml.MustParse("a: [1, {b: c}]\nd: |\n  x\n  y\n")
	if got, want := Flow(node), `{a: [1, {b: c}], d: x\ny}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
