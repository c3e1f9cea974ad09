package plugin

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// TestCertificatesInTheStream holds that certificates which cannot work are refused before they reach a cluster.
func TestCertificatesInTheStream(t *testing.T) {
	ca, other := pki.NewCA("ca"), pki.NewCA("other")
	both := pki.Options{CN: "es", SANs: []string{"elasticsearch-master"}, ServerAuth: true, ClientAuth: true}
	good, elsewhere := ca.Leaf(both), wrongName(ca)
	serves := ca.Leaf(pki.Options{CN: "es", SANs: []string{"elasticsearch-master"}, ServerAuth: true})
	noUsage := ca.Leaf(pki.Options{CN: "es", SANs: []string{"elasticsearch-master"}})
	for name, c := range map[string]struct {
		ca, cert, key []byte
		mode          string
		want          string // "" = accepted
	}{
		"the chart's pair, good for both":              {ca: ca.Cert, cert: good.Cert, key: good.Key},
		"no extended key usage allows everything":      {ca: ca.Cert, cert: noUsage.Cert, key: noUsage.Key},
		"a key that belongs to another certificate":    {ca: ca.Cert, cert: good.Cert, key: ca.Leaf(both).Key, want: `key "tls.key" belongs to another certificate than that of "CN=es"`},
		"a certificate that only serves":               {ca: ca.Cert, cert: serves.Cert, key: serves.Key, want: "cannot serve as a client certificate: its extended key usage does not permit client authentication"},
		"a CA that did not sign the certificate":       {ca: other.Cert, cert: good.Cert, key: good.Key, want: "was not signed by a CA that Elasticsearch accepts"},
		"names that do not cover where Kibana calls":   {ca: ca.Cert, cert: elsewhere.Cert, key: elsewhere.Key, want: `does not cover "elasticsearch-master"`},
		"placeholders that something fills in later":   {ca: []byte("<path:ca>"), cert: []byte("<path:crt>"), key: []byte("<path:key>")},
		"the name does not matter without a host name": {ca: ca.Cert, cert: elsewhere.Cert, key: elsewhere.Key, mode: "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := realSettings(config.ModeCertToken, config.Required)
			s.Certificates.VerificationMode = c.mode
			input := append(secretWith(c.ca, c.cert, c.key), read(t, filepath.Join("testdata/charts/release/input.yaml"))...)
			output, _, err := transform(input, s)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || output != nil {
				t.Errorf("want a refusal with %q, got %v", c.want, err)
			}
			if err != nil && strings.Contains(err.Error(), "PRIVATE KEY") {
				t.Error("the message quotes a key")
			}
		})
	}
}

func wrongName(ca *pki.CA) pki.Pair {
	return ca.Leaf(pki.Options{CN: "es", SANs: []string{"somewhere-else"}, ServerAuth: true, ClientAuth: true})
}

// secretWith makes the Secret that the chart of Elasticsearch would bring.
func secretWith(ca, cert, key []byte) []byte {
	encode := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: elasticsearch-master-certs\ntype: kubernetes.io/tls\ndata:\n  ca.crt: %s\n  tls.crt: %s\n  tls.key: %s\n",
		encode(ca), encode(cert), encode(key))
}
