package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
)

// Form is how a private key is stored: programs differ in what they read.
type Form struct {
	Block string // of the PEM file: "PRIVATE KEY" is PKCS#8, "RSA PRIVATE KEY" PKCS#1, "EC PRIVATE KEY" SEC 1
	Kind  string // "RSA", "EC", "Ed25519"; "" where it is encrypted or unknown
	// Behind says that something else stands in front of it, such as a certificate.
	Behind    bool
	Encrypted bool
	Cut       bool // white space ends its binary form, see EndsInSpace
}

// FormOf gives the form of the private key in a PEM file; false where it holds none.
func FormOf(text []byte) (Form, bool) {
	block := keyBlock(text)
	if block == nil {
		return Form{}, false
	}
	first, rest := pem.Decode(text)
	if first.Type == "EC PARAMETERS" { // which openssl writes in front of a key, and everybody passes over
		first, _ = pem.Decode(rest)
	}
	f := Form{Block: block.Type, Behind: !bytes.Equal(first.Bytes, block.Bytes), Encrypted: isEncrypted(block),
		Cut: EndsInSpace(block.Bytes)}
	if key, err := parseKey(block.Bytes); err == nil {
		f.Kind = kindOf(key.Public())
	}
	return f, true
}

// KindOf gives the kind of the key that a certificate is for: "RSA", "EC", "Ed25519".
func KindOf(c *x509.Certificate) string { return kindOf(c.PublicKey) }

func kindOf(public any) string {
	switch public.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "EC"
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return ""
}
