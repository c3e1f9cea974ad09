package certificate

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"
)

// Store is what is in a store of keys and certificates.
type Store struct {
	// the certificate of its key, and those that lead from it to a CA; nil where it holds no key
	Chain []*x509.Certificate
	CAs   []*x509.Certificate // that it trusts, where it holds no key
}

// The ways in which opening a store may fail.
var (
	ErrStorePassword = errors.New("is a store that its password does not open")
	ErrKeyPassword   = errors.New("is a store with a key that has a password of its own")
	ErrStoreForm     = errors.New("is a store of a form that elk-mtls cannot read")
	ErrStoreEmpty    = errors.New("is a store with neither a key nor a certificate that is marked as trusted")
)

// IsStore tells whether a file may be a store of keys or certificates: PKCS#12, or one of Java's own formats. So may be
// what a tool fills in later, such as <path:…>.
func IsStore(data []byte) bool { return isPlaceholder(data) || IsJavaStore(data) || isPKCS12(data) }

// isPlaceholder asks for text, since among a store's bytes any two characters may come together.
func isPlaceholder(data []byte) bool {
	text := strings.TrimSpace(string(data))
	return utf8.ValidString(text) && (text == "" || strings.HasPrefix(text, "<") || strings.Contains(text, "${") ||
		strings.Contains(text, "{{"))
}

// IsJavaStore holds for the formats that nothing but Java reads: JKS and JCEKS.
func IsJavaStore(data []byte) bool {
	return bytes.HasPrefix(data, []byte(jks)) || bytes.HasPrefix(data, []byte("\xce\xce\xce\xce"))
}

const jks = "\xfe\xed\xfe\xed"

func isPKCS12(data []byte) bool {
	var file struct {
		Version int
		Content asn1.RawValue
		Mac     asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(data, &file)
	return err == nil && file.Version == 3
}

// OpenStore reads a store with one key, or with trusted certificates alone.
func OpenStore(data []byte, password string) (Store, error) {
	switch {
	case bytes.HasPrefix(data, []byte(jks)):
		return openJKS(data, password)
	case isPKCS12(data):
		return openPKCS12(data, password)
	}
	return Store{}, ErrStoreForm
}

func openPKCS12(data []byte, password string) (Store, error) {
	key, leaf, others, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return Store{}, ErrStorePassword
	case err == nil:
		chain := ofKey(key, append([]*x509.Certificate{leaf}, others...))
		if chain == nil {
			return Store{}, ErrStoreForm
		}
		return Store{Chain: chain}, nil
	}
	cas, err := pkcs12.DecodeTrustStore(data, password)
	switch _, isOther := errors.AsType[pkcs12.NotImplementedError](err); {
	case isOther:
		return Store{}, ErrStoreForm
	case err != nil:
		return Store{}, ErrStoreForm
	case len(cas) == 0:
		return Store{}, ErrStoreEmpty
	}
	return Store{CAs: cas}, nil
}

// ofKey gives the certificates of a store with that of its key first; nil where none is of it.
func ofKey(key any, all []*x509.Certificate) []*x509.Certificate {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil
	}
	for i, c := range all {
		if public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(signer.Public()) {
			return append([]*x509.Certificate{c}, append(append([]*x509.Certificate(nil), all[:i]...), all[i+1:]...)...)
		}
	}
	return nil
}

func openJKS(data []byte, password string) (Store, error) {
	store := keystore.New(keystore.WithOrderedAliases())
	if err := store.Load(bytes.NewReader(data), []byte(password)); err != nil {
		// its checksum is made with it: another file of this form is told from a wrong password by nothing
		return Store{}, ErrStorePassword
	}
	var s Store
	for _, alias := range store.Aliases() {
		if store.IsTrustedCertificateEntry(alias) {
			entry, err := store.GetTrustedCertificateEntry(alias)
			if err != nil {
				return Store{}, ErrStoreForm
			}
			ca, err := x509.ParseCertificate(entry.Certificate.Content)
			if err != nil {
				return Store{}, ErrStoreForm
			}
			s.CAs = append(s.CAs, ca)
			continue
		}
		chain, err := pairInJKS(store, alias, password)
		if err == nil && s.Chain != nil { // nothing tells which of two keys is taken
			err = ErrStoreForm
		}
		if err != nil {
			return Store{}, err
		}
		s.Chain = chain
	}
	if s.Chain == nil && s.CAs == nil {
		return Store{}, ErrStoreEmpty
	}
	return s, nil
}

func pairInJKS(store keystore.KeyStore, alias, password string) ([]*x509.Certificate, error) {
	entry, err := store.GetPrivateKeyEntry(alias, []byte(password))
	if err != nil {
		return nil, ErrKeyPassword
	}
	var chain []*x509.Certificate
	for _, c := range entry.CertificateChain {
		one, err := x509.ParseCertificate(c.Content)
		if err != nil {
			return nil, ErrStoreForm
		}
		chain = append(chain, one)
	}
	key, err := parseKey(entry.PrivateKey)
	if err != nil {
		return nil, ErrStoreForm
	}
	if chain = ofKey(key, chain); chain == nil {
		return nil, ErrStoreForm
	}
	return chain, nil
}
