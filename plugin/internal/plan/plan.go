// Package plan decides what has to change: a recognised Release and the Settings come in, every change, addition and removal goes
// out, or the reasons why the stream cannot be secured as asked. It changes nothing.
package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/issue"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// Plan is everything that the run will do, and everything that it leaves to the user.
type Plan struct {
	Changes   []Change
	Additions []Addition
	Removals  []Removal
	Passed    []Passed              // left alone, with the reason
	Actions   []string              // what the user must do, or know before an upgrade
	Assumed   []string              // what the manifests cannot show and must hold in the cluster
	Ruled     []*recognise.Workload // containers that the configuration has a rule for
}

// Change is one change to an object of the stream.
type Change struct {
	Object *object.Object
	Edit   patch.Edit
	Why    string // what breaks without it, in a few words
	Link   string // the documentation that it rests on
}

// String gives a line of the report.
func (c Change) String() string { return fmt.Sprintf("%s: %s: %s", c.Object.ID, c.Edit, c.Why) }

// Addition is a new object. It goes in front of the document of Before, its first user.
type Addition struct {
	object.ID
	Node   *yaml.Node
	Before *object.Object
	Why    string
}

// Removal is an object that leaves the stream.
type Removal struct {
	Object *object.Object
	Why    string
}

// Passed is an object that was looked at and stays as it is.
type Passed struct {
	object.ID
	Why string
}

// For plans all changes. All or nothing: an error names every object that cannot be secured as asked.
func For(r *recognise.Release, s config.Settings) (*Plan, error) {
	return decide(r, s).finish()
}

// ForAnswering is For, and says of each mention in a stream whether a plan answers for it, also where something is refused.
func ForAnswering(r *recognise.Release, s config.Settings) ([]mention.Answer, *Plan, error) {
	p := decide(r, s)
	answers := p.answers()
	plan, err := p.finish()
	return answers, plan, err
}

// finish takes the last steps, each of which needs that there is no problem.
func (p *planner) finish() (*Plan, error) {
	if err := errors.Join(p.problems...); err != nil {
		return nil, err
	}
	p.issued()
	if err := errors.Join(p.problems...); err != nil {
		return nil, err
	}
	p.marks()
	p.expected()
	p.plan.Actions = compact(p.plan.Actions)
	p.plan.Assumed = compact(p.plan.Assumed)
	return p.plan, nil
}

// decide takes all steps but the last.
func decide(r *recognise.Release, s config.Settings) *planner {
	p := &planner{release: r, settings: s, plan: &Plan{}, processes: map[*yaml.Node]process.Process{}}
	p.certManager()
	p.servers()
	p.guards()
	p.rendered()
	p.hooks()
	for _, w := range r.Nodes {
		p.tried(w, p.node(w))
	}
	for _, w := range r.Kibanas {
		p.tried(w, p.kibana(w))
	}
	p.rules()
	p.clients()
	p.otherPods()
	p.sweep()
	p.eck()
	p.unmanaged()
	p.handed()
	p.lookAlikes()
	return p
}

// tried notes what kept a server from being planned. What else its container calls is not looked at then: what is wrong is said.
func (p *planner) tried(w *recognise.Workload, err error) {
	if p.failing(w.ID, err); err != nil {
		p.care(w.Main)
	}
}

// lookAlikes leaves servers alone that cannot be patched, unless certificates are required: they ask for none, or present none.
func (p *planner) lookAlikes() {
	for _, l := range p.release.Passed {
		if p.requires() {
			p.failing(l.ID, fmt.Errorf("%s, so that it cannot be patched: take an image of version 7 or later that is no -oss one, or list the object under spec.unmanaged with the reason", l.Why))
			continue
		}
		p.plan.Passed = append(p.plan.Passed, Passed{l.ID, l.Why})
	}
}

