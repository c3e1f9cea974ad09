package issue

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// Authority signs certificates.
type Authority struct {
	chain   []*x509.Certificate // who signs first, the root last
	key     crypto.Signer
	private Hidden
}

// Read takes an authority that exists: the PEM text of its certificate, with all above it up to the root, and of its
// key. The errors say what keeps it from signing a certificate that Elasticsearch and its clients accept; they never
// quote the key.
func Read(cert, key []byte, now time.Time) (*Authority, error) {
	chain, err := certificate.Chain(cert)
	if err != nil {
		return nil, fmt.Errorf("the CA's certificate: %w", err)
	}
	signer, err := certificate.Key(key)
	if errors.Is(err, certificate.ErrEncrypted) {
		return nil, errors.New("the CA's key is encrypted: decrypt it for this call (openssl pkey -in FILE)")
	}
	if err != nil {
		return nil, fmt.Errorf("the CA's key %w", err)
	}
	if err := certificate.KeyFits(chain[0], key); err != nil {
		return nil, fmt.Errorf("the CA's key %w", err)
	}
	for i, c := range chain {
		if err := mayIssue(c, i, now); err != nil {
			return nil, fmt.Errorf("the CA %q %w", c.Subject, err)
		}
		if i > 0 && chain[i-1].CheckSignatureFrom(c) != nil {
			return nil, fmt.Errorf("the CA %q did not sign %q, which stands before it: put who signs first, then who "+
				"signed that, and the root last", c.Subject, chain[i-1].Subject)
		}
	}
	if last := chain[len(chain)-1]; !root(last) {
		return nil, fmt.Errorf("%q is no root, and clients that use OpenSSL trust nothing else: add the certificates "+
			"above it, up to the root", last.Subject)
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, errors.New("the CA's key cannot be written as PKCS#8")
	}
	return &Authority{chain: chain, key: signer,
		private: hide(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}, nil
}

// mayIssue tells why a certificate with so many CAs below it cannot lead to a leaf.
func mayIssue(c *x509.Certificate, below int, now time.Time) error {
	switch {
	case !c.BasicConstraintsValid || !c.IsCA:
		return errors.New("is no CA by its basic constraints")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("may not sign certificates by its key usage")
	case (c.MaxPathLen > 0 || c.MaxPathLenZero) && below > c.MaxPathLen:
		return fmt.Errorf("allows %d CAs below it, and there are %d", c.MaxPathLen, below)
	case now.After(c.NotAfter):
		return fmt.Errorf("ended on %s", date(c.NotAfter))
	case now.Before(c.NotBefore):
		return fmt.Errorf("is not valid before %s", date(c.NotBefore))
	}
	return nil
}

func root(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignatureFrom(c) == nil
}

// Subject names who signs.
func (a *Authority) Subject() string { return a.chain[0].Subject.String() }

// Ends is when the first certificate of the chain runs out, and all that it signed with it.
func (a *Authority) Ends() time.Time {
	ends := a.chain[0].NotAfter
	for _, c := range a.chain[1:] {
		if c.NotAfter.Before(ends) {
			ends = c.NotAfter
		}
	}
	return ends
}

// Cert is what clients and servers trust, in PEM.
func (a *Authority) Cert() []byte { return certificates(a.chain) }

// Key is the key that signs.
func (a *Authority) Key() Hidden { return a.private }

// intermediates go with every leaf: of a chain only the root is known to the other side.
func (a *Authority) intermediates() []*x509.Certificate { return a.chain[:len(a.chain)-1] }
