package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Part is what one step decides, and what it found out for later ones. It grows by the methods of this file while its
// step runs, and is a value from then on: nobody looks into it before.
type Part struct {
	changes   []Change
	places    map[place]int // of each change
	additions []Addition
	removals  []Removal
	passed    []Passed
	actions   []Note
	assumed   []Note
	problems  []problem.Problem
	outside   []outside
	inputs    []input
	fresh     []freshSetting  // of the file that is made where there is none; the step itself takes them
	matched   map[string]bool // refs of the configuration that matched something
	claims    mention.Claims
	cared     map[*yaml.Node]bool   // containers whose every call is taken care of, or reported
	faulty    mention.Claims        // settings files of what cannot be planned, for a reason that is among the problems
	planned   []*recognise.Workload // containers that have a rule
	hooks     []*object.Object      // removals that made Kibana's token
	called    []string              // addresses that a known client calls
	secured   map[*recognise.Workload]*node
	ports     []string             // on which these speak HTTP
	switches  bool                 // a node speaks HTTPS from now on, and did not before
	mounted   map[mounter]identity // of the clients in a pod
	presented []presented          // key pairs, each to a server
	once      []readOnce
}

// place is where a change is made.
type place struct {
	object *object.Object
	at     string
}

// input is something that the pods of an object read outside their template: it enters the rollout annotation.
type input struct {
	object *object.Object
	text   string
}

// readOnce is a key of a Secret or ConfigMap that the pods of an object read only at startup.
type readOnce struct {
	object *object.Object
	object.Source
}

// outside is a key that a Secret or ConfigMap must have which the stream does not hold.
type outside struct {
	object.Source
	filled string // who brings it, where the stream has the object without
}

// join gives several parts as one: of what two say about the same place the later one counts.
func join(parts ...Part) Part {
	var all Part
	for _, p := range parts {
		all.add(p)
	}
	return all
}

func (p *Part) add(other Part) {
	p.changes = slices.Grow(p.changes, len(other.changes))
	for _, c := range other.changes {
		p.change(c)
	}
	for _, a := range other.additions {
		p.addition(a)
	}
	for _, passed := range other.passed {
		p.passes(passed)
	}
	p.report(other.problems...)
	p.outside = append(p.outside, other.outside...)
	p.removals = append(p.removals, other.removals...)
	p.actions = append(p.actions, other.actions...)
	p.assumed = append(p.assumed, other.assumed...)
	p.inputs = append(p.inputs, other.inputs...)
	p.hooks = append(p.hooks, other.hooks...)
	p.planned = append(p.planned, other.planned...)
	p.once = append(p.once, other.once...)
	p.presented = append(p.presented, other.presented...)
	p.called = append(p.called, other.called...)
	p.ports = append(p.ports, other.ports...)
	p.switches = p.switches || other.switches
	p.claims.Join(other.claims)
	p.faulty.Join(other.faulty)
	merge(&p.matched, other.matched)
	merge(&p.cared, other.cared)
	merge(&p.secured, other.secured)
	merge(&p.mounted, other.mounted)
}

func merge[K comparable, V any](to *map[K]V, from map[K]V) {
	if len(from) == 0 {
		return
	}
	if *to == nil {
		*to = map[K]V{}
	}
	maps.Copy(*to, from)
}

// set plans that value stands at path in o.
func (p *Part) set(o *object.Object, path patch.Path, value *yaml.Node, why, link string) {
	p.edit(o, patch.Edit{Path: path, Value: value}, why, link)
}

// edit plans an edit.
func (p *Part) edit(o *object.Object, e patch.Edit, why, link string) {
	p.change(Change{o, e, why, link, place{o, e.String()}})
}

// change plans a change. A later step knows more: what stands at a place in the end is one change.
func (p *Part) change(c Change) {
	i, ok := p.places[c.at]
	if !ok {
		if p.places == nil {
			p.places = map[place]int{}
		}
		p.places[c.at] = len(p.changes)
		p.changes = append(p.changes, c)
		return
	}
	if known := p.changes[i]; !patch.Equal(known.Edit.Value, c.Edit.Value) {
		p.changes[i] = Change{known.Object, c.Edit, known.Why, known.Link, known.at}
	}
}

func (p *Part) addition(a Addition) {
	if !slices.ContainsFunc(p.additions, func(known Addition) bool { return known.ID == a.ID }) {
		p.additions = append(p.additions, a)
	}
}

func (p *Part) removal(o *object.Object, why string) {
	p.removals = append(p.removals, Removal{o, why})
}

// removeHook plans to remove a hook that made Kibana's token.
func (p *Part) removeHook(o *object.Object, why string) {
	if !slices.Contains(p.hooks, o) {
		p.hooks = append(p.hooks, o)
		p.removal(o, why)
	}
}