// planner collects the plan of one stream.
type planner struct {
	release  *recognise.Release
	settings config.Settings
	plan     *Plan
	problems []error

	services   []string                         // names of the Services in front of the nodes of this stream
	serving    map[string][]*recognise.Workload // the nodes behind each of them
	nodeOf     map[*object.Object]*recognise.Workload
	nodes      map[*recognise.Workload]*node
	switched   bool                    // some node of the stream speaks HTTPS from now on, and did not before
	configs    map[*object.Object]bool // ConfigMaps and Secrets that hold the configuration of what is planned
	opened     []*embedded             // YAML files in them
	names      *mention.Names
	found      *mention.Found // by the names that were known
	knownNames int
	told       map[*yaml.Node]mention.Mention // the first address that a container is told
	claims     mention.Claims
	cared      map[*yaml.Node]bool      // containers whose every call is taken care of, or reported
	workloads  map[*object.Object]*work // what belongs to each patched workload
	order      []*work
	removed    map[*object.Object]bool
	processes  map[*yaml.Node]process.Process
	programs   map[*yaml.Node]bool // containers that a program of the table runs in, or that have a rule
	ruled      []ruled
	matched    map[string]bool // refs of the configuration that matched something
	leaves     []issue.Leaf    // certificates that cert-manager makes
	declared   *certificate.Declared
	outside    []outside // Secrets and ConfigMaps that the stream does not hold
}

// node is what is known about an Elasticsearch node once it is planned.
type node struct {
	certificate object.Source   // of the server
	chartSecret string          // Secret that its chart takes it from, "" when there is none
	ca          object.Source   // that signed it
	accepts     []object.Source // CAs whose clients it takes; nil when they cannot all be followed
	password    object.Source   // of the user elastic; empty where the stream does not tell
	client      *identity       // how its own probe presents itself; nil in the modes without certificates
}

// work is what one patched object gets besides its own changes.
type work struct {
	object  *object.Object
	pod     object.Pod
	id      *identity // of the pod's clients; nil until one of them mounts it
	inputs  []string  // what the pods read outside their template: it enters the rollout annotation
	touched map[string]*yaml.Node
}

func (p *planner) servers() {
	p.nodes = map[*recognise.Workload]*node{}
	p.configs = map[*object.Object]bool{}
	p.workloads = map[*object.Object]*work{}
	p.removed = map[*object.Object]bool{}
	p.programs = map[*yaml.Node]bool{}
	p.cared = map[*yaml.Node]bool{}
	for _, w := range p.release.Clients {
		p.programs[w.Main.Node.YNode()] = true
	}
	p.matched = map[string]bool{}
	p.findRuled()
	p.serving = map[string][]*recognise.Workload{}
	p.nodeOf = map[*object.Object]*recognise.Workload{}
	for _, w := range p.release.Nodes {
		names, err := p.release.Services(w)
		p.failing(w.ID, err)
		p.services = append(p.services, names...)
		p.nodeOf[w.Object] = w
		for _, name := range names {
			p.serving[name] = append(p.serving[name], w)
		}
	}
	p.serverNames()
	slices.Sort(p.services)
	p.services = slices.Compact(p.services)
}

// failing collects the problems of an object, each under the object's name.
func (p *planner) failing(id object.ID, err error) {
	if err == nil {
		return
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			p.failing(id, e)
		}
		return
	}
	if !strings.HasPrefix(err.Error(), id.String()) {
		err = fmt.Errorf("%s: %w", id, err)
	}
	p.problems = append(p.problems, err)
}

// failOnce collects a problem that several steps come upon.
func (p *planner) failOnce(id object.ID, err error) {
	text := id.String() + ": " + err.Error()
	if !slices.ContainsFunc(p.problems, func(known error) bool { return known.Error() == text }) {
		p.failing(id, err)
	}
}

// on gives the work on an object.
func (p *planner) on(o *object.Object) *work {
	w, ok := p.workloads[o]
	if !ok {
		w = &work{object: o, touched: map[string]*yaml.Node{}}
		w.pod, _ = o.Pod()
		p.workloads[o] = w
		p.order = append(p.order, w)
	}
	return w
}

// set plans that value stands at path in o.
func (p *planner) set(o *object.Object, path patch.Path, value *yaml.Node, why, link string) {
	p.edit(o, patch.Edit{Path: path, Value: value}, why, link)
}

