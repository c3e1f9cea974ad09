package issue

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func newMaker(kind KeyType) Maker {
	return Maker{Random: rand.Reader, Now: now, KeyType: kind, Key: func(kind KeyType) (crypto.Signer, error) {
		switch kind {
		case P256:
			return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		case P384:
			return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		}
		return rsa.GenerateKey(rand.Reader, 2048)
	}}
}

var (
	server = Leaf{Namespace: "elastic", Secret: "es-tls", Refs: []string{"StatefulSet/es"}, Server: true, Subject: "es", Names: []string{"localhost", "127.0.0.1", "es.elastic.svc", "*.es-headless"}}
	client = Leaf{Namespace: "elastic", Secret: "kibana-tls", Refs: []string{"Deployment/kibana"}, Subject: "kibana"}
)

// TestPairs verifies both sides of a connection as the other side does.
func TestPairs(t *testing.T) {
	for _, kind := range []KeyType{P256, P384, RSA2048} {
		t.Run(string(kind), func(t *testing.T) {
			m := newMaker(kind)
			ca := must(m.CA("elastic", 3650))
			serves, calls := must(m.Pair(ca, server, 365)), must(m.Pair(ca, client, 365))
			for _, host := range []string{"es.elastic.svc", "es-0.es-headless", "127.0.0.1", "localhost"} {
				verify(t, ca, serves, x509.VerifyOptions{DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, "")
			}
			verify(t, ca, serves, x509.VerifyOptions{DNSName: "es.other.svc"}, "not es.other.svc")
			verify(t, ca, serves, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, "")
			verify(t, ca, calls, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, "")
			verify(t, ca, calls, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, "incompatible key usage")
			verify(t, must(m.CA("elastic", 3650)), calls, x509.VerifyOptions{}, "unknown authority")
			verify(t, ca, calls, x509.VerifyOptions{CurrentTime: now.AddDate(0, 0, 366)}, "expired")
			verify(t, ca, calls, x509.VerifyOptions{CurrentTime: now.Add(-skew)}, "")

			leaf := must(certificate.Chain(calls.Cert))[0]
			if err := errors.Join(certificate.KeyFits(leaf, calls.Key.Reveal()), certificate.ForClients(leaf)); err != nil {
				t.Error(err)
			}
			if block, _ := pem.Decode(calls.Key.Reveal()); block.Type != "PRIVATE KEY" {
				t.Errorf("the key is no PKCS#8: %s", block.Type)
			}
			if got := leaf.Subject.String(); got != "CN=kibana,O=elastic" {
				t.Errorf("subject %s", got)
			}
		})
	}
}

func verify(t *testing.T, ca *Authority, p Pair, o x509.VerifyOptions, want string) {
	t.Helper()
	chain := must(certificate.Chain(p.Cert))
	o.Roots, o.Intermediates = x509.NewCertPool(), x509.NewCertPool()
	o.Roots.AddCert(ca.chain[len(ca.chain)-1])
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if o.CurrentTime.IsZero() {
		o.CurrentTime = now
	}
	if o.KeyUsages == nil {
		o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}
	_, err := chain[0].Verify(o)
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("verifying %s: want %q, got %v", p.Subject, want, err)
	}
}

// TestLogstash holds that Logstash gets keys that it can read: RSA whatever the others have, and none that ends in
// white space.
func TestLogstash(t *testing.T) {
	leaf := client
	leaf.RSA = true
	m := newMaker(P256)
	ca := must(m.CA("elastic", 10))
	if _, ok := must(certificate.Key(must(m.Pair(ca, leaf, 1)).Key.Reveal())).(*rsa.PrivateKey); !ok {
		t.Error("a client that reads RSA only got another key")
	}

	for _, last := range []byte("\x00\t\n\v\f\r ") {
		if !certificate.EndsInSpace([]byte{0x30, last}) {
			t.Errorf("a key that ends in %q is taken for good", last)
		}
	}
	if certificate.EndsInSpace([]byte{0x20, 0x30}) {
		t.Error("only the end matters")
	}
}

