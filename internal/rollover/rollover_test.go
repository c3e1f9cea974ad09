package rollover

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

func parsed(t *testing.T, text ...[]byte) (all []*x509.Certificate) {
	t.Helper()
	for _, one := range text {
		block, _ := pem.Decode(one)
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func TestOf(t *testing.T) {
	begin := time.Now().Add(-1000 * time.Hour)
	authority := func(name string, after time.Duration) *pki.CA {
		return pki.NewCAWith(pki.Options{CN: name, NotBefore: begin.Add(after), NotAfter: begin.Add(after + 100*time.Hour)}) // long over
	}
	cas := map[string]*pki.CA{"old": authority("old", 0), "new": authority("new", time.Hour), "third": authority("third", 2*time.Hour), "twin": authority("twin", 0)}
	cas["middle"] = cas["new"].Intermediate("middle")
	side := func(text string) Side { // NAME trusts CA+CA presents CA, each "-" for unknown
		words := strings.Fields(text)
		s := Side{Name: words[0]}
		if words[1] != "-" {
			for _, name := range strings.Split(words[1], "+") {
				s.Trusts = append(s.Trusts, parsed(t, cas[name].Cert)...)
			}
		}
		switch words[2] {
		case "-":
		case "middle":
			s.Presents = parsed(t, cas["middle"].Leaf(pki.Options{CN: s.Name}).Cert, cas["middle"].Cert)
		default:
			s.Presents = parsed(t, cas[words[2]].Leaf(pki.Options{CN: s.Name}).Cert)
		}
		return s
	}
	for _, test := range []struct{ name, sides, want string }{
		{"one CA", "es old old, kibana old old", ""},
		{"the nodes trust both first", "es old+new old, kibana old old, beat old old", `step 1, trust both: "CN=new" is not yet trusted by kibana, beat`},
		{"the order in a file says nothing", "es new+old old, kibana old old", `step 1, trust both: "CN=new" is not yet trusted by kibana`},
		{"all trust both", "es old+new old, kibana old+new old", `step 1 is done: "CN=old" and "CN=new" are trusted`},
		{"one pair is new", "es old+new old, kibana old+new new", `step 2, replace the key pairs: "CN=old" still signed the certificate of es`},
		{"all pairs are new", "es old+new new, kibana old+new new", `step 2 is done: every certificate is signed by "CN=new"`},
		{"a CA between", "es old+new middle, kibana old+new middle", `step 2 is done: every certificate is signed by "CN=new"`},
		{"the CA between is trusted", "es old+middle old, kibana old+middle middle", `step 2, replace the key pairs: "CN=old" still signed the certificate of es`},
		{"one has removed the old one", "es old+new new, kibana new new", `step 3, remove the old CA: "CN=old" is still trusted by es`},
		{"all have", "es new new, kibana new new", ""},
		{"a client without a pair", "es old+new old, kibana old -", `step 1, trust both: "CN=new" is not yet trusted by kibana`},
		{"what the other trusts is not known", "es - old, kibana old+new new", `step 2, replace the key pairs: "CN=old" still signed the certificate of es`},
		{"no pair is known", "es old+new -, kibana old+new -", ""},
		{"a pair before it is trusted is no step", "es old+new old, kibana old new", ""},
		{"clients with a CA of their own", "es old+new old, kibana old new, beat old new", ""},
		{"many CAs", "es old+new+third old, kibana old+new+third old", ""},
		{"two of one age", "es old+twin old, kibana old+twin old", ""},
		{"nothing is known", "es - -", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sides []Side
			for _, text := range strings.Split(test.sides, ", ") {
				sides = append(sides, side(text))
			}
			got := ""
			if s, ok := Of(sides); ok {
				got = s.String()
				if s.Done != (len(s.Left) == 0) || s.Remedy() == "" {
					t.Errorf("%+v, %q", s, s.Remedy())
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A CA whose certificate is renewed with the same key is the same CA.
func TestRenewedCA(t *testing.T) {
	ca := pki.NewCA("ca")
	first := parsed(t, ca.Cert)
	both := append(first, parsed(t, ca.Sign(first[0].PublicKey, pki.Options{CN: "ca", CA: true, NotBefore: time.Now().Add(time.Hour)}))...)
	if s, ok := Of([]Side{{"es", both, parsed(t, ca.Leaf(pki.Options{CN: "es"}).Cert)}}); ok {
		t.Errorf("taken for a replacement: %v", s)
	}
}
