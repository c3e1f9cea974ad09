package verify

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// versions are those of TLS that a program speaks: 1.2 is 12. setting is what says so, unset where nothing does.
type versions struct {
	all     []int
	setting value
}

// version reads one: TLSv1.2, TLSv1_2, 1.2; 0 is none of TLS.
func version(text string) int {
	text = strings.NewReplacer("tlsv", "", "tls", "", "_", ".").Replace(strings.ToLower(strings.TrimSpace(text)))
	return map[string]int{"1": 10, "1.0": 10, "1.1": 11, "1.2": 12, "1.3": 13}[text]
}

// versionsIn gives the versions that the settings of a connection leave.
func versionsIn(s catalog.Versions, get func(string) value) versions {
	low, high, setting := 12, 13, value{}
	for _, one := range []struct {
		name      string
		low, high *int
	}{{s.Only, &low, &high}, {s.Min, &low, new(int)}, {s.Max, new(int), &high}} {
		if v := get(one.name); v.set() {
			setting, *one.low, *one.high = v, version(v.text()), version(v.text())
		}
	}
	list := get(s.List)
	if list.set() {
		var all []int
		for _, text := range list.list() {
			all = append(all, version(text))
		}
		return versions{all, list}
	}
	var all []int
	for v := low; v <= high; v++ {
		all = append(all, v)
	}
	return versions{all, setting}
}

// handshake is what the settings of a connection say of it.
type handshake struct {
	speaks  versions // of TLS
	ciphers value
}

// hello is what one side of a handshake has.
type hello struct {
	versions []int
	suites   []string // nil: those of its library
	free     bool     // suites say nothing of TLS 1.3
}

// offers gives what a server has for a handshake, and the kind of its key; known is false where nothing here shows
// that.
func (s *server) offers() (offered hello, kind string, known bool) {
	protocols, suites := s.set[ssl+"supported_protocols"], s.set[ssl+"cipher_suites"]
	offered = hello{versions: []int{12, 13}, suites: suites.list()} // its JDK has no others
	if protocols.set() {
		offered.versions = slices.DeleteFunc(offered.versions, func(v int) bool {
			return !slices.ContainsFunc(protocols.list(), func(text string) bool { return version(text) == v })
		})
	}
	if s.chain != nil {
		kind = certificate.KindOf(s.chain[0])
	}
	return offered, kind, !protocols.hidden && !suites.hidden
}

// judgeProtocols judges whether a server can shake hands with clients of today, which know TLS 1.2 and 1.3 and many
// ciphers.
func (s *server) judgeProtocols() {
	offered, kind, known := s.offers()
	protocols, suites := s.set[ssl+"supported_protocols"], s.set[ssl+"cipher_suites"]
	switch {
	case !known:
		s.row.TLS.assume("%s: its clients know its versions of TLS, and its ciphers", s.caller)
	case len(offered.versions) == 0:
		s.row.TLS.fail(protocols.at, NotReached, "%s has neither TLSv1.2 nor TLSv1.3, and clients of today know "+
			"nothing else", protocols.at.path)
	case !meets(hello{versions: []int{12, 13}, free: true}, offered, kind):
		s.row.TLS.fail(suites.at, NotReached, "none of the ciphers of %s can be used with the key of the "+
			"certificate, in a version of TLS that it has", suites.at.path)
	}
}

// judgeHandshake judges whether a client and a server have a version and a cipher in common.
func (h handshake) judgeHandshake(a *Aspect, c dialer, servers []*server) {
	at := h.speaks.setting
	if !at.set() {
		at = h.ciphers
	}
	if !at.set() {
		return
	}
	for _, s := range servers {
		offered, kind, known := s.offers()
		if at.hidden || h.ciphers.hidden || !known {
			a.assume("%s: %s has a version of TLS, and a cipher, in common with it", c.caller, s.object.ID)
			continue
		}
		own := hello{versions: h.speaks.all, suites: h.ciphers.list(), free: !c.runtime.Suites13}
		if !meets(own, offered, kind) {
			a.fail(at.at, NoHandshake, "%s leaves no version of TLS, or no cipher, that %s has too", at.at.path,
				s.object.ID)
		}
	}
}

// meets tells whether two sides have a version in common, and a cipher for it that goes with the kind of the server's
// key; "" is any.
func meets(client, server hello, kind string) bool {
	both := func(v int) bool { return slices.Contains(client.versions, v) && slices.Contains(server.versions, v) }
	if client.free && both(13) && (server.suites == nil || slices.ContainsFunc(server.suites, isSuite13)) {
		return true
	}
	if client.suites == nil && server.suites == nil {
		return both(12) || both(13)
	}
	candidates := client.suites
	if candidates == nil {
		candidates = server.suites
	}
	return slices.ContainsFunc(candidates, func(suite string) bool {
		if has := func(other string) bool { return suiteName(other) == suiteName(suite) }; server.suites != nil &&
			!slices.ContainsFunc(server.suites, has) {
			return false
		}
		if isSuite13(suite) {
			return both(13)
		}
		if isGone(suite) {
			return false
		}
		return both(12) && fitsKey(suite, kind)
	})
}

// suiteName gives the name of a cipher in one form: the JDK, OpenSSL and Beats spell it in three ways.
func suiteName(suite string) string {
	suite = strings.ReplaceAll(strings.ToUpper(suite), "-", "_")
	for _, word := range []string{"TLS_", "SSL_", "WITH_", "_"} {
		suite = strings.ReplaceAll(suite, word, "")
	}
	return suite
}

// isSuite13 holds for the ciphers of TLS 1.3, whose names say nothing of keys.
func isSuite13(suite string) bool {
	name := suiteName(suite)
	return strings.HasPrefix(name, "AES") && strings.Contains(strings.ToUpper(suite), "TLS") ||
		strings.HasPrefix(name, "CHACHA20POLY1305")
}

// isGone holds for ciphers that the JDK of Elasticsearch does not offer any more.
// https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/security-settings#ssl-tls-settings
func isGone(suite string) bool {
	name := suiteName(suite)
	return slices.ContainsFunc([]string{"RC4", "3DES", "DES40", "DESCBC", "NULL", "EXPORT", "ANON", "MD5"},
		func(old string) bool { return strings.Contains(name, old) })
}

func fitsKey(suite, kind string) bool {
	switch name := suiteName(suite); {
	case kind == "":
		return true
	case strings.Contains(name, "ECDSA"):
		return kind != "RSA"
	}
	return kind == "RSA"
}