// pass notes that an object stays as it is.
func (p *Part) pass(id object.ID, why string) { p.passes(Passed{ID: id, Why: why}) }

// passes notes an entry of spec.unmanaged once.
func (p *Part) passes(passed Passed) {
	if passed.entry == "" || !p.matched[passed.entry] {
		p.passed = append(p.passed, passed)
	}
	if passed.entry != "" {
		p.match(passed.entry)
	}
}

// action notes what the user must do, or know, about an object; empty where the text says that itself.
func (p *Part) action(id object.ID, format string, args ...any) {
	p.actions = append(p.actions, Note{id, fmt.Sprintf(format, args...)})
}

// assume notes what must hold in the cluster.
func (p *Part) assume(id object.ID, format string, args ...any) {
	p.assumed = append(p.assumed, Note{id, fmt.Sprintf(format, args...)})
}

// expect notes a key that an object must have which the stream does not hold.
func (p *Part) expect(s object.Source, filled string) {
	p.outside = append(p.outside, outside{s, filled})
}

// failing collects the problems of an object.
func (p *Part) failing(id object.ID, err error) {
	p.report(problem.About(id, err)...)
}

// within says of an error in which container it is. Of joined errors each says so.
func within(c object.Container, err error) error { return problem.Within(err, "container %q", c.Name) }

// fail collects a problem that says itself what it is about.
func (p *Part) fail(err error) { p.failing(object.ID{}, err) }

// report notes problems, each once, however many steps come upon it.
func (p *Part) report(problems ...problem.Problem) {
	for _, one := range problems {
		if !slices.Contains(p.problems, one) {
			p.problems = append(p.problems, one)
		}
	}
}

// input notes what the pods of an object read outside their template.
func (p *Part) input(o *object.Object, text string) { p.inputs = append(p.inputs, input{o, text}) }

// newFile notes a setting of a configuration file that is to be made.
func (p *Part) newFile(s freshSetting) { p.fresh = append(p.fresh, s) }

// match notes that a ref of the configuration means something here.
func (p *Part) match(ref string) { merge(&p.matched, map[string]bool{ref: true}) }

// claim claims a part of a text for whoever reads it, or for one container of those that do.
func (p *Part) claim(n *yaml.Node, span mention.Span, reader *yaml.Node) {
	p.claims.Add(n, span, reader)
}

// excuse notes a settings file that is not judged for one container: why that cannot be planned is said.
func excuse(p *Part, text, reader *yaml.Node) {
	p.claim(text, mention.Span{}, reader)
	p.faulty.Add(text, mention.Span{}, reader)
}

// care notes that every call of a container is taken care of, or reported already.
func (p *Part) care(c object.Container) { merge(&p.cared, map[*yaml.Node]bool{c.Node: true}) }

// mounter is who mounts one volume with a key pair: all containers of a pod, or only one.
type mounter struct {
	object *object.Object
	only   string
}

// mounts notes the identity of the clients in a pod.
func (p *Part) mounts(o *object.Object, id identity) {
	merge(&p.mounted, map[mounter]identity{{o, id.only}: id})
}

// presents notes that a container presents a key pair to these servers, or to one that the stream does not show.
func presents(p *Part, one presented, to ...*recognise.Workload) {
	if len(to) == 0 {
		to = append(to, nil)
	}
	for _, server := range to {
		one.to = server
		p.presented = append(p.presented, one)
	}
}

// hasRule notes that a container was planned by its rule.
func (p *Part) hasRule(w *recognise.Workload) { p.planned = append(p.planned, w) }

// calls notes what a known client calls.
func (p *Part) calls(addresses ...string) { p.called = append(p.called, addresses...) }

// secures notes what is known about a node.
func (p *Part) secures(w *recognise.Workload, known node) {
	merge(&p.secured, map[*recognise.Workload]*node{w: &known})
	p.ports = append(p.ports, known.port)
}

// readsOnce notes keys that a container reads only at startup.
func readsOnce(p *Part, w *recognise.Workload, sources ...object.Source) {
	for _, s := range sources {
		if s.Name != "" && s.Key != "" {
			p.once = append(p.once, readOnce{w.Object, s})
		}
	}
}

// switchOn notes that a node speaks HTTPS from now on that did not before.
func (p *Part) switchOn() { p.switches = true }

// changed gives the objects that a part changes, in the order of their first changes.
func changed(p Part) []*object.Object {
	var all []*object.Object
	seen := map[*object.Object]bool{}
	for _, c := range p.changes {
		if !seen[c.Object] {
			seen[c.Object] = true
			all = append(all, c.Object)
		}
	}
	return all
}
