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

// probed is a container in the pod of a server, whose probes are judged.
type probed struct {
	caller
	of       *server
	required bool // who presents no certificate is refused
}

// judge judges the probes of the container that are no calls of curl, which are edges.
func (p probed) judge() {
	a := &p.of.row.Probes
	for _, at := range [][]string{{"readinessProbe"}, {"livenessProbe"}, {"startupProbe"}, {"lifecycle", "postStart"},
		{"lifecycle", "preStop"}} {
		p.judgeHandler(at)
	}
	for _, run := range p.runs {
		if run.Name == process.Main || run.Has(healthcheck) || run.Followed() || p.isAnswered(run) {
			continue
		}
		text := besideCurl(run)
		byCurl := len(run.Requests()) > 0 ||
			slices.ContainsFunc(run.Downloads(), func(r shell.Request) bool { return len(r.Options) > 0 })
		if !run.Whole || !byCurl && run.Holder == nil {
			text = run.Text()
		}
		at := p.place(run)
		switch calls := strings.Contains(text, "wget") || strings.Contains(text, ":"+p.of.port); {
		case calls && !p.required:
			a.assume("%s: the command of %s calls Elasticsearch by https, and trusts its CA", p.caller, run.Name)
		case strings.Contains(text, "wget"):
			a.fail(at, ProbeRefused, "wget presents no certificate that these manifests show")
		case strings.Contains(text, ":"+p.of.port):
			a.fail(at, ProbeRefused, "it calls port %s, and it is not known whether it presents a certificate",
				p.of.port)
		case !byCurl:
			a.assume("%s: the command of %s calls Elasticsearch with a certificate, or not at all", p.caller, run.Name)
		}
	}
	a.close()
}

// isAnswered tells whether the user takes care of the file that a command runs.
func (c caller) isAnswered(run process.Run) bool {
	if run.Holder == nil {
		return false
	}
	_, ok := c.exempt.reason(run.Holder.ID, "")
	return ok
}

// judgeHandler judges a probe or hook that the kubelet itself makes: it presents no certificate. A connection by TCP
// needs none, but somebody who listens.
// https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
func (p probed) judgeHandler(at []string) {
	a, name := &p.of.row.Probes, strings.Join(at, ".")
	if get := object.Get(p.Node, append(at, "grpc")...); get != nil && p.isOwnPort(object.Text(get, "port")) {
		a.fail(p.at(name, get), ProbeRefused, "grpc on a port of Elasticsearch, which does not speak it")
	}
	tcp := object.Get(p.Node, append(at, "tcpSocket")...)
	if tcp != nil && p.Name == p.of.Name && len(p.pod.All()) == 1 && object.Text(tcp, "host") == "" &&
		!p.of.set[catalog.HTTPPort].hidden && !p.isOwnPort(object.Text(tcp, "port")) {
		a.fail(p.at(name, tcp), ProbeRefused, "tcpSocket on a port on which nothing listens: that of Elasticsearch "+
			"is %s", p.of.port)
	}
	if host := object.Text(tcp, "host"); route.IsLocal(host) && object.Text(p.pod.Spec, "hostNetwork") != "true" {
		a.fail(p.at(name, tcp), ProbeRefused, "tcpSocket with the host %s calls the machine of the kubelet", host)
	}
	get := object.Get(p.Node, append(at, "httpGet")...)
	if host := object.Text(get, "host"); get == nil || !p.isOwnPort(object.Text(get, "port")) ||
		host != "" && !route.IsLocal(host) {
		return // who calls another pod is a client
	}
	switch at := p.at(name, get); {
	case p.required:
		a.fail(at, ProbeRefused, "httpGet on a port of Elasticsearch: the kubelet presents no certificate")
	case !strings.EqualFold(object.Text(get, "scheme"), "https"):
		a.fail(at, ProbeRefused, "httpGet on the port of Elasticsearch without scheme HTTPS")
	}
}

// isOwnPort tells whether a probe's port is one of Elasticsearch, by number or by a name among the ports of the
// container: that for HTTP, for nodes or for other clusters.
func (p probed) isOwnPort(port string) bool {
	for _, own := range object.Items(p.Node, "ports") {
		if object.Text(own, "name") == port {
			port = object.Text(own, "containerPort")
		}
	}
	nodes, _, _ := strings.Cut(or(p.of.set["transport.port"].text(), "9300"), "-")
	clusters := or(p.of.set["remote_cluster.port"].text(), "9443")
	return port == p.of.port || port == nodes ||
		port == clusters && p.of.set["remote_cluster_server.enabled"].is("true")
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
