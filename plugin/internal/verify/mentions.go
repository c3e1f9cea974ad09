package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// judgeMentions makes findings, edges or assumptions of what names a server and was not found by the settings of a
// client.
func (r *reader) judgeMentions() {
	for _, doc := range r.found.Unread {
		r.loose.fail(place{line: doc.Line()}, NotJudged, "the document names an Elasticsearch and cannot be read")
	}
	r.judgeHandedOn()
	listed := map[string]bool{} // that have an edge
	for _, m := range r.found.Mentions {
		reason, client, unmanaged := r.answered(m)
		switch {
		case !unmanaged && r.isOpen(m):
			r.judgeMention(m)
		case unmanaged && reason != "" && !listed[client.Ref()]:
			listed[client.Ref()] = true
			r.graph.Edges = append(r.graph.Edges, unmanagedEdge(m, client, reason))
		}
	}
}

// judgeHandedOn names routes whose callers, who are not in these manifests, meet a server itself.
func (r *reader) judgeHandedOn() {
	for _, route := range r.found.HandedOn {
		r.loose.assume("%s: who calls %s by it has a certificate that it trusts, and takes its own for the name by "+
			"which it is called",
			route.Route.ID, strings.Join(route.Names, ", "))
	}
}

// isOpen tells whether no edge has read a mention.
func (r *reader) isOpen(m mention.Mention) bool {
	if len(m.Readers) == 0 {
		return r.claims.Open(m, m.Told())
	}
	return slices.ContainsFunc(m.Readers, func(c mention.Reader) bool { return r.claims.Open(m, c.Container.Node) })
}

// answered tells whether the user takes care of who is told a mention, and of whom: its object, its container, or all
// that read it.
func (r *reader) answered(m mention.Mention) (reason string, client mention.Reader, unmanaged bool) {
	own := mention.Reader{Object: m.Object, Container: object.Container{Name: m.Container}}
	if reason, ok := r.listed(m.Object.ID, m.Container); ok {
		return reason, own, r.isOpen(m)
	}
	for _, c := range m.Readers {
		if !r.claims.Open(m, c.Container.Node) {
			continue
		}
		if reason, unmanaged = r.listed(c.Object.ID, c.Container.Name); !unmanaged {
			return "", own, false
		}
		client = c
	}
	return reason, client, unmanaged
}

func (r *reader) judgeMention(m mention.Mention) {
	at := place{id: m.Object.ID, container: m.Container, path: placeOf(m), line: m.StreamLine()}
	switch {
	case !m.Plain && r.isRuled(m):
		r.loose.assume("%s: %s (line %d), which names %q, calls it by https and as its rule says", subject(m), at.path,
			at.line, m.Name)
	case m.Strength == mention.May:
		r.loose.assume("%s: %s (line %d), which names %q, calls it with a certificate, or not at all", subject(m),
			at.path, at.line, m.Name)
	case m.Route && r.options.ClientAuthentication == "required":
		r.loose.fail(at, UnknownClient, "it leads to %q, and its controller is a client that is not known", m.Name)
	case m.Route:
		r.loose.assume("%s: its controller, which %s (line %d) leads to %q, calls by https and trusts its CA",
			subject(m), at.path, at.line, m.Name)
	case m.Plain || r.options.ClientAuthentication == "required":
		r.loose.fail(at, UnknownClient, "it names %q, and belongs to no client that is known", m.Name)
	default:
		r.loose.assume("%s: %s (line %d), which names %q, calls by https and trusts its CA", subject(m), at.path,
			at.line, m.Name)
	}
}

// placeOf gives the place of a mention in its object.
func placeOf(m mention.Mention) string {
	if m.Inside == nil {
		return m.Path.String()
	}
	return m.Path.String() + " > " + m.Inside.String()
}

func subject(m mention.Mention) string {
	return strings.TrimSuffix(fmt.Sprintf("%s/%s", m.Object.ID, m.Container), "/")
}

func unmanagedEdge(m mention.Mention, c mention.Reader, reason string) *Edge {
	e := &Edge{Client: c.Object.ID.String(), Namespace: c.Object.Namespace, Container: c.Container.Name,
		Setting: placeOf(m), Servers: []string{}, Addresses: []string{m.Name},
		Verdict: Unmanaged, Reason: reason}
	for _, a := range e.aspects() {
		a.idle = stateNone
		a.close()
	}
	return e
}

func (r *reader) isServerObject(o *object.Object) bool { return r.serverOf(o) != nil }

// pods gives the servers' objects and every other with a pod that names a server, or reads what does.
func (r *reader) pods() ([]*object.Object, error) {
	var all []*object.Object
	for _, s := range r.servers {
		all = append(all, s.object)
	}
	words := append(r.names.Words(), "--"+contract.FlagURL, "curl", "wget") // whose addresses a script may put together
	others, err := r.release.Pods(words)
	for _, w := range r.release.Kibanas {
		others = append(others, w.Object)
	}
	for _, m := range r.found.Mentions {
		for _, c := range m.Readers {
			others = append(others, c.Object)
		}
	}
	seen := map[*object.Object]bool{}
	for _, o := range others {
		if !seen[o] && !r.isServerObject(o) {
			seen[o] = true
			all = append(all, o)
		}
	}
	return all, err
}

// inStream gives what the stream has of a key that a further file shows too: who names a server is looked for in the
// stream.
func (r *reader) inStream(s object.Source, held object.Content) object.Content {
	if held.Object == nil || len(r.further) == 0 {
		return held
	}
	o, err := r.release.Find(s.Namespace, s.Kind, s.Name)
	if err != nil || o == nil || o == held.Object {
		return held
	}
	if own, ok := o.Content(s.Key); ok && string(own.Text) == string(held.Text) {
		return own
	}
	return held
}

// judgeOperators judges custom resources of ECK: what its operator makes of them is not shown.
func (r *reader) judgeOperators() {
	for _, o := range r.release.ECK {
		if r.options.ClientAuthentication != "required" {
			r.loose.assume("%s: what the operator of ECK makes of it is called by https, and trusts its CA", o.ID)
			continue
		}
		r.loose.fail(place{id: o.ID, line: o.Doc.Line()}, NotJudged, "a custom resource of ECK: its operator makes "+
			"what these manifests do not show")
	}
}
