package plan

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// planCompanions plans the other containers of a server's pod that call Elasticsearch by curl, such as init containers
// that wait for it. What others call is seen with all else that names it.
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
		if err := id.lacksPair(w, "curl in container \""+c.Name+"\""); err != nil {
			p.care(c) // what is wrong is said
			problems = append(problems, err)
			continue
		}
		shared, err := withCurl(p, w, id)
		if err != nil {
			return err
		}
		id = shared
		if err := curlClient(p, w.Object, c, id, to); err != nil {
			p.care(c) // what is wrong is said
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// withCurl gives an identity with the .curlrc that all containers of a pod share.
func withCurl(p step, w *recognise.Workload, id identity) (_ identity, err error) {
	if id.curl == "" {
		id.curl, err = curlConfig(p, w.Object, curlTrusts(p.In, w.Object, id.ca))
	}
	return id, err
}

// callsFrom tells which texts call a server, as an object sees it: in a server's own pod also those that call its own
// machine.
func callsFrom(in *In, o *object.Object) func(text string) bool {
	return func(text string) bool {
		return in.names.Calls(text) != "" || in.isNode(o) && route.IsLocal(shell.Host(text))
	}
}

// planTestPod plans a test, hook or Job that calls Elasticsearch by curl. One that speaks plain HTTP, as the test of
// the charts 7.17.3 does, has no credentials either.
func planTestPod(p step, o *object.Object, c object.Container, w *recognise.Workload) error {
	known := p.nodes.of(w)
	if known == nil || known.client == nil {
		p.care(c)
		return nil // the node cannot be secured, and its own error says why
	}
	if !callsByHTTPS(p, o, c) {
		if !switchCalls(p, o, c) {
			p.care(c)
			p.pass(o.ID, "calls Elasticsearch by plain HTTP")
			p.action(object.ID{}, "%s fails once Elasticsearch speaks HTTPS: it calls by plain HTTP; switch the "+
				"chart's test off (tests.enabled: false)", o.ID)
			return nil
		}
		p.action(o.ID, "calls by https from now on; without credentials Elasticsearch answers 401: switch the "+
			"chart's test off (tests.enabled: false)")
	}
	if own, err := presentsItself(p, o, c, w); own || err != nil {
		return err
	}
	if err := errors.Join(checkFree(p.In, o), hookMayRun(p, o)); err != nil {
		return err
	}
	id, err := errandIdentity(p, o, w)
	if err != nil {
		return err
	}
	trustNamed(p, o, known)
	return curlClient(p, o, c, id, w)
}

// errandIdentity gives the identity of a pod that calls a node by curl. A hook that runs early gets a .curlrc that is
// such a hook too, and no CA of the release. Where the node's CA is not at hand, what curl trusts, its command says, or
// else the Secret of the pair.
func errandIdentity(p step, o *object.Object, w *recognise.Workload) (identity, error) {
	known := p.nodes.of(w)
	isNear, from := visible(o, known.ca), pair{}
	if isNear {
		from = pair{known.client.secret, known.client.cert, known.client.key}
	}
	id, err := identityFor(p, o, known.ca, from, needs{pair: true})
	if err != nil {
		return id, err
	}
	lacks := lacksCA(p.In, o)
	if id.curl = known.client.curl; isNear && !runsEarly(o) && !lacks {
		return id, nil
	}
	if runsEarly(o) || !isNear {
		id.ca = object.Source{}
	}
	if id.ca.Name == "" && lacks && id.secret != "" {
		id.ca = caBeside(p.In, o, id.secret)
	}
	trusts, name := object.Source{}, w.Name+curlName
	if lacks && id.ca.Name != "" {
		trusts, name = id.ca, w.Name+curlNameCA
		err = checkHolds(p, id.ca)
	}
	if runsEarly(o) {
		name = o.Name + curlName // a hook like that one
	}
	name = or(p.identityIn(mounter{object: o}).curl, name)
	curl, curlErr := curlConfigNamed(p, o, name, trusts)
	id.curl = curl
	return id, errors.Join(err, curlErr)
}

// callsByHTTPS holds unless each call of the node is one by plain HTTP, which is what curl makes of an address without
// a scheme.
func callsByHTTPS(p step, o *object.Object, c object.Container) bool {
	names := callsFrom(p.In, o)
	all, ok := p.seen(c).Requests()
	return !ok || slices.ContainsFunc(all, func(r shell.Request) bool {
		return r.Diverted || len(r.Files) > 0 || slices.ContainsFunc(r.Addresses, func(a shell.Word) bool {
			return isUnread(a) || names(a.Text) && strings.HasPrefix(strings.ToLower(a.Text), "https://")
		})
	})
}

// switchCalls plans https:// for each call by curl that names no scheme, or another; false where one cannot be changed
// where it stands.
func switchCalls(p step, o *object.Object, c object.Container) bool {
	ours := callsFrom(p.In, o)
	for _, run := range p.seen(c).Runs {
		var places []shell.Piece
		for _, r := range run.Requests() {
			for _, a := range r.Addresses {
				if !a.Known || !ours(a.Text) || strings.HasPrefix(a.Text, "https://") {
					continue
				}
				at, ok := beginsAt(run, a)
				if !ok {
					return false
				}
				places = append(places, at)
			}
		}
		// from behind, so that each stays where it is
		slices.SortFunc(places, func(a, b shell.Piece) int { return b.From - a.From })
		fresh := map[int]string{}
		for _, at := range slices.Compact(places) {
			text := or(fresh[at.Word], run.Args[at.Word].Text)
			fresh[at.Word] = text[:at.From] + "https://" + strings.TrimPrefix(text[at.From:], "http://")
		}
		for _, i := range slices.Sorted(maps.Keys(fresh)) {
			text := fresh[i]
			p.set(o, containerPath(c).Field(run.Args[i].Field...).Index(strconv.Itoa(run.Args[i].Index)),
				patch.Str(text), "Elasticsearch speaks HTTPS", "")
		}
	}
	return true
}

// beginsAt gives where an address begins in a command line; false where it stands elsewhere, or a variable is its host.
func beginsAt(run process.Run, address shell.Word) (shell.Piece, bool) {
	if run.Holder != nil || len(address.Written) == 0 {
		return shell.Piece{}, false
	}
	at, host := address.Written[0], shell.Host(address.Text)
	text := run.Args[at.Word].Text
	at.From += len(text[at.From:]) - len(strings.TrimLeft(text[at.From:], "\"'"))
	at.To = 0
	return at, run.Args[at.Word].Field != nil &&
		strings.HasPrefix(text[at.From:], address.Text[:strings.Index(address.Text, host)+len(host)])
}

// trustNamed lets a test that trusts the chart's Secret trust the one that the node uses now.
func trustNamed(p step, o *object.Object, known *node) {
	pod := podOf(o)
	for _, v := range object.Items(pod.Spec, "volumes") {
		name := object.Text(v, "secret", "secretName")
		if name != "" && name == known.chartSecret && name != known.certificate.Name {
			volume := patch.Fields(pod.Path("spec", "volumes")...).Item("name", object.Text(v, "name"))
			p.set(o, volume.Field("secret", "secretName"), patch.Str(known.certificate.Name),
				"the node presents the certificate of this Secret", "")
		}
	}
}
