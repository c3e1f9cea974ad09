package verify

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// judgeProbes judges the probes of a container in a server's pod that are no calls of curl, which are edges.
func (s *server) judgeProbes(c caller) {
	a := &s.row.Probes
	required := s.options.ClientAuthentication == "required"
	for _, at := range [][]string{{"readinessProbe"}, {"livenessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"},
		{"lifecycle", "preStop"}} {
		s.judgeHandler(c, at, required)
	}
	for _, run := range c.runs {
		if run.Name == process.Main || run.Has(healthcheck) || run.Followed() {
			continue
		}
		text := besideCurl(run)
		byCurl := len(run.Requests()) > 0 ||
			slices.ContainsFunc(run.Downloads(), func(r shell.Request) bool { return len(r.Options) > 0 })
		if !run.Whole || !byCurl && run.Holder == nil {
			text = run.Text()
		}
		at := c.place(run)
		switch calls := strings.Contains(text, "wget") || strings.Contains(text, ":"+s.port); {
		case calls && !required:
			a.assume("%s: the command of %s calls Elasticsearch by https, and trusts its CA", c, run.Name)
		case strings.Contains(text, "wget"):
			a.fail(at, ProbeRefused, "wget presents no certificate that these manifests show")
		case strings.Contains(text, ":"+s.port):
			a.fail(at, ProbeRefused, "it calls port %s, and it is not known whether it presents a certificate", s.port)
		case !byCurl:
			a.assume("%s: the command of %s calls Elasticsearch with a certificate, or not at all", c, run.Name)
		}
	}
	a.close()
}

// judgeHandler judges a probe or hook that the kubelet itself makes: it presents no certificate. A connection by TCP
// needs none, but somebody who listens.
// https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
func (s *server) judgeHandler(c caller, at []string, required bool) {
	a, name := &s.row.Probes, strings.Join(at, ".")
	if get := object.Get(c.Node, append(at, "grpc")...); get != nil && s.isOwnPort(c, object.Text(get, "port")) {
		a.fail(c.at(name, get), ProbeRefused, "grpc on a port of Elasticsearch, which does not speak it")
	}
	tcp := object.Get(c.Node, append(at, "tcpSocket")...)
	if tcp != nil && c.Name == s.Name && len(c.pod.All()) == 1 && object.Text(tcp, "host") == "" &&
		!s.set[catalog.HTTPPort].hidden && !s.isOwnPort(c, object.Text(tcp, "port")) {
		a.fail(c.at(name, tcp), ProbeRefused, "tcpSocket on a port on which nothing listens: that of Elasticsearch "+
			"is %s", s.port)
	}
	get := object.Get(c.Node, append(at, "httpGet")...)
	if host := object.Text(get, "host"); get == nil || !s.isOwnPort(c, object.Text(get, "port")) ||
		host != "" && !route.IsLocal(host) {
		return // who calls another pod is a client
	}
	switch at := c.at(name, get); {
	case required:
		a.fail(at, ProbeRefused, "httpGet on a port of Elasticsearch: the kubelet presents no certificate")
	case !strings.EqualFold(object.Text(get, "scheme"), "https"):
		a.fail(at, ProbeRefused, "httpGet on the port of Elasticsearch without scheme HTTPS")
	}
}

// isOwnPort tells whether a probe's port is one of Elasticsearch, by number or by a name among the ports of the
// container: that for HTTP, for nodes or for other clusters.
func (s *server) isOwnPort(c caller, port string) bool {
	for _, p := range object.Items(c.Node, "ports") {
		if object.Text(p, "name") == port {
			port = object.Text(p, "containerPort")
		}
	}
	nodes, _, _ := strings.Cut(or(s.set["transport.port"].text(), "9300"), "-")
	clusters := or(s.set["remote_cluster.port"].text(), "9443")
	return port == s.port || port == nodes || port == clusters && s.set["remote_cluster_server.enabled"].is("true")
}

// besideCurl gives what a script runs other than curl, less what it prints. The scripts of shells in it are taken
// apart.
func besideCurl(run process.Run) string {
	var words []string
	for i, c := range run.Commands {
		if i == 0 && run.Holder == nil { // all of it
			continue
		}
		byWget := slices.ContainsFunc(c.Downloads(), func(r shell.Request) bool { return len(r.Options) > 0 })
		if len(c.Requests()) > 0 || byWget || c.IsPrint() || c.IsShell() {
			continue
		}
		for _, w := range c.Words {
			words = append(words, w.Text)
		}
	}
	return strings.Join(words, " ")
}
