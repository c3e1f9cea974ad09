package recognise

import (
	"fmt"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// Find gives the object of that kind and name that an object of a namespace sees, nil when the stream has none. A
// namespace that is not written down may be any. Of a hook and an object of the release with one name it gives the
// latter. A document that cannot be read is an error only when it may be the one; so are several objects that differ,
// of which nothing tells which one counts.
func (r *Input) Find(namespace, kind, name string) (*object.Object, error) {
	all, err := r.Named(kind, name)
	if err != nil {
		return nil, err
	}
	return One(all, namespace)
}

// One gives the object among several of one kind and name that an object of a namespace sees.
func One(all []*object.Object, namespace string) (*object.Object, error) {
	var seen, hooks []*object.Object
	for _, o := range all {
		switch {
		case !sameNamespace(namespace, o.Namespace):
		case o.Hook == "":
			seen = append(seen, o)
		default:
			hooks = append(hooks, o)
		}
	}
	if len(seen) == 0 && len(hooks) > 0 {
		return hooks[0], nil // Helm makes them one after the other
	}
	if len(seen) == 0 {
		return nil, nil
	}
	for _, other := range seen[1:] {
		if !equal(other, seen[0]) {
			return nil, twice(seen[0], other)
		}
	}
	return seen[0], nil
}

// twice says that two objects of one name differ.
func twice(a, b *object.Object) error {
	const said = "%s is there twice, with different content"
	if a.Namespace == b.Namespace {
		return problem.New(problem.Twice, said+" (lines %d and %d): the one that is applied last counts", a.ID,
			a.Line(), b.Line()).Do("remove the other")
	}
	in := func(o *object.Object) string {
		if o.Namespace == "" {
			return fmt.Sprintf("line %d, no namespace", o.Line())
		}
		return fmt.Sprintf("line %d, namespace %s", o.Line(), o.Namespace)
	}
	return problem.New(problem.Twice, said+" (%s; %s), and it is not known which of the two is read", a.ID, in(a),
		in(b)).
		Do("write the namespace into every object, or remove one")
}

// builtIn are the groups of the kinds that are looked up for what they mean to Kubernetes. Other groups have kinds of
// these names too: Knative has a Service, Crossplane a Role for Elasticsearch.
var builtIn = map[string]string{
	"Secret": "", "ConfigMap": "", "NetworkPolicy": "networking.k8s.io",
	"Role": "rbac.authorization.k8s.io", "ClusterRole": "rbac.authorization.k8s.io",
	"RoleBinding": "rbac.authorization.k8s.io",
}

func isBuiltIn(o *object.Object) bool {
	group, known := builtIn[o.Kind]
	return !known || group == o.Group()
}

func sameNamespace(a, b string) bool { return a == b || a == "" || b == "" }

// Named gives all objects of that kind and name, of any namespace.
func (r *Input) Named(kind, name string) ([]*object.Object, error) {
	key := kind + "/" + name
	if found, ok := r.found[key]; ok {
		return found, nil
	}
	var found []*object.Object
	for _, s := range r.called(kind, name) {
		objects, err := r.In(s.doc)
		if err != nil {
			if s.kind == kind {
				return nil, err
			}
			continue
		}
		for _, o := range objects {
			if o.Kind == kind && o.Name == name && isBuiltIn(o) {
				found = append(found, o)
			}
		}
	}
	r.found[key] = found
	return found, nil
}

// named are the places of the documents that may be of one kind, by the name that their bytes say plainly: "" where
// they say none.
type named map[string][]int

// called gives the documents that may be the object of that kind and name. The names of a kind are read once: a stream
// of many releases asks for as many of them as it has documents.
func (r *Input) called(kind, name string) []screened {
	n, ok := r.names[kind]
	if !ok {
		n = make(named, len(r.byKind[kind])+len(r.byKind[""]))
		for _, i := range slices.Concat(r.byKind[kind], r.byKind[""]) {
			plain := plainName(r.screened[i].doc.Text())
			n[plain] = append(n[plain], i)
		}
		r.names[kind] = n
	}
	var found []screened
	for _, i := range slices.Sorted(slices.Values(slices.Concat(n[name], n[""]))) {
		if s := r.screened[i]; s.mayName(name) {
			found = append(found, s)
		}
	}
	return found
}
