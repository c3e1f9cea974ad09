package plugin

import "testing"

func TestFold(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"what fits stays":                   {"a b c\n  d e\n", "a b c\n  d e\n"},
		"what is indented goes on deeper":   {"  one two three four\n", "  one two\n    three\n    four\n"},
		"what is not indented stays so":     {"one two three four\n", "one two\nthree four\n"},
		"a word that is too wide is whole":  {"  https://a.example/long x\n", "  https://a.example/long\n    x\n"},
		"letters are counted, and no bytes": {"ää ää ääää\n", "ää ää ääää\n"},
		"an empty line stays":               {"a\n\nb\n", "a\n\nb\n"},
		"what has a sign goes on behind it": {"+ one two three\n", "+ one two\n  three\n"},
		"a sign stays with a wide word":     {"  + https://a.example x\n", "  + https://a.example\n    x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fold(c.text, 10); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFoldDiff(t *testing.T) {
	const text = "--- a/b\n@@ a place that is whole @@\n# one two three four\n-old\n+{one: two, three: four}\n"
	const want = "--- a/b\n@@ a place that is whole @@\n# one two\n#  three\n#  four\n-old\n+{one:\n+  two,\n+  three:\n+  four}\n"
	if got := foldDiff(text, 12); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPaintDiff(t *testing.T) {
	const text = "Pod/a (line 1)\n  spec.b\n    - old\n    + new and more\n    # why\n\n+ Role/a: for it\nsum\n"
	want := bold + "Pod/a (line 1)" + plain + "\n  spec.b\n" + red + "    - old" + plain + "\n" + green + "    + new and" + plain + "\n" +
		green + "      more" + plain + "\n" + faint + "    # why" + plain + "\n\n" + green + "+ Role/a: for" + plain + "\n" + green + "  it" + plain + "\n" +
		bold + "sum" + plain + "\n"
	if got := paintDiff(text, 14); got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}
