// Package recognise finds Elasticsearch and Kibana in a manifest stream: documents come in, a Release that names the
// workloads, the evidence for each and the objects around them goes out. Only documents that may matter are parsed.
// Names never decide: a release, its aliases, labels, registry and namespace may be called anything.
package recognise

import (
	"errors"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// ErrNoObject says that an input holds no object. No command passes such an input on: Helm 3 and Argo CD take an empty
// answer for "delete every object of the release".
var ErrNoObject = errors.New("the input holds no Kubernetes object")

// App is an application that the post-renderer knows how to patch.
type App = catalog.App

// The applications.
const (
	Elasticsearch = catalog.Elasticsearch
	Kibana        = catalog.Kibana
)

// Workload is an object that runs an application.
type Workload struct {
	*object.Object
	App    App
	Layout Layout // of a server
	Pod    object.Pod
	Main   object.Container // the container that runs the application
	// Signs is the evidence, for the report: `image "elasticsearch"`, "settings in its environment".
	Signs []string

	// Lost tells why it is not known where the configuration is, "" where it is known.
	Lost string
}

// Settle finds the configuration where the environment of the main container says that it is.
func (w *Workload) Settle(env object.Environment) {
	w.Layout, w.Lost = moved(w.Layout, env)
}

// Release is what was recognised in an input, as far as it matters here.
type Release struct {
	*Input
	Nodes   []*Workload // Elasticsearch nodes, in the order of the stream
	Kibanas []*Workload // in the order of the stream
	// other programs that may call Elasticsearch: each is one container, in the order of the stream
	Clients []*Workload
	ECK     []*object.Object // Elasticsearch and Kibana that the operator of Elastic runs
	Passed  []LookAlike      // servers of a version or distribution that cannot be patched
	Guards  []*object.Object // what must not be in the output
	// Unmanaged are Elasticsearch nodes that the user takes care of, as far as they can be told by their images and
	// settings.
	Unmanaged []*Workload

	services      map[*Workload][]string
	labelled      map[string][]*object.Object // see Behind
	serverLayouts []Layout
	programs      []catalog.Program
}

func orCatalog(programs []catalog.Program) []catalog.Program {
	if len(programs) == 0 {
		return catalog.All()
	}
	return programs
}

// Program finds a client that is known.
func (r *Release) Program(app App) (catalog.Program, bool) {
	i := slices.IndexFunc(r.programs, func(p catalog.Program) bool { return p.App == app })
	if i < 0 {
		return catalog.Program{}, false
	}
	return r.programs[i], true
}

// Ruled lists the programs that only a rule names.
func (r *Release) Ruled() []catalog.Program {
	return slices.DeleteFunc(slices.Clone(r.programs), func(p catalog.Program) bool { return p.As == "" })
}

// GuardKind is the kind of an object that no API server knows: a stream that holds one cannot be installed unless
// elk-mtls, which takes it out, has seen the stream.
const GuardKind = "Guard"

const guardGroup = "elk-mtls.dev/"

// ModeAnnotation is on each workload that the post-renderer has patched; its value is the mode.
const ModeAnnotation = contract.AnnotationMode

// IsPatched tells whether the post-renderer has patched one of the workloads.
func (r *Release) IsPatched() bool {
	return slices.ContainsFunc(slices.Concat(r.Nodes, r.Kibanas, r.Clients), func(w *Workload) bool {
		return w.Object.Annotation(ModeAnnotation) != ""
	})
}

// LookAlike is a server that cannot be patched.
type LookAlike struct {
	object.ID
	App App
	Why string
}

// All recognises what a stream holds. It reports every document that it needs and cannot read, and every workload that
// looks like Elasticsearch or Kibana but is built in a way it does not know: such a workload must not pass as if it
// were secured. What unmanaged holds for is left alone. The clients that are known are programs; with none given,
// those of the catalog.
func All(stream *manifest.Stream, unmanaged func(object.ID) bool, programs ...catalog.Program) (*Release, error) {
	return Beside(nil, stream, unmanaged, programs...)
}

// Beside is All of a stream beside which there are further objects: a Secret or ConfigMap among these counts before
// one of the stream.
func Beside(further []*object.Object, stream *manifest.Stream, unmanaged func(object.ID) bool,
	programs ...catalog.Program) (*Release, error) {
	r := &Release{
		Input: newInput(further, stream), services: map[*Workload][]string{},
		serverLayouts: catalog.Layouts(), programs: orCatalog(programs),
	}
	signs := words.Of(elasticWords(), clientWords(r.programs), []string{guardGroup})
	kinds := []string{"Elasticsearch", "Kibana", GuardKind, templateKind}
	workloads := map[workloadID]*object.Object{}
	var problems []error
	take := func(o *object.Object) error {
		if unmanaged(o.ID) {
			r.noteUnmanaged(o)
			return nil
		}
		return errors.Join(alone(workloads, o), r.judge(o))
	}
	for _, doc := range r.where(func(s screened) bool { return (s.mayBe(kinds...) || s.runs) && s.mentions(signs) }) {
		objects, err := r.In(doc)
		problems = append(problems, err)
		for _, o := range objects {
			problems = append(problems, take(o))
		}
	}
	for _, w := range slices.Concat(r.Nodes, r.Kibanas, r.Unmanaged) {
		w.Settle(r.Process(w.Main).Env)
	}
	return r, errors.Join(problems...)
}

// judge sorts one object into the release.
func (r *Release) judge(o *object.Object) error {
	if o.Kind == GuardKind && strings.HasPrefix(o.APIVersion, guardGroup) {
		r.Guards = append(r.Guards, o)
		return nil
	}
	if isECK(o) {
		r.ECK = append(r.ECK, o)
		return nil
	}
	if o.Kind == templateKind && o.Group() == templateGroup {
		return problem.New(problem.UnknownForm, "OpenShift makes the objects of a Template, which are not in the "+
			"input").
			Of(o.ID).Do("render it first (oc process -f FILE -o yaml | elk-mtls), or list it under spec.unmanaged " +
			"with the reason")
	}
	pod, ok := o.Pod()
	if !ok {
		return nil
	}
	server, err := r.judgeServer(o, pod)
	if err != nil {
		return err
	}
	r.Clients = append(r.Clients, clients(o, pod, server, r.programs)...)
	return nil
}

// noteUnmanaged notes the nodes that an object runs of which the user takes care: who calls them is a client all the
// same.
func (r *Release) noteUnmanaged(o *object.Object) {
	pod, ok := o.Pod()
	if !ok || o.Hook != "" || o.IsJob() {
		return
	}
	w, _, _ := recogniseWorkload(r.serverLayouts, o, pod) // whatever is wrong with it is the user's
	if w == nil {
		w = byImage(r.serverLayouts, o, pod)
	}
	if w != nil && w.App == Elasticsearch {
		r.Unmanaged = append(r.Unmanaged, w)
	}
}

// templateKind is a kind of OpenShift whose objects have parameters in their texts.
// https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/images/using-templates
const templateKind, templateGroup = "Template", "template.openshift.io"

// workloadID names a workload: two groups may have a kind of one name.
type workloadID struct{ group, kind, namespace, name string }

// alone refuses a workload that is there twice, with different content.
func alone(all map[workloadID]*object.Object, o *object.Object) error {
	if _, ok := o.Pod(); !ok || o.Hook != "" || o.Name == "" {
		return nil
	}
	id := workloadID{o.Group(), o.Kind, o.Namespace, o.Name}
	if other, ok := all[id]; ok && !equal(o, other) {
		return twice(other, o)
	}
	all[id] = o
	return nil
}

// judgeServer gives the server that a pod runs, nil when it runs none.
func (r *Release) judgeServer(o *object.Object, pod object.Pod) (*Workload, error) {
	if o.Hook != "" || o.IsJob() {
		return nil, shortLived(r.serverLayouts, o, pod)
	}
	w, why, err := recogniseWorkload(r.serverLayouts, o, pod)
	switch {
	case err != nil:
		return nil, err
	case why != "":
		r.Passed = append(r.Passed, LookAlike{o.ID, oldApp(pod), why})
	case w != nil && w.App == Elasticsearch:
		r.Nodes = append(r.Nodes, w)
	case w != nil:
		r.Kibanas = append(r.Kibanas, w)
	}
	return w, nil
}

// Pods gives the other objects with a pod whose text holds one of names: whoever calls Elasticsearch has its name
// somewhere.
func (r *Release) Pods(names []string) ([]*object.Object, error) {
	var pods []*object.Object
	wanted := words.Of(names)
	for _, doc := range r.where(func(s screened) bool { return s.runs && s.mentions(wanted) }) {
		objects, err := r.In(doc)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if _, ok := o.Pod(); ok && !r.IsServer(o) {
				pods = append(pods, o)
			}
		}
	}
	return pods, nil
}

// IsServer tells whether an object runs Elasticsearch or Kibana.
func (r *Release) IsServer(o *object.Object) bool {
	is := func(w *Workload) bool { return w.Object == o }
	return slices.ContainsFunc(r.Nodes, is) || slices.ContainsFunc(r.Kibanas, is)
}

// mentions holds when one of the words occurs in the document, or may hide behind an escape.
func (s screened) mentions(wanted *words.Set) bool {
	return wanted.In(s.doc.Text()) || hasEscape(s.doc.Text())
}
