package catalog

import (
	"path"
	"strings"
)

// OfSystem holds for files that an image may bring: the CAs of its distribution.
func OfSystem(file string) bool {
	for _, folder := range []string{"/etc/ssl", "/etc/pki", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates"} {
		if below(path.Clean(file), folder) {
			return true
		}
	}
	return false
}

// Runtime is what a program calls with, as far as TLS depends on it. Of the zero value nothing is known.
type Runtime struct {
	Name    string // of what reads certificates and keys, as people know it
	Anchors Anchors
	Keys    Keys
	// Scheme is how it reads the scheme of an address.
	Scheme Letters
	// Suites13 says that its list of ciphers counts for TLS 1.3 too; elsewhere that has its own.
	Suites13 bool
	// Skips says that it goes on without a file of CAs that it cannot read, where it verifies nothing.
	Skips bool
	// NoJavaStores says that it reads stores of PKCS#12 only.
	NoJavaStores bool
	// Prints is the version since which it knows the fingerprint of a CA; zero: all do.
	Prints Version
	// Trusts are variables that name a file with the CAs that it trusts where no setting does; one that ends in DIR
	// names a folder.
	Trusts []string
	// Proxies are variables that name a proxy, through which it calls; in small letters too.
	Proxies []string
	// Options are its variables that may change all of this.
	Options Options
}

// The variables of a proxy. https://pkg.go.dev/net/http#ProxyFromEnvironment,
// https://curl.se/docs/manpage.html#ENVIRONMENT
var (
	forHTTPS = []string{"HTTPS_PROXY"}
	forAll   = []string{"HTTPS_PROXY", "ALL_PROXY"}
)

// Anchors say which certificates in a file of CAs end a chain.
type Anchors int

// The kinds of anchors.
const (
	AnchorsUnknown Anchors = iota
	AnyAnchor              // each certificate in the file, an intermediate one and the server's own too
	RootAnchor             // those that signed themselves: a file without the root is of no use
)

// Letters say whether a program knows HTTPS:// in capitals.
type Letters int

// The kinds of letters.
const (
	LettersUnknown Letters = iota
	AnyLetters
	SmallLetters
)

// Keys are the private keys that a program reads. Of the zero value nothing is known.
type Keys struct {
	Blocks []string // types of PEM blocks; nil: nothing is known
	Kinds  []string // RSA, EC, Ed25519
	Opens  []string // types of encrypted blocks that it opens with a passphrase
	// OpensSince is the version since which it opens encrypted PKCS#8; it is zero where all versions do that open it
	// at all.
	OpensSince Version
	First      bool // no certificate may stand in front of it
	NoSpace    bool // see certificate.EndsInSpace
}

// String says which keys are read, " (RSA in PKCS#8)"; "" where nothing is known of them.
func (k Keys) String() string {
	if k.Blocks == nil {
		return ""
	}
	forms := map[string]string{PKCS8: "PKCS#8", PKCS1: "PKCS#1", SEC1: "SEC 1"}
	var names []string
	for _, block := range k.Blocks {
		names = append(names, forms[block])
	}
	return " (" + strings.Join(k.Kinds, ", ") + " in " + strings.Join(names, ", ") + ")"
}

// The types of PEM blocks with private keys.
const (
	PKCS8          = "PRIVATE KEY"
	PKCS1          = "RSA PRIVATE KEY"
	SEC1           = "EC PRIVATE KEY"
	EncryptedPKCS8 = "ENCRYPTED PRIVATE KEY"
)

var (
	blocks = []string{PKCS8, PKCS1, SEC1}
	kinds  = []string{"RSA", "EC", "Ed25519"}
	// openSSL reads every key that OpenSSL writes.
	openSSL = Keys{Blocks: blocks, Kinds: kinds, Opens: []string{EncryptedPKCS8, PKCS1, SEC1}}
)

// Go is the library of the language. Its address parser makes the scheme small.
// https://pkg.go.dev/crypto/x509#VerifyOptions, https://pkg.go.dev/crypto/tls#X509KeyPair,
// https://pkg.go.dev/crypto/x509#SystemCertPool
func Go() Runtime {
	return Runtime{Name: "Go", Anchors: AnyAnchor, Keys: Keys{Blocks: blocks, Kinds: kinds}, Scheme: AnyLetters,
		Trusts: []string{"SSL_CERT_FILE", "SSL_CERT_DIR"}, Proxies: forHTTPS, Options: goOptions()}
}

