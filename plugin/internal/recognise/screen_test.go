package recognise

import "testing"

func TestPlainKind(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"the usual":                                  {"---\n# Source: x\napiVersion: v1\nkind: Secret\n", "Secret"},
		"with a comment and CR LF":                   {"kind: Pod # one\r\nmetadata:\r\n", "Pod"},
		"quoted values are left to the parser":       {"kind: \"Pod\"\n", ""},
		"quoted keys are left to the parser":         {"\"kind\": Pod\n", ""},
		"an explicit key":                            {"? kind\n: Pod\n", ""},
		"JSON":                                       {"{\"kind\": \"Pod\"}\n", ""},
		"a mapping behind the marker":                {"--- {kind: Pod}\n", ""},
		"a comment behind the marker":                {"--- # first\nkind: Pod\n", "Pod"},
		"a decoy in a literal block":                 {"data:\n  x: |\n    kind: Pod\nkind: ConfigMap\n", "ConfigMap"},
		"two that differ: a quoted scalar continues": {"a: \"x\nkind: Pod\n\"\nkind: ConfigMap\n", ""},
		"an anchor":                                  {"kind: &k Deployment\n", ""},
		"none":                                       {"# nothing\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plainKind([]byte(c.text)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlainName(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"the usual":                       {"kind: X\nmetadata:\n  name: a-b\n  labels:\n    name: other\nspec:\n  name: c\n", "a-b"},
		"quoted, below labels":            {"kind: X\nmetadata:\n  labels:\n    a: b\n  name: \"a-b\"\n", "a-b"},
		"CR LF":                           {"kind: X\r\nmetadata:\r\n  name: a\r\ndata:\r\n", "a"},
		"flow style is left":              {"kind: X\nmetadata: {name: a}\n", ""},
		"other indentation is left":       {"kind: X\nmetadata:\n    name: a\n", ""},
		"an escape is left":               {"kind: X\nmetadata:\n  name: \"\\x61\"\n", ""},
		"a comment behind it is left":     {"kind: X\nmetadata:\n  name: a # b\n", ""},
		"twice is left":                   {"kind: X\nmetadata:\n  name: a\n  name: b\n", ""},
		"metadata twice is left":          {"kind: X\nmetadata:\n  name: a\nmetadata:\n  name: b\n", ""},
		"a name of another field is none": {"kind: X\nspec:\n  name: a\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plainName([]byte(c.text)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
