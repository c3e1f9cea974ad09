package catalog

import (
	"slices"
	"strings"
)

// Options are variables whose words change how a runtime connects, whatever the settings of its program say.
type Options struct {
	Names []string
	// Harmless are the beginnings of words that change nothing of TLS. Where there are none, Harmful are those that do.
	Harmless, Harmful []string
}

// Change tells whether a text of one of the variables may change TLS.
func (o Options) Change(text string) bool {
	begins := func(with []string) func(word string) bool {
		return func(word string) bool {
			return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(word, w) })
		}
	}
	words := strings.Fields(text)
	if len(o.Harmless) == 0 {
		return slices.ContainsFunc(words, begins(o.Harmful))
	}
	isHarmless := begins(o.Harmless)
	return slices.ContainsFunc(words,
		func(word string) bool { return strings.HasPrefix(word, "-") && !isHarmless(word) })
}

// nodeOptions are options of Node: with --tls-max-v1.1, for one, nobody lets it in.
// https://nodejs.org/docs/latest-v22.x/api/cli.html#node_optionsoptions
func nodeOptions() Options {
	return Options{Names: []string{"NODE_OPTIONS"}, Harmless: []string{
		"--max-", "--min-", "--no-warnings", "--unhandled-rejections", "--trace-", "--report", "--diagnostic",
		"--enable-source-maps", "--heap",
		"--dns-result-order", "--openssl-legacy-provider", "--stack-trace-limit", "--optimize", "--expose-gc",
		"--no-deprecation", "--throw-deprecation",
		"--use-largepages", "--v8-pool-size", "--inspect", "--abort-on", "--network-family", "--no-network-family",
	}}
}

// javaOptions are options of the JDK, which has thousands.
// https://docs.oracle.com/en/java/javase/21/security/java-secure-socket-extension-jsse-reference-guide.html
func javaOptions(names ...string) Options {
	return Options{Names: append(names, "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"), Harmful: []string{
		"-Djdk.", "-Djavax.net", "-Djava.security", "-Dhttps.", "-Dsun.security", "-Dcom.sun.", "@",
	}}
}

// openSSLOptions name a file in which OpenSSL may be told anything. https://docs.openssl.org/3.0/man7/openssl-env/
func openSSLOptions() Options { return Options{Names: []string{"OPENSSL_CONF"}, Harmful: []string{""}} }

// goOptions are those of Go. https://pkg.go.dev/crypto/tls, https://pkg.go.dev/crypto/x509
func goOptions() Options {
	return Options{Names: []string{"GODEBUG"}, Harmful: []string{"tls", "x509", "fips", "rsa"}}
}
