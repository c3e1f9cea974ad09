package verify

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// script is something that a container runs.
type script struct {
	name  string // "readinessProbe"
	words []string
	nodes []*yaml.Node
	probe bool
}

// scripts gives all that a container runs, with the variables put in that a script sets once.
func (c caller) scripts() []script {
	all := []script{{name: "command", nodes: nodesOf(append(object.Items(c.Node, "command"), object.Items(c.Node, "args")...))}}
	for _, at := range [][]string{{"readinessProbe"}, {"livenessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"}, {"lifecycle", "preStop"}} {
		if items := object.Items(c.Node, append(at, "exec", "command")...); len(items) > 0 {
			all = append(all, script{name: strings.Join(at, "."), nodes: nodesOf(items), probe: true})
		}
	}
	outer := func(name string) (string, bool) {
		v, ok := c.env[name]
		return v.text(), ok
	}
	for i := range all {
		for _, n := range all[i].nodes {
			word := c.referring(n.Value)
			if strings.Contains(word, "$") {
				word = resolved(word, outer)
			}
			all[i].words = append(all[i].words, word)
		}
	}
	return all
}

var kubeReference = regexp.MustCompile(`\$?\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)`)

// referring writes as ${NAME} what the kubelet puts in for $(NAME): what else stands in $( ) a shell runs.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#entrypoint
func (c caller) referring(text string) string {
	return kubeReference.ReplaceAllStringFunc(text, func(word string) string {
		name := strings.Trim(word, "$()")
		switch _, ok := c.env[name]; {
		case strings.HasPrefix(word, "$$"):
			return word[1:]
		case ok:
			return "${" + name + "}"
		}
		return word // for a shell
	})
}

func nodesOf(items []*yaml.RNode) []*yaml.Node {
	var nodes []*yaml.Node
	for _, item := range items {
		nodes = append(nodes, item.YNode())
	}
	return nodes
}

// curlCall is one call of curl, or of a script of an image that calls it.
type curlCall struct {
	urls     []string // its operands
	insecure bool
	ignores  bool // -q: no file of options is read
	options  map[string]string
}

// isReadable tells whether at least one address of a call can be read.
func (c curlCall) isReadable() bool {
	return slices.ContainsFunc(c.urls, func(url string) bool { return parseAddress(url, value{}).host != "" })
}

// commands takes apart what runs: a script behind -c, or one command whose words are given.
func (s script) commands() []command {
	all := []command{{words: s.words, sure: true}}
	if all[0].curl() >= 0 {
		return all // curl by itself: each word is an argument
	}
	for i, word := range s.words {
		all = append(all, split(word, i > 0 && isScriptOption(s.words[i-1]))...)
	}
	return all
}

// calls finds the calls of curl in a script.
func (s script) calls() []curlCall {
	var all []curlCall
	for _, c := range s.commands() {
		if at := c.curl(); at >= 0 {
			all = append(all, parseCurl(c.words[at+1:])...)
		}
	}
	return all
}

func isCurl(word string) bool { return path.Base(word) == "curl" }

// The options of curl that take a value: by a letter, or by a name. https://curl.se/docs/manpage.html
const (
	curlLetters = "AbcCdDeEFHKmoPQrtTuUwxXyYz"
	curlNames   = " abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at " +
		"cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode delegation dns-interface " +
		"dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header egd-file engine etag-compare etag-save expect100-timeout form " +
		"form-string ftp-account ftp-alternative-to-user ftp-method ftp-port happy-eyeballs-timeout-ms header hostpubmd5 hostpubsha256 hsts " +
		"interface ip-tos json keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port login-options mail-auth mail-from " +
		"mail-rcpt max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey " +
		"preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile " +
		"proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype " +
		"proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer request request-target resolve " +
		"retry retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 socks5-gssapi-service socks5-hostname " +
		"speed-limit speed-time stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace " +
		"trace-ascii trace-config unix-socket upload-file url-query user user-agent variable vlan-priority write-out "
)

var redirection = regexp.MustCompile(`^[0-9]*&?[<>]`)

// parseCurl reads the arguments of curl. --next begins another call.
func parseCurl(words []string) []curlCall {
	call := curlCall{options: map[string]string{}}
	for i := 0; i < len(words); i++ {
		word := words[i]
		next := func() string {
			if i++; i < len(words) {
				return words[i]
			}
			return ""
		}
		name, given, joined := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		call.ignores = call.ignores || i == 0 && (word == "--disable" || strings.HasPrefix(word, "-q"))
		switch {
		case word == "--next" || word == "-:":
			return append([]curlCall{call}, parseCurl(words[i+1:])...)
		case redirection.MatchString(word):
			if strings.HasSuffix(word, ">") || strings.HasSuffix(word, "<") {
				i++ // the file stands behind it
			}
		case word == "--insecure":
			call.insecure = true
		case strings.HasPrefix(word, "--"):
			takes := name == "url" || strings.Contains(curlNames, " "+name+" ")
			if takes && !joined {
				given = next()
			}
			call.note(name, given)
		case strings.HasPrefix(word, "-") && word != "-":
			for at := 1; at < len(word); at++ {
				letter := word[at]
				call.insecure = call.insecure || letter == 'k'
				if strings.IndexByte(curlLetters, letter) < 0 {
					continue
				}
				if given = word[at+1:]; given == "" {
					given = next()
				}
				if letter == 'E' {
					call.note("cert", given)
				}
				break
			}
		default:
			call.urls = append(call.urls, word)
		}
	}
	return []curlCall{call}
}

