package yaml

import "testing"

func TestParse(t *testing.T) {
	root, err := Parse("a: {b: 1}\n---\nc: 2\n")
	if err != nil || root.Kind != MappingNode || Field(Field(root, "a"), "b").Value != "1" || Field(root, "c") != nil {
		t.Errorf("got %v, %v", root, err)
	}
	for _, text := range []string{"", "# nothing\n", "a: [", "\ta: 1"} {
		if root, err := Parse(text); err == nil {
			t.Errorf("%q: no error, and %v", text, root)
		}
	}
}

func TestField(t *testing.T) {
	for text, want := range map[string]string{"a: 1": "1", "b: 1": "", "[a, 1]": "", "a": "", "a: 1\na: 2": "1"} {
		got := ""
		if n := Field(MustParse(text), "a"); n != nil {
			got = n.Value
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if Field(nil, "a") != nil {
		t.Error("nothing has a field")
	}
}

// TestTags holds that the names of tags are those that the parser gives.
func TestTags(t *testing.T) {
	for text, tag := range map[string]string{
		"~": NodeTagNull, "true": NodeTagBool, "1": NodeTagInt, "1.5": NodeTagFloat, "a": NodeTagString, "[]": NodeTagSeq, "{}": NodeTagMap,
	} {
		if got := MustParse(text).Tag; got != tag {
			t.Errorf("%s: %s, want %s", text, got, tag)
		}
	}
}

func TestString(t *testing.T) {
	for _, text := range []string{"a", "true", "1", "", "a\nb\n"} {
		written, err := Marshal(String(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := MustParse(string(written)); got.Value != text || got.Tag != NodeTagString {
			t.Errorf("%q is written as %q", text, written)
		}
	}
}
