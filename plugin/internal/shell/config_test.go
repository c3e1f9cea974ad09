package shell

import "testing"

// TestConfig holds how curl reads a file of options.
func TestConfig(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"as it is written", "# mine\ncert = \"/tls.crt\"\nkey = /tls.key\n", "/tls.crt /tls.key"},
		{"with other separators", "cert: /tls.crt\nkey /tls.key", "/tls.crt /tls.key"},
		{"with dashes", "--cert /tls.crt\n--key /tls.key\n-k", "/tls.crt /tls.key insecure"},
		{"a switch", "insecure", "  insecure"},
		{"in quotes", `cert = "/a b\"c.crt"`, `/a b"c.crt `},
		{"behind what it ends with", "cert = /tls.crt # mine", "/tls.crt "},
		{"a password", "cert = /tls.crt:pw", "/tls.crt "},
		{"an abbreviation", "cer = /tls.crt", "  elsewhere"},
		{"another request", "cert = /tls.crt\nnext\ncert = /other.crt", "/tls.crt  elsewhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Config(test.text)
			got := r.Options["cert"].Text + " " + r.Options["key"].Text
			if r.Insecure {
				got += " insecure"
			}
			if r.Diverted {
				got += " elsewhere"
			}
			if got != test.want {
				t.Errorf("got %q, expected %q", got, test.want)
			}
		})
	}
}

// TestWithoutPassword holds what of the value of --cert is the name of the file.
func TestWithoutPassword(t *testing.T) {
	for value, want := range map[string][2]string{
		"/tls.crt": {"/tls.crt"}, "/tls.crt:pw": {"/tls.crt", "pw"}, `/a\:b.crt:p:w`: {"/a:b.crt", "p:w"}, "file:/tls.crt:pw": {"file:/tls.crt", "pw"},
		"pkcs11:id=1": {"pkcs11:id=1"},
	} {
		if name, password := withoutPassword(Word{Text: value}); name.Text != want[0] || password.Text != want[1] {
			t.Errorf("%s: got %s and %s, expected %v", value, name.Text, password.Text, want)
		}
	}
}
