// Package issue makes the certificates of a release: the workloads that need one and the CA that signs go in, pairs and
// the manifests of their Secrets come out. Keys, chance and the time are given to it, so that nothing here differs
// between two calls by itself.
package issue

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// KeyType says of what kind and size a key is.
type KeyType string

// The kinds of keys that every client of Elasticsearch can read.
const (
	P256    KeyType = "ec-p256"
	P384    KeyType = "ec-p384"
	RSA2048 KeyType = "rsa-2048"
	RSA3072 KeyType = "rsa-3072"
	RSA4096 KeyType = "rsa-4096"
)

// KeyTypes lists them.
func KeyTypes() []KeyType { return []KeyType{P256, P384, RSA2048, RSA3072, RSA4096} }

func (t KeyType) rsa() bool { return strings.HasPrefix(string(t), "rsa-") }

// Hidden is a text that no printer shows: a private key, or a manifest that holds one.
type Hidden struct{ text *[]byte }

// hide hides a text.
func hide(text []byte) Hidden { return Hidden{&text} }

// Reveal gives the text.
func (h Hidden) Reveal() []byte { return *h.text }

// Format prints a placeholder, whatever the verb.
func (Hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

const placeholder = "[redacted]"

// Pair is a certificate and its key.
type Pair struct {
	Cert    []byte // PEM: the leaf, then the intermediates between it and the root
	Key     Hidden // unencrypted PKCS#8 in PEM
	Subject string
	Ends    time.Time
}

// Maker makes keys and certificates.
type Maker struct {
	Key     func(KeyType) (crypto.Signer, error) // makes a key
	Random  io.Reader
	Now     time.Time
	KeyType KeyType // of all but those that need another
}

// skew is how far the clocks of a cluster may be behind ours.
const skew = 5 * time.Minute

// CA makes a certificate authority that signs leaves and no further CAs. Its name is its own: where two CAs are trusted
// during a change from one to the other, logs must tell them apart.
func (m Maker) CA(organisation string, days int) (*Authority, error) {
	key, private, err := m.key(m.KeyType)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 4)
	if _, err := io.ReadFull(m.Random, id); err != nil {
		return nil, err
	}
	template := m.template(pkix.Name{CommonName: "elk-mtls CA " + hex.EncodeToString(id),
		Organization: []string{organisation}}, days)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	cert, err := m.sign(template, template, key, key)
	if err != nil {
		return nil, err
	}
	return &Authority{chain: []*x509.Certificate{cert}, key: key, private: private}, nil
}

// Pair makes the pair of a leaf. A server's is good for both sides: the probe in its pod is a client.
func (m Maker) Pair(ca *Authority, leaf Leaf, days int) (Pair, error) {
	key, private, err := m.key(leaf.keyType(m.KeyType))
	if err != nil {
		return Pair{}, err
	}
	template := m.template(pkix.Name{CommonName: leaf.Subject, Organization: []string{leaf.Namespace}}, days)
	if ends := ca.Ends(); template.NotAfter.After(ends) {
		return Pair{}, fmt.Errorf("%d days are more than the CA lasts, which ends on %s: use fewer --days, or a new CA",
			days, date(ends))
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if leaf.keyType(m.KeyType).rsa() {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if leaf.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, name := range leaf.Names {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	cert, err := m.sign(template, ca.chain[0], key, ca.key)
	if err != nil {
		return Pair{}, err
	}
	chain := append([]*x509.Certificate{cert}, ca.intermediates()...)
	return Pair{Cert: certificates(chain), Key: private, Subject: cert.Subject.String(), Ends: cert.NotAfter}, nil
}

func (m Maker) template(subject pkix.Name, days int) *x509.Certificate {
	return &x509.Certificate{Subject: subject, NotBefore: m.Now.Add(-skew), NotAfter: m.Now.AddDate(0, 0, days)}
}

// sign gives the template a serial number and a signature.
func (m Maker) sign(template, parent *x509.Certificate, key, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(m.Random, template, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %q: %w", template.Subject, err)
	}
	return x509.ParseCertificate(der)
}

// key makes a key, and again while it is one that old Logstash cannot read.
func (m Maker) key(kind KeyType) (crypto.Signer, Hidden, error) {
	for range 100 {
		key, err := m.Key(kind)
		if err != nil {
			return nil, Hidden{}, fmt.Errorf("making a key (%s): %w", kind, err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, Hidden{}, fmt.Errorf("writing a key (%s) as PKCS#8: %w", kind, err)
		}
		if !certificate.EndsInSpace(der) {
			return key, hide(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
		}
	}
	return nil, Hidden{}, errors.New("a hundred keys in a row ended in white space: the source of chance is broken")
}

func certificates(chain []*x509.Certificate) []byte {
	var text []byte
	for _, c := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
