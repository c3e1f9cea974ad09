package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// A container gets the certificate only if one of its curl calls has Elasticsearch as its address. What a call sends, such as the settings of
// a connector, may name Elasticsearch without calling it.

// callsByCurl tells whether a curl call of a container goes to one of hosts. An address that cannot be read may be any that the container
// names outside of what curl sends.
func callsByCurl(c object.Container, hosts []string) bool {
	var addresses, sent []string
	unread := false
	for _, command := range commands(c) {
		calls, ok := c.Calls(command)
		if !ok {
			return false
		}
		for _, call := range calls {
			arguments, ok := curlArguments(call)
			if !ok {
				continue
			}
			operands, rest := curlOperands(arguments)
			for _, w := range operands {
				addresses = append(addresses, w.Text)
				unread = unread || !w.Known && !hasHost(w.Text)
			}
			unread = unread || len(operands) == 0
			for _, w := range rest {
				sent = append(sent, w.Text)
			}
		}
	}
	names := func(text string) bool {
		return slices.ContainsFunc(hosts, func(host string) bool { return callsHost(text, host) || isHostWord(text, host) })
	}
	return slices.ContainsFunc(addresses, names) || unread && !slices.ContainsFunc(sent, names)
}

// runners start the program that their arguments name.
var runners = []string{"command", "env", "exec", "gosu", "nice", "nohup", "setsid", "su-exec", "sudo", "time", "timeout", "xargs"}

// curlArguments gives the arguments of curl, where a call runs it: by itself or through a runner.
func curlArguments(call []object.Word) ([]object.Word, bool) {
	at := slices.IndexFunc(call, func(w object.Word) bool { return isCurl(w.Text) })
	if at < 0 || at > 0 && !slices.Contains(runners, path.Base(call[0].Text)) {
		return nil, false
	}
	return call[at+1:], true
}

// hasHost tells whether an address that is not known as a whole has a known host: https://es:9200/${INDEX}.
func hasHost(address string) bool {
	host := hostOf(address)
	return host != "" && !strings.ContainsAny(host, "$")
}

// curlOperands takes the arguments of curl apart: the addresses that it calls, and all else. https://curl.se/docs/manpage.html
func curlOperands(words []object.Word) (addresses, rest []object.Word) {
	for i := 0; i < len(words); i++ {
		option := words[i].Text
		switch value := takesValue(option); {
		case option == "--url" && i+1 < len(words):
			i++
			addresses = append(addresses, words[i])
		case strings.HasPrefix(option, "-") && len(option) > 1:
			rest = append(rest, words[i])
			if value && i+1 < len(words) {
				i++
				rest = append(rest, words[i])
			}
		default:
			addresses = append(addresses, words[i])
		}
	}
	return addresses, rest
}

// takesValue tells whether the next word belongs to an option. Short options can be joined: in -sXPOST the rest is the value of -X.
func takesValue(option string) bool {
	if name, ok := strings.CutPrefix(option, "--"); ok {
		return slices.Contains(longWithValue, name)
	}
	short := strings.TrimPrefix(option, "-")
	at := strings.IndexAny(short, shortWithValue)
	return at >= 0 && at == len(short)-1
}

// Options of curl that take a value.
const shortWithValue = "AbcCdDeEFhHKmoPQrtTuUwxXyYz"

var longWithValue = strings.Fields(`abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config
	connect-timeout connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary
	data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech
	egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-account ftp-alternative-to-user
	ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts
	interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port
	login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output
	output-dir parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath
	proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass
	proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user
	proxy1.0 pubkey quote random-file range rate referer request request-target resolve retry retry-delay retry-max-time
	sasl-authzid service-name sigalgs socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time
	stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii
	trace-config unix-socket upload-file url-query user user-agent variable vlan-priority write-out`)

func isCurl(word string) bool { return path.Base(word) == "curl" }
