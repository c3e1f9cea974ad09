package credential

import (
	"crypto/rand"
	"strings"
)

// Elasticsearch takes names of ^[a-zA-Z0-9-][a-zA-Z0-9_-]{0,255}$.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/x-pack/plugin/core/src/main/java/org/elasticsearch/xpack/core/security/support/Validation.java
const (
	maxName   = 256
	nameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
)

// ValidName reports whether Elasticsearch takes this token name. Every name that goes into a URL is checked: the client
// puts path parts together unescaped.
func ValidName(s string) bool {
	return s != "" && len(s) <= maxName && s[0] != '_' && strings.Trim(s, nameChars) == ""
}

// Prefix begins the name of every token made for one Secret object: by its UID no other Secret has it, not even one of
// the same name that came later. The longest possible leaves room for NewName's ending.
func Prefix(namespace, secret, uid string) string {
	return "elk-mtls_" + mapped(namespace, 63) + "_" + mapped(secret, 120) + "_" +
		mapped(strings.ReplaceAll(uid, "-", ""), 8) + "_"
}

// Origin is for which Secret a token was made, as far as its name tells: "." and the like were replaced in it.
type Origin struct{ Namespace, Secret, UID string }

// OriginOf reads a name that Prefix and NewName made.
func OriginOf(name string) (Origin, bool) {
	parts := strings.Split(name, "_")
	if len(parts) != 5 || parts[0] != "elk-mtls" {
		return Origin{}, false
	}
	return Origin{parts[1], parts[2], parts[3]}, true
}

// OriginFor is what OriginOf says of the names made for a Secret.
func OriginFor(namespace, secret, uid string) Origin {
	o, _ := OriginOf(Prefix(namespace, secret, uid))
	return o
}

// mapped replaces what a token name may not hold ("." in Secret names), and keeps "_" for ourselves.
func mapped(s string, limit int) string {
	out := []byte(s[:min(len(s), limit)])
	for i, c := range out {
		if c == '_' || !strings.ContainsRune(nameChars, rune(c)) {
			out[i] = '-'
		}
	}
	return string(out)
}

// NewName makes a name that was never used: a node may answer for up to 20 minutes from its cache, by name alone.
func NewName(prefix string) string {
	return prefix + strings.ToLower(rand.Text()[:20])
}
