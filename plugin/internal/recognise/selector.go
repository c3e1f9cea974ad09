package recognise

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
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
	labels := labelsOf(w)
	services := r.indexed("Service", r.labelValues,
		func(all []*object.Object) [][]string { return rarest(all, "spec", "selector") })
	values := words.Of(append(slices.Sorted(maps.Values(labels)), podNameLabel, podIndexLabel))
	found, err := services.with(r.Input, values, append(pairs(labels), ""))
	return slices.DeleteFunc(found, func(o *object.Object) bool {
		selector := object.Pairs(o.Node, "spec", "selector")
		return o.Name == "" || !sameNamespace(w.Namespace, o.Namespace) || len(selector) == 0 ||
			!picks(selector, w.Object, labels)
	}), err
}

// Behind gives the other objects whose pods are behind a Service of a workload, for longer than a task takes. Only
// ports of the Service for which counts holds matter.
func (r *Release) Behind(w *Workload, counts func(service *object.Object, port string) bool) ([]*object.Object, error) {
	services, err := r.selecting(w)
	if err != nil {
		return nil, err
	}
	var found []*object.Object
	for _, service := range services {
		selector := object.Pairs(service.Node, "spec", "selector")
		for _, o := range r.rarestLabel(selector) {
			pod, _ := o.Pod()
			if o != w.Object && sameNamespace(w.Namespace, o.Namespace) &&
				selects(selector, object.Pairs(pod.Template, "metadata", "labels")) &&
				hasPort(service, pod, counts) && !slices.Contains(found, o) {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// rarestLabel gives the objects that have the label of a selector which the fewest have.
func (r *Release) rarestLabel(selector map[string]string) []*object.Object {
	all := r.byLabel()
	rarest := slices.MinFunc(pairs(selector), func(a, b string) int { return len(all[a]) - len(all[b]) })
	return all[rarest]
}

// hasPort tells whether a port of a Service that counts leads to a pod: one that has none of these, where they are
// named, is left out.
// https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
func hasPort(service *object.Object, pod object.Pod, counts func(service *object.Object, port string) bool) bool {
	ports := object.Items(service.Node, "spec", "ports")
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p *yaml.Node) bool {
		name := object.Text(p, "targetPort")
		_, err := strconv.Atoi(name)
		if !counts(service, object.Text(p, "port")) {
			return false
		}
		return name == "" || err == nil || slices.ContainsFunc(pod.Containers(), func(c object.Container) bool {
			return slices.ContainsFunc(object.Items(c.Node, "ports"),
				func(p *yaml.Node) bool { return object.Text(p, "name") == name })
		})
	})
}

// byLabel gives the objects with a pod that stays, by each of its labels, but for those that share none with a server.
// What cannot be read is reported elsewhere.
func (r *Release) byLabel() map[string][]*object.Object {
	if r.labelled != nil {
		return r.labelled
	}
	r.labelled = map[string][]*object.Object{}
	values := r.labelValues()
	for _, doc := range r.where(func(s screened) bool { return s.runs && s.mentions(values) }) {
		objects, _ := r.In(doc)
		for _, o := range objects {
			pod, ok := o.Pod()
			if !ok || o.Hook != "" || o.IsJob() {
				continue
			}
			for _, label := range pairs(object.Pairs(pod.Template, "metadata", "labels")) {
				r.labelled[label] = append(r.labelled[label], o)
			}
		}
	}
	return r.labelled
}

func labelsOf(w *Workload) map[string]string {
	return object.Pairs(w.Pod.Template, "metadata", "labels")
}

// labelValues gives what one of stands in every selector that picks pods of a server.
func (r *Release) labelValues() *words.Set {
	values := map[string]bool{podNameLabel: true, podIndexLabel: true}
	for _, w := range slices.Concat(r.Nodes, r.Kibanas, r.Unmanaged) {
		for _, value := range labelsOf(w) {
			values[value] = true
		}
	}
	return words.Of(slices.Sorted(maps.Keys(values)))
}

func anything() *words.Set { return nil }

// Picks tells whether the selector of a Service picks the pods of a workload of the stream.
func (r *Input) Picks(service *object.Object) bool {
	selector := object.Pairs(service.Node, "spec", "selector")
	wanted := words.Of(slices.Sorted(maps.Values(selector)))
	for _, doc := range r.where(func(s screened) bool { return s.runs && s.mentions(wanted) }) {
		objects, _ := r.In(doc)
		for _, o := range objects {
			pod, ok := o.Pod()
			if ok && sameNamespace(service.Namespace, o.Namespace) &&
				picks(selector, o, object.Pairs(pod.Template, "metadata", "labels")) {
				return true
			}
		}
	}
	return false
}

// Policies gives the NetworkPolicies that are for the pods of a workload. A selector without anything is for every pod.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource
func (r *Release) Policies(w *Workload) ([]*object.Object, error) {
	labels := labelsOf(w)
	policies := r.indexed("NetworkPolicy", anything,
		func(all []*object.Object) [][]string { return rarest(all, "spec", "podSelector", "matchLabels") })
	found, err := policies.with(r.Input, nil, append(pairs(labels), ""))
	return slices.DeleteFunc(found, func(o *object.Object) bool {
		return !sameNamespace(w.Namespace, o.Namespace) ||
			!selects(object.Pairs(o.Node, "spec", "podSelector", "matchLabels"), labels) ||
			slices.ContainsFunc(object.Items(o.Node, "spec", "podSelector", "matchExpressions"),
				func(e *yaml.Node) bool { return !expressed(e, labels) })
	}), err
}

// Bindings gives the RoleBindings of a namespace, and the ClusterRoleBindings, that are for a ServiceAccount, by its
// name or by a group of all.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects
func (r *Input) Bindings(namespace, account string) ([]*object.Object, error) {
	isFor := func(s *yaml.Node) bool {
		name, in := accountOf(s)
		return (name == account || name == everyAccount) && sameNamespace(namespace, in)
	}
	var all []*object.Object
	for _, kind := range []string{"RoleBinding", "ClusterRoleBinding"} {
		found, err := r.indexed(kind, anything, subjects).with(r, nil, []string{account, everyAccount})
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			if (kind != "RoleBinding" || sameNamespace(namespace, o.Namespace)) &&
				slices.ContainsFunc(object.Items(o.Node, "subjects"), isFor) {
				all = append(all, o)
			}
		}
	}
	return all, nil
}

// subjects gives the names of the ServiceAccounts for whom each binding is.
func subjects(bindings []*object.Object) [][]string {
	all := make([][]string, len(bindings))
	for i, o := range bindings {
		for _, s := range object.Items(o.Node, "subjects") {
			name, _ := accountOf(s)
			all[i] = append(all[i], name)
		}
	}
	return all
}

// RolesFor gives the Roles or ClusterRoles with a rule that names an object.
func (r *Input) RolesFor(kind, name string) ([]*object.Object, error) {
	naming := func() *words.Set { return words.Of([]string{"resourceNames"}) }
	return r.indexed(kind, naming, ruledNames).with(r, words.Of([]string{name}), []string{name})
}

// ruledNames gives the names in the rules of each Role.
func ruledNames(roles []*object.Object) [][]string {
	all := make([][]string, len(roles))
	for i, o := range roles {
		for _, rule := range object.Items(o.Node, "rules") {
			for _, name := range object.Items(rule, "resourceNames") {
				all[i] = append(all[i], name.Value)
			}
		}
	}
	return all
}

const everyAccount = "*"

// accountOf gives the ServiceAccount that a subject is, or everyAccount; "" for others. Without a namespace it may be
// in any.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens
func accountOf(subject *yaml.Node) (name, namespace string) {
	name = object.Text(subject, "name")
	switch kind := object.Text(subject, "kind"); {
	case kind == "ServiceAccount":
		return name, object.Text(subject, "namespace")
	case kind == "Group" && (name == "system:authenticated" || name == "system:serviceaccounts"):
		return everyAccount, ""
	case kind == "Group":
		if in, ok := strings.CutPrefix(name, "system:serviceaccounts:"); ok {
			return everyAccount, in
		}
	case kind == "User":
		if user, ok := strings.CutPrefix(name, "system:serviceaccount:"); ok {
			namespace, name, _ = strings.Cut(user, ":")
			return name, namespace
		}
	}
	return "", ""
}

// Holding gives the objects of a kind whose documents have one of the words in them.
func (r *Input) Holding(kind string, wanted []string) ([]*object.Object, error) {
	var found []*object.Object
	for _, s := range r.ofKind(kind, words.Of(wanted)) {
		objects, err := r.In(s.doc)
		if err != nil {
			return nil, err
		}
		found = append(found, ofBuiltIn(kind, objects)...)
	}
	return found, nil
}

// picks tells whether a selector is for the pods of an object, which may get labels by its controller too.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-name-label
func picks(selector map[string]string, o *object.Object, labels map[string]string) bool {
	if o.Kind == "StatefulSet" {
		own := map[string]string{podIndexLabel: selector[podIndexLabel]}
		maps.Copy(own, labels)
		labels = own
		if name := selector[podNameLabel]; strings.HasPrefix(name, o.Name+"-") {
			labels[podNameLabel] = name
		}
	}
	return selects(selector, labels)
}

const podNameLabel, podIndexLabel = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"

// Selector is one with matchLabels and matchExpressions.
type Selector struct {
	labels      map[string]string
	expressions []*yaml.Node
}

// SelectorOf gives the selector that an object has at a path.
func SelectorOf(node *yaml.Node, path ...string) Selector {
	at := func(field string) []string { return append(slices.Clone(path), field) }
	return Selector{object.Pairs(node, at("matchLabels")...), object.Items(node, at("matchExpressions")...)}
}

// Picks tells whether a selector picks labels.
func (s Selector) Picks(labels map[string]string) bool {
	return selects(s.labels, labels) &&
		!slices.ContainsFunc(s.expressions, func(e *yaml.Node) bool { return !expressed(e, labels) })
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
func expressed(e *yaml.Node, labels map[string]string) bool {
	value, has := labels[object.Text(e, "key")]
	in := slices.ContainsFunc(object.Items(e, "values"), func(v *yaml.Node) bool { return v.Value == value })
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
