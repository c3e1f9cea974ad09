package verify

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
)

// judgeProbes judges the probes of a container in a server's pod that are no calls of curl, which are edges.
func (s *server) judgeProbes(c caller) {
	a := &s.row.Probes
	required := s.options.ClientAuthentication == "required"
	for _, name := range []string{"readinessProbe", "livenessProbe", "startupProbe"} {
		get := object.Get(c.Node, name, "httpGet")
		if get == nil || !s.isPort(c, object.Text(get, "port")) {
			continue
		}
		at := c.at(name, get.YNode())
		switch {
		case required:
			a.fail(at, ProbeRefused, "httpGet on the port of Elasticsearch: the kubelet presents no certificate")
		case !strings.EqualFold(object.Text(get, "scheme"), "https"):
			a.fail(at, ProbeRefused, "httpGet on the port of Elasticsearch without scheme HTTPS")
		}
	}
	for _, run := range c.runs {
		if run.Name == process.Main || run.Has(healthcheck) || run.Followed() {
			continue
		}
		text := besideCurl(run)
		byCurl := len(run.Requests()) > 0
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
			a.fail(at, ProbeRefused, "it calls port %s, and nothing tells whether it presents a certificate", s.port)
		case !byCurl:
			a.assume("%s: the command of %s calls Elasticsearch with a certificate, or not at all", c, run.Name)
		}
	}
	a.close()
}

// isPort tells whether a probe's port is that of Elasticsearch: by number, or by a name among the ports of the pod.
func (s *server) isPort(c caller, port string) bool {
	if port == s.port {
		return true
	}
	for _, p := range object.Items(c.Node, "ports") {
		if object.Text(p, "name") == port {
			return object.Text(p, "containerPort") == s.port
		}
	}
	return false
}

// besideCurl gives what a script runs other than curl, less what it prints. The scripts of shells in it are taken apart.
func besideCurl(run process.Run) string {
	var words []string
	for i, c := range run.Commands {
		if i == 0 && run.Holder == nil { // all of it
			continue
		}
		if len(c.Requests()) > 0 || c.IsPrint() || c.IsShell() {
			continue
		}
		for _, w := range c.Words {
			words = append(words, w.Text)
		}
	}
	return strings.Join(words, " ")
}
