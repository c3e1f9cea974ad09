package verify

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// script is something that a container runs.
type script struct {
	name  string // "readinessProbe"
	argv  []string
	nodes []*yaml.Node
	probe bool
	run   []shell.Command
	read  bool // all of it: nothing else runs
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
			all[i].argv = append(all[i].argv, n.Value)
		}
		all[i].run, all[i].read = shell.Commands(all[i].argv, c.lookup)
	}
	return all
}

// lookup gives a variable of the container. One that may come from a Secret or ConfigMap that nothing here shows may be set.
func (c caller) lookup(name string) (shell.Word, bool) {
	v, ok := c.env[name]
	if !ok {
		return shell.Word{}, len(c.unknown) > 0
	}
	return shell.Word{Text: v.text(), Known: !v.hidden}, true
}

func nodesOf(items []*yaml.RNode) []*yaml.Node {
	var nodes []*yaml.Node
	for _, item := range items {
		nodes = append(nodes, item.YNode())
	}
	return nodes
}

// requests gives the requests of curl in a script.
func (s script) requests() []shell.Request {
	var all []shell.Request
	for _, c := range s.run {
		all = append(all, c.Requests()...)
	}
	return all
}

// healthcheck is the probe of Bitnami's image, which is not in the manifests. It calls the advertised host with -k.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/elasticsearch/healthcheck.sh
const healthcheck = "/opt/bitnami/scripts/elasticsearch/healthcheck.sh"

// curls gives the connections that a container makes by curl, and the calls whose address cannot be read; s is the server
// that its pod runs, nil for none.
func (c caller) curls(s *server) (all []*connection, lost []place) {
	for _, run := range c.scripts() {
		requests := run.requests()
		if s != nil && slices.Contains(run.argv, healthcheck) {
			own := shell.Word{Text: s.scheme() + "://127.0.0.1:" + s.port, Known: true}
			requests = append(requests, shell.Request{Addresses: []shell.Word{own}, Insecure: true})
		}
		if !run.read && slices.ContainsFunc(run.argv, func(word string) bool { return strings.Contains(word, "curl") }) {
			lost = append(lost, c.at(run.name, run.nodes[0]))
		}
		for _, request := range requests {
			made, read := c.curl(run, request, s)
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

// target tells where an address leads.
func (c caller) target(a address, s *server) int {
	port := portOf(a)
	switch {
	case a.host == "" && s != nil && a.scheme != "": // of the pod's own server, if of any
		return toOwn
	case a.host == "":
		return toUnread
	case isLocal(a.host) && s != nil && (port == s.port || port == "" && a.hidden):
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

// word takes a word of a script for a value; the variables in it are read with it.
func (c caller) word(run script, w shell.Word) value {
	v := value{texts: []string{w.Text}, hidden: !w.Known, at: c.at(run.name, run.nodes[0]), nodes: run.nodes}
	for _, name := range w.From {
		v.nodes = append(slices.Clone(v.nodes), c.env[name].nodes...)
	}
	return v
}

// curl gives one request as a connection, nil when it does not go to Elasticsearch; read is false where nobody can tell.
func (c caller) curl(run script, request shell.Request, s *server) (made *connection, read bool) {
	made = &connection{caller: c, program: "curl", name: run.name, dir: "/", noIdentity: true, probe: run.probe}
	read = true
	known := false
	for _, w := range request.Addresses {
		v := c.word(run, w)
		switch where := c.target(parseAddress(w.Text, v), s); where {
		case toUnread:
			read = read && w.Loose // else perhaps options: curl "$@" https://…
			continue
		case toServer, toOwn:
			made.hosts = append(made.hosts, v)
			made.systemTrust = made.systemTrust || where == toOwn
		}
		known = true
	}
	if read = read && known && !request.Diverted; len(made.hosts) == 0 {
		return nil, read
	}
	options := c.curlrc(request, made)
	for _, o := range []struct {
		name string
		into *value
	}{{"cacert", &made.ca}, {"cert", &made.cert}, {"key", &made.key}} {
		w, given := request.Options[o.name]
		if text := options[o.name]; !given && text != "" {
			w, given = shell.Word{Text: text, Known: true}, true
		}
		if w.Text = strings.TrimPrefix(w.Text, "file:"); given {
			*o.into = c.word(run, w)
		}
	}
	if request.Insecure || options["insecure"] != "" {
		made.unchecked = "--insecure"
	}
	return made, read
}

// curlrc reads the file of options that curl finds by its environment. https://curl.se/docs/manpage.html#-K
func (c caller) curlrc(request shell.Request, made *connection) map[string]string {
	options := map[string]string{}
	home := or(c.env["CURL_HOME"].text(), c.env["HOME"].text())
	if request.IgnoresFiles || home == "" {
		return options
	}
	l := c.follow(path.Join(home, ".curlrc"), c.env["CURL_HOME"].at)
	if l.code != "" || l.text == nil {
		made.rc = &l
	}
	for _, line := range strings.Split(string(l.text), "\n") {
		name, text, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name = strings.TrimLeft(strings.TrimSpace(name), "-"); name == "k" {
			name = "insecure"
		}
		if name != "" && name[0] != '#' {
			options[name] = or(strings.Trim(strings.TrimSpace(text), `"`), "true")
		}
	}
	return options
}

// isLocal holds for the names of a pod's own machine; of an address of IPv6 it sees the bracket.
func isLocal(host string) bool {
	return slices.Contains([]string{"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "[", "0", "0.0.0.0"}, host) ||
		strings.HasPrefix(host, "127.") && !strings.ContainsFunc(host, unicode.IsLetter)
}
