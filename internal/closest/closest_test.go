package closest

import "testing"

func TestTo(t *testing.T) {
	modes := []string{"token", "password", "cert-token", "cert-password", "pki"}
	commands := []string{"certs", "diff", "export", "verify", "version"}
	settings := []string{"MODE", "CERTIFICATES_SECRET_NAME", "TOKEN_SECRET_NAME", "CLIENT_AUTHENTICATION", "INIT_CONTAINER_IMAGE"}
	for name, c := range map[string]struct {
		typed string
		known []string
		want  string
	}{
		"a letter left out":          {"tokn", modes, "token"},
		"two letters exchanged":      {"vreify", commands, "verify"},
		"a letter too many":          {"difff", commands, "diff"},
		"another case":               {"Verify", commands, "verify"},
		"as it is":                   {"pki", modes, "pki"},
		"the beginning":              {"CLIENT_AUTH", settings, "CLIENT_AUTHENTICATION"},
		"the end":                    {"SECRET_NAME", settings, "CERTIFICATES_SECRET_NAME"},
		"several mistakes in a long": {"CERTIFICATE_SECRETNAME", settings, "CERTIFICATES_SECRET_NAME"},
		"nothing like it":            {"VERSION", settings, ""},
		"nothing like it, short":     {"xyz", modes, ""},
		"no name":                    {"", settings, ""},
		"nothing known":              {"mode", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := To(c.typed, c.known); got != c.want || ok != (c.want != "") {
				t.Errorf("%q, %t, want %q", got, ok, c.want)
			}
		})
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ac", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
