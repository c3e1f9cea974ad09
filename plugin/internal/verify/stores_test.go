package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// certificates parses what a test made.
func certificates(t *testing.T, texts ...[]byte) (all []*x509.Certificate) {
	t.Helper()
	for _, text := range texts {
		block, _ := pem.Decode(text)
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// keyStore gives a pair as PKCS#12.
func keyStore(t *testing.T, p pki.Pair, cas ...[]byte) []byte {
	t.Helper()
	block, _ := pem.Decode(p.Key)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	data, err := pkcs12.Modern.Encode(key, certificates(t, p.Cert)[0], certificates(t, cas...), "open")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// javaStore gives a pair, or a CA, as JKS.
func javaStore(t *testing.T, p pki.Pair, ca []byte) []byte {
	t.Helper()
	store, made := keystore.New(), time.Now()
	var err error
	if ca != nil {
		err = store.SetTrustedCertificateEntry("ca", keystore.TrustedCertificateEntry{CreationTime: made, Certificate: keystore.Certificate{Type: "X509", Content: certificates(t, ca)[0].Raw}})
	} else {
		block, _ := pem.Decode(p.Key)
		err = store.SetPrivateKeyEntry("own", keystore.PrivateKeyEntry{
			CreationTime: made, PrivateKey: block.Bytes, CertificateChain: []keystore.Certificate{{Type: "X509", Content: certificates(t, p.Cert)[0].Raw}},
		}, []byte("open"))
	}
	var b bytes.Buffer
	if err == nil {
		err = store.Store(&b, []byte("open"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func trustStore(t *testing.T, cas ...[]byte) []byte {
	t.Helper()
	data, err := pkcs12.Modern.EncodeTrustStore(certificates(t, cas...), "open")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// binary gives a Secret with files that are no text.
func binary(name string, files map[string][]byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\ndata:\n", name)
	for key, data := range files {
		fmt.Fprintf(&b, "  %s: %s\n", key, base64.StdEncoding.EncodeToString(data))
	}
	return b.String()
}

// TestStores holds what is in stores: that they open, hold the key, are signed by whom the other side trusts, and are valid.
func TestStores(t *testing.T) {
	root, other := pki.NewCA("root"), pki.NewCA("other")
	own := root.Leaf(pki.Options{CN: "search", SANs: []string{"search"}, ServerAuth: true})
	client := root.Leaf(pki.Options{CN: "client", ClientAuth: true})
	ended := root.Leaf(pki.Options{CN: "client", ClientAuth: true, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
	forServers := root.Leaf(pki.Options{CN: "client", ServerAuth: true})
	authority, err := pkcs12.Modern.Encode(mustKey(t, root), certificates(t, root.Cert)[0], nil, "open")
	if err != nil {
		t.Fatal(err)
	}
	inStores := node{env: map[string]string{
		ssl + "certificate": "", ssl + "key": "", ssl + "certificate_authorities": "", ssl + "keystore.path": "tls/own.p12", ssl + "keystore.password": "open",
		ssl + "truststore.path": "tls/cas.p12", ssl + "truststore.password": "open",
	}}.String()
	kibana := strings.NewReplacer("        - {name: ELASTICSEARCH_SSL_CERTIFICATE, value: /tls/tls.crt}\n        - {name: ELASTICSEARCH_SSL_KEY, value: /tls/tls.key}\n",
		"        - {name: ELASTICSEARCH_SSL_KEYSTORE_PATH, value: /tls/own.p12}\n        - {name: ELASTICSEARCH_SSL_KEYSTORE_PASSWORD, value: open}\n",
		"        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /tls/ca.crt}\n",
		"        - {name: ELASTICSEARCH_SSL_TRUSTSTORE_PATH, value: /tls/cas.p12}\n        - {name: ELASTICSEARCH_SSL_TRUSTSTORE_PASSWORD, value: open}\n").Replace(board)
	logstash := strings.NewReplacer(`ssl_certificate_authorities => ["/tls/ca.crt"]`, `ssl_truststore_path => "/tls/cas.jks" ssl_truststore_password => "open"`,
		`ssl_certificate => "/tls/tls.crt"`, `ssl_keystore_path => "/tls/own.jks"`, `ssl_key => "/tls/tls.key"`, `ssl_keystore_password => "open"`).Replace(shipped)
	server := func(key, cas []byte) string {
		return binary("search-tls", map[string][]byte{"own.p12": key, "cas.p12": cas})
	}
	pair := func(key, cas []byte) string { return binary("pair", map[string][]byte{"own.p12": key, "cas.p12": cas}) }
	java := func(key, cas []byte) string { return binary("pair", map[string][]byte{"own.jks": key, "cas.jks": cas}) }
	good, right := server(keyStore(t, own, root.Cert), trustStore(t, root.Cert)), trustStore(t, root.Cert)
	locked := strings.Replace(inStores, "- name: "+ssl+"keystore.password\n          value: \"open\"", "- name: "+ssl+"keystore.password\n          value: \"shut\"", 1)
	withKeyPassword := func(password string) string {
		const before = "- name: " + ssl + "keystore.path\n"
		return strings.Replace(inStores, before, "- name: "+ssl+"keystore.key_password\n          value: "+password+"\n        "+before, 1)
	}
	for _, test := range []struct{ name, text, codes, says string }{
		{"all is right", inStores + kibana + good + pair(keyStore(t, client), right), "", ""},
		{"by Java's own stores", inStores + logstash + good + java(javaStore(t, client, nil), javaStore(t, pki.Pair{}, root.Cert)), "", ""},
		{"another password", locked + good, "EMT026", "its password does not open"},
		{"a password that nothing shows", strings.Replace(inStores, "- name: "+ssl+"keystore.password\n          value: \"open\"\n        ", "", 1) + good, "", "its keystore holds the password of Secret/search-tls"},
		{"the same password for the key", withKeyPassword("open") + good, "", ""},
		{"another password for the key", withKeyPassword("other") + good, "", "keystore.key_password] opens the key in Secret/search-tls"},
		{"a client's without its password", inStores + strings.Replace(kibana, "        - {name: ELASTICSEARCH_SSL_KEYSTORE_PASSWORD, value: open}\n", "", 1) + good + pair(keyStore(t, client), right), "EMT026", "needs a password, and none is set"},
		{"a server's that is for clients", inStores + server(keyStore(t, client), right), "EMT013", ""},
		{"a server's that has ended", inStores + server(keyStore(t, ended), right), "EMT011 EMT013", ""},
		{"a store of CAs for the server's pair", inStores + server(right, right), "EMT026", "holds no key"},
		{"of a client that another CA signed", inStores + kibana + good + pair(keyStore(t, other.Leaf(pki.Options{CN: "c", ClientAuth: true})), right), "EMT010", ""},
		{"that has ended", inStores + kibana + good + pair(keyStore(t, ended), right), "EMT011", ""},
		{"that is for servers", inStores + kibana + good + pair(keyStore(t, forServers), right), "EMT013", ""},
		{"that trusts another CA", inStores + kibana + good + pair(keyStore(t, client), trustStore(t, other.Cert)), "EMT007", ""},
		{"Java's own for Kibana", inStores + kibana + good + pair(javaStore(t, client, nil), right), "EMT026", "reads PKCS#12 only"},
		{"Java's own of another CA", inStores + logstash + good + java(javaStore(t, other.Leaf(pki.Options{CN: "c", ClientAuth: true}), nil), javaStore(t, pki.Pair{}, root.Cert)), "EMT010", ""},
		{"Java's own that trusts another CA", inStores + logstash + good + java(javaStore(t, client, nil), javaStore(t, pki.Pair{}, other.Cert)), "EMT007", ""},
		{"Java's own, spoilt", inStores + logstash + good + java(javaStore(t, client, nil)[:100], javaStore(t, pki.Pair{}, root.Cert)), "EMT026", ""},
		{"the CA's own key", inStores + kibana + good + pair(authority, right), "EMT028", ""},
	} {
		g := judgedNow(t, test.text)
		if got, text := codesOf(g), strings.Join(strings.Fields(g.Text()), " "); got != test.codes || !strings.Contains(text, test.says) || test.codes+test.says == "" && strings.Contains(text, "store") && strings.Contains(text, " holds a") {
			t.Errorf("%s: got %q, expected %q with %q\n%s", test.name, got, test.codes, test.says, g.Text())
		}
	}
}

// mustKey gives the key of a CA.
func mustKey(t *testing.T, ca *pki.CA) any {
	t.Helper()
	block, _ := pem.Decode(ca.Key)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