// Beat is the library of Elastic's programs in Go. It opens keys, and takes an address whose scheme is not in small
// letters for one without.
// https://github.com/elastic/elastic-agent-libs/blob/main/transport/tlscommon/tls.go
// https://github.com/elastic/beats/blob/main/libbeat/common/url.go
func Beat() Runtime {
	r := Go()
	r.Name, r.Scheme = "the library of the Beats", SmallLetters
	r.Keys.Opens, r.Keys.OpensSince = openSSL.Opens, Version{8, 6, 0}
	r.Prints = Version{8, 0, 0} // https://github.com/elastic/beats/pull/29229
	return r
}

// Node is what Kibana runs on. https://nodejs.org/docs/latest-v22.x/api/tls.html#tlscreatesecurecontextoptions,
// https://nodejs.org/docs/latest-v22.x/api/cli.html#node_extra_ca_certsfile
func Node() Runtime {
	return Runtime{Name: "Node", Anchors: RootAnchor, Keys: openSSL, NoJavaStores: true,
		Trusts: []string{"NODE_EXTRA_CA_CERTS"}, Options: nodeOptions()}
}

// Python is the ssl module, as the clients of Elasticsearch use it. They hand it no passphrase.
// https://docs.python.org/3/library/ssl.html#ssl.SSLContext.load_verify_locations
func Python() Runtime {
	return Runtime{Name: "Python", Anchors: RootAnchor, Keys: Keys{Blocks: blocks, Kinds: kinds}, Scheme: AnyLetters,
		Options: openSSLOptions()}
}

// Ruby is the openssl module. https://docs.ruby-lang.org/en/3.3/OpenSSL/X509/Store.html
func Ruby() Runtime {
	return Runtime{Name: "Ruby", Anchors: RootAnchor, Keys: openSSL, Scheme: AnyLetters, Options: openSSLOptions()}
}

// OpenSSL is the library as Fluent Bit uses it. https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/
func OpenSSL() Runtime {
	return Runtime{Name: "OpenSSL", Anchors: RootAnchor, Keys: openSSL, Options: openSSLOptions()}
}

// Curl lets every certificate in its file end a chain since version 7.68. https://curl.se/ch/7.68.0.html
func Curl() Runtime {
	return Runtime{
		Name: "curl", Anchors: AnyAnchor, Keys: openSSL, NoJavaStores: true, Scheme: AnyLetters,
		Trusts: []string{"CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"}, Proxies: forAll, Skips: true,
		Options: openSSLOptions(),
	}
}

// Wget is GNU Wget, with OpenSSL or GnuTLS. https://www.gnu.org/software/wget/manual/html_node/Proxies.html
func Wget() Runtime {
	return Runtime{Name: "Wget", Keys: openSSL, Scheme: AnyLetters, Proxies: forHTTPS, Options: openSSLOptions()}
}

// Java is the JDK as Elasticsearch uses it. It looks for the key at the beginning of the file.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/libs/ssl-config/src/main/java/org/elasticsearch/common/ssl/PemUtils.java
func Java() Runtime {
	return Runtime{
		Name: "Elasticsearch", Anchors: AnyAnchor, Scheme: SmallLetters, Suites13: true,
		Keys:    Keys{Blocks: blocks, Kinds: []string{"RSA", "EC"}, Opens: openSSL.Opens, First: true},
		Options: javaOptions("ES_JAVA_OPTS", "CLI_JAVA_OPTS"),
	}
}

// JRuby is the HTTP client of Logstash, which takes every key for RSA in PKCS#8.
// https://github.com/elastic/logstash/issues/19385
func JRuby() Runtime {
	return Runtime{
		Name: "Logstash", Anchors: AnyAnchor, Suites13: true,
		Keys:    Keys{Blocks: []string{PKCS8}, Kinds: []string{"RSA"}, NoSpace: true},
		Options: javaOptions("LS_JAVA_OPTS"),
	}
}
