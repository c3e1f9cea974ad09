// Package renewal knows what a renewal of certificates is: keys of Secrets and ConfigMaps that pods read only at
// startup, and their content, come in; a digest comes out, and whether a restart would serve. No I/O, no clock.
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

// The kinds of objects that hold certificates.
const (
	Secret    = "Secret"
	ConfigMap = "ConfigMap"
)

// Key is a key of a Secret or ConfigMap.
type Key struct{ Kind, Object, Name string }

// String returns what stands in a mark: "object/key" for a Secret, "ConfigMap/object/key".
func (k Key) String() string {
	if k.Kind == Secret {
		return k.Object + "/" + k.Name
	}
	return k.Kind + "/" + k.Object + "/" + k.Name
}

// Parse reads the mark of a workload: SECRET/KEY, ConfigMap/NAME/KEY.
func Parse(mark string) ([]Key, error) {
	var keys []Key
	for _, text := range strings.Split(mark, ",") {
		words := strings.Split(strings.TrimSpace(text), "/")
		kind := Secret
		if len(words) == 3 && words[0] == ConfigMap {
			kind, words = ConfigMap, words[1:]
		}
		if len(words) != 2 || !plain(words[0]) || !plain(words[1]) {
			return nil, fmt.Errorf("%q is no list of SECRET/KEY and ConfigMap/NAME/KEY", mark)
		}
		keys = append(keys, Key{kind, words[0], words[1]})
	}
	slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(keys), nil
}

// plain: a name goes into a URL.
func plain(name string) bool {
	const known = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
	return name != "" && name != "." && name != ".." && strings.Trim(name, known) == ""
}

// Names lists the names of the objects of a kind.
func Names(keys []Key, kind string) []string {
	var names []string
	for _, k := range keys {
		if k.Kind == kind {
			names = append(names, k.Object)
		}
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

// Fault says why pods that start with this content would be worse off than those that run; nil where nothing speaks
// against it. A key that is encrypted is not judged.
func (c Content) Fault(now time.Time) error {
	for _, k := range c.keys() {
		block, _ := pem.Decode(c[k])
		if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") ||
			strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
			continue
		}
		if err := c.pairFault(k, now); err != nil {
			return err
		}
	}
	return nil
}

// pairFault judges the certificate in the object that belongs to a private key.
func (c Content) pairFault(private Key, now time.Time) error {
	seen := false
	for _, k := range c.keys() {
		block, _ := pem.Decode(c[k])
		if k.Kind != private.Kind || k.Object != private.Object || block == nil || block.Type != "CERTIFICATE" {
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
			return fmt.Errorf("the certificate in %s is valid until %s only", k,
				leaf.NotAfter.UTC().Format(time.RFC3339))
		case now.Before(leaf.NotBefore):
			return fmt.Errorf("the certificate in %s is valid from %s only", k,
				leaf.NotBefore.UTC().Format(time.RFC3339))
		}
		return nil
	}
	if !seen {
		return nil // the mark does not name it
	}
	return fmt.Errorf("no certificate in %s %s belongs to the private key in %s: the renewal is half done",
		private.Kind, private.Object, private)
}
