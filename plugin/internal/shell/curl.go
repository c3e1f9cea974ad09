package shell

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// What curl looks at beside its words: the variable with the folder of its file of options, and the option by which it
// verifies nothing.
// https://curl.se/docs/manpage.html
const (
	CurlHome     = "CURL_HOME"
	CurlFile     = ".curlrc"
	CurlInsecure = "--insecure"
)

// Request is what one run of curl calls; behind --next begins another.
type Request struct {
	Addresses    []Word          // its operands
	Sent         []Word          // all else that it is given, such as what it sends
	Options      map[string]Word // those of kept
	Insecure     bool            // -k
	IgnoresFiles bool            // -q: no file of options is read
	Files        []Word          // of options: -K
	Diverted     bool            // an option may lead it elsewhere: --connect-to, --resolve, a socket
	ByWget       bool            // another program calls
	Others       []string        // options that say how it connects, or that no curl has, and that are not kept
	asks         bool            // for the version or for help: it calls nobody
	made         Command
}

// By gives the request as a command makes it.
func (r Request) By(c Command) Request {
	r.made = c
	return r
}

// Variable gives a variable as curl has it in its environment.
func (r Request) Variable(name string) (Word, bool) { return r.made.Variable(name) }

// Requests gives the requests of curl that a command makes. Of a text that may be no script only those count whose
// address can be read.
func (c Command) Requests() []Request {
	at := c.curl()
	if at < 0 {
		return nil
	}
	all := requests(c.Words[at+1:])
	for i := range all {
		all[i] = all[i].By(c)
	}
	if c.Program() == "xargs" { // which puts addresses behind it
		all[len(all)-1].Diverted = true
	}
	return slices.DeleteFunc(all, func(r Request) bool {
		return r.asks || !c.Sure && !slices.ContainsFunc(r.Addresses, Word.HasHost)
	})
}

// Hands tells whether curl gets a variable as the container has it.
func (r Request) Hands(name string) bool { return r.made.Hands(name) }

// HasHost tells whether the host of an address is known, as it is in https://es:9200/${INDEX}.
func (w Word) HasHost() bool {
	host := Host(w.Text)
	return host != "" && !strings.Contains(host, "$")
}

// Address takes an address apart: its scheme, "" where it has none, and what stands behind that up to the path, without
// a user. A password may hold a slash.
func Address(text string) (scheme, authority string) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "", text
	}
	authority = rest[strings.LastIndex(rest, "@")+1:]
	if end := strings.IndexAny(authority, "/?"); end >= 0 {
		authority = authority[:end]
	}
	return scheme, authority
}

// Host gives the host of an address, without its port; an address of IPv6 without its brackets.
func Host(text string) string {
	_, authority := Address(text)
	if inside, ok := strings.CutPrefix(authority, "["); ok {
		if host, _, closed := strings.Cut(inside, "]"); closed && strings.Contains(host, ":") {
			return host
		}
	}
	host, _, _ := strings.Cut(authority, ":")
	if decoded, err := url.PathUnescape(host); err == nil { // %6cocalhost
		return decoded
	}
	return host
}

// Hosts gives the hosts of addresses.
func Hosts(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, Host(text))
	}
	return all
}

// Port gives the port of an address, "" where it names none.
func Port(text string) string {
	_, authority := Address(text)
	port := authority[strings.LastIndexAny(authority, ":]")+1:]
	if port == authority {
		return ""
	}
	return port[:len(port)-len(strings.TrimLeft(port, "0123456789"))]
}

// kept are the options of curl that say how it connects.
var kept = []string{"cacert", "capath", "cert", "cert-type", "key", "pass", "ciphers", "tls-max", "proxy", "noproxy"}

// lookers are commands for which curl is only a word.
var lookers = []string{
	"which", "type", "hash", "whereis", "alias", "apk", "apt", "apt-get", "dpkg", "yum", "dnf", "microdnf", "tdnf",
	"zypper", "pacman",
	"pip", "brew", "rpm", "test", "[", "[[", "ls", "rm", "cp", "mv", "ln", "chmod", "chown", "cat", "grep", "pgrep",
	"pkill", "killall",
	"for",
}

// curl gives the place of the word curl in a command that runs it, by itself or through another program; -1 in others.
func (c Command) curl() int {
	return c.runs("curl")
}

// runs gives the place of the name of a program in a command that runs it, by itself or through another program; -1 in
// others.
func (c Command) runs(program string) int {
	at := slices.IndexFunc(c.Words, func(w Word) bool { return path.Base(w.Text) == program })
	looks := func(w Word) bool { return slices.Contains(lookers, path.Base(w.Text)) }
	if at < 0 || c.IsPrint() || slices.ContainsFunc(c.Words[:at], looks) {
		return -1
	}
	if c.Program() == "command" &&
		slices.ContainsFunc(c.Words[:at], func(w Word) bool { return strings.EqualFold(w.Text, "-v") }) {
		return -1
	}
	return at
}

// long notes a long option that takes no value.
func (r *Request) long(name string) {
	isHarmless := slices.Contains(longAlone, strings.TrimPrefix(name, "no-")) && !slices.Contains(connecting, name)
	if name != "" && !isHarmless {
		r.Others = append(r.Others, "--"+name)
	}
	r.Insecure = r.Insecure || name == "insecure"
	r.asks = r.asks || slices.Contains([]string{"version", "help", "manual"}, name)
}

