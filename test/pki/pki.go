// Package pki makes the certificates that tests and the demo need: a CA by name, and leaves signed by it with the
// usages, names and dates that a case asks for. Everything comes out as PEM. The keys are of no worth to anybody.
package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// A CA signs leaves. Two calls of NewCA with one name make two CAs that do not trust each other.
type CA struct {
	Cert []byte // PEM
	Key  []byte // PEM, PKCS#8

	parsed *x509.Certificate
	signer crypto.Signer
}

// A Pair is a certificate and its key.
type Pair struct {
	Cert []byte // PEM
	Key  []byte // PEM, PKCS#8 unencrypted
}

// Options say what a leaf is for. With neither ClientAuth nor ServerAuth it has no extended key usage at all, which
// TLS stacks take as fit for both.
type Options struct {
	CN         string
	O          string           // organisation; may be empty
	Subject    pkix.RDNSequence // instead of CN and O
	SANs       []string         // DNS names and IP addresses
	ClientAuth bool
	ServerAuth bool
	CA         bool      // may issue certificates
	NotBefore  time.Time // zero: an hour ago
	NotAfter   time.Time // zero: in a day
	RSA        bool      // an RSA 2048 key; ECDSA P-256 else, which is made a hundred times faster
}

// NewCA makes a self-signed CA.
func NewCA(name string) *CA { return NewCAWith(Options{CN: name}) }

// NewCAWith makes one with other dates.
func NewCAWith(o Options) *CA {
	signer := newKey(false)
	template := newTemplate(o)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	return newCA(signer, template, template, signer)
}

// Intermediate makes a CA signed by this one.
func (ca *CA) Intermediate(name string) *CA {
	signer := newKey(false)
	template := newTemplate(Options{CN: name})
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return newCA(signer, template, ca.parsed, ca.signer)
}

func newCA(key crypto.Signer, template, parent *x509.Certificate, signer crypto.Signer) *CA {
	der := must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))
	return &CA{
		Cert: encode("CERTIFICATE", der), Key: encodeKey(key),
		parsed: must(x509.ParseCertificate(der)), signer: key,
	}
}

// Leaf makes a certificate signed by the CA.
func (ca *CA) Leaf(o Options) Pair {
	key := newKey(o.RSA)
	return Pair{Cert: ca.Sign(key.Public(), o), Key: encodeKey(key)}
}

// Sign makes a certificate for a key that is there already.
func (ca *CA) Sign(key crypto.PublicKey, o Options) []byte {
	return encode("CERTIFICATE", must(x509.CreateCertificate(rand.Reader, newTemplate(o), ca.parsed, key, ca.signer)))
}

// Pool holds this CA alone, for a client or server that trusts nobody else.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.parsed)
	return pool
}

// Client is the TLS configuration of a client that trusts this CA and shows these pairs, if any.
func (ca *CA) Client(pairs ...Pair) *tls.Config {
	config := &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
	for _, pair := range pairs {
		config.Certificates = append(config.Certificates, pair.TLS())
	}
	return config
}

// TLS is the pair as crypto/tls takes it.
func (p Pair) TLS() tls.Certificate {
	return must(tls.X509KeyPair(p.Cert, p.Key))
}

func newTemplate(o Options) *x509.Certificate {
	now := time.Now()
	if o.NotBefore.IsZero() {
		o.NotBefore = now.Add(-time.Hour)
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = now.Add(24 * time.Hour)
	}
	t := &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))),
		Subject:      pkix.Name{CommonName: o.CN},
		NotBefore:    o.NotBefore,
		NotAfter:     o.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	if o.O != "" {
		t.Subject.Organization = []string{o.O}
	}
	if o.Subject != nil {
		t.RawSubject = must(asn1.Marshal(o.Subject))
	}
	if o.RSA {
		t.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	if o.ClientAuth {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if o.ServerAuth {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	t.IsCA, t.BasicConstraintsValid = o.CA, o.CA
	for _, name := range o.SANs {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return t
}

// newKey makes a key whose binary form does not end in white space, as that of one in 37 does: some versions of Logstash damage such a key, so
// that a test with a client would fail by chance.
func newKey(useRSA bool) crypto.Signer {
	for {
		var key crypto.Signer
		if useRSA {
			key = must(rsa.GenerateKey(rand.Reader, 2048))
		} else {
			key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		}
		if der := must(x509.MarshalPKCS8PrivateKey(key)); !bytes.ContainsAny(der[len(der)-1:], "\x00\t\n\v\f\r ") {
			return key
		}
	}
}

func encodeKey(key crypto.Signer) []byte {
	return encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// must panics on what cannot fail unless this package is wrong: it signs what it has just made.
func must[T any](value T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("pki: %v", err))
	}
	return value
}
