package plugin

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/issue"
)

// maker has what making certificates takes from the world. No other file of elk-mtls makes keys or draws lots: a test
// reads their imports.
func maker(kind issue.KeyType) issue.Maker {
	return issue.Maker{Key: newKey, Random: rand.Reader, Now: time.Now(), KeyType: kind}
}

func newKey(kind issue.KeyType) (crypto.Signer, error) {
	switch kind {
	case issue.P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case issue.P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case issue.RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case issue.RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case issue.RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("no key is of type %q", kind)
}
