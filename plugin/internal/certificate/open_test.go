package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// javaStore makes a store of Java that "open" opens; fill puts something into it.
func javaStore(t *testing.T, fill func(keystore.KeyStore) error) []byte {
	t.Helper()
	store := keystore.New(keystore.WithOrderedAliases())
	if fill != nil {
		if err := fill(store); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := store.Store(&out, []byte("open")); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func inJava(der []byte) keystore.Certificate {
	return keystore.Certificate{Type: "X.509", Content: der}
}

// TestOpenStore holds what is read out of stores, by the names in the certificates, and why others are not read.
func TestOpenStore(t *testing.T) {
	ca := pki.NewCA("ca")
	es, other := ca.Leaf(pki.Options{CN: "es"}), ca.Leaf(pki.Options{CN: "other", RSA: true})
	cas, leaf, stranger := chainOf(t, ca.Cert), chainOf(t, es.Cert)[0], chainOf(t, other.Cert)[0]
	block, _ := pem.Decode(es.Key)
	key, err := Key(es.Key)
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	pair := func(password string, der []byte, chain ...*x509.Certificate) func(keystore.KeyStore) error {
		return func(s keystore.KeyStore) error {
			entry := keystore.PrivateKeyEntry{PrivateKey: der}
			for _, c := range chain {
				entry.CertificateChain = append(entry.CertificateChain, inJava(c.Raw))
			}
			return s.SetPrivateKeyEntry("key"+password, entry, []byte(password))
		}
	}
	trusted := func(der []byte) func(keystore.KeyStore) error {
		return func(s keystore.KeyStore) error {
			return s.SetTrustedCertificateEntry("ca", keystore.TrustedCertificateEntry{Certificate: inJava(der)})
		}
	}
	twice := func(s keystore.KeyStore) error {
		return errors.Join(pair("open", block.Bytes, leaf)(s), s.SetPrivateKeyEntry("second", keystore.PrivateKeyEntry{
			PrivateKey: block.Bytes, CertificateChain: []keystore.Certificate{inJava(leaf.Raw)}}, []byte("open")))
	}
	sealed := encoded(pkcs12.Modern.Encode(key, leaf, cas, "open"))
	for name, c := range map[string]struct {
		data       []byte
		password   string
		chain, cas string
		want       error
	}{
		"PKCS#12":                         {sealed, "open", "es ca", "", nil},
		"PKCS#12, the old ciphers":        {encoded(pkcs12.LegacyDES.Encode(key, leaf, cas, "open")), "open", "es ca", "", nil},
		"PKCS#12, the leaf behind its CA": {encoded(pkcs12.Modern.Encode(key, cas[0], []*x509.Certificate{leaf}, "open")), "open", "es ca", "", nil},
		"PKCS#12, another's certificate":  {encoded(pkcs12.Modern.Encode(key, stranger, nil, "open")), "open", "", "", ErrStoreForm},
		"PKCS#12, another password":       {sealed, "Open", "", "", ErrStorePassword},
		"PKCS#12, trust alone":            {encoded(pkcs12.Modern.EncodeTrustStore(cas, "open")), "open", "", "ca", nil},
		"PKCS#12, empty":                  {encoded(pkcs12.Modern.EncodeTrustStore(nil, "open")), "open", "", "", ErrStoreEmpty},
		"Java's":                          {javaStore(t, pair("open", block.Bytes, leaf, cas[0])), "open", "es ca", "", nil},
		"Java's, the CA in front":         {javaStore(t, pair("open", block.Bytes, cas[0], leaf)), "open", "es ca", "", nil},
		"Java's, trust alone":             {javaStore(t, trusted(cas[0].Raw)), "open", "", "ca", nil},
		"Java's, trust that is no X.509":  {javaStore(t, trusted([]byte("x"))), "open", "", "", ErrStoreForm},
		"Java's, empty":                   {javaStore(t, nil), "open", "", "", ErrStoreEmpty},
		"Java's, another password":        {javaStore(t, nil), "Open", "", "", ErrStorePassword},
		"Java's, a password of the key":   {javaStore(t, pair("other", block.Bytes, leaf)), "open", "", "", ErrKeyPassword},
		"Java's, another's certificate":   {javaStore(t, pair("open", block.Bytes, stranger)), "open", "", "", ErrStoreForm},
		"Java's, a key that is none":      {javaStore(t, pair("open", []byte("x"), leaf)), "open", "", "", ErrStoreForm},
		"Java's, two keys":                {javaStore(t, twice), "open", "", "", ErrStoreForm},
		"JCEKS":                           {[]byte("\xce\xce\xce\xce\x00\x00\x00\x02"), "open", "", "", ErrStoreForm},
		"PEM":                             {es.Cert, "open", "", "", ErrStoreForm},
	} {
		store, err := OpenStore(c.data, c.password)
		if !errors.Is(err, c.want) || commonNames(store.Chain) != c.chain || commonNames(store.CAs) != c.cas {
			t.Errorf("%s: chain %q, CAs %q, %v", name, commonNames(store.Chain), commonNames(store.CAs), err)
		}
	}
}

func commonNames(all []*x509.Certificate) string {
	var names []string
	for _, c := range all {
		names = append(names, c.Subject.CommonName)
	}
	return strings.Join(names, " ")
}

// TestKindOf holds that a certificate tells the kind of its key, as the key itself does.
func TestKindOf(t *testing.T) {
	ca := pki.NewCA("ca")
	for kind, pair := range map[string]pki.Pair{"EC": ca.Leaf(pki.Options{}), "RSA": ca.Leaf(pki.Options{RSA: true})} {
		if got := KindOf(chainOf(t, pair.Cert)[0]); got != kind {
			t.Errorf("the certificate: got %q, want %q", got, kind)
		}
		if form, ok := FormOf(pair.Key); !ok || form.Kind != kind {
			t.Errorf("the key: got %+v, want %q", form, kind)
		}
	}
}

// TestIsPEM holds that a text is told from the name of a file.
func TestIsPEM(t *testing.T) {
	for text, want := range map[string]bool{string(pki.NewCA("ca").Cert): true, "/certs/ca.pem": false, "": false} {
		if IsPEM(text) != want {
			t.Errorf("%.20q: %t", text, !want)
		}
	}
}

// TestKindWords holds that no kind that says what Secrets hold is passed over for its name.
func TestKindWords(t *testing.T) {
	for _, kind := range []string{"Certificate", "Issuer", "ClusterIssuer", "StepIssuer", "AWSPCAClusterIssuer"} {
		hasWord := false
		for _, word := range KindWords() {
			hasWord = hasWord || strings.Contains(kind, word)
		}
		if !Declares(kind) || !hasWord {
			t.Errorf("%s: declares: %t, has a word: %t", kind, Declares(kind), hasWord)
		}
	}
}
