package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// judgeMentions makes findings, edges or assumptions of what names a server and was not found by the settings of a
// client.
func (r *reader) judgeMentions() {
	for _, doc := range r.found.Unread {
		r.loose.fail(place{line: doc.Line()}, NotJudged, "the document may name an Elasticsearch, and cannot be read")
	}
	assumeHandedOn(&r.loose, r.found)
	listed := map[string]bool{} // that have an edge
	for _, m := range r.found.Mentions {
		reason, client, unmanaged := r.answered(m)
		switch {
		case !unmanaged && r.isOpen(m):
			judgeMention(&r.loose, m, r.isRuled(m), r.options.required())
		case unmanaged && reason != "" && !listed[client.Ref()]:
			listed[client.Ref()] = true
			r.graph.Edges = append(r.graph.Edges, unmanagedEdge(m, client, reason))
		}
	}
}

// assumeHandedOn names routes whose callers, who are not in these manifests, meet a server itself.
func assumeHandedOn(a *Aspect, found mention.Found) {
	for _, route := range found.HandedOn {
		a.assume("%s: who calls %s by it has a certificate that it trusts, and takes its own for the name by "+
			"which it is called",
			route.Route.ID, strings.Join(route.Names, ", "))
	}
}

// claimed is what is known of who reads which mention of a server.
type claimed struct {
	claims mention.Claims // what an edge has read
	exempt exempt
	rules  []Rule
}

// isOpen tells whether no edge has read a mention.
func (c *claimed) isOpen(m mention.Mention) bool {
	if len(m.Readers) == 0 {
		return c.claims.Open(m, m.Told())
	}
	return slices.ContainsFunc(m.Readers, func(who mention.Reader) bool { return c.claims.Open(m, who.Container.Node) })
}

// answered tells whether the user takes care of who is told a mention, and of whom: its object, its container, or all
// that read it.
func (c *claimed) answered(m mention.Mention) (reason string, client mention.Reader, unmanaged bool) {
	own := mention.Reader{Object: m.Object, Container: object.Container{Name: m.Container}}
	if reason, ok := c.exempt.reason(m.Object.ID, m.Container); ok {
		return reason, own, c.isOpen(m)
	}
	for _, who := range m.Readers {
		if !c.claims.Open(m, who.Container.Node) {
			continue
		}
		if reason, unmanaged = c.exempt.reason(who.Object.ID, who.Container.Name); !unmanaged {
			return "", own, false
		}
		client = who
	}
	return reason, client, unmanaged
}

// judgeMention judges a mention that nobody has read. isRuled says that who is told it has a rule of its own.
func judgeMention(a *Aspect, m mention.Mention, isRuled, required bool) {
	at := place{id: m.Object.ID, container: m.Container, path: placeOf(m), line: m.StreamLine()}
	switch {
	case !m.Plain && isRuled:
		a.assume("%s: %s (line %d), which names %q, calls it by https and as its rule says", subject(m), at.path,
			at.line, m.Name)
	case m.Strength == mention.May:
		a.assume("%s: %s (line %d), which names %q, calls it with a certificate, or not at all", subject(m),
			at.path, at.line, m.Name)
	case m.Route && required:
		a.fail(at, UnknownClient, "it leads to %q, and its controller is a client that is not known", m.Name)
	case m.Route:
		a.assume("%s: its controller, which %s (line %d) leads to %q, calls by https and trusts its CA",
			subject(m), at.path, at.line, m.Name)
	case m.Plain || required:
		a.fail(at, UnknownClient, "it names %q, and belongs to no client that is known", m.Name)
	default:
		a.assume("%s: %s (line %d), which names %q, calls by https and trusts its CA", subject(m), at.path,
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
		if !seen[o] && r.serverOf(o) == nil {
			seen[o] = true
			all = append(all, o)
		}
	}
	return all, err
}

// inStream gives what the stream has of a key that a further file shows too: who names a server is looked for in the
// stream.
func inStream(release *recognise.Release, s object.Source, held object.Content) object.Content {
	if held.Object == nil || !held.Object.Live {
		return held
	}
	o, err := release.Find(s.Namespace, s.Kind, s.Name)
	if err != nil || o == nil || o == held.Object {
		return held
	}
	if own, ok := o.Content(s.Key); ok && string(own.Text) == string(held.Text) {
		return own
	}
	return held
}

// judgeOperators judges custom resources of ECK: what its operator makes of them is not shown.
func judgeOperators(a *Aspect, eck []*object.Object, required bool) {
	for _, o := range eck {
		if !required {
			a.assume("%s: what the operator of ECK makes of it is called by https, and trusts its CA", o.ID)
			continue
		}
		a.fail(place{id: o.ID, line: o.Doc.Line()}, NotJudged, "a custom resource of ECK: its operator makes "+
			"what these manifests do not show")
	}
}
