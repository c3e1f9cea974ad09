// Package plan decides what has to change: a recognised Release and the Settings come in, every change, addition and
// removal goes out, or the reasons why the stream cannot be secured as asked. It changes nothing.
package plan

import (
	"fmt"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/issue"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Plan is everything that the run will do, and everything that it leaves to the user.
type Plan struct {
	Changes   []Change
	Additions []Addition
	Removals  []Removal
	Passed    []Passed              // left alone, with the reason
	Actions   []Note                // what the user must do, or know before an upgrade
	Assumed   []Note                // what the manifests cannot show and must hold in the cluster
	Ruled     []*recognise.Workload // containers that the configuration has a rule for
}

// Change is one change to an object of the stream.
type Change struct {
	Object *object.Object
	Edit   patch.Edit
	Why    string // what breaks without it, in a few words
	Link   string // the documentation that it rests on
	at     place
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
	Why   string
	entry string // of spec.unmanaged that says so
}

// Note is a line for the user, about an object; empty where the text says that itself.
type Note struct {
	Object object.ID
	Text   string
}

// For plans all changes. All or nothing: an error names every object that cannot be secured as asked.
//
// A step takes what earlier steps found out, and gives its part; what it needs of others stands in its arguments.
// Nodes come first: what Kibana and the clients present and trust follows from theirs. Who has a rule or is known
// comes before those that merely name a server, and whoever names one and was not taken care of is found last.
func For(r *recognise.Release, s config.Settings) (*Plan, error) { return decide(r, s).plan() }

// ForAnswering is For, and says of each mention in a stream whether a plan answers for it, also where something is
// refused.
func ForAnswering(r *recognise.Release, s config.Settings) ([]mention.Answer, *Plan, error) {
	d := decide(r, s)
	plan, err := d.plan()
	return answers(d.known, d.whole), plan, err
}

// decided is what all steps but the last make of a stream.
type decided struct {
	known  *In
	whole  Part
	leaves []issue.Leaf
}

func decide(r *recognise.Release, s config.Settings) decided {
	leaves, settings, err := leavesOf(r, s)
	input, found := read(r, settings, leaves)
	found.fail(err)
	ours, asked := meant(input)
	input = input.meaning(ours)
	guarded := guards(input)
	made := rendered(input)
	replaced := hooks(input)
	servers := each(input.after(replaced), r.Nodes, planNode)
	kibanas := each(input.after(replaced, servers), r.Kibanas, planKibana)
	ruled := each(input.after(replaced, servers, kibanas), input.ruled, planRuled)
	clients := each(input.after(replaced, servers, kibanas, ruled), r.Clients, planClient)
	known := input.after(replaced, servers, kibanas, ruled, clients)
	others := otherPods(known)
	served := join(found, asked, guarded, made, replaced, servers, kibanas, ruled, clients, others)
	swept := sweep(known, served)
	rest := join(accepted(known, served), eck(known), unmanaged(known, join(served, swept)), handed(known, served),
		waiting(known, served), lookAlikes(known))
	return decided{known, join(unclear(known), served, swept, rest), leaves}
}

// plan takes the last steps, each of which needs that there is no problem.
func (d decided) plan() (*Plan, error) {
	whole := d.whole
	if len(whole.problems) == 0 { // a Certificate is for who mounts it
		whole = join(whole, issued(d.known, d.leaves, whole))
	}
	if len(whole.problems) > 0 {
		return nil, problem.Join(whole.problems)
	}
	whole = join(whole, marks(d.known, whole), renewals(d.known, whole))
	return &Plan{
		Changes: whole.changes, Additions: whole.additions, Removals: whole.removals, Passed: whole.passed,
		Ruled:   whole.planned,
		Actions: compact(whole.actions), Assumed: compact(slices.Concat(whole.assumed, expected(whole.outside))),
	}, nil
}

// failed notes what kept a server or a client from being planned. The names in its own settings files get no line of
// their own then; whatever else its container calls gets one, so that a run names all that is wrong.
func failed(p step, w *recognise.Workload, files []string, err error) {
	p.failing(w.ID, err)
	for _, name := range files {
		if file := w.Main.Resolve(name, p.release); file.State == object.Held {
			text := patch.At(file.Content.Object.Node, fields(file.Content.Field, file.Source.Key))
			excuse(p.Part, text, w.Main.Node)
		}
	}
}

// serverFile names the file that a server reads its settings from, none where it has none.
func serverFile(in *In, w *recognise.Workload) []string {
	for _, f := range w.Layout.Files {
		if name := w.Layout.Abs(f.Path); w.Main.Resolve(name, in.release).Key() {
			return []string{name}
		}
	}
	return nil
}

// each plans several things, each after those before it.
func each[T any](in *In, all []T, plan func(p step, one T)) Part {
	var whole Part
	known := in.fork()
	for _, one := range all {
		p := begin(known)
		plan(p, one)
		whole.add(*p.Part)
		known.learn(*p.Part)
	}
	return whole
}

// lookAlikes leaves servers alone that cannot be patched, unless certificates are required: they ask for none, or
// present none.
func lookAlikes(in *In) Part {
	var part Part
	for _, l := range in.release.Passed {
		if in.requires() {
			part.failing(l.ID, problem.New(problem.TooOld, "%s, so that it cannot be patched", l.Why).
				Do("take an image of version 7 or later that is no -oss one, or list the object under "+
					"spec.unmanaged with the reason"))
			continue
		}
		part.pass(l.ID, l.Why)
	}
	return part
}

// unclear refuses an input in which nothing tells which of several Secrets or ConfigMaps counts.
func unclear(in *In) Part { return join(Part{problems: in.release.Unclear()}) }

// node is what is known about an Elasticsearch node once it is planned.
type node struct {
	certificate object.Source   // of the server
	chartSecret string          // Secret that its chart takes it from, "" when there is none
	ca          object.Source   // that signed it
	accepts     []object.Source // CAs whose clients it takes; nil when they cannot all be followed
	password    object.Source   // of the user elastic; empty where the stream does not tell
	asks        bool            // it looks at a certificate that it is presented, from now on
	port        string          // on which it speaks HTTP
	client      *identity       // how its own probe presents itself; nil in the modes without certificates
}

// addObject plans a new object, which goes in front of the one before. An object of ours that is there already is
// brought up to date; one of somebody else under the same name is an error.
func (p step) addObject(before *object.Object, id object.ID, node *yaml.Node, why string) error {
	there, err := p.release.Find(id.Namespace, id.Kind, id.Name)
	if err != nil {
		return err
	}
	if there == nil {
		p.addition(Addition{ID: id, Node: node, Before: before, Why: why})
		return nil
	}
	if there.Label(partOf) != ourName {
		return problem.New(problem.NameTaken, "the input has a %s already that is not made by %s (it lacks the "+
			"label %s: %s)", id, ourName, partOf, ourName).
			Do("rename yours, or choose another name in the configuration")
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if name := node.Content[i].Value; name != "metadata" {
			p.set(there, patch.Fields(name), node.Content[i+1], why, "")
		}
	}
	return nil
}

// newObject gives a new object beside another. The namespace is written only where that one has one: it is never
// guessed.
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

// expected says what must be in the cluster besides the stream, object by object.
func expected(outside []outside) []Note {
	var all []Note
	seen := map[object.Source]bool{}
	for _, e := range outside {
		holder := object.Source{Namespace: e.Namespace, Kind: e.Kind, Name: e.Name}
		if seen[holder] {
			continue
		}
		seen[holder] = true
		var keys []string
		for _, other := range outside {
			if other.Namespace == e.Namespace && other.Kind == e.Kind && other.Name == e.Name {
				keys = append(keys, other.Key)
			}
		}
		where := ""
		if e.Namespace != "" {
			where = " (namespace " + e.Namespace + ")"
		}
		shown := "is not in the input"
		if e.filled != "" {
			shown = "is filled later (" + e.filled + ")"
		}
		all = append(all, Note{Text: fmt.Sprintf("%s/%s%s %s: it must hold %s", e.Kind, e.Name, where, shown,
			quoted(compact(keys)))})
	}
	return all
}

// compact drops repeated lines and keeps the order of the first ones.
func compact[T comparable](lines []T) []T {
	var kept []T
	for _, l := range lines {
		if !slices.Contains(kept, l) {
			kept = append(kept, l)
		}
	}
	return kept
}
