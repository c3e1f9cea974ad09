package certificate_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

func TestChain(t *testing.T) {
	ca := pki.NewCA("ca")
	leaf := ca.Leaf(pki.Options{CN: "leaf"})
	for name, c := range map[string]struct {
		text []byte
		want int
		err  string
	}{
		"a leaf":                      {leaf.Cert, 1, ""},
		"a leaf and its CA":           {slices.Concat(leaf.Cert, ca.Cert), 2, ""},
		"a key in between, and words": {slices.Concat([]byte("subject=CN=leaf\n"), leaf.Cert, leaf.Key, ca.Cert), 2, ""},
		"a placeholder":               {[]byte("<path:secret/data/es#tls.crt>"), 0, certificate.ErrNoPEM.Error()},
		"nothing":                     {nil, 0, certificate.ErrNoPEM.Error()},
		"a key only":                  {leaf.Key, 0, certificate.ErrNoPEM.Error()},
		"the second is damaged":       {slices.Concat(leaf.Cert, block("CERTIFICATE", []byte("no DER"))), 0, "certificate 2 of the file"},
	} {
		chain, err := certificate.Chain(c.text)
		if len(chain) != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d certificates, error %v; want %d, %q", name, len(chain), err, c.want, c.err)
		}
	}
}

func TestKey(t *testing.T) {
	ca := pki.NewCA("ca")
	curve, old := ca.Leaf(pki.Options{CN: "curve"}), ca.Leaf(pki.Options{CN: "old", RSA: true})
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("x")})
	for name, c := range map[string]struct {
		cert, key []byte
		err       string
	}{
		"PKCS#8":                      {curve.Cert, curve.Key, ""},
		"PKCS#8, RSA":                 {old.Cert, old.Key, ""},
		"PKCS#1":                      {old.Cert, block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(parsed[*rsa.PrivateKey](t, old.Key))), ""},
		"SEC 1":                       {curve.Cert, block("EC PRIVATE KEY", sec1(t, curve.Key)), ""},
		"the certificate before it":   {curve.Cert, slices.Concat(curve.Cert, curve.Key), ""},
		"of another certificate":      {curve.Cert, old.Key, `belongs to another certificate than that of "CN=curve"`},
		"a placeholder":               {curve.Cert, []byte("${KEY}"), certificate.ErrNoPEM.Error()},
		"encrypted as PKCS#8":         {curve.Cert, block("ENCRYPTED PRIVATE KEY", []byte("x")), certificate.ErrEncrypted.Error()},
		"encrypted as OpenSSL of old": {curve.Cert, encrypted, certificate.ErrEncrypted.Error()},
		"damaged":                     {curve.Cert, block("PRIVATE KEY", []byte("s3cret")), "is no private key that could be read"},
	} {
		chain, err := certificate.Chain(c.cert)
		if err != nil {
			t.Fatal(err)
		}
		err = certificate.KeyFits(chain[0], c.key)
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v; want %q", name, err, c.err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
}

func TestLogstashReads(t *testing.T) {
	ca := pki.NewCA("ca")
	old := ca.Leaf(pki.Options{CN: "old", RSA: true})
	der, _ := pem.Decode(old.Key)
	if got, want := certificate.LogstashReads(old.Key), !bytes.ContainsAny(der.Bytes[len(der.Bytes)-1:], "\x00\t\n\v\f\r "); got != want {
		t.Errorf("RSA as PKCS#8 that ends in %x: %v", der.Bytes[len(der.Bytes)-1], got)
	}
	for name, key := range map[string][]byte{
		"PKCS#1":        block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(parsed[*rsa.PrivateKey](t, old.Key))),
		"another kind":  ca.Leaf(pki.Options{CN: "curve"}).Key,
		"ends in space": block("PRIVATE KEY", append(der.Bytes, '\n')),
		"no PEM":        []byte("${KEY}"),
	} {
		if certificate.LogstashReads(key) {
			t.Errorf("%s: taken for a key that Logstash reads", name)
		}
	}
}

func TestForClients(t *testing.T) {
	for name, c := range map[string]struct {
		cert x509.Certificate
		err  string
	}{
		"no usage at all":         {x509.Certificate{}, ""},
		"of clients":              {x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, ""},
		"any":                     {x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}, ""},
		"of servers only":         {x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, "does not permit client authentication"},
		"one that Go has no name": {x509.Certificate{UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6}}}, "does not permit client authentication"},
		"signatures":              {x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}, ""},
		"encipherment only":       {x509.Certificate{KeyUsage: x509.KeyUsageKeyEncipherment}, "does not permit digital signatures"},
	} {
		if err := certificate.ForClients(&c.cert); (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v; want %q", name, err, c.err)
		}
	}
}

func TestChainsTo(t *testing.T) {
	ca, namesake := pki.NewCA("ca"), pki.NewCA("ca")
	between := ca.Intermediate("between")
	long := time.Now().AddDate(-9, 0, 0)
	direct, below := ca.Leaf(pki.Options{CN: "direct"}), between.Leaf(pki.Options{CN: "below"})
	ended := ca.Leaf(pki.Options{CN: "ended", NotBefore: long, NotAfter: long.AddDate(1, 0, 0)})
	stranger := namesake.Leaf(pki.Options{CN: "stranger", NotBefore: long, NotAfter: long.AddDate(1, 0, 0)})
	for name, c := range map[string]struct {
		chain, cas []byte
		fits       bool
	}{
		"signed by the CA":                        {direct.Cert, ca.Cert, true},
		"by one of a bundle":                      {direct.Cert, slices.Concat(namesake.Cert, ca.Cert), true},
		"over an intermediate in the file":        {slices.Concat(below.Cert, between.Cert), ca.Cert, true},
		"over an intermediate that is trusted":    {below.Cert, slices.Concat(ca.Cert, between.Cert), true},
		"over an intermediate that is missing":    {below.Cert, ca.Cert, false},
		"by another CA of the same name":          {direct.Cert, namesake.Cert, false},
		"ended before the CA began":               {ended.Cert, ca.Cert, true},
		"ended, and of another CA":                {stranger.Cert, ca.Cert, false},
		"with an intermediate that signs nothing": {slices.Concat(stranger.Cert, between.Cert), ca.Cert, false},
	} {
		chain, err := certificate.Chain(c.chain)
		if err != nil {
			t.Fatal(err)
		}
		cas, err := certificate.Chain(c.cas)
		if err != nil {
			t.Fatal(err)
		}
		err = certificate.ChainsTo(chain, cas)
		if (err == nil) != c.fits {
			t.Errorf("%s: error %v", name, err)
		}
		if unknown := (x509.UnknownAuthorityError{}); err != nil && !errors.As(err, &unknown) {
			t.Errorf("%s: %v is no matter of authority", name, err)
		}
	}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// parsed is the private key in a PEM file of PKCS#8.
func parsed[K any](t *testing.T, text []byte) K {
	t.Helper()
	b, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(K)
}

func sec1(t *testing.T, text []byte) []byte {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(parsed[*ecdsa.PrivateKey](t, text))
	if err != nil {
		t.Fatal(err)
	}
	return der
}
