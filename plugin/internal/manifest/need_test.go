package manifest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// need makes the collections on a path, the last a list, and appends an item.
func need(names ...string) change {
	return func(root *yaml.RNode) error {
		for i, name := range names {
			kind := yaml.MappingNode
			if i == len(names)-1 {
				kind = yaml.SequenceNode
			}
			next, err := Need(root, kind, name)
			if err != nil {
				return err
			}
			root = next
		}
		root.YNode().Content = append(root.YNode().Content, yaml.NewStringRNode("x").YNode())
		return nil
	}
}

// The traps of kyaml: what its own setters and the helper do to the text.
func TestKyamlEditsReachTheText(t *testing.T) {
	setField := func(name string, value *yaml.RNode) change {
		return func(root *yaml.RNode) error { return root.PipeE(yaml.SetField(name, value)) }
	}
	runEdits(t, []editCase{
		{"Need makes what is absent", "a: 1\n", "a: 1\nb:\n  c:\n  - x\n", need("b", "c")},
		{"Need makes what is null, in place", "b: # d\na: 1\n", "b: # d\n  c:\n  - x\na: 1\n", need("b", "c")},
		{"Need turns empty brackets into lines", "b: {}\nc: []\n", "b:\n  c:\n  - x\nc:\n- x\n", all(need("b", "c"), need("c"))},
		{"Need leaves what is there", "b:\n  c:\n  - y\n", "b:\n  c:\n  - y\n  - x\n", need("b", "c")},
		{"Need keeps brackets that hold something", "b: {c: [y]}\n", "b: {c: [y, x]}\n", need("b", "c")},
		{"SetField over null is in place", "a: # c\nb: 1\n", "a: x # c\nb: 1\n", setField("a", yaml.NewStringRNode("x"))},
		{"SetField keeps quotes", "a: \"1\"\n", "a: \"2\"\n", setField("a", yaml.NewScalarRNode("2"))},
		{"SetField quotes what YAML 1.1 reads otherwise", "a: 1\n", "a: 1\nb: \"on\"\n", setField("b", yaml.NewStringRNode("on"))},
		{"SetAnnotation", "metadata:\n  name: x\n", "metadata:\n  name: x\n  annotations:\n    k: 'v'\n", func(r *yaml.RNode) error { return r.PipeE(yaml.SetAnnotation("k", "v")) }},
		{"Clear of the last key leaves brackets", "a:\n  b: 1\nc: 1\n", "a: {}\nc: 1\n", func(r *yaml.RNode) error { return r.PipeE(yaml.Lookup("a"), yaml.Clear("b")) }},
		{"LookupCreate of what is absent", "a: 1\n", "a: 1\nb:\n  c:\n    d: \"2\"\n", func(r *yaml.RNode) error {
			return r.PipeE(yaml.LookupCreate(yaml.MappingNode, "b", "c"), yaml.SetField("d", yaml.NewScalarRNode("2")))
		}},
		{"an octal number in a fragment stays one", "a: 1\n", "a: 1\nb:\n  defaultMode: 0440\n", set("b", "defaultMode: 0440")},
	})
	shared := yaml.MustParse("x: 1")
	runEdits(t, []editCase{
		{"one fragment can stand at two places", "a: 1\n", "a: 1\nb:\n  x: 1\nc:\n  x: 1\n", all(setField("b", shared), setField("c", shared))},
	})
}

func TestNeedRefusesOtherKindsWithoutQuotingThem(t *testing.T) {
	for _, c := range []struct {
		in, want string
		names    []string
	}{
		{"a: hunter2\n", "a: it is a single value, not a list", []string{"a"}},
		{"a: {b: 1}\n", "a: it is a mapping, not a list", []string{"a"}},
		{"a: [b]\n", "a: it is a list, not a mapping", []string{"a", "b"}},
		{"a: &x [b]\nc: *x\n", "c: it is a YAML alias, not a list", []string{"c"}},
		{"- a\n", "a: its parent is no mapping", []string{"a"}},
	} {
		err := need(c.names...)(yaml.MustParse(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v, want %s", c.in, err, c.want)
		}
	}
}

func TestDuplicateKeys(t *testing.T) {
	const in = "---\na: 1\n---\na:\n  b: 1\n  c:\n  - d: 1\n    e: 2\n    d: 3\n  b: 2\nf: 1\n"
	for _, c := range []struct {
		name string
		path []string
		want *DuplicateKeyError
	}{
		{"anywhere, the first", nil, &DuplicateKeyError{Path: []string{"a", "c", "0", "d"}, First: 7, Line: 9}},
		{"on the path", []string{"a", "b"}, &DuplicateKeyError{Path: []string{"a", "b"}, First: 5, Line: 10}},
		{"below the path", []string{"a", "c"}, &DuplicateKeyError{Path: []string{"a", "c", "0", "d"}, First: 7, Line: 9}},
		{"beside the path it does not matter", []string{"f"}, nil},
		{"beside the path in an item", []string{"a", "c", "0", "e"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := mustSplit(t, in).Documents()[1].DuplicateKey(c.path...)
			var got *DuplicateKeyError
			errors.As(err, &got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (err == nil) != (c.want == nil) {
				t.Errorf("got %v", err)
			}
		})
	}
	err := mustSplit(t, in).Documents()[1].DuplicateKey("a", "b")
	if want := "line 10: the key a.b is there already, on line 5: remove one of them"; err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
