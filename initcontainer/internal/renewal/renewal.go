// Package renewal knows what a renewal of certificates is: keys of Secrets that pods read at their start only, and their content,
// come in; a digest comes out, and whether a restart would serve. No I/O, no clock.
package renewal

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Key is a key of a Secret.
type Key struct{ Secret, Name string }

// String returns "secret/key".
func (k Key) String() string { return k.Secret + "/" + k.Name }

// Parse reads the mark of a workload: SECRET/KEY, SECRET/KEY.
func Parse(mark string) ([]Key, error) {
	var keys []Key
	for _, text := range strings.Split(mark, ",") {
		secret, name, both := strings.Cut(strings.TrimSpace(text), "/")
		if !both || !plain(secret) || !plain(name) {
			return nil, fmt.Errorf("%q is no list of SECRET/KEY", mark)
		}
		keys = append(keys, Key{secret, name})
	}
	slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(keys), nil
}

// plain: a name goes into a URL.
func plain(name string) bool {
	const known = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
	return name != "" && name != "." && name != ".." && strings.Trim(name, known) == ""
}

// Secrets lists the names of the Secrets.
func Secrets(keys []Key) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Secret)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Content is what the keys hold.
type Content map[Key][]byte

// Digest is another one when the content is another one. It tells nothing of a private key: its bits cannot be guessed.
func (c Content) Digest() string {
	sum := sha256.New()
	for _, k := range c.keys() {
		one := sha256.Sum256(c[k])
		fmt.Fprintf(sum, "%s\n%x\n", k, one)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func (c Content) keys() []Key {
	return slices.SortedFunc(maps.Keys(c), func(a, b Key) int { return strings.Compare(a.String(), b.String()) })
}

// Fault says why pods that start with this content would be worse off than those that run; nil where nothing speaks against it. A key
// that is encrypted is not judged.
func (c Content) Fault(now time.Time) error {
	for _, k := range c.keys() {
		block, _ := pem.Decode(c[k])
		if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") || strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
			continue
		}
		if err := c.pairFault(k, now); err != nil {
			return err
		}
	}
	return nil
}

// pairFault judges the certificate in the Secret that belongs to a private key.
func (c Content) pairFault(private Key, now time.Time) error {
	seen := false
	for _, k := range c.keys() {
		block, _ := pem.Decode(c[k])
		if k.Secret != private.Secret || block == nil || block.Type != "CERTIFICATE" {
			continue
		}
		seen = true
		pair, err := tls.X509KeyPair(c[k], c[private])
		if err != nil {
			continue // that of a CA, or of another key
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", k, err)
		case now.After(leaf.NotAfter):
			return fmt.Errorf("the certificate in %s is valid until %s only", k, leaf.NotAfter.UTC().Format(time.RFC3339))
		case now.Before(leaf.NotBefore):
			return fmt.Errorf("the certificate in %s is valid from %s only", k, leaf.NotBefore.UTC().Format(time.RFC3339))
		}
		return nil
	}
	if !seen {
		return nil // the mark does not name it
	}
	return fmt.Errorf("no certificate in Secret %s belongs to the private key in %s: the renewal is half done", private.Secret, private)
}
