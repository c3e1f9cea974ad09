package object

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Variable is one variable of the environment of a container's process.
type Variable struct {
	Name    string
	Text    string       // the value, with other variables put in; what is not known of it stands there as ${NAME}
	Written string       // as it is written, "" where it comes from elsewhere
	Known   bool         // all of the text is
	Secret  bool         // a Secret is in it: it belongs into no message
	Why     string       // of what is not known
	From    Source       // the key that it comes from
	Refs    []string     // the variables that are put in
	Nodes   []*yaml.Node // where it stands, what it refers to included
	Script  bool         // a script sets it, or a program such as env
	Entry   *yaml.Node   // of the container's own list; nil where it comes from a whole Secret or ConfigMap
	Content Content      // in the Secret or ConfigMap that holds it; empty where nothing shows one
}

// Environment is what the manifests say about the environment of a container's process, by the rules of the kubelet.
// The variables of its image are below these, and are not known.
// https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/kubelet/kubelet_pods.go#L621
type Environment struct {
	byName map[string]Variable
	order  []string
	absent []Variable
	open   []string // whole Secrets and ConfigMaps that nothing shows: KIND/NAME
	links  bool     // each Service of the namespace gives it variables
	in     Input
	home   string // the namespace
}

// Environment reads the environment of a container; with in nil what it takes from Secrets and ConfigMaps is not known.
func (c Container) Environment(in Input) Environment {
	e := Environment{byName: map[string]Variable{}, links: Text(c.pod.Spec, "enableServiceLinks") != "false", in: in,
		home: c.pod.namespace()}
	for _, from := range Items(c.Node, "envFrom") {
		e.takeAll(from)
	}
	for _, node := range Items(c.Node, "env") {
		if name := Text(node, "name"); name != "" {
			e.define(name, node)
		}
	}
	return e
}

// Absent gives the variables for which a Secret or ConfigMap has no key: the container does not start, whatever sets
// them besides.
func (e Environment) Absent() []Variable { return e.absent }

// Get gives a variable. One that may be set, but nothing shows it, is there and not known.
func (e Environment) Get(name string) (Variable, bool) {
	v, ok := e.byName[name]
	switch {
	case ok:
		return v, true
	case len(e.open) > 0:
		return Variable{Name: name, Why: "it may come from " + strings.Join(e.open, ", ")}, true
	case e.links && isLink(name):
		return Variable{Name: name, Why: "it is the address of a Service"}, true
	}
	return Variable{}, false
}

// Own gives a variable that the manifests show to be set.
func (e Environment) Own(name string) (Variable, bool) {
	v, ok := e.byName[name]
	return v, ok
}

// All gives the variables that the manifests show to be set, in the order in which they do.
func (e Environment) All() []Variable {
	all := make([]Variable, 0, len(e.byName))
	for _, name := range e.order {
		if v, ok := e.byName[name]; ok {
			all = append(all, v)
		}
	}
	return all
}

func (e *Environment) set(v Variable) {
	if _, ok := e.byName[v.Name]; !ok {
		e.order = append(e.order, v.Name)
	}
	e.byName[v.Name] = v
}

// Open names the Secrets and ConfigMaps that may set any variable, since nothing shows them.
func (e Environment) Open() []string { return e.open }

// Word gives a variable as a shell gets it.
func (e Environment) Word(name string) (shell.Word, bool) {
	v, set := e.Get(name)
	return shell.Word{Text: v.Text, Known: v.Known, From: v.Refs}, set
}

// Under gives the environment of commands that the container starts by scripts and programs such as env. nodes are
// where these stand. What the commands have in different ways is not known.
func (e Environment) Under(commands []shell.Command, nodes []*yaml.Node) Environment {
	names, anyOpen, allBare := []string{}, false, len(commands) > 0
	for _, c := range commands {
		changed, open, bare := c.Changed()
		if names = append(names, changed...); open || bare {
			names = slices.Concat(names, slices.Sorted(maps.Keys(e.byName)))
		}
		anyOpen, allBare = anyOpen || open, allBare && bare
	}
	if allBare {
		e.links, e.open = false, nil
	}
	if anyOpen {
		e.open = append(slices.Clone(e.open), "its command")
	}
	if len(names) == 0 {
		return e
	}
	e.byName, e.order = maps.Clone(e.byName), slices.Clone(e.order)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		e.change(commands, name, nodes)
	}
	return e
}

// change takes over what commands have for a variable.
func (e *Environment) change(commands []shell.Command, name string, nodes []*yaml.Node) {
	w, set := commands[0].Variable(name)
	agree := !slices.ContainsFunc(commands[1:], func(c shell.Command) bool {
		other, also := c.Variable(name)
		return also != set || other.Text != w.Text || other.Known != w.Known
	})
	given, was := e.byName[name]
	switch {
	case agree && set == was && w.Text == given.Text && w.Known == given.Known:
	case agree && !set:
		delete(e.byName, name)
		e.order = slices.DeleteFunc(e.order, func(other string) bool { return other == name })
	default:
		v := Variable{Name: name, Text: w.Text, Known: w.Known && agree, Refs: w.From,
			Nodes: slices.Concat(nodes, given.Nodes), Script: true}
		if !v.Known {
			v.Text, v.Why = "", "a script sets it"
		}
		e.set(v)
	}
}

