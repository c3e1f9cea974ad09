package setups

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"time"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

// fillStores makes what a node may have in place of PEM: leaf is its certificate. All have one password.
func (w *world) fillStores(leaf []byte) {
	block, _ := pem.Decode(w.server.Key)
	key := must(x509.ParsePKCS8PrivateKey(block.Bytes))
	own, between, cas := parsed(leaf), parsed(w.inter.Cert), []*x509.Certificate{parsed(w.clients.Cert), parsed(w.root.Cert)}
	chain := []keystore.Certificate{{Type: "X509", Content: own.Raw}, {Type: "X509", Content: between.Raw}}
	w.stores = map[string][]byte{
		"own.p12":    must(pkcs12.Modern.Encode(key, own, []*x509.Certificate{between}, passphrase)),
		"cas.p12":    must(pkcs12.Modern.EncodeTrustStore(cas, passphrase)),
		"locked.key": pki.Encrypt(w.server.Key, passphrase),
		"own.jks": jks(func(store keystore.KeyStore) error {
			return store.SetPrivateKeyEntry("own", keystore.PrivateKeyEntry{CreationTime: time.Now(), PrivateKey: block.Bytes, CertificateChain: chain}, []byte(passphrase))
		}),
		"cas.jks": jks(func(store keystore.KeyStore) error {
			return store.SetTrustedCertificateEntry("ca", keystore.TrustedCertificateEntry{CreationTime: time.Now(), Certificate: keystore.Certificate{Type: "X509", Content: cas[0].Raw}})
		}),
	}
}

func jks(fill func(store keystore.KeyStore) error) []byte {
	store := keystore.New()
	var b bytes.Buffer
	err := fill(store)
	if err == nil {
		err = store.Store(&b, []byte(passphrase))
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
