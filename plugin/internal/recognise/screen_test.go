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
