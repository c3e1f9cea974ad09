package credential

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Account is a service account: "elastic/kibana".
type Account struct{ Namespace, Service string }

// ParseAccount reads "namespace/service". The parts go into a URL unescaped, so only plain letters, digits and hyphens
// are taken.
func ParseAccount(s string) (Account, error) {
	namespace, service, ok := strings.Cut(s, "/")
	if !ok || !plain(namespace) || !plain(service) {
		return Account{}, fmt.Errorf("%q is not a service account: want namespace/service, such as elastic/kibana", s)
	}
	return Account{namespace, service}, nil
}

func plain(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// String returns "namespace/service", which is also the account's user name.
func (a Account) String() string { return a.Namespace + "/" + a.Service }

// magic begins each service token: version and type.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/x-pack/plugin/security/src/main/java/org/elasticsearch/xpack/security/authc/service/ServiceAccountToken.java
const magic = "\x00\x01\x00\x01"

// Decode reads account and name out of a token's value: base64 of 00 01 00 01 and "namespace/service/name:secret". It
// says no to whatever Elasticsearch or an HTTP header would refuse: a line end, too short a secret, a bad name.
func Decode(t Token) (account Account, name string, ok bool) {
	text := strings.TrimRight(t.Reveal(), "=")
	if strings.ContainsAny(text, "\r\n") { // Go's decoder skips these
		return Account{}, "", false
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return Account{}, "", false
	}
	rest, ok := strings.CutPrefix(string(raw), magic)
	if !ok {
		return Account{}, "", false
	}
	qualified, secret, ok := strings.Cut(rest, ":")
	parts := strings.Split(qualified, "/")
	if !ok || len(parts) != 3 || len(secret) < 10 || !ValidName(parts[2]) {
		return Account{}, "", false
	}
	return Account{parts[0], parts[1]}, parts[2], true
}

// NameOf returns the name of a token, "" where the value is no service token of the account.
func NameOf(t Token, account Account) string {
	a, name, ok := Decode(t)
	if !ok || a != account {
		return ""
	}
	return name
}