// requests reads the arguments of curl. https://curl.se/docs/manpage.html
func requests(words []Word) []Request {
	r := Request{Options: map[string]Word{}}
	for i := 0; i < len(words); i++ {
		text := words[i].Text
		next := func() Word {
			if i++; i < len(words) {
				return words[i]
			}
			return Word{}
		}
		r.IgnoresFiles = r.IgnoresFiles || i == 0 && (text == "--disable" || strings.HasPrefix(text, "-q"))
		name, given, joined := strings.Cut(strings.TrimPrefix(text, "--"), "=")
		switch {
		case text == "--next" || text == "-:":
			return append([]Request{r}, requests(words[i+1:])...)
		case strings.HasPrefix(text, "--") && joined:
			r.note(name, Word{Text: given, Known: words[i].Known, From: words[i].From, At: words[i].At,
				Written: words[i].Written, Uses: words[i].Uses})
		case strings.HasPrefix(text, "--") && slices.Contains(longWithValue, name):
			r.note(name, next())
		case strings.HasPrefix(text, "--"):
			r.long(name)
		case strings.HasPrefix(text, "-") && len(text) > 1:
			r.short(words[i], next)
		default:
			r.Addresses = append(r.Addresses, words[i])
		}
	}
	return []Request{r}
}

// short reads options by letters, of which one that takes a value is the last: -sXPOST.
func (r *Request) short(w Word, next func() Word) {
	for at := 1; at < len(w.Text); at++ {
		letter := w.Text[at]
		r.Insecure = r.Insecure || letter == 'k'
		r.asks = r.asks || strings.IndexByte("VhM", letter) >= 0
		if strings.IndexByte("236", letter) >= 0 { // old versions of SSL, IPv6 only
			r.Others = append(r.Others, "-"+string(letter))
		}
		if strings.IndexByte(shortWithValue, letter) < 0 {
			continue
		}
		given := Word{Text: w.Text[at+1:], Known: w.Known, From: w.From, At: w.At, Written: w.Written, Uses: w.Uses}
		if given.Text == "" {
			given = next()
		}
		r.note(map[byte]string{'E': "cert", 'K': "config", 'x': "proxy"}[letter], given)
		return
	}
}

func (r *Request) note(name string, given Word) {
	switch name {
	case "url":
		r.Addresses = append(r.Addresses, given)
	case "cert":
		file, password := withoutPassword(given)
		if r.Options[name] = file; password.Text != "" {
			r.Options["pass"] = password
		}
	case "cacert", "capath", "cert-type", "key", "pass", "ciphers", "tls-max", "proxy", "noproxy":
		r.Options[name] = given
	case "preproxy", "proxy1.0", "socks4", "socks4a", "socks5", "socks5-hostname":
		r.Options["proxy"] = given
	case "config":
		if given.Text != "/dev/null" {
			r.Files = append(r.Files, given)
		}
	case "connect-to", "resolve", "unix-socket", "abstract-unix-socket":
		r.Diverted = true
	default:
		if slices.Contains(connecting, name) {
			r.Others = append(r.Others, "--"+name)
		}
		r.Sent = append(r.Sent, given)
	}
}

// connecting are further options that may keep curl from being let in.
var connecting = strings.Fields(`cert-status crlfile curves delegation dns-interface dns-ipv4-addr dns-ipv6-addr
	dns-servers doh-url ech engine haproxy-clientip haproxy-protocol http3-only interface ipv6 key-type local-port
	pinnedpubkey proto proto-default sigalgs sslv2 sslv3 tls13-ciphers tlsauthtype tlspassword tlsuser`)

// longAlone are the options of curl that take no value. Each may have no- in front.
var longAlone = strings.Fields(`alpn anyauth append basic buffer ca-native clobber compressed compressed-ssh
	create-dirs crlf digest disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure
	eprt epsv fail fail-early fail-with-body false-start form-escape ftp-create-dirs ftp-pasv ftp-pret
	ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd get globoff head help http0.9 http1.0 http1.1
	http2 http2-prior-knowledge http3 ignore-content-length include insecure ipv4 junk-session-cookies keepalive
	list-only location location-trusted mail-rcpt-allowfails manual metalink mptcp negotiate netrc netrc-optional next
	npn ntlm ntlm-wb out-null parallel parallel-immediate path-as-is post301 post302 post303 progress-bar
	progress-meter proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2 proxy-insecure proxy-negotiate
	proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel raw remote-header-name
	remote-name remote-name-all remote-time remove-on-error retry-all-errors retry-connrefused sasl-ir sessionid
	show-error show-headers silent skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast
	ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort styled-output suppress-connect-headers
	tcp-fastopen tcp-nodelay test-event tftp-no-options tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids
	trace-time use-ascii verbose version xattr`)

// Options of curl that take a value.
const shortWithValue = "AbcCdDeEFHKmoPQrtTuUwxXyYz"

var longWithValue = strings.Fields(`abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config
	connect-timeout connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii
	data-binary data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url
	dump-header ech egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-account
	ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip header
	hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type krb
	libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time
	netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey preproxy proto proto-default
	proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header
	proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype
	proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer request
	request-target resolve retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a socks5
	socks5-gssapi-service socks5-hostname speed-limit speed-time stderr telnet-option tftp-blksize time-cond tls-max
	tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file url url-query
	user user-agent variable vlan-priority write-out`)
