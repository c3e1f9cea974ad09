package certificate

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // keys are stored so, and are only read here
	"crypto/md5" //nolint:gosec // likewise
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"hash"
	"strings"
)

// The ways in which opening an encrypted key may fail.
var (
	ErrPassphrase = errors.New("is encrypted, and its passphrase does not open it")
	ErrCipher     = errors.New("is encrypted in a way that elk-mtls cannot read")
)

// Decrypted gives the text of a PEM file in which the private key is not encrypted. What was not encrypted stays as it
// is.
func Decrypted(text, passphrase []byte) ([]byte, error) {
	block := keyBlock(text)
	if block == nil || !isEncrypted(block) {
		return text, nil
	}
	open, name := openPEM, block.Type
	if block.Type == "ENCRYPTED PRIVATE KEY" {
		open, name = openPKCS8, "PRIVATE KEY"
	}
	der, err := open(block, passphrase)
	if err != nil {
		return nil, err
	}
	if _, err := parseKey(der); err != nil { // a wrong passphrase sometimes leaves right padding behind
		return nil, ErrPassphrase
	}
	return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}), nil
}

func isEncrypted(block *pem.Block) bool {
	return block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != ""
}

// keyBlock gives the block of the private key in a PEM file, nil where it has none.
func keyBlock(text []byte) *pem.Block {
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
	}
}

// The object identifiers of PBES2. https://www.rfc-editor.org/rfc/rfc8018#appendix-A
var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// hashes are the pseudo-random functions of PBKDF2; ciphers are those of PBES2, with the sizes of their keys.
var hashes = map[string]func() hash.Hash{
	"": sha1.New, "1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.8": sha256.New224, "1.2.840.113549.2.9": sha256.New,
	"1.2.840.113549.2.10": sha512.New384, "1.2.840.113549.2.11": sha512.New,
}

type blockCipher struct {
	size int
	make func(key []byte) (cipher.Block, error)
}

var ciphers = map[string]blockCipher{
	"1.2.840.113549.3.7": {24, des.NewTripleDESCipher}, "2.16.840.1.101.3.4.1.2": {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher}, "2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
}

// openPKCS8 opens an encrypted PKCS#8 key, as `openssl pkcs8 -topk8` writes it. Other ways than PBES2 with PBKDF2 are
// out of use.
func openPKCS8(block *pem.Block, passphrase []byte) ([]byte, error) {
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	var how struct{ Derivation, Cipher pkix.AlgorithmIdentifier }
	var derivation struct {
		Salt   []byte
		Rounds int
		Length int                      `asn1:"optional"`
		Hash   pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	var iv []byte
	if _, err := asn1.Unmarshal(block.Bytes, &key); err != nil || !key.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, ErrCipher
	}
	_, err := asn1.Unmarshal(key.Algorithm.Parameters.FullBytes, &how)
	if err != nil || !how.Derivation.Algorithm.Equal(oidPBKDF2) {
		return nil, ErrCipher
	}
	_, err = asn1.Unmarshal(how.Derivation.Parameters.FullBytes, &derivation)
	_, noIV := asn1.Unmarshal(how.Cipher.Parameters.FullBytes, &iv)
	by, known := ciphers[how.Cipher.Algorithm.String()]
	prf := hashes[derivation.Hash.Algorithm.String()]
	const tooMany = 10_000_000 // rounds: an hour of work is no proof
	if err != nil || noIV != nil || !known || prf == nil || derivation.Rounds < 1 || derivation.Rounds > tooMany {
		return nil, ErrCipher
	}
	derived, err := pbkdf2.Key(prf, string(passphrase), derivation.Salt, derivation.Rounds, by.size)
	if err != nil {
		return nil, ErrCipher
	}
	return by.open(key.Data, derived, iv)
}

// openPEM opens a key whose PEM header says how it is encrypted, as older versions of OpenSSL write it.
func openPEM(block *pem.Block, passphrase []byte) ([]byte, error) {
	name, text, _ := strings.Cut(block.Headers["DEK-Info"], ",")
	iv, err := hex.DecodeString(text)
	by, known := map[string]blockCipher{
		"DES-EDE3-CBC": {24, des.NewTripleDESCipher}, "AES-128-CBC": {16, aes.NewCipher},
		"AES-192-CBC": {24, aes.NewCipher}, "AES-256-CBC": {32, aes.NewCipher},
	}[name]
	if err != nil || !known || len(iv) < 8 {
		return nil, ErrCipher
	}
	var key, last []byte
	for len(key) < by.size {
		digest := md5.New() //nolint:gosec // the format has it so
		digest.Write(last)
		digest.Write(passphrase)
		digest.Write(iv[:8])
		last = digest.Sum(nil)
		key = append(key, last...)
	}
	return by.open(block.Bytes, key[:by.size], iv)
}

// open decrypts CBC blocks and takes the padding away.
func (b blockCipher) open(data, key, iv []byte) ([]byte, error) {
	block, err := b.make(key)
	if err != nil || len(iv) != block.BlockSize() || len(data) == 0 || len(data)%block.BlockSize() != 0 {
		return nil, ErrCipher
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > block.BlockSize() ||
		bytes.Count(plain[len(plain)-padding:], plain[len(plain)-1:]) != padding {
		return nil, ErrPassphrase
	}
	return plain[:len(plain)-padding], nil
}
