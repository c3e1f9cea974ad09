package mention

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// A job of Prometheus finds what it calls in the cluster, by labels that its rules keep: no server is named in it.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config

// discovers is the field by which a job of Prometheus, or of an agent that takes its configuration, finds its targets.
const discovers = "kubernetes_sd_configs"

// spellings are how custom resources write the fields of a job.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1alpha1.ScrapeConfig,
// https://docs.victoriametrics.com/operator/api/#vmscrapeconfig
var spellings = map[string][]string{
	discovers: {inResources}, "relabel_configs": {"relabelings", "relabelConfigs"}, "source_labels": {"sourceLabels"},
	"target_label": {"targetLabel"},
	"tls_config":   {"tlsConfig"}, "cert_file": {"certFile", "cert"}, "key_file": {"keyFile", "keySecret", "key"},
	"own_namespace": {"ownNamespace"}, "api_server": {"apiServer"},
}

// inResources is discovers as custom resources write it.
const inResources = "kubernetesSDConfigs"

// spelled gives a field of a job and what it is called there; nil where there is none.
func spelled(n *yaml.Node, field string) (at *yaml.Node, name string) {
	for _, name := range append([]string{field}, spellings[field]...) {
		if at := object.Get(n, name); at != nil {
			return at, name
		}
	}
	return nil, ""
}

// elements gives the elements of a list of a job.
func elements(n *yaml.Node, field string) []*yaml.Node {
	if _, name := spelled(n, field); name != "" {
		return object.Items(n, name)
	}
	return nil
}

// meta begins the labels by which Prometheus knows what it has found.
const meta = "__meta_kubernetes_"

// selects holds for the patterns of a job's rules: a name in one selects what the job has found.
func selects(path object.Path) bool {
	isRules := func(step object.Step) bool {
		return strings.HasSuffix(step.Field, "relabel_configs") ||
			slices.Contains(spellings["relabel_configs"], step.Field)
	}
	return path.Last() == "regex" && slices.ContainsFunc(path, isRules)
}

// jobsOf looks at the jobs of a custom resource, and of the files that are written into it.
func (l look) jobsOf(o *object.Object) {
	note := func(m Mention, server string, strength Strength) {
		m.Object, m.Name, m.Strength, m.Route = o, server, strength, true
		l.found = append(l.found, m)
	}
	l.jobs(o.Node, nil, func(path object.Path, role *yaml.Node, server string, strength Strength) {
		note(Mention{Path: path, Line: o.Doc.Line() + role.Line - 1, node: role}, server, strength)
	})
	for _, s := range scalarsWith(o.Node, nil, func(text string) bool { return strings.Contains(text, discovers) }) {
		if doc, err := o.Doc.Inside(s.node); err == nil {
			if root, err := doc.Root(); err == nil && root != nil {
				base := at(o, s.path, s.node)
				l.jobs(root, nil, func(path object.Path, role *yaml.Node, server string, strength Strength) {
					note(base.within(path, role, doc.Line()), server, strength)
				})
			}
		}
	}
}

// jobs looks below a node of a file or custom resource for jobs that find a server at its port of HTTP, or may. note
// is told where.
func (l look) jobs(n *yaml.Node, path object.Path,
	note func(path object.Path, role *yaml.Node, server string, strength Strength)) {
	_, field := spelled(n, discovers)
	for i, found := range elements(n, discovers) {
		if role := object.Get(found, "role"); role != nil {
			if server, strength := l.scrapes(n, found, strings.ToLower(role.Value)); strength != Nothing {
				note(append(slices.Clone(path), object.Fields(field).Index(strconv.Itoa(i)).Field("role")...), role,
					server, strength)
			}
		}
	}
	for i, child := range n.Content {
		switch {
		case child.Kind == yaml.ScalarNode, n.Kind == yaml.MappingNode && i%2 == 0: // a key may be any node
		case n.Kind == yaml.MappingNode:
			l.jobs(child, append(slices.Clone(path), object.Step{Field: n.Content[i-1].Value}), note)
		default:
			l.jobs(child, append(slices.Clone(path), stepTo(path.Last(), child, i)), note)
		}
	}
}

