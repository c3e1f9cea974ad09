package main

import "testing"

func TestFold(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"what fits stays":                   {"a b c\n  d e\n", "a b c\n  d e\n"},
		"what is indented goes on deeper":   {"  one two three four\n", "  one two\n    three\n    four\n"},
		"what is not indented stays so":     {"one two three four\n", "one two\nthree four\n"},
		"a word that is too wide is whole":  {"  https://a.example/long x\n", "  https://a.example/long\n    x\n"},
		"letters are counted, and no bytes": {"ää ää ääää\n", "ää ää ääää\n"},
		"an empty line stays":               {"a\n\nb\n", "a\n\nb\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fold(c.text, 10); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
