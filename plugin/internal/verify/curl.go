package verify

import (
	"path"
	"slices"
	"strings"

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

// scripts gives all that a container runs.
func (c caller) scripts() []script {
	all := []script{{name: "command", nodes: nodesOf(append(object.Items(c.Node, "command"), object.Items(c.Node, "args")...))}}
	for _, at := range [][]string{{"readinessProbe"}, {"livenessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"}, {"lifecycle", "preStop"}} {
		if items := object.Items(c.Node, append(at, "exec", "command")...); len(items) > 0 {
			all = append(all, script{name: strings.Join(at, "."), nodes: nodesOf(items), probe: true})
		}
	}
	for i := range all {
		for _, n := range all[i].nodes {
			all[i].words = append(all[i].words, n.Value)
		}
	}
	return all
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
	urls     []string
	insecure bool
	ignores  bool // -q: no file of options is read
	options  map[string]string
}

// calls finds the calls of curl in a script.
func (s script) calls() []curlCall {
	var all []curlCall
	for i := 0; i < len(s.words); i++ {
		if isCurl(s.words[i]) { // curl by itself: each word is an argument
			return []curlCall{parseCurl(s.words[i+1:])}
		}
		for _, line := range commandsIn(s.words[i]) {
			if at := slices.IndexFunc(line, isCurl); at >= 0 {
				all = append(all, parseCurl(line[at+1:]))
			}
		}
	}
	return all
}

func isCurl(word string) bool { return path.Base(word) == "curl" }

// commandsIn takes a shell script apart into commands, and these into words without their quotes. What it prints is none.
func commandsIn(text string) [][]string {
	text = strings.NewReplacer("\\\n", " ", "&&", "\n").Replace(text)
	var all [][]string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\n;|()`", r) }) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		words := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(line))
		if len(words) > 0 && words[0] != "echo" && words[0] != "printf" {
			all = append(all, words)
		}
	}
	return all
}

func parseCurl(words []string) curlCall {
	call := curlCall{options: map[string]string{}}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == ">" {
			break
		}
		name, given, ok := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		switch {
		case i == 0 && (word == "--disable" || strings.HasPrefix(word, "-q")):
			call.ignores = true
		case word == "--insecure":
			call.insecure = true
		case word == "-E":
			name = "cert"
			fallthrough
		case slices.Contains([]string{"--cacert", "--cert", "--key"}, "--"+name) && word != name:
			if !ok && i+1 < len(words) {
				i++
				given = words[i]
			}
			call.options[name] = given
		case strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--"):
			call.insecure = call.insecure || strings.Contains(word, "k")
		case strings.Contains(word, "://") || strings.Contains(word, "$") || strings.Contains(word, ":9200"):
			call.urls = append(call.urls, word)
		}
	}
	return call
}

// healthcheck is the probe of Bitnami's image, which is not in the manifests. It calls the advertised host with -k.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/elasticsearch/healthcheck.sh
const healthcheck = "/opt/bitnami/scripts/elasticsearch/healthcheck.sh"

// curls gives the connections that a container makes by curl; s is the server that its pod runs, nil for none.
func (c caller) curls(s *server) []*connection {
	var all []*connection
	for _, run := range c.scripts() {
		calls := run.calls()
		if s != nil && slices.Contains(run.words, healthcheck) {
			calls = append(calls, curlCall{urls: []string{s.scheme() + "://127.0.0.1:" + s.port}, insecure: true})
		}
		for _, call := range calls {
			made := c.curl(run, call, s)
			if made != nil {
				all = append(all, made)
			}
		}
	}
	return all
}

func (s *server) scheme() string {
	if s.set[ssl+"enabled"].is("true") {
		return "https"
	}
	return "http"
}

// curl gives one call as a connection, nil when it does not go to Elasticsearch.
func (c caller) curl(run script, call curlCall, s *server) *connection {
	made := &connection{caller: c, program: "curl", name: run.name, dir: "/", noIdentity: true, probe: run.probe}
	for _, url := range call.urls {
		v := c.expanded(value{texts: []string{url}, at: c.at(run.name, run.nodes[0]), nodes: run.nodes})
		a := parseAddress(v.text(), v)
		_, port, _ := strings.Cut(strings.TrimPrefix(a.text, a.scheme+"://"), ":")
		switch {
		case s != nil && isLocal(a.host) && (port == s.port || strings.Contains(port, "$")):
			made.systemTrust = true
		case s != nil && a.host == "" && strings.Contains(url, "://"): // an address in a variable: of the pod's own server, if of any
			made.systemTrust = true
		case len(c.serversAt(c.object, a.host)) > 0:
		default:
			continue
		}
		made.hosts = append(made.hosts, v)
	}
	if len(made.hosts) == 0 {
		return nil
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
	return made
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

func isLocal(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "[" }
