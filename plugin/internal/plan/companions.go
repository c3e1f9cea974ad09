package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// companions plans the other containers of a server's pod that call Elasticsearch: init containers that wait for it, exporters
// beside it. One that cannot present a certificate is an error under required, unless the user takes care of it.
func (p *planner) companions(w *recognise.Workload, id identity) error {
	if !p.settings.Certs() {
		return nil
	}
	names := append([]string{"localhost", "127.0.0.1"}, p.services...)
	if w.App == recognise.Kibana {
		names = hostNames(w, p.services)
	}
	var problems []error
	for _, c := range w.Pod.All() {
		if c.Name == w.Main.Name || c.Name == initName {
			continue
		}
		name := mentioned(c, names)
		switch {
		case name == "" || p.listed(w.ID, c.Name):
		case isExporter(c):
			p.exporter(w.Object, c, id)
		case usesCurl(c):
			if id.curl == "" {
				var err error
				if id.curl, err = p.curlConfig(w.Object); err != nil {
					return err
				}
			}
			problems = append(problems, p.curlClient(w.Object, c, id))
		case p.settings.ClientAuthentication == config.Required:
			problems = append(problems, fmt.Errorf("container %q calls Elasticsearch (%q) and this version does not know how to give it a certificate: "+
				"configure one by the chart's values and list the container under spec.unmanaged (ref: %s/%s) with the reason", c.Name, name, w.ID, c.Name))
		default:
			p.action("%s: container %q calls Elasticsearch (%q) without a certificate: give it one before clientAuthentication is required", w.ID, c.Name, name)
		}
	}
	return errors.Join(problems...)
}

// hostNames gives the names under which Kibana's pod calls Elasticsearch.
func hostNames(w *recognise.Workload, services []string) []string {
	names := slices.Clone(services)
	if e, ok := w.Main.Env("ELASTICSEARCH_HOSTS"); ok {
		for _, h := range splitList(e.Value) {
			if name := hostOf(h); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// hostOf gives the host of an address without its port.
func hostOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	rest = rest[strings.LastIndex(rest, "@")+1:]
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return host
}

// mentioned gives the first of names that a container's command or environment calls as a host; "" when there is none.
func mentioned(c object.Container, names []string) string {
	for _, field := range []string{"command", "args", "env", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} {
		at := object.Get(c.Node, field)
		if at == nil {
			continue
		}
		for _, text := range texts(at) {
			for _, name := range names {
				if text == name && field == "env" || callsHost(text, name) {
					return name
				}
			}
		}
	}
	return ""
}

// callsHost holds when text names host as part of an address: "//host", "user@host" or "host:9200", also with a domain behind it.
func callsHost(text, host string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], host)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(host)
		from = end
		before, after := text[:start], text[end:]
		if before != "" && isNameByte(before[len(before)-1]) || after != "" && isNameByte(after[0]) && after[0] != '.' {
			continue
		}
		if strings.HasSuffix(before, "//") || strings.HasSuffix(before, "@") || hasPort(after) {
			return true
		}
	}
}

// hasPort holds for ":9200" and ".ns.svc:9200", not for the tag of an image.
func hasPort(s string) bool {
	for s != "" && isNameByte(s[0]) {
		s = s[1:]
	}
	s, ok := strings.CutPrefix(s, ":")
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	return ok && digits >= 2 && (digits == len(s) || !isNameByte(s[digits]))
}

func isNameByte(c byte) bool {
	return c == '-' || c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func usesCurl(c object.Container) bool {
	for _, text := range texts(c.Node) {
		if text == "curl" || strings.Contains(text, "curl ") {
			return true
		}
	}
	return false
}

// isExporter holds for prometheus-community/elasticsearch_exporter, whatever its image is called: it alone has these flags.
func isExporter(c object.Container) bool {
	return slices.ContainsFunc(c.Command(), func(word string) bool { return strings.HasPrefix(word, "--es.uri") })
}

// exporter plans the flags of an exporter. A flag given twice stops it, so that one of the user's is kept.
func (p *planner) exporter(o *object.Object, c object.Container, id identity) {
	words := c.Command()
	has := func(flag string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return w == flag || strings.HasPrefix(w, flag+"=") })
	}
	field := "args"
	if !slices.ContainsFunc(object.Items(c.Node, "args"), isURIFlag) {
		field = "command"
	}
	flags := []struct{ name, value string }{{"--es.client-cert", clientDir + "/" + fileCert}, {"--es.client-private-key", clientDir + "/" + fileKey}}
	if !has("--es.ssl-skip-verify") {
		flags = append(flags, struct{ name, value string }{"--es.ca", clientDir + "/" + fileCA})
	}
	p.mountClient(o, c, id)
	for _, f := range flags {
		word := f.name + "=" + f.value
		if has(f.name) && !slices.Contains(words, word) {
			continue
		}
		p.set(o, containerPath(c).Field(field).Item("", word), patch.Str(word), "the exporter presents the certificate: without it the metrics are missing in silence", linkExporter)
	}
}

func isURIFlag(node *yaml.RNode) bool {
	return strings.HasPrefix(node.YNode().Value, "--es.uri")
}

// testPod plans a test or hook that calls Elasticsearch by curl. One that speaks plain HTTP, as the test of the charts 7.17.3 does,
// has no credentials either and cannot be mended.
func (p *planner) testPod(o *object.Object, c object.Container, w *recognise.Workload) error {
	if !slices.ContainsFunc(texts(c.Node), func(text string) bool { return strings.Contains(text, "https://") }) {
		p.plan.Passed = append(p.plan.Passed, Passed{o.ID, "calls Elasticsearch by plain HTTP and without credentials"})
		p.action("%s fails once Elasticsearch speaks HTTPS: it calls by plain HTTP and without credentials; switch the chart's test off (tests.enabled: false)", o.ID)
		return nil
	}
	node, ok := p.nodes[w]
	if !ok {
		return nil // the node cannot be secured, and its own error says why
	}
	if name := p.settings.Certificates.SecretName; name != "" {
		p.trustNamed(o, node.chartSecret, name)
	}
	return p.curlClient(o, c, node.identity)
}

// trustNamed lets a test that trusts the chart's Secret trust the one that the node uses now.
func (p *planner) trustNamed(o *object.Object, chart, named string) {
	pod := p.on(o).pod
	for _, v := range object.Items(pod.Spec, "volumes") {
		if object.Text(v, "secret", "secretName") == chart && chart != named {
			p.set(o, patch.Fields(pod.Path("spec", "volumes")...).Item("name", object.Text(v, "name")).Field("secret", "secretName"),
				patch.Str(named), "the node presents the certificate of this Secret", "")
		}
	}
}
