package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// The three steps of docs/certificates.md, one Secret after the other: nobody is locked out in any of them, and each is named.
func TestReplacementOfTheCA(t *testing.T) {
	was := pki.NewCAWith(pki.Options{CN: "old", NotBefore: time.Now().Add(-2 * time.Hour)})
	next := pki.NewCAWith(pki.Options{CN: "new"})
	both := string(was.Cert) + string(next.Cert)
	of := func(name string, signer *pki.CA, trusted string) string {
		leaf := signer.Leaf(pki.Options{CN: name, ClientAuth: true, ServerAuth: true, SANs: []string{"search"}, RSA: true})
		return secret(name, "ca.crt", trusted, "tls.crt", string(leaf.Cert), "tls.key", string(leaf.Key))
	}
	only := func(ca *pki.CA) string { return string(ca.Cert) }
	for _, test := range []struct{ name, node, client, says, next string }{
		{"before", of("search-tls", was, only(was)), of("pair", was, only(was)), "", ""},
		{"the node trusts both", of("search-tls", was, both), of("pair", was, only(was)), `step 1, trust both: "CN=new" is not yet trusted by Deployment/board, Deployment/ship`, "add the new CA"},
		{"all trust both", of("search-tls", was, both), of("pair", was, both), `step 1 is done`, "go on with step 2"},
		{"the clients have new pairs", of("search-tls", was, both), of("pair", next, both), `step 2, replace the key pairs: "CN=old" still signed the certificate of StatefulSet/search`, "finish step 2"},
		{"all have new pairs", of("search-tls", next, both), of("pair", next, both), `step 2 is done`, "go on with step 3"},
		{"the node trusts the new one alone", of("search-tls", next, only(next)), of("pair", next, both), `step 3, remove the old CA: "CN=old" is still trusted by Deployment/board, Deployment/ship`, "remove the old CA there"},
		{"after", of("search-tls", next, only(next)), of("pair", next, only(next)), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := judgedNow(t, node{}.String()+board+shipped+test.node+test.client)
			text := g.Text()
			if len(g.Findings) > 0 {
				t.Errorf("somebody is locked out:\n%s", text)
			}
			const heading = "Two CAs are in use"
			if strings.Contains(text, heading) != (test.says != "") || !strings.Contains(text, test.says) || !strings.Contains(text, test.next) {
				t.Errorf("it does not say %q and %q:\n%s", test.says, test.next, text)
			}
		})
	}
	if g := judgedNow(t, node{}.String()+board+of("search-tls", was, only(was))); g.Replacement != nil {
		t.Errorf("a client of which nothing is known: %v", g.Replacement)
	}
}