func (c *curlCall) note(name, given string) {
	switch name {
	case "url":
		c.urls = append(c.urls, given)
	case "cacert", "cert", "key":
		c.options[name] = given
	}
}

// healthcheck is the probe of Bitnami's image, which is not in the manifests. It calls the advertised host with -k.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/elasticsearch/healthcheck.sh
const healthcheck = "/opt/bitnami/scripts/elasticsearch/healthcheck.sh"

// curls gives the connections that a container makes by curl, and the calls whose address cannot be read; s is the server
// that its pod runs, nil for none.
func (c caller) curls(s *server) (all []*connection, lost []place) {
	for _, run := range c.scripts() {
		calls := run.calls()
		if s != nil && slices.Contains(run.words, healthcheck) {
			calls = append(calls, curlCall{urls: []string{s.scheme() + "://127.0.0.1:" + s.port}, insecure: true})
		}
		for _, call := range calls {
			made, read := c.curl(run, call, s)
			if made != nil {
				all = append(all, made)
			}
			if !read {
				lost = append(lost, c.at(run.name, run.nodes[0]))
			}
		}
	}
	return all, lost
}

func (s *server) scheme() string {
	if s.set[ssl+"enabled"].is("true") {
		return "https"
	}
	return "http"
}

// Where a call goes.
const (
	elsewhere = iota
	toServer
	toOwn // the server in the same pod
	toUnread
)

// target tells where an operand of curl leads.
func (c caller) target(v value, s *server) int {
	raw := v.text()
	_, authority, _ := strings.Cut(parseAddress(raw, v).text, "://")
	host, _, _ := strings.Cut(or(authority, parseAddress(raw, v).text), ":")
	hidden := c.expanded(value{texts: []string{host}}).hidden
	v = c.expanded(v)
	a := parseAddress(v.text(), v)
	port := portOf(a)
	switch unread := a.host == "" || v.hidden && hidden; {
	case unread && s != nil && strings.Contains(raw, "://"): // of the pod's own server, if of any
		return toOwn
	case unread:
		return toUnread
	case isLocal(a.host) && s != nil && (port == s.port || port == "" && v.hidden):
		return toOwn
	case !isLocal(a.host) && len(c.serversAt(c.object, a.host)) > 0:
		return toServer
	}
	return elsewhere
}

// portOf gives the port of an address, "" when it names none.
func portOf(a address) string {
	port := a.text[strings.LastIndex(a.text, ":")+1:]
	return port[:len(port)-len(strings.TrimLeft(port, "0123456789"))]
}

// curl gives one call as a connection, nil when it does not go to Elasticsearch; read is false where nobody can tell.
func (c caller) curl(run script, call curlCall, s *server) (made *connection, read bool) {
	made = &connection{caller: c, program: "curl", name: run.name, dir: "/", noIdentity: true, probe: run.probe}
	read = true
	known := false
	for _, url := range call.urls {
		v := value{texts: []string{url}, at: c.at(run.name, run.nodes[0]), nodes: run.nodes}
		switch where := c.target(v, s); where {
		case toUnread:
			read = read && !strings.ContainsAny(url, "/:") // else perhaps options: curl "$@" https://…
			continue
		case toServer, toOwn:
			made.hosts = append(made.hosts, c.expanded(v))
			made.systemTrust = made.systemTrust || where == toOwn
		}
		known = true
	}
	if read = read && known; len(made.hosts) == 0 {
		return nil, read
	}
	options := c.curlrc(call, made)
	at := c.at(run.name, run.nodes[0])
	for _, o := range []struct {
		name string
		into *value
	}{{"cacert", &made.ca}, {"cert", &made.cert}, {"key", &made.key}} {
		if text := or(call.options[o.name], options[o.name]); text != "" {
			*o.into = value{texts: []string{strings.TrimPrefix(text, "file:")}, at: at}
		}
	}
	if call.insecure || options["insecure"] != "" {
		made.unchecked = "--insecure"
	}
	return made, read
}

// curlrc reads the file of options that curl finds by its environment. https://curl.se/docs/manpage.html#-K
func (c caller) curlrc(call curlCall, made *connection) map[string]string {
	options := map[string]string{}
	home := or(c.env["CURL_HOME"].text(), c.env["HOME"].text())
	if call.ignores || home == "" {
		return options
	}
	l := c.follow(path.Join(home, ".curlrc"), c.env["CURL_HOME"].at)
	if l.code != "" || l.text == nil {
		made.rc = &l
	}
	for _, line := range strings.Split(string(l.text), "\n") {
		name, text, _ := strings.Cut(strings.TrimSpace(line), "=")
		name = strings.TrimLeft(strings.TrimSpace(name), "-")
		if name != "" && name[0] != '#' {
			options[name] = or(strings.Trim(strings.TrimSpace(text), `"`), "true")
		}
	}
	return options
}

// isLocal holds for the names of a pod's own machine; of an address of IPv6 it sees the bracket.
func isLocal(host string) bool {
	return slices.Contains([]string{"localhost", "[", "0", "0.0.0.0"}, host) ||
		strings.HasPrefix(host, "127.") && !strings.ContainsFunc(host, unicode.IsLetter)
}
