package pki

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
)

// The algorithms of Encrypt. https://www.rfc-editor.org/rfc/rfc8018
var (
	pbes2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	pbkdf   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	hmac256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	aes256  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// Encrypt makes an encrypted PKCS#8 key of one that is not, as `openssl pkcs8 -topk8 -v2 aes256` does.
func Encrypt(key []byte, passphrase string) []byte {
	const rounds = 2048
	block, _ := pem.Decode(key)
	salt, iv := random(16), random(aes.BlockSize)
	secret := must(pbkdf2.Key(sha256.New, passphrase, salt, rounds, 32))
	plain := block.Bytes
	for n := aes.BlockSize - len(plain)%aes.BlockSize; len(plain) < len(block.Bytes)+n; {
		plain = append(plain, byte(n))
	}
	hidden := make([]byte, len(plain))
	cipher.NewCBCEncrypter(must(aes.NewCipher(secret)), iv).CryptBlocks(hidden, plain)
	raw := func(value any) asn1.RawValue { return asn1.RawValue{FullBytes: must(asn1.Marshal(value))} }
	derived := struct {
		Salt   []byte
		Rounds int
		PRF    pkix.AlgorithmIdentifier
	}{salt, rounds, pkix.AlgorithmIdentifier{Algorithm: hmac256, Parameters: asn1.NullRawValue}}
	scheme := struct{ Derive, Cipher pkix.AlgorithmIdentifier }{
		pkix.AlgorithmIdentifier{Algorithm: pbkdf, Parameters: raw(derived)}, pkix.AlgorithmIdentifier{Algorithm: aes256, Parameters: raw(iv)},
	}
	return encode("ENCRYPTED PRIVATE KEY", must(asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}{pkix.AlgorithmIdentifier{Algorithm: pbes2, Parameters: raw(scheme)}, hidden})))
}

func random(n int) []byte {
	made := make([]byte, n)
	must(rand.Read(made))
	return made
}