// scrapes tells which server a job finds, and how sure that is. With a pair it may be let in.
func (l look) scrapes(job, found *yaml.Node, role string) (server string, strength Strength) {
	for _, w := range slices.Concat(l.release.Nodes, l.release.Unmanaged) {
		if spaces := object.Items(found, "namespaces", "names"); len(spaces) > 0 && w.Namespace != "" &&
			!slices.ContainsFunc(spaces, func(n *yaml.Node) bool { return n.Value == w.Namespace }) {
			continue
		}
		for _, t := range l.targets(w, role) {
			if kept := t.kept(elements(job, "relabel_configs")); kept > strength {
				server, strength = w.Name, kept
			}
		}
	}
	tls, _ := spelled(job, "tls_config")
	has := func(field string) bool {
		at, _ := spelled(tls, field)
		return at != nil
	}
	if strength == Address && (narrows(found) || has("cert_file") && has("key_file")) {
		strength = May
	}
	return server, strength
}

// narrows tells whether a job looks for less than its role says, or in another cluster.
func narrows(found *yaml.Node) bool {
	spaces := object.Get(found, "namespaces")
	own, _ := spelled(spaces, "own_namespace")
	server, _ := spelled(found, "api_server")
	return len(object.Items(found, "selectors")) > 0 || own != nil && own.Value == "true" || server != nil ||
		object.Get(found, "kubeconfig_file") != nil
}

// target is what Prometheus knows of something that it has found: labels, and the beginnings of those of which there
// are no others, all without the beginning that all have.
type target struct {
	labels map[string]string
	whole  []string
}

// targets gives what a role finds at a server's port of HTTP.
func (l look) targets(w *recognise.Workload, role string) []target {
	pod := target{map[string]string{}, []string{"pod_label", "pod_annotation"}}
	if w.Namespace != "" {
		pod.labels["namespace"] = w.Namespace
	}
	pod.pairs("pod_label", object.Pairs(w.Pod.Template, "metadata", "labels"))
	pod.pairs("pod_annotation", object.Pairs(w.Pod.Template, "metadata", "annotations"))
	switch role {
	case "pod":
		return l.portsOf(w, pod)
	case "service":
		return l.behindServices(w, pod)
	case "endpoints", "endpointslice":
		var all []target
		for _, t := range l.behindServices(w, pod) {
			if of := l.portsOf(w, t); len(of) > 0 { // a port of the pod goes with that of the Service
				t = of[0]
			}
			all = append(all, t)
		}
		return all
	}
	return nil
}

// portsOf gives a target for each port of a server's pods that is HTTP.
func (l look) portsOf(w *recognise.Workload, t target) []target {
	var all []target
	for _, c := range w.Pod.Containers() {
		for _, p := range object.Items(c.Node, "ports") {
			if number := object.Text(p, "containerPort"); l.names.ports[number] {
				all = append(all, t.with(map[string]string{
					"pod_container_name": c.Name, "pod_container_image": object.Text(c.Node, "image"),
					"pod_container_init":      "false",
					"pod_container_port_name": object.Text(p, "name"), "pod_container_port_number": number,
					"pod_container_port_protocol": "TCP",
				}))
			}
		}
	}
	return all
}

