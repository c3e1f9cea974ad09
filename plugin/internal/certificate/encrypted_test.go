package certificate

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// keys are the files that openssl made of one key, which is for this test only; "open" opens them.
func keys(t *testing.T) map[string][]byte {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/keys.txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range archive.Files {
		all[f.Name] = f.Data
	}
	return all
}

func TestDecrypted(t *testing.T) {
	all := keys(t)
	want, err := Key(all["plain"])
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range all {
		opened, err := Decrypted(text, []byte("open"))
		if name == "scrypt" {
			if !errors.Is(err, ErrCipher) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		key, err := Key(opened)
		if err != nil || !want.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s: another key, or none: %v", name, err)
		}
		for _, wrong := range []string{"", "open ", "Open"} {
			if _, err := Decrypted(text, []byte(wrong)); name != "plain" && !errors.Is(err, ErrPassphrase) {
				t.Errorf("%s with the passphrase %q: %v", name, wrong, err)
			}
		}
	}
}

func TestFormOf(t *testing.T) {
	all := keys(t)
	pkcs8, _ := pem.Decode(all["plain"])
	key, err := x509.ParsePKCS8PrivateKey(pkcs8.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.(crypto.Signer).Public())
	if err != nil {
		t.Fatal(err)
	}
	other := block("PUBLIC KEY", public)
	for name, test := range map[string]struct {
		text []byte
		want Form
	}{
		"PKCS#8":              {all["plain"], Form{Block: "PRIVATE KEY", Kind: "EC"}},
		"behind another":      {slices.Concat(other, all["plain"]), Form{Block: "PRIVATE KEY", Kind: "EC", Behind: true}},
		"in front of it":      {slices.Concat(all["plain"], other), Form{Block: "PRIVATE KEY", Kind: "EC"}},
		"encrypted PKCS#8":    {all["aes-256"], Form{Block: "ENCRYPTED PRIVATE KEY", Encrypted: true}},
		"encrypted as of old": {all["old-aes"], Form{Block: "EC PRIVATE KEY", Encrypted: true}},
		"damaged":             {block("PRIVATE KEY", []byte{1}), Form{Block: "PRIVATE KEY"}},
	} {
		got, ok := FormOf(test.text)
		if got.Cut = false; !ok || got != test.want { // of an encrypted key any byte may be the last
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
	if f, ok := FormOf(other); ok {
		t.Errorf("a file without a private key: %+v", f)
	}
}
