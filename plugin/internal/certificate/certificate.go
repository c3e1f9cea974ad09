// Package certificate judges certificates without a clock: PEM text comes in, what Elasticsearch or a client would
// refuse about it goes out. Dates are not its business: the same manifests give the same answer in a year.
package certificate

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoPEM says that a value holds no PEM at all: a placeholder that is filled in later, such as Argo CD Vault plugin's
// <path:…>.
var ErrNoPEM = errors.New("holds no PEM")

// ErrEncrypted says that a private key has a passphrase.
var ErrEncrypted = errors.New("is encrypted: clients get no passphrase; store it unencrypted, as PKCS#8")

// IsPEM tells whether a text is PEM, or is meant to be, and no name of a file.
func IsPEM(text string) bool { return strings.HasPrefix(text, "-----BEGIN") }

// Chain parses a PEM file with one certificate or several: a leaf with its intermediates, or a bundle of CAs.
func Chain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue // Kibana's own example keeps certificate and key in one file
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the file: %w", len(chain)+1, err)
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, ErrNoPEM
	}
	return chain, nil
}

// KeyFits tells whether the private key in a PEM file belongs to a certificate.
func KeyFits(leaf *x509.Certificate, text []byte) error {
	key, err := Key(text)
	if err != nil {
		return err
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(leaf.PublicKey) {
		return fmt.Errorf("belongs to another certificate than that of %q", leaf.Subject)
	}
	return nil
}

// Key parses the private key in a PEM file. Encrypted keys are refused: Go clients cannot read an encrypted PKCS#8 key,
// whatever passphrase they are given. No error quotes the key.
func Key(text []byte) (crypto.Signer, error) {
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, ErrNoPEM
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return nil, ErrEncrypted
		}
		key, err := parseKey(block.Bytes)
		if err != nil {
			// the parser's error may quote the key
			return nil, errors.New("is no private key that could be read (PKCS#8, PKCS#1 or SEC 1)")
		}
		return key, nil
	}
}

func parseKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return x509.ParseECPrivateKey(der)
}

// EndsInSpace holds for a key that the HTTP client of Logstash 8.10 to 8.18 and 9.0 damages: it takes white space off
// the end of the binary form, for which Ruby counts NUL too. https://github.com/elastic/cloud-on-k8s/pull/9620
func EndsInSpace(der []byte) bool {
	return len(der) > 0 && slices.Contains([]byte("\x00\t\n\v\f\r "), der[len(der)-1])
}

// LogstashReads tells whether Logstash can read the private key in a PEM file: it takes PKCS#8 only, and takes all of
// that for RSA.
// https://github.com/elastic/logstash/issues/19385
func LogstashReads(text []byte) bool {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || EndsInSpace(block.Bytes) {
		return false
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	_, isRSA := key.(*rsa.PrivateKey)
	return err == nil && isRSA
}

// ErrAuthority says that a certificate is a CA's: its key is for issuing certificates, and no client may hold it.
var ErrAuthority = errors.New("is the certificate of a CA: anyone who holds its key can issue certificates that " +
	"Elasticsearch accepts")

// ForClients tells why a certificate is no client's, whoever signed it: Elasticsearch refuses it, or it is a CA's. No
// extended key usage allows all.
func ForClients(leaf *x509.Certificate) error {
	if leaf.BasicConstraintsValid && leaf.IsCA {
		return ErrAuthority
	}
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) &&
		!slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return errors.New("its extended key usage does not permit client authentication")
	}
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return errors.New("its key usage does not permit digital signatures, which a client makes")
	}
	return nil
}

// ChainsTo tells whether a chain leads to one of the CAs.
func ChainsTo(chain, cas []*x509.Certificate) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, ca := range cas {
		roots.AddCert(ca)
	}
	now := chain[0].NotBefore
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	// a moment at which all of them are valid, if there is one
	for _, c := range append(slices.Clone(cas), chain[1:]...) {
		if c.NotBefore.After(now) {
			now = c.NotBefore
		}
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		return err
	}
	if !signed(chain[0], chain[1:], cas) { // Verify looks at dates first; they are judged at run time
		return x509.UnknownAuthorityError{Cert: chain[0]}
	}
	return nil
}

// signed tells whether signatures lead from a certificate over others to one of the CAs, whatever their dates are.
func signed(c *x509.Certificate, between, cas []*x509.Certificate) bool {
	by := func(ca *x509.Certificate) bool { return c.CheckSignatureFrom(ca) == nil }
	if slices.ContainsFunc(cas, by) {
		return true
	}
	for i, ca := range between {
		if by(ca) && signed(ca, slices.Concat(between[:i], between[i+1:]), cas) {
			return true
		}
	}
	return false
}