// TestKeysThatEndInSpace gives the maker bad keys first: it asks again, and in the end gives up.
func TestKeysThatEndInSpace(t *testing.T) {
	m := newMaker(P256)
	fresh := m.Key
	var bad, good crypto.Signer
	for bad == nil || good == nil {
		key := must(fresh(P256))
		if certificate.EndsInSpace(must(x509.MarshalPKCS8PrivateKey(key))) {
			bad = key
		} else {
			good = key
		}
	}
	asked := 0
	m.Key = func(KeyType) (crypto.Signer, error) {
		if asked++; asked < 3 {
			return bad, nil
		}
		return good, nil
	}
	key, _, err := m.key(P256)
	if err != nil || asked != 3 || key != good {
		t.Errorf("after %d keys: %v", asked, err)
	}
	m.Key = func(KeyType) (crypto.Signer, error) { return bad, nil }
	if _, _, err := m.key(P256); err == nil || !strings.Contains(err.Error(), "the source of chance is broken") {
		t.Errorf("bad keys for ever: %v", err)
	}
	m.Key = func(KeyType) (crypto.Signer, error) { return nil, errors.New("no luck") }
	if _, err := m.CA("elastic", 1); err == nil || err.Error() != "making a key (ec-p256): no luck" {
		t.Error(err)
	}
}

// TestRead holds what is accepted as a CA that exists, and why something is not.
func TestRead(t *testing.T) {
	in := time.Now() // as pki has it
	m := newMaker(P256)
	m.Now = in
	made := must(m.CA("elastic", 3650))
	root := pki.NewCA("root")
	middle := root.Intermediate("middle")
	leaf := root.Leaf(pki.Options{CN: "leaf"})
	other := pki.NewCA("other")
	late, early := in.AddDate(1, 0, 0), in.AddDate(-1, 0, 0)
	for name, c := range map[string]struct {
		cert, key []byte
		now       time.Time
		want      string
	}{
		"one that we made":               {made.Cert(), made.Key().Reveal(), in, ""},
		"a root":                         {root.Cert, root.Key, in, ""},
		"an intermediate and its root":   {concat(middle.Cert, root.Cert), middle.Key, in, ""},
		"an intermediate alone":          {middle.Cert, middle.Key, in, `"CN=middle" is no root`},
		"the root first":                 {concat(root.Cert, middle.Cert), root.Key, in, `the CA "CN=middle" did not sign "CN=root", which stands before it`},
		"the key of another":             {root.Cert, other.Key, in, `the CA's key belongs to another certificate than that of "CN=root"`},
		"a leaf":                         {leaf.Cert, leaf.Key, in, `the CA "CN=leaf" is no CA by its basic constraints`},
		"a CA that is over":              {root.Cert, root.Key, late, `the CA "CN=root" ended on`},
		"a CA that is not valid yet":     {root.Cert, root.Key, early, `the CA "CN=root" is not valid before`},
		"no certificate":                 {[]byte("x"), root.Key, in, "the CA's certificate: holds no PEM"},
		"no key":                         {root.Cert, root.Cert, in, "the CA's key holds no PEM"},
		"a key with a passphrase":        {root.Cert, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), in, "the CA's key is encrypted: decrypt it for this call"},
		"one that allows no CA below it": {concat(middle.Cert, made.Cert()), middle.Key, in, `allows 0 CAs below it, and there are 1`},
	} {
		t.Run(name, func(t *testing.T) {
			ca, err := Read(c.cert, c.key, c.now)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "PRIVATE") {
					t.Errorf("want %q, got %v", c.want, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			m := m
			pair, err := m.Pair(ca, client, 1)
			if name != "one that we made" { // those of pki last a day, less an hour
				if err == nil || !strings.Contains(err.Error(), "1 days are more than the CA lasts") {
					t.Errorf("a leaf that outlives its CA: %v", err)
				}
				m.Now = in.Add(-2 * time.Hour)
				pair, err = m.Pair(ca, client, 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			verify(t, ca, pair, x509.VerifyOptions{CurrentTime: c.now}, "")
			if diff := cmp.Diff(string(c.cert), string(ca.Cert())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNothingPrintsAKey tries every way of printing what holds one.
func TestNothingPrintsAKey(t *testing.T) {
	m := newMaker(P256)
	ca := must(m.CA("elastic", 10))
	secrets := must(m.Secrets(ca, Order{Leaves: []Leaf{client}, Days: 1}))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		for _, value := range []any{ca.Key(), must(m.Pair(ca, client, 1)), secrets} {
			if text := fmt.Sprintf(verb, value); !strings.Contains(text, placeholder) {
				t.Errorf("%s of %T prints %s", verb, value, text)
			}
		}
	}
	if text, err := json.Marshal(secrets); err != nil || strings.Contains(string(text), "tls.key") {
		t.Errorf("JSON shows a key: %s %v", text, err)
	}
}

func concat(texts ...[]byte) []byte {
	var all []byte
	for _, text := range texts {
		all = append(all, text...)
	}
	return all
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