// behindServices gives a target for each port of a Service that leads to HTTP of a server.
func (l look) behindServices(w *recognise.Workload, pod target) []target {
	services, err := l.servicesOf(w)
	ways, broken := l.names.Ways(l.release)
	if err != nil || broken != nil {
		return nil // who looks for instructions says so
	}
	var all []target
	for _, o := range services {
		t := pod.with(map[string]string{"service_name": o.Name})
		t.pairs("service_label", object.Pairs(o.Node, "metadata", "labels"))
		t.pairs("service_annotation", object.Pairs(o.Node, "metadata", "annotations"))
		t.whole = append(slices.Clone(t.whole), "service_label", "service_annotation")
		at := l.watchedService(ways, o, w)
		for _, p := range object.Items(o.Node, "spec", "ports") {
			if name, port := object.Text(p, "name"), object.Text(p, "port"); at.names[name] && at.ports[port] {
				all = append(all, t.with(map[string]string{
					"endpoint_port_name": name, "endpoint_port_protocol": "TCP", "service_port_name": name,
					"service_port_number": port, "service_port_protocol": "TCP",
				}))
			}
		}
	}
	return all
}

func (t target) with(more map[string]string) target {
	all := maps.Clone(t.labels)
	maps.Copy(all, more)
	return target{all, t.whole}
}

// pairs notes labels or annotations, in the letters that Prometheus has.
func (t target) pairs(label string, all map[string]string) {
	for _, written := range slices.Sorted(maps.Keys(all)) {
		name := notOfLabels().ReplaceAllString(written, "_")
		t.labels[label+"_"+name], t.labels[label+"present_"+name] = all[written], "true"
	}
}

var notOfLabels = regex.Of(`[^a-zA-Z0-9_]`)

// kept tells whether the rules of a job keep a target: Address where they do, May where nothing here shows it.
func (t target) kept(rules []*yaml.Node) Strength {
	strength := Address
	for _, rule := range rules {
		if object.Get(rule, "if") != nil || object.Get(rule, "match") != nil { // expressions of VictoriaMetrics
			strength = May
			continue
		}
		action := strings.ToLower(object.Text(rule, "action"))
		switch action {
		case "keep", "drop":
		case "", "replace", "labelmap", "labeldrop", "labelkeep", "hashmod", "lowercase", "uppercase":
			if to, _ := spelled(rule, "target_label"); to != nil && to.Value == "__address__" {
				strength = May // at another port, perhaps
			}
			continue
		default:
			strength = May
			continue
		}
		pattern := "(.*)"
		if n := object.Get(rule, "regex"); n != nil {
			pattern = n.Value
		}
		pattern = "^(?s:" + pattern + ")$"
		re, err := regexp.Compile(pattern)
		text, isOpen := t.joined(rule)
		switch {
		case err != nil, isOpen && mayMatch(pattern, text):
			strength = May
		case isOpen && action == "drop":
		case isOpen, re.MatchString(whole(text)) != (action == "keep"):
			return Nothing
		}
	}
	return strength
}

// joined gives the text that a rule looks at: its labels, with a separator between them. It tells whether one of them
// is open.
func (t target) joined(rule *yaml.Node) (text []labelText, isOpen bool) {
	separator := ";"
	if n := object.Get(rule, "separator"); n != nil {
		separator = n.Value
	}
	for i, label := range elements(rule, "source_labels") {
		if i > 0 {
			text = append(text, labelText{text: separator})
		}
		value, known := t.value(label.Value)
		text, isOpen = append(text, labelText{value, !known}), isOpen || !known
	}
	return text, isOpen
}

// value gives a label; known is false where nothing here shows it. One that is not among those which are all known is
// empty.
func (t target) value(label string) (value string, known bool) {
	label, ok := strings.CutPrefix(label, meta)
	if !ok {
		return "", false
	}
	if value, ok := t.labels[label]; ok {
		return value, true
	}
	isOf := func(beginning string) bool { return strings.HasPrefix(label, beginning) }
	return "", slices.ContainsFunc(t.whole, isOf) &&
		!slices.ContainsFunc(ofControllers[:], func(name string) bool { return strings.HasSuffix(label, name) })
}

// ofControllers are labels that pods get in the cluster only.
var ofControllers = [...]string{
	"_pod_template_hash", "_controller_revision_hash", "_pod_template_generation",
	"_statefulset_kubernetes_io_pod_name", "_apps_kubernetes_io_pod_index",
}