// takeAll takes every key of a ConfigMap or Secret for a variable: of several the last counts.
func (e *Environment) takeAll(from *yaml.Node) {
	prefix := Text(from, "prefix")
	for _, kind := range []string{"ConfigMap", "Secret"} {
		name := Text(from, refField(kind)+"Ref", "name")
		if name == "" {
			continue
		}
		source := Source{Namespace: e.home, Kind: kind, Name: name}
		o := e.object(source)
		if o == nil {
			e.open = append(e.open, kind+"/"+name)
			continue
		}
		for _, key := range o.Keys() {
			content, _ := o.Content(key)
			if source.Key = key; content.Field != "binaryData" && isVariableName(prefix+key) {
				e.set(held(prefix+key, source, content))
			}
		}
	}
}

// object gives a Secret or ConfigMap, nil where the input does not show it, or somebody fills it later.
func (e *Environment) object(s Source) *Object {
	if e.in == nil {
		return nil
	}
	s.Key = ""
	c, state, _ := Look(e.in, s)
	if state == NotShown {
		return nil
	}
	return c.Object
}

// held gives the variable that a key is.
func held(name string, from Source, c Content) Variable {
	v := Variable{Name: name, Text: string(c.Text), Known: !c.Broken, Secret: from.Kind == "Secret", From: from,
		Nodes: []*yaml.Node{c.Node}, Content: c}
	if c.Broken {
		v.Text, v.Why = "", from.String()+" is not written as base64"
	}
	return v
}

// define sets a variable of the container's own list.
func (e *Environment) define(name string, node *yaml.Node) {
	v := Variable{Name: name, Written: Text(node, "value"), Known: true, Entry: node, Nodes: []*yaml.Node{node}}
	if value := Get(node, "value"); value != nil {
		v.Nodes = []*yaml.Node{value}
	}
	from := Get(node, "valueFrom")
	if from == nil || v.Written != "" {
		e.expand(&v)
		e.set(v)
		return
	}
	v.Known, v.Why = false, "it comes from the pod itself"
	for _, kind := range []string{"ConfigMap", "Secret"} {
		ref := Get(from, refField(kind)+"KeyRef")
		if ref == nil {
			continue
		}
		v.From = Source{Namespace: e.home, Kind: kind, Name: Text(ref, "name"), Key: Text(ref, "key")}
		v.Secret = kind == "Secret"
		o := e.object(v.From)
		if o == nil {
			v.Why = fmt.Sprintf("%s/%s is not shown", kind, v.From.Name)
			continue
		}
		content, ok := o.Content(v.From.Key)
		switch {
		case ok && content.Field != "binaryData":
			entry, nodes := v.Entry, v.Nodes
			v = held(name, v.From, content)
			v.Entry, v.Nodes = entry, append(nodes, v.Nodes...)
		case Text(ref, "optional") == "true":
			return // it keeps the value that it has
		default:
			v.Why = v.From.String() + " is not there, and the container does not start"
			e.absent = append(e.absent, v)
		}
	}
	e.set(v)
}

// expand puts in what Kubernetes does for $(NAME): what is set before. What is set nowhere stays as it is, and $$
// stands for $.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func (e *Environment) expand(v *Variable) {
	w := shell.Expand(v.Written, func(name string) (shell.Word, bool) {
		other, set := e.Get(name)
		if set {
			v.Secret = v.Secret || other.Secret
			for _, n := range other.Nodes {
				if !slices.Contains(v.Nodes, n) {
					v.Nodes = append(v.Nodes, n)
				}
			}
			if other.From.Name != "" {
				v.From = other.From
			}
			if !other.Known {
				v.Why = "$(" + name + "): " + other.Why
			}
		}
		return shell.Word{Text: other.Text, Known: other.Known, From: other.Refs}, set
	})
	v.Text, v.Known, v.Refs = w.Text, w.Known, w.From
}

// refField begins the name of the fields that refer to an object of a kind: secretRef, configMapKeyRef.
func refField(kind string) string { return strings.ToLower(kind[:1]) + kind[1:] }

// isVariableName holds for what may be the name of a variable: others are left out of a whole Secret or ConfigMap.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
func isVariableName(name string) bool {
	if name == "" {
		return false
	}
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' || name[i] == '=' {
			return false
		}
	}
	return true
}

// isLink holds for the variables by which each container finds the Services of its namespace: SEARCH_SERVICE_HOST,
// SEARCH_PORT_9200_TCP_ADDR.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
func isLink(name string) bool {
	return strings.HasSuffix(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") ||
		strings.HasSuffix(name, "_PORT") ||
		strings.Contains(name, "_PORT_") && (strings.Contains(name, "_TCP") || strings.Contains(name, "_UDP"))
}