func (p *planner) edit(o *object.Object, e patch.Edit, why, link string) {
	w := p.on(o)
	if old, ok := w.touched[e.String()]; ok {
		if !patch.Equal(old, e.Value) { // a later step knows more: what stands there in the end is one change
			i := slices.IndexFunc(p.plan.Changes, func(c Change) bool { return c.Object == o && c.Edit.String() == e.String() })
			p.plan.Changes[i].Edit = e
			w.touched[e.String()] = e.Value
		}
		return
	}
	w.touched[e.String()] = e.Value
	p.plan.Changes = append(p.plan.Changes, Change{Object: o, Edit: e, Why: why, Link: link})
}

// add plans a new object in front of before. An object of ours that is there already is brought up to date; one of somebody else
// under the same name is an error.
func (p *planner) add(before *object.Object, id object.ID, node *yaml.Node, why string) error {
	for _, a := range p.plan.Additions {
		if a.ID == id {
			return nil
		}
	}
	there, err := p.release.Find(id.Namespace, id.Kind, id.Name)
	if err != nil {
		return err
	}
	if there == nil {
		p.plan.Additions = append(p.plan.Additions, Addition{ID: id, Node: node, Before: before, Why: why})
		return nil
	}
	if there.Label(partOf) != ourName {
		return fmt.Errorf("the stream has a %s already that is not made by %s (it lacks the label %s: %s): rename yours, or choose another name in the configuration",
			id, ourName, partOf, ourName)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if name := node.Content[i].Value; name != "metadata" {
			p.set(there, patch.Fields(name), node.Content[i+1], why, "")
		}
	}
	return nil
}

// namespaced gives the head of a new object beside o. The namespace is written only where o has one: it is never guessed.
func newObject(beside *object.Object, apiVersion, kind, name string, rest ...patch.Entry) (object.ID, *yaml.Node) {
	metadata := patch.Map(patch.F("name", patch.Str(name)))
	if beside.Namespace != "" {
		metadata.Content = append(metadata.Content, patch.Str("namespace"), patch.Str(beside.Namespace))
	}
	metadata.Content = append(metadata.Content, patch.Str("labels"), patch.Map(patch.F(partOf, patch.Str(ourName))))
	entries := append([]patch.Entry{
		patch.F("apiVersion", patch.Str(apiVersion)),
		patch.F("kind", patch.Str(kind)),
		patch.F("metadata", metadata),
	}, rest...)
	return object.ID{APIVersion: apiVersion, Kind: kind, Namespace: beside.Namespace, Name: name}, patch.Map(entries...)
}

func (p *planner) action(format string, args ...any) {
	p.plan.Actions = append(p.plan.Actions, fmt.Sprintf(format, args...))
}

func (p *planner) assume(format string, args ...any) {
	p.plan.Assumed = append(p.plan.Assumed, fmt.Sprintf(format, args...))
}

// outside is a Secret or ConfigMap that the stream does not hold, with the keys that it must have.
type outside struct {
	namespace, kind, name string
	keys                  []string
	filled                string // who brings them, where the stream has the object without
}

func (p *planner) expect(s object.Source, filled string) {
	for i, e := range p.outside {
		if e.kind == s.Kind && e.name == s.Name && e.namespace == s.Namespace {
			p.outside[i].keys = append(e.keys, s.Key)
			return
		}
	}
	p.outside = append(p.outside, outside{s.Namespace, s.Kind, s.Name, []string{s.Key}, filled})
}

// expected says what must be in the cluster besides the stream.
func (p *planner) expected() {
	for _, e := range p.outside {
		where := ""
		if e.namespace != "" {
			where = " (namespace " + e.namespace + ")"
		}
		shown := "is not in the stream"
		if e.filled != "" {
			shown = "is filled later (" + e.filled + ")"
		}
		p.assume("%s/%s%s %s: it must hold %s", e.kind, e.name, where, shown, quoted(compact(e.keys)))
	}
}

// compact drops repeated lines and keeps the order of the first ones.
func compact(lines []string) []string {
	var kept []string
	for _, l := range lines {
		if !slices.Contains(kept, l) {
			kept = append(kept, l)
		}
	}
	return kept
}
