package manifest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// need makes the collections on a path, the last a list, and appends an item.
func need(names ...string) change {
	return func(root *yaml.Node) error {
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
		root.Content = append(root.Content, yaml.String("x"))
		return nil
	}
}

// The traps of edits: what they do to the text.
func TestEditsReachTheText(t *testing.T) {
	runEdits(t, []editCase{
		{"Need makes what is absent", "a: 1\n", "a: 1\nb:\n  c:\n  - x\n", need("b", "c")},
		{"Need makes what is null, in place", "b: # d\na: 1\n", "b: # d\n  c:\n  - x\na: 1\n", need("b", "c")},
		{"Need turns empty brackets into lines", "b: {}\nc: []\n", "b:\n  c:\n  - x\nc:\n- x\n", all(need("b", "c"), need("c"))},
		{"Need leaves what is there", "b:\n  c:\n  - y\n", "b:\n  c:\n  - y\n  - x\n", need("b", "c")},
		{"Need keeps brackets that hold something", "b: {c: [y]}\n", "b: {c: [y, x]}\n", need("b", "c")},
		{"a value over null is in place", "a: # c\nb: 1\n", "a: x # c\nb: 1\n", set("a", "x")},
		{"a text keeps its quotes", "a: \"1\"\n", "a: \"2\"\n", text("a", "2")},
		{"a text is quoted that YAML 1.1 reads otherwise", "a: 1\n", "a: 1\nb: \"on\"\n", func(r *yaml.Node) error {
			r.Content = append(r.Content, yaml.String("b"), yaml.String("on"))
			return nil
		}},
		{"without its last key a mapping is in brackets", "a:\n  b: 1\nc: 1\n", "a: {}\nc: 1\n", func(r *yaml.Node) error {
			yaml.Field(r, "a").Content = nil
			return nil
		}},
		{"an octal number in a fragment stays one", "a: 1\n", "a: 1\nb:\n  defaultMode: 0440\n", set("b", "defaultMode: 0440")},
	})
	shared := yaml.MustParse("x: 1")
	share := func(name string) change {
		return func(r *yaml.Node) error {
			r.Content = append(r.Content, yaml.String(name), shared)
			return nil
		}
	}
	runEdits(t, []editCase{
		{"one fragment can stand at two places", "a: 1\n", "a: 1\nb:\n  x: 1\nc:\n  x: 1\n", all(share("b"), share("c"))},
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
