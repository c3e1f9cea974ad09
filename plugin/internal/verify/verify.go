// Package verify proves, from manifests alone, that who calls Elasticsearch will be let in: a stream comes in, a graph
// of servers and clients goes out, each with a verdict and the reasons for it. It reads settings on its own, as the
// documentation of each program has them, and knows nothing of what elk-mtls patches: it is a second opinion. What it
// cannot follow it never calls proven.
package verify

import (
	"fmt"
	"slices"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/rollover"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Options say what is to be proven.
type Options struct {
	ClientAuthentication string            // none | optional | required
	Unmanaged            []Entry           // what the user takes care of
	PKI                  bool              // Elasticsearch knows Kibana by its certificate
	Rules                []Rule            // programs that nobody would recognise
	Now                  time.Time         // when certificates must be valid
	Within               time.Duration     // certificates that end so soon after Now are findings; 0: none
	Elasticsearch        []string          // addresses that the configuration names
	Programs             []catalog.Program // the clients that are known; none: those of the catalog
	Tool                 string            // the version of elk-mtls, for the record
	Inputs               []Input           // what is read, for the record
}

// required tells whether Elasticsearch is to refuse who presents no certificate.
func (o Options) required() bool { return o.ClientAuthentication == "required" }

// Entry lists an object, or one container of it, that the user takes care of.
type Entry struct{ Ref, Reason string }

// exempt are the objects and containers that the user takes care of.
type exempt struct {
	entries []Entry
	matched map[string]bool // those of the entries that something in the input is
}

// reason gives the reason for which the user takes care of an object or a container; false where they do not.
func (e exempt) reason(id object.ID, container string) (string, bool) {
	for _, one := range e.entries {
		if one.Ref == id.String() || container != "" && one.Ref == id.String()+"/"+container {
			e.matched[one.Ref] = true
			return one.Reason, true
		}
	}
	return "", false
}

// known is what judging shares: what the input holds, and what the user says about it.
type known struct {
	fleet
	claimed
	options  Options
	release  *recognise.Release
	declared certificate.Declared // what objects of the input say about Secrets
	dates    dates
	found    mention.Found
	asked    map[*yaml.Node]bool // containers and pods of which is judged which keys they ask for
	loose    Aspect              // what belongs to no server and no edge
}

// reader judges all that is known, and draws the graph.
type reader struct {
	known
	meant *mention.Names  // servers that are not in the manifests, nil where any is one
	said  map[string]bool // edges of the graph, as they print
	sides []rollover.Side // what is known of servers and clients
	graph *Graph
}

// Manifests judges a stream. Further streams bring Secrets and ConfigMaps that are not in it. It fails only where the
// input is no manifests: what cannot be judged is a finding.
func Manifests(stream *manifest.Stream, with []*manifest.Stream, options Options) (*Graph, error) {
	r, err := read(stream, with, options)
	if err != nil {
		return nil, err
	}
	return r.graph, nil
}

// read reads a stream and judges it.
func read(stream *manifest.Stream, with []*manifest.Stream, options Options) (*reader, error) {
	r := &reader{
		known: known{
			options: options, dates: dates{options.Now, options.Within}, asked: map[*yaml.Node]bool{},
			claimed: claimed{exempt: exempt{options.Unmanaged, map[string]bool{}}, rules: options.Rules},
		},
		said: map[string]bool{},
		graph: &Graph{
			ClientAuthentication: options.ClientAuthentication, Now: options.Now.UTC(), Servers: []*Server{},
			Edges: []*Edge{}, Unmanaged: []UnmanagedObject{},
			Tool: options.Tool, Inputs: append([]Input{}, options.Inputs...),
		},
	}
	further, err := objectsOf(with)
	if err != nil {
		return nil, err
	}
	isListed := func(id object.ID) bool { _, ok := r.exempt.reason(id, ""); return ok }
	release, err := recognise.Beside(further, stream, isListed, options.Programs...)
	r.release = release
	if release.Objects == 0 {
		return nil, recognise.ErrNoObject
	}
	for _, p := range problem.All(err) {
		r.loose.fail(place{id: p.Object}, NotJudged, "%s", p.Text)
	}
	r.declarations(further)
	if err := r.judgeServers(); err != nil {
		return nil, err
	}
	if err := r.judgeClients(); err != nil {
		return nil, err
	}
	r.judgeMentions()
	for _, broken := range r.routes.Broken() {
		r.loose.fail(place{}, NotJudged, "%v", broken)
	}
	r.judgeRest()
	for _, p := range release.Unclear() {
		r.loose.fail(place{}, NotJudged, "%v", p)
	}
	r.graph.LookedAt, r.graph.Patched = release.Counts(), release.IsPatched()
	r.graph.finish(&r.loose, r.sides)
	return r, nil
}

// objectsOf gives the objects of further files.
func objectsOf(with []*manifest.Stream) ([]*object.Object, error) {
	var all []*object.Object
	for _, stream := range with {
		for _, doc := range stream.Documents() {
			objects, err := object.In(doc)
			if err != nil {
				return nil, err
			}
			for _, o := range objects {
				o.Live = true
			}
			all = append(all, objects...)
		}
	}
	return all, nil
}

// declarations reads what the input and further files declare about Secrets, and looks for policies of others than
// Kubernetes.
func (r *reader) declarations(further []*object.Object) {
	wanted := append(certificate.KindWords(), "NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication")
	all, err := r.release.Kinds(wanted, func(kind string) bool { return certificate.Declares(kind) || isPolicy(kind) })
	if err != nil {
		r.loose.fail(place{}, NotJudged, "%v", err)
	}
	assumeOtherPolicies(&r.loose, all)
	r.declared = certificate.Declare(append(all, further...))
}

func (r *reader) judgeServers() error {
	var servers []*server
	take := func(read func(*recognise.Workload) (*server, error), all []*recognise.Workload) error {
		for _, w := range all {
			s, err := read(w)
			if err != nil {
				return err
			}
			servers = append(servers, s)
			r.graph.Servers = append(r.graph.Servers, s.row)
			r.sides = append(r.sides, s.side())
		}
		return nil
	}
	if err := take(r.elasticsearch, r.release.Nodes); err != nil {
		return err
	}
	if err := take(r.unmanagedServer, r.release.Unmanaged); err != nil {
		return err
	}
	var err error
	if r.fleet, err = fleetOf(servers, r.release); err != nil {
		return err
	}
	r.judgeServices()
	assumeReplicas(&r.loose, servers)
	for _, url := range r.options.Elasticsearch {
		r.names.Add(shell.Host(url))
	}
	return r.judgeNeighbours(r.release.Nodes)
}

// judgeClients finds every connection and judges it.
func (r *reader) judgeClients() error {
	var all []*connection
	for _, w := range r.release.Kibanas {
		all = append(all, r.kibana(w)...)
	}
	for _, s := range r.servers {
		all = append(all, exporters(s)...)
	}
	for _, w := range r.release.Clients {
		described, ok := r.release.Program(w.App)
		known := program{described}
		if !ok {
			continue // who names a server in it is found as in any other
		}
		c := r.caller(w.Object, w.Pod, w.Main)
		connections, read := known.connections(c)
		all = append(all, connections...)
		if len(connections) == 0 {
			r.loose.take(c.notes)
		}
		if _, ok := r.exempt.reason(w.ID, w.Main.Name); !read && !ok {
			r.loose.assume("%s: the configuration of %s, which is not in these manifests, calls none of these "+
				"servers, or does so rightly", c, w.App)
		}
	}
	if len(r.servers) == 0 {
		r.meant = meantBy(all, r.options.Elasticsearch)
	}
	for _, made := range all {
		r.edge(made)
	}
	r.judgeRules()
	var err error
	if r.found, err = mention.Find(r.release, r.names); err != nil {
		return err
	}
	pods, err := r.pods()
	if err != nil {
		return err
	}
	for _, o := range pods {
		r.judgePod(o)
	}
	return nil
}

// judgeLost reports calls of curl whose address cannot be read, where they may go to Elasticsearch: in the pod of a
// server, and in a container that names one.
func (r *reader) judgeLost(c caller, lost []place, s *server) {
	if _, unmanaged := r.exempt.reason(c.object.ID, c.Name); unmanaged || s == nil && len(lost) > 0 && !namesServer(c) {
		return
	}
	a := &r.loose
	if s != nil && c.Name == s.Name {
		a = &s.row.Probes
	}
	for _, at := range lost {
		a.fail(at, NotJudged, "a call of curl could not be followed: nothing here shows where it goes; write its "+
			"address out, or set its variable once")
	}
}

// namesServer tells whether a container names a server in what it runs or in its environment.
func namesServer(c caller) bool {
	var words []value
	for _, run := range c.runs {
		for _, arg := range run.Args {
			words = append(words, value{texts: []string{arg.Text}})
		}
	}
	return len(mentioned(c.names, slices.Concat(values(c.env), words))) > 0
}

// edge judges a connection. Of one that leaves these manifests nothing is proven.
func (r *reader) edge(c *connection) {
	for _, h := range slices.Concat(c.hosts, []value{c.calledBy}) {
		c.claim(h)
	}
	c.judgeKeys(c.notes)
	reason, unmanaged := r.exempt.reason(c.object.ID, c.Name)
	addresses := c.addresses()
	var to []*server
	outside := len(addresses) > 0
	for _, a := range addresses {
		at := c.serversAt(a)
		if a.host == "" {
			at = r.servers
		}
		outside = outside && a.host != "" && len(at) == 0 &&
			(len(r.servers) > 0 || r.meant != nil && r.meant.Called(a.host) == "")
		if len(r.servers) == 0 && (r.meant == nil || r.meant.Called(a.host) != "") {
			r.names.Add(a.host) // what known clients call is what others may call
		}
		for _, s := range at {
			if !slices.Contains(to, s) {
				to = append(to, s)
			}
		}
	}
	e := c.judge(to)
	if !unmanaged {
		r.sides = append(r.sides, c.side)
	}
	switch {
	case unmanaged:
		e.Verdict, e.Reason = Unmanaged, reason
	case outside:
		*e = Edge{Client: e.Client, Namespace: e.Namespace, Container: e.Container, Program: e.Program,
			Setting: e.Setting, Servers: e.Servers, Addresses: e.Addresses}
		c.judgeDeadEnds(&e.TLS, addresses)
		judgePolicies(&e.TLS, c.caller, addresses, nil)
		e.CA.assume("%s: what it calls, %s, is not in these manifests, and lets it in", c.caller, hostsOf(addresses))
		e.Verdict = verdict(e.aspects()...)
		e.TLS.State, e.Certificate.State, e.Identity.State = stateNone, stateNone, stateNone
	}
	if said := fmt.Sprintf("%+v", *e); !r.said[said] {
		r.said[said] = true
		r.graph.Edges = append(r.graph.Edges, e)
	}
}

// judgeRest judges what stands for itself.
func (r *reader) judgeRest() {
	for _, o := range r.release.Guards {
		r.loose.fail(place{id: o.ID, line: o.Doc.Line()}, GuardLeft, "no API server knows it")
	}
	for _, l := range r.release.Passed {
		switch {
		case l.App == recognise.Elasticsearch:
			r.loose.fail(place{id: l.ID}, NotJudged, "%s: it is not known whether it has TLS, and it asks for no "+
				"certificate", l.Why)
		case r.options.required():
			r.loose.fail(place{id: l.ID}, NotJudged, "%s: it presents no certificate", l.Why)
		default:
			r.loose.assume("%s, which presents no certificate, is let in (%s)", l.ID, l.Why)
		}
	}
	judgeOperators(&r.loose, r.release.ECK, r.options.required())
	for _, e := range r.options.Unmanaged {
		if r.exempt.matched[e.Ref] || isThere(r.release, e.Ref) {
			r.graph.Unmanaged = append(r.graph.Unmanaged, UnmanagedObject{Object: e.Ref, Reason: e.Reason})
		} else {
			r.loose.fail(place{}, UnmatchedEntry, "%s is not in the input", e.Ref)
		}
	}
	managed := slices.ContainsFunc(r.servers, func(s *server) bool { return !s.unmanaged })
	switch {
	case managed || len(r.graph.Edges)+len(r.loose.Findings)+len(r.loose.Assumptions) > 0:
	case len(r.servers) > 0:
		r.loose.fail(place{}, NothingFound, "the input contains only an Elasticsearch that is listed as unmanaged")
	default:
		r.loose.fail(place{}, NothingFound, "the input contains no Elasticsearch, no Kibana and no known client")
	}
}
