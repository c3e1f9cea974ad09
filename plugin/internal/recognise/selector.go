package recognise

import (
	"bytes"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// Services gives the names of the Services whose selector picks the pods of a workload.
func (r *Release) Services(w *Workload) ([]string, error) {
	if names, ok := r.services[w]; ok {
		return names, nil
	}
	objects, err := r.selecting(w)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.Name)
	}
	r.services[w] = names
	return names, nil
}

// selecting gives the Services whose selector picks the pods of a workload. One without a name is nobody's address.
func (r *Release) selecting(w *Workload) ([]*object.Object, error) {
	labels := object.Pairs(w.Pod.Template, "metadata", "labels")
	values := words.Of(slices.Sorted(maps.Values(labels)))
	return r.picking("Service", w.Namespace, values, func(o *object.Object) bool {
		selector := object.Pairs(o.Node, "spec", "selector")
		return o.Name != "" && len(selector) > 0 && selects(selector, labels)
	})
}

// Behind gives the other objects whose pods are behind a Service of a workload, for longer than a task takes.
func (r *Release) Behind(w *Workload) ([]*object.Object, error) {
	services, err := r.selecting(w)
	if err != nil {
		return nil, err
	}
	var found []*object.Object
	for _, service := range services {
		selector := object.Pairs(service.Node, "spec", "selector")
		name := slices.Sorted(maps.Keys(selector))[0]
		for _, o := range r.byLabel()[name+"="+selector[name]] {
			pod, _ := o.Pod()
			if o != w.Object && sameNamespace(w.Namespace, o.Namespace) && selects(selector, object.Pairs(pod.Template, "metadata", "labels")) &&
				!slices.Contains(found, o) {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// byLabel gives the objects with a pod that stays, by each of its labels. What cannot be read is reported elsewhere.
func (r *Release) byLabel() map[string][]*object.Object {
	if r.labelled != nil {
		return r.labelled
	}
	r.labelled = map[string][]*object.Object{}
	for _, doc := range r.where(screened.mayRun) {
		objects, _ := r.In(doc)
		for _, o := range objects {
			pod, ok := o.Pod()
			if !ok || o.Hook != "" || o.IsJob() {
				continue
			}
			labels := object.Pairs(pod.Template, "metadata", "labels")
			for _, name := range slices.Sorted(maps.Keys(labels)) {
				label := name + "=" + labels[name]
				r.labelled[label] = append(r.labelled[label], o)
			}
		}
	}
	return r.labelled
}

// Policies gives the NetworkPolicies that are for the pods of a workload. A selector without anything is for every pod.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource
func (r *Release) Policies(w *Workload) ([]*object.Object, error) {
	labels := object.Pairs(w.Pod.Template, "metadata", "labels")
	return r.picking("NetworkPolicy", w.Namespace, nil, func(o *object.Object) bool {
		return selects(object.Pairs(o.Node, "spec", "podSelector", "matchLabels"), labels) &&
			!slices.ContainsFunc(object.Items(o.Node, "spec", "podSelector", "matchExpressions"), func(e *yaml.RNode) bool { return !expressed(e, labels) })
	})
}

// Bindings gives the RoleBindings of a namespace that name a ServiceAccount.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects
func (r *Release) Bindings(namespace, account string) ([]*object.Object, error) {
	return r.picking("RoleBinding", namespace, nil, func(o *object.Object) bool {
		return slices.ContainsFunc(object.Items(o.Node, "subjects"), func(s *yaml.RNode) bool {
			return object.Text(s, "kind") == "ServiceAccount" && object.Text(s, "name") == account && sameNamespace(namespace, object.Text(s, "namespace"))
		})
	})
}

// picking gives the objects of a kind and of a namespace that pick holds for. A document with none of values is left
// unparsed; nil is for all.
func (r *Release) picking(kind, namespace string, values *words.Set, pick func(o *object.Object) bool) ([]*object.Object, error) {
	var found []*object.Object
	for _, i := range slices.Concat(r.byKind[kind], r.byKind[""]) {
		s := r.screened[i]
		if values != nil && !s.mentions(values) || values == nil && s.kind == "" && !bytes.Contains(s.doc.Text(), []byte(kind)) && !hasEscape(s.doc.Text()) {
			continue
		}
		objects, err := r.In(s.doc)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if o.Kind == kind && isBuiltIn(o) && sameNamespace(namespace, o.Namespace) && pick(o) {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// Holding gives the objects of a kind whose documents have one of the words in them.
func (r *Release) Holding(kind string, wanted []string) ([]*object.Object, error) {
	return r.picking(kind, "", words.Of(wanted), func(*object.Object) bool { return true })
}

func selects(selector, labels map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// expressed tells whether labels fulfil one of matchExpressions.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements
func expressed(e *yaml.RNode, labels map[string]string) bool {
	value, has := labels[object.Text(e, "key")]
	in := slices.ContainsFunc(object.Items(e, "values"), func(v *yaml.RNode) bool { return v.YNode().Value == value })
	switch object.Text(e, "operator") {
	case "In":
		return has && in
	case "NotIn":
		return !has || !in
	case "Exists":
		return has
	case "DoesNotExist":
		return !has
	}
	return true // an operator of a later version: better told too often
}
