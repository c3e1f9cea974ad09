package plan

import (
	"errors"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// planCompanions plans the other containers of a server's pod that call Elasticsearch by curl, such as init containers that wait for it.
// What others call is seen with all else that names it.
func planCompanions(p step, w *recognise.Workload, id identity) error {
	if !p.settings.Certs() {
		return nil
	}
	var problems []error
	for _, c := range w.Pod.All() {
		if c.Name == w.Main.Name || c.Name == initName || p.isProgram(c) || p.listed(w.ID, c.Name) {
			continue
		}
		if _, told := addressTold(p.In, c); !told || !callsByCurl(p.seen(c), callsFrom(p.In, w.Object)) {
			continue
		}
		if id.curl == "" {
			var err error
			if id.curl, err = curlConfig(p, w.Object); err != nil {
				return err
			}
		}
		if err := curlClient(p, w.Object, c, id); err != nil {
			p.care(c) // what is wrong is said
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// callsFrom tells which texts call a server, as an object sees it: in a server's own pod also those that call its own machine.
func callsFrom(in *In, o *object.Object) func(text string) bool {
	return func(text string) bool {
		return in.names.Calls(text) != "" || in.isNode(o) && route.IsLocal(shell.Host(text))
	}
}

// planTestPod plans a test, hook or Job that calls Elasticsearch by curl. One that speaks plain HTTP, as the test of the charts 7.17.3 does,
// has no credentials either and cannot be mended.
func planTestPod(p step, o *object.Object, c object.Container, w *recognise.Workload) error {
	if !callsByHTTPS(c) {
		p.care(c)
		p.pass(o.ID, "calls Elasticsearch by plain HTTP and without credentials")
		p.action(object.ID{}, "%s fails once Elasticsearch speaks HTTPS: it calls by plain HTTP and without "+
			"credentials; switch the chart's test off (tests.enabled: false)", o.ID)
		return nil
	}
	known := p.nodes[w]
	if known == nil || known.client == nil {
		p.care(c)
		return nil // the node cannot be secured, and its own error says why
	}
	if err := checkFree(p.In, o); err != nil {
		return err
	}
	trustNamed(p, o, known)
	return curlClient(p, o, c, *known.client)
}

func callsByHTTPS(c object.Container) bool {
	return slices.ContainsFunc(texts(c.Node), func(text string) bool { return strings.Contains(text, "https://") })
}

// trustNamed lets a test that trusts the chart's Secret trust the one that the node uses now.
func trustNamed(p step, o *object.Object, known *node) {
	pod := podOf(o)
	for _, v := range object.Items(pod.Spec, "volumes") {
		name := object.Text(v, "secret", "secretName")
		if name != "" && name == known.chartSecret && name != known.certificate.Name {
			p.set(o, patch.Fields(pod.Path("spec", "volumes")...).Item("name", object.Text(v, "name")).Field("secret", "secretName"),
				patch.Str(known.certificate.Name), "the node presents the certificate of this Secret", "")
		}
	}
}
