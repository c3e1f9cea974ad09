package manifest

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// scalarAt gives the node at a path.
func scalarAt(t *testing.T, d *Document, path string) *yaml.Node {
	t.Helper()
	parent, name, err := parentOf(d.root, path)
	if err != nil {
		t.Fatal(err)
	}
	i, ok := find(parent, name)
	if !ok {
		t.Fatalf("nothing at %s", path)
	}
	return parent.Content[i]
}

func TestEmbeddedDocuments(t *testing.T) {
	for _, c := range []struct {
		name, path, in, want string
		change               change
	}{
		{"in a literal block", "f", "f: |\n  a: 1 # c\n\n  # d\nb: 1\n", "f: |\n  a: 1 # c\n  x: 2\n\n  # d\nb: 1\n", set("x", "2")},
		{"in a literal block without line end", "f", "f: |-\n  a: 1\nb: 1\n", "f: |-\n  a: 1\n  x: 2\nb: 1\n", set("x", "2")},
		{"in a literal block with blank lines", "f", "f: |+\n  a: 1\n\n\nb: 1\n", "f: |+\n  a: 1\n  x: 2\n\n\nb: 1\n", set("x", "2")},
		{"in a literal block with an indicator", "f", "f: |2 # c\n    a: 1\nb: 1\n", "f: |2 # c\n    a: 1\n    x: 2\nb: 1\n", set("x", "2")},
		{"in a literal block with trailing spaces", "f", "f: |\n  a: 1  \n   \n  b: 2\n", "f: |\n  a: 1  \n   \n  b: 2\n  x: 2\n", set("x", "2")},
		{"in a literal block at the end of a file without line end", "f", "f: |\n  a: 1\n  b: 2", "f: |-\n  a: 1\n  b: 2\n  x: 2", set("x", "2")},
		{"with CR LF outside", "f", "f: |\r\n  a: 1\r\n  b:\r\nc: 1\r\n", "f: |\r\n  a: 1\r\n  b:\r\n    x: 2\r\nc: 1\r\n", set("b", "x: 2")},
		{"in an item of a list", "0.f", "- f: |\n    a: 1\n  g: 1\n- h\n", "- f: |\n    a: 1\n    x: 2\n  g: 1\n- h\n", set("x", "2")},
		{"in double quotes", "f", "f: \"a: 1\\nb: 2\\n\" # c\n", "f: \"a: 1\\nb: 2\\nx: 2\\n\" # c\n", set("x", "2")},
		{"in double quotes with CR LF inside", "f", "f: \"a: 1\\r\\n\"\n", "f: \"a: 1\\r\\nx: 2\\r\\n\"\n", set("x", "2")},
		{"in single quotes", "f", "f: 'a: 1' # c\n", "f: |- # c\n  a: 1\n  x: 2\n", set("x", "2")},
		{"folded", "f", "f: >\n  a: 1\n\n  b: 2\ng: 1\n", "f: |\n  a: 1\n  b: 2\n  x: 2\ng: 1\n", set("x", "2")},
		{"of several documents the first", "f", "f: |\n  # c\n  ---\n  a: 1\n  ---\n  b: 2\n", "f: |\n  # c\n  ---\n  a: 1\n  x: 2\n  ---\n  b: 2\n", set("x", "2")},
		{"only comments", "f", "f: |\n  # c\ng: 1\n", "f: |\n  # c\n  x: 2\ng: 1\n", set("x", "2")},
		{"an empty string", "f", "f: ''\ng: \"\"\n", "f: |\n  x: 2\ng: \"\"\n", set("x", "2")},
		{"the first key goes", "f", "f: |\n  # c\n  a: 1\n  b: 2\n", "f: |\n  # c\n  b: 2\n", remove("a")},
		{"nothing changes", "f", "f: |\n  a: 1\n", "f: |\n  a: 1\n", all()},
		{"a literal block in a literal block", "f", "f: |\n  g: |\n    a\n", "f: |\n  g: |\n    a\n    b\n", text("g", "a\nb\n")},
	} {
		t.Run(c.name, func(t *testing.T) {
			outer, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			node := scalarAt(t, outer, c.path)
			inner, err := outer.Inside(node)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := outer.Inside(node); again != inner || err != nil {
				t.Errorf("the same node gives another document: %v", err)
			}
			if err := inner.Edit(c.change); err != nil {
				t.Fatal(err)
			}
			got, err := outer.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmbeddedDocumentsInBase64(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	outer, err := Parse([]byte("data:\n  f: " + encode([]byte("a: 1\n")) + " # c\n  g: |\n    " + encode([]byte("b: 1\n")) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"data.f", "data.g"} {
		inner, err := outer.InsideBase64(scalarAt(t, outer, path))
		if err != nil {
			t.Fatal(err)
		}
		if err := inner.Edit(set("x", "2")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := outer.Bytes()
	want := "data:\n  f: " + encode([]byte("a: 1\nx: 2\n")) + " # c\n  g: |-\n    " + encode([]byte("b: 1\nx: 2\n")) + "\n"
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestDocumentsInsideDocumentsInsideDocuments(t *testing.T) {
	outer, err := Parse([]byte("f: |\n  g: |\n    a: 1\n  h: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	middle, err := outer.Inside(scalarAt(t, outer, "f"))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := middle.Inside(scalarAt(t, middle, "g"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(inner.Edit(set("a", "3")), middle.Edit(set("h", "4")), outer.Edit(set("i", "5"))); err != nil {
		t.Fatal(err)
	}
	got, err := outer.Bytes()
	want := "f: |\n  g: |\n    a: 3\n  h: 4\ni: 5\n"
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := inner.Edit(set("b", "6")); err != nil {
		t.Fatal(err)
	}
	got, err = outer.Bytes()
	want = "f: |\n  g: |\n    a: 3\n    b: 6\n  h: 4\ni: 5\n"
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("a second edit: %v (-want +got):\n%s", err, diff)
	}
	if inner.Line() != 3 {
		t.Errorf("the innermost document is on line 3, Line gives %d", inner.Line())
	}
}

func TestEmbeddedTextThatIsNoDocumentIsAnError(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		base64         bool
	}{
		{"a number", "f: 1\n", "the value is no text", false},
		{"a null", "f:\n", "the value is no text", false},
		{"a mapping", "f: {}\n", "the value is no text", false},
		{"broken YAML", "f: \"a: [\"\n", "yaml: line 1: did not find expected node content", false},
		{"no base64", "f: a?\n", "the value is not base64: illegal base64 data at input byte 1", true},
		{"broken YAML in base64 is not quoted", "f: " + base64.StdEncoding.EncodeToString([]byte("a: *hunter2")) + "\n", "the decoded text is not YAML", true},
		{"bytes in base64", "f: //8=\n", "the decoded text is not YAML", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			outer, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			inside := outer.Inside
			if c.base64 {
				inside = outer.InsideBase64
			}
			_, err = inside(scalarAt(t, outer, "f"))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestEditsThatWouldBeLostAreErrors(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     change
	}{
		{"the text is taken out", "a text was edited, and then taken out of the document", remove("f")},
		{"the text is replaced", "in f: the text was edited as YAML, and replaced as a whole", set("f", "b: 1")},
		{"the text gets another value", "in f: the text was edited as YAML, and replaced as a whole", text("f", "b: 1")},
		{"the outer edit stops half-way", "an edit stopped half-way: because", func(*yaml.Node) error { return errors.New("because") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			outer, err := Parse([]byte("f: |\n  a: 1\ng: 1\n"))
			if err != nil {
				t.Fatal(err)
			}
			inner, err := outer.Inside(scalarAt(t, outer, "f"))
			if err != nil {
				t.Fatal(err)
			}
			if err := inner.Edit(set("a", "2")); err != nil {
				t.Fatal(err)
			}
			_ = outer.Edit(c.change)
			_, err = outer.Bytes()
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestErrorsInsideNameThePlace(t *testing.T) {
	outer, err := Parse([]byte("data:\n  kibana.yml: |\n    a: {b}\n"))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := outer.Inside(outer.root.Content[1].Content[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := inner.Edit(set("a.b", "1")); err != nil {
		t.Fatal(err)
	}
	_, err = outer.Bytes()
	want := `in data["kibana.yml"]: document (line 3): cannot edit a.b without rewriting it: it has no colon`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestErrorsOfSecretsQuoteNothing(t *testing.T) {
	outer, err := Parse([]byte("f: " + base64.StdEncoding.EncodeToString([]byte("a: &hunter2 1\nb: *hunter2\n")) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := outer.InsideBase64(scalarAt(t, outer, "f"))
	if err != nil {
		t.Fatal(err)
	}
	if err := inner.Edit(remove("a")); err != nil {
		t.Fatal(err)
	}
	if _, err = outer.Bytes(); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
