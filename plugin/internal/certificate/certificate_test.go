package certificate

import (
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

	"github.com/elk-mtls/elk-mtls/test/pki"
)

func chainOf(t *testing.T, files ...[]byte) []*x509.Certificate {
	t.Helper()
	chain, err := Chain(slices.Concat(files...))
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestFiles(t *testing.T) {
	ca := pki.NewCA("ca")
	leaf, other := ca.Leaf(pki.Options{CN: "es"}), ca.Leaf(pki.Options{CN: "other", RSA: true})
	if chain := chainOf(t, leaf.Key, leaf.Cert, []byte("a comment\n"), ca.Cert); len(chain) != 2 || chain[0].Subject.CommonName != "es" {
		t.Errorf("key, leaf and CA in one file: %d certificates", len(chain))
	}
	der, _ := pem.Decode(leaf.Key)
	rsaDER, _ := pem.Decode(other.Key)
	rsaKey, err := x509.ParsePKCS8PrivateKey(rsaDER.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey.(*rsa.PrivateKey)))
	curve, err := x509.ParsePKCS8PrivateKey(der.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(curve.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  []byte
		want string
	}{
		"PKCS#8":                {leaf.Key, ""},
		"SEC 1":                 {block("EC PRIVATE KEY", sec1), ""},
		"behind a certificate":  {slices.Concat(leaf.Cert, leaf.Key), ""},
		"of another":            {other.Key, `belongs to another certificate than that of "CN=es"`},
		"encrypted PKCS#8":      {block("ENCRYPTED PRIVATE KEY", der.Bytes), ErrEncrypted.Error()},
		"encrypted as of old":   {pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Headers: map[string]string{"DEK-Info": "AES-128-CBC,00"}, Bytes: der.Bytes}), ErrEncrypted.Error()},
		"no PEM":                {[]byte("<path:key>"), ErrNoPEM.Error()},
		"a certificate":         {leaf.Cert, ErrNoPEM.Error()},
		"damaged":               {block("PRIVATE KEY", der.Bytes[:20]), "is no private key that could be read (PKCS#8, PKCS#1 or SEC 1)"},
		"of a kind without use": {block("DSA PRIVATE KEY", []byte{1}), "is no private key that could be read (PKCS#8, PKCS#1 or SEC 1)"},
	} {
		err := KeyFits(chainOf(t, leaf.Cert)[0], c.key)
		if text := errorText(err); text != c.want {
			t.Errorf("a key, %s: %q, want %q", name, text, c.want)
		}
	}
	for name, key := range map[string][]byte{"PKCS#8": other.Key, "PKCS#1": pkcs1} {
		if err := KeyFits(chainOf(t, other.Cert)[0], key); err != nil {
			t.Errorf("an RSA key in %s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		key  []byte
		want bool
	}{"RSA in PKCS#8": {other.Key, !EndsInSpace(rsaDER.Bytes)}, "EC in PKCS#8": {leaf.Key, false}, "PKCS#1": {pkcs1, false}, "PKCS#8 called PKCS#1": {block("RSA PRIVATE KEY", rsaDER.Bytes), false}, "a key that ends in space": {block("PRIVATE KEY", append(slices.Clone(rsaDER.Bytes), '\n')), false}, "nothing": {nil, false}} {
		if got := LogstashReads(c.key); got != c.want {
			t.Errorf("Logstash reads %s: %v", name, got)
		}
	}
	for name, text := range map[string][]byte{"a placeholder": []byte("<path:crt>"), "nothing": nil, "a key alone": leaf.Key} {
		if _, err := Chain(text); !errors.Is(err, ErrNoPEM) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Chain(slices.Concat(leaf.Cert, block("CERTIFICATE", []byte{1}))); err == nil || !strings.HasPrefix(err.Error(), "certificate 2 of the file: ") {
		t.Errorf("a damaged second certificate: %v", err)
	}
}

func TestForClients(t *testing.T) {
	ca := pki.NewCA("ca")
	signs := x509.KeyUsageDigitalSignature
	for name, c := range map[string]struct {
		leaf *x509.Certificate
		want string
	}{
		"client and server":     {chainOf(t, ca.Leaf(pki.Options{CN: "x", ClientAuth: true, ServerAuth: true}).Cert)[0], ""},
		"no extended key usage": {chainOf(t, ca.Leaf(pki.Options{CN: "x"}).Cert)[0], ""},
		"any":                   {&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, KeyUsage: signs}, ""},
		"no usage at all":       {&x509.Certificate{}, ""},
		"signatures and more":   {&x509.Certificate{KeyUsage: signs | x509.KeyUsageKeyEncipherment}, ""},
		"server only":           {chainOf(t, ca.Leaf(pki.Options{CN: "x", ServerAuth: true}).Cert)[0], "its extended key usage does not permit client authentication"},
		"a usage nobody knows":  {&x509.Certificate{UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 2, 3}}, KeyUsage: signs}, "its extended key usage does not permit client authentication"},
		"encipherment only":     {&x509.Certificate{KeyUsage: x509.KeyUsageKeyEncipherment}, "its key usage does not permit digital signatures, which a client makes"},
	} {
		if text := errorText(ForClients(c.leaf)); text != c.want {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}

func TestChainsTo(t *testing.T) {
	root, other := pki.NewCA("root"), pki.NewCA("root")
	middle := root.Intermediate("middle")
	leaf, below := root.Leaf(pki.Options{CN: "x"}), middle.Leaf(pki.Options{CN: "y"})
	past := time.Now().AddDate(-2, 0, 0)
	ended := root.Leaf(pki.Options{CN: "z", NotBefore: past, NotAfter: past.AddDate(1, 0, 0)})
	endedBelow := middle.Leaf(pki.Options{CN: "z", NotBefore: past, NotAfter: past.AddDate(1, 0, 0)})
	foreign := other.Leaf(pki.Options{CN: "z", NotBefore: past, NotAfter: past.AddDate(1, 0, 0)})
	for name, c := range map[string]struct {
		chain, cas []*x509.Certificate
		want       bool
	}{
		"signed by the CA":                     {chainOf(t, leaf.Cert), chainOf(t, root.Cert), true},
		"one of two CAs":                       {chainOf(t, leaf.Cert), chainOf(t, other.Cert, root.Cert), true},
		"another CA of the same name":          {chainOf(t, leaf.Cert), chainOf(t, other.Cert), false},
		"over an intermediate":                 {chainOf(t, below.Cert, middle.Cert), chainOf(t, root.Cert), true},
		"the intermediate is missing":          {chainOf(t, below.Cert), chainOf(t, root.Cert), false},
		"the intermediate is among the CAs":    {chainOf(t, below.Cert), chainOf(t, middle.Cert), true},
		"the intermediate beside its CA":       {chainOf(t, below.Cert), chainOf(t, root.Cert, middle.Cert), true},
		"an intermediate that signs nothing":   {chainOf(t, foreign.Cert, middle.Cert), chainOf(t, root.Cert), false},
		"ended before: dates are not its task": {chainOf(t, ended.Cert), chainOf(t, root.Cert), true},
		"ended before, and of another CA":      {chainOf(t, foreign.Cert), chainOf(t, root.Cert), false},
		"ended before, over an intermediate":   {chainOf(t, endedBelow.Cert, middle.Cert), chainOf(t, root.Cert), true},
	} {
		err := ChainsTo(c.chain, c.cas)
		if unknown := (x509.UnknownAuthorityError{}); (err == nil) != c.want || err != nil && !errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
