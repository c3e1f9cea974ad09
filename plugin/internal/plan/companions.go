package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// companions plans the other containers of a server's pod that call Elasticsearch by one of names: init containers that wait for it,
// exporters beside it. One that cannot present a certificate is an error under required, unless the user takes care of it.
func (p *planner) companions(w *recognise.Workload, id identity, names []string) error {
	if !p.settings.Certs() {
		return nil
	}
	var problems []error
	for _, c := range w.Pod.All() {
		if c.Name == w.Main.Name || c.Name == initName || p.isProgram(c) {
			continue
		}
		name, err := p.calls(w, c, names)
		if name != "" {
			p.care(c)
		}
		switch {
		case err != nil:
			problems = append(problems, err)
		case name == "" || p.listed(w.ID, c.Name):
		case callsByCurl(c, names):
			if id.curl == "" {
				if id.curl, err = p.curlConfig(w.Object); err != nil {
					return err
				}
			}
			problems = append(problems, p.curlClient(w.Object, c, id))
		case p.settings.ClientAuthentication == config.Required:
			problems = append(problems, fmt.Errorf("container %q calls Elasticsearch (%q) and this version does not know how to give it a certificate: "+
				"give it a rule (spec.rules), or configure one by the chart's values and list the container under spec.unmanaged (ref: %s/%s) with the reason", c.Name, name, w.ID, c.Name))
		default:
			p.action("%s: container %q calls Elasticsearch (%q) without a certificate: give it one before clientAuthentication is required", w.ID, c.Name, name)
		}
	}
	return errors.Join(problems...)
}

// calls gives the first of names that a container calls: by its command, its environment, or the configuration that it mounts from
// the stream.
func (p *planner) calls(w *recognise.Workload, c object.Container, names []string) (string, error) {
	if _, name := mentioned(c, names); name != "" {
		return name, nil
	}
	for _, source := range c.ConfigMaps() {
		holder, err := p.release.Find(w.Namespace, "ConfigMap", source)
		if err != nil {
			return "", err
		}
		if holder == nil || p.configs[holder] {
			continue
		}
		for _, text := range texts(holder.Node) {
			for _, name := range names {
				if callsHost(text, name) {
					return name, nil
				}
			}
		}
	}
	return "", nil
}

// testPod plans a test, hook or Job that calls Elasticsearch by curl. One that speaks plain HTTP, as the test of the charts 7.17.3 does,
// has no credentials either and cannot be mended.
func (p *planner) testPod(o *object.Object, c object.Container, w *recognise.Workload) error {
	if !callsByHTTPS(c) {
		p.plan.Passed = append(p.plan.Passed, Passed{o.ID, "calls Elasticsearch by plain HTTP and without credentials"})
		p.action("%s fails once Elasticsearch speaks HTTPS: it calls by plain HTTP and without credentials; switch the chart's test off (tests.enabled: false)", o.ID)
		return nil
	}
	known := p.nodes[w]
	if known == nil || known.client == nil {
		return nil // the node cannot be secured, and its own error says why
	}
	if err := p.free(o); err != nil {
		return err
	}
	p.trustNamed(o, known)
	return p.curlClient(o, c, *known.client)
}

func callsByHTTPS(c object.Container) bool {
	return slices.ContainsFunc(texts(c.Node), func(text string) bool { return strings.Contains(text, "https://") })
}

// trustNamed lets a test that trusts the chart's Secret trust the one that the node uses now.
func (p *planner) trustNamed(o *object.Object, known *node) {
	pod := p.on(o).pod
	for _, v := range object.Items(pod.Spec, "volumes") {
		name := object.Text(v, "secret", "secretName")
		if name != "" && name == known.chartSecret && name != known.certificate.Name {
			p.set(o, patch.Fields(pod.Path("spec", "volumes")...).Item("name", object.Text(v, "name")).Field("secret", "secretName"),
				patch.Str(known.certificate.Name), "the node presents the certificate of this Secret", "")
		}
	}
}
