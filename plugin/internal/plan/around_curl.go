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
		m, told := addressTold(p.In, c)
		if !told || !callsByCurl(p.seen(c), callsFrom(p.In, w.Object)) {
			continue
		}
		to := w
		if other := p.behind(w.Object, m.Name); other != nil {
			to = other
		}
		if own, err := presentsItself(p, w.Object, c, to); own || err != nil {
			problems = append(problems, err)
			continue
		}
		if id.curl == "" {
			var err error
			if id.curl, err = curlConfig(p, w.Object); err != nil {
				return err
			}
		}
		if err := curlClient(p, w.Object, c, id, to); err != nil {
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
	if !callsByHTTPS(p, o, c) {
		p.care(c)
		p.pass(o.ID, "calls Elasticsearch by plain HTTP and without credentials")
		p.action(object.ID{}, "%s fails once Elasticsearch speaks HTTPS: it calls by plain HTTP and without "+
			"credentials; switch the chart's test off (tests.enabled: false)", o.ID)
		return nil
	}
	known := p.nodes.of(w)
	if known == nil || known.client == nil {
		p.care(c)
		return nil // the node cannot be secured, and its own error says why
	}
	if own, err := presentsItself(p, o, c, w); own || err != nil {
		return err
	}
	if err := errors.Join(checkFree(p.In, o), hookMayRun(p, o)); err != nil {
		return err
	}
	id, err := errandIdentity(p, o, known)
	if err != nil {
		return err
	}
	trustNamed(p, o, known)
	return curlClient(p, o, c, id, w)
}

// errandIdentity gives the identity of a pod that calls a node by curl. A hook that runs early gets a .curlrc that is such a hook too, and
// no CA of the release: what curl trusts, its command says.
func errandIdentity(p step, o *object.Object, known *node) (identity, error) {
	isNear, from := visible(o, known.ca), pair{}
	if isNear {
		from = pair{known.client.secret, known.client.cert, known.client.key}
	}
	id, err := identityFor(p, o, known.ca, from, needs{pair: true})
	if err != nil {
		return id, err
	}
	if id.curl = known.client.curl; isNear && !runsEarly(o) {
		return id, nil
	}
	id.ca = object.Source{}
	id.curl, err = curlConfig(p, o)
	return id, err
}

// callsByHTTPS holds unless each call of the node is one by plain HTTP, which is what curl makes of an address without a scheme.
func callsByHTTPS(p step, o *object.Object, c object.Container) bool {
	names := callsFrom(p.In, o)
	all, ok := p.seen(c).Requests()
	return !ok || slices.ContainsFunc(all, func(r shell.Request) bool {
		return r.Diverted || len(r.Files) > 0 || slices.ContainsFunc(r.Addresses, func(a shell.Word) bool {
			return isUnread(a) || names(a.Text) && strings.HasPrefix(strings.ToLower(a.Text), "https://")
		})
	})
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
