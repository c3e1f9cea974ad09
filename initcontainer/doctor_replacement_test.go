package initcontainer

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// doctor names the steps of docs/certificates.md from what it sees of a client: two files and what the server presents. A pod starts in each.
func TestDoctorNamesTheStepOfAnotherCA(t *testing.T) {
	was := pki.NewCAWith(pki.Options{CN: "old", NotBefore: time.Now().Add(-2 * time.Hour)})
	next := pki.NewCA("new")
	both := slices.Concat(was.Cert, next.Cert)
	for _, test := range []struct {
		name           string
		trusts         []byte
		server, client *pki.CA
		says, remedy   string
	}{
		{"before", was.Cert, was, was, "", ""},
		{"step 1", both, was, was, `step 1 is done: "CN=old" and "CN=new" are trusted`, "when all others trust both too, go on with step 2"},
		{"the node first", both, next, was, `step 2, replace the key pairs: "CN=old" still signed the certificate of this client`, "finish step 2"},
		{"the client first", both, was, next, `step 2, replace the key pairs: "CN=old" still signed the certificate of Elasticsearch`, "finish step 2"},
		{"step 2", both, next, next, `step 2 is done: every certificate is signed by "CN=new"`, "go on with step 3"},
		{"step 3", next.Cert, next, next, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCalendar(t, lives{10, 10, 10})
			node := test.server.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true})
			es, err := standin.Start(standin.Options{
				CertPEM: node.Cert, KeyPEM: node.Key, ClientCAPEM: both, ClientAuthentication: "required",
				Users: map[string]standin.User{"minter": {Password: testPassword, Mint: true, Monitor: true}},
			})
			must(t, err)
			defer func() { must(t, es.Close()) }()
			pair := test.client.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
			c.urls = []string{es.URL}
			for path, text := range map[string][]byte{c.files.CA: test.trusts, c.files.Cert: pair.Cert, c.files.Key: pair.Key} {
				must(t, os.WriteFile(path, text, 0o600))
			}
			must(t, ensure(t.Context(), c.settings("pod"), c.edge(io.Discard)))
			var out bytes.Buffer
			if err := doctor(t.Context(), config.Doctor{Ensure: c.settings(""), Format: "text"}, c.edge(&out)); err != nil {
				t.Error(err)
			}
			text := out.String()
			if strings.Contains(text, "ca-replacement") != (test.says != "") || !strings.Contains(text, test.says) || !strings.Contains(text, test.remedy) {
				t.Errorf("it does not say %q and %q:\n%s", test.says, test.remedy, text)
			}
		})
	}
}
