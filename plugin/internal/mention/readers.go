package mention

import (
	"cmp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// source names a ConfigMap or Secret as a pod refers to it.
type source struct{ kind, name string }

// sources gives the ConfigMaps and Secrets that a container may read.
func sources(pod object.Pod, c object.Container) []source {
	var all []source
	add := func(kind, name string) {
		if s := (source{kind, name}); name != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	for _, from := range object.Items(c.Node, "envFrom") {
		add("ConfigMap", object.Text(from, "configMapRef", "name"))
		add("Secret", object.Text(from, "secretRef", "name"))
	}
	for _, e := range object.Items(c.Node, "env") {
		add("ConfigMap", object.Text(e, "valueFrom", "configMapKeyRef", "name"))
		add("Secret", object.Text(e, "valueFrom", "secretKeyRef", "name"))
	}
	for _, m := range c.Mounts() {
		for _, part := range pod.Sources(m.Volume) {
			add(part.Kind, part.Name)
		}
	}
	return all
}

// readership is who reads ConfigMaps and Secrets.
type readership struct {
	all      []Reader
	near     []Reader // beside a server, in its pod or on its machine
	by       map[source][]Reader
	held     map[source][]object.Pod // in a volume
	referred map[source]bool         // by a custom resource
	told     map[*yaml.Node]bool     // containers that are told a name
}

// readers finds who reads the ConfigMaps and Secrets that name a server, and what these name by variables of their
// readers.
func (f *finder) readers() error {
	var wanted []string
	told := map[*yaml.Node]bool{}
	for _, m := range f.found {
		if m.where != nil {
			told[m.where] = true
		} else if isFile(m) {
			wanted = append(wanted, m.Object.Name)
		}
	}
	objects, err := f.readingPods(wanted)
	if err != nil {
		return err
	}
	reads := readership{by: map[source][]Reader{}, held: map[source][]object.Pod{}, referred: f.referred(wanted),
		told: told}
	for _, o := range objects {
		if pod, ok := o.Pod(); ok {
			reads.add(f.names, o, pod)
		}
	}
	f.attach(reads)
	for _, r := range reads.all {
		if reads.told[r.Container.Node] {
			f.filesOf(r, nil)
		}
	}
	for _, r := range reads.near {
		f.filesOf(r, nearbyOf(r.Container))
	}
	return nil
}

// add takes the containers of a pod.
func (reads *readership) add(n *Names, o *object.Object, pod object.Pod) {
	for _, s := range volumesOf(pod) {
		reads.held[s] = append(reads.held[s], pod)
	}
	for _, c := range append(pod.Containers(), pod.InitContainers()...) {
		r := Reader{o, c}
		reads.all = append(reads.all, r)
		for _, s := range sources(pod, c) {
			reads.by[s] = append(reads.by[s], r)
		}
		if n.isBeside(o, pod, c) {
			reads.near = append(reads.near, r)
		}
	}
}

func isFile(m Mention) bool {
	return m.where == nil && (m.Object.Kind == "ConfigMap" || m.Object.Kind == "Secret") && m.Object.Group() == ""
}

// readingPods gives the objects with a pod that refer to one of names, and those that are told a server.
func (f *finder) readingPods(names []string) ([]*object.Object, error) {
	var all []*object.Object
	seen := map[*object.Object]bool{}
	add := func(o *object.Object) {
		if !seen[o] {
			seen[o] = true
			all = append(all, o)
		}
	}
	if f.names.onMachine {
		names = append(names, "hostNetwork")
	}
	if len(names) > 0 {
		slices.Sort(names)
		pods, err := f.release.Pods(slices.Compact(names))
		if err != nil {
			return nil, err
		}
		for _, o := range pods {
			add(o)
		}
	}
	for _, w := range slices.Concat(f.release.Nodes, f.release.Kibanas, f.release.Unmanaged) {
		add(w.Object)
	}
	for _, m := range f.found {
		if m.where != nil {
			add(m.Object)
		}
	}
	return all, nil
}

// references are the fields by which an object takes a ConfigMap or Secret: each as what refers to it, and the name
// there.
var references = map[[2]string]string{
	{"configMapRef", "name"}: "ConfigMap", {"configMapKeyRef", "name"}: "ConfigMap", {"configMap", "name"}: "ConfigMap",
	{"secretRef", "name"}: "Secret", {"secretKeyRef", "name"}: "Secret", {"secret", "secretName"}: "Secret",
	{"secret", "name"}: "Secret",
}

// refersTo gives the kinds of which a scalar of a custom resource names one: what has a name and a key is one of a
// Secret or ConfigMap, as additionalScrapeConfigs of a Prometheus.
func (s scalar) refersTo() []string {
	last := len(s.path) - 1
	if last < 1 {
		return nil
	}
	if kind := references[[2]string{s.path[:last].Last(), s.path[last].Field}]; kind != "" {
		return []string{kind}
	}
	if s.path[last].Field == "name" && object.Get(s.in, "key") != nil {
		return []string{"ConfigMap", "Secret"}
	}
	return nil
}

// ofKubernetes are kinds that refer to nothing but in their pods.
var ofKubernetes = []string{
	"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "ConfigMap", "Secret", "Service",
	"ServiceAccount", "Role", "RoleBinding",
}

// referred gives the ConfigMaps and Secrets of some names that a custom resource takes: what it runs reads them, as
// those of a pod do.
func (f *finder) referred(names []string) map[source]bool {
	all := map[source]bool{}
	if len(names) == 0 {
		return all
	}
	builtIn := func(kind string, text []byte) bool {
		return slices.Contains(ofKubernetes, kind) || staysSilent(kind, text)
	}
	for _, doc := range f.release.Naming(slices.Compact(names), builtIn) {
		objects, err := f.release.In(doc)
		if err != nil {
			continue // what it may name is reported
		}
		for _, o := range objects {
			if _, runs := o.Pod(); runs || isSilent(o) || !strings.Contains(o.Group(), ".") {
				continue
			}
			for _, s := range scalars(o.Node) {
				for _, kind := range s.refersTo() {
					all[source{kind, s.node.Value}] = true
				}
			}
		}
	}
	return all
}

// volumesOf gives the ConfigMaps and Secrets in the volumes of a pod.
func volumesOf(pod object.Pod) []source {
	var all []source
	for _, v := range object.Items(pod.Spec, "volumes") {
		for _, part := range pod.Sources(object.Text(v, "name")) {
			all = append(all, source{part.Kind, part.Name})
		}
	}
	return all
}

// attach notes who reads a mention in a ConfigMap or Secret. What no container of the stream reads shows no client,
// and no more than that somebody may call; what only a server reads says what its own nodes are called.
func (f *finder) attach(reads readership) {
	kept := f.found[:0]
	var passed []Mention
	for _, m := range f.found {
		if !isFile(m) || len(m.Readers) > 0 {
			kept = append(kept, m)
			continue
		}
		of := source{m.Object.Kind, m.Object.Name}
		from := object.Source{Kind: of.kind, Name: of.name, Key: m.Path.Last()}
		left, read := f.attachTo(&m, from, reads)
		passed = append(passed, left...)
		read = read || reads.referred[of]
		if m.composed && read && !reads.referred[of] {
			continue
		}
		if !read && !slices.ContainsFunc(reads.held[of], func(pod object.Pod) bool { return pod.Shows(from) }) {
			m.Strength-- // to may, or to nothing
		}
		if m.Strength > Nothing && (len(m.Readers) > 0 || !read || reads.referred[of]) {
			kept = append(kept, m)
		}
	}
	f.found = append(kept, passed...)
}

// attachTo notes the containers that read a mention, and tells whether there is any. Those that leave it to another
// container of their pod get a mention of their own.
func (f *finder) attachTo(m *Mention, from object.Source, reads readership) (left []Mention, read bool) {
	for _, r := range reads.by[source{from.Kind, from.Name}] {
		if !near(r.Object.Namespace, m.Object.Namespace) || !r.Container.Reads(from.Kind, from.Name, from.Key) {
			continue
		}
		read = true
		switch {
		case f.names.servers[r.Object] == r.Container.Node && m.own == Nothing:
		case f.leaves(r, from):
			beside := *m
			beside.Strength, beside.Readers, beside.left = min(m.Strength, May), []Reader{r}, true
			left = append(left, beside)
		case m.composed:
			reads.told[r.Container.Node] = true // its own variables tell more
		default:
			m.Readers = append(m.Readers, r)
			reads.told[r.Container.Node] = true
		}
	}
	return left, read
}

// leaves tells whether a container that is shown a script leaves it to another one of its pod, which is seen to run
// it: itself it runs others of the same folder, and never says the name of this one.
func (f *finder) leaves(r Reader, script object.Source) bool {
	runs := func(c object.Container, isIt func(process.Run) bool) bool {
		return slices.ContainsFunc(f.release.Process(c).Runs, isIt)
	}
	ofFolder := func(run process.Run) bool {
		return run.Holder != nil && run.Holder.Kind == script.Kind && run.Holder.Name == script.Name
	}
	pod, _ := r.Object.Pod()
	if !runs(r.Container, ofFolder) ||
		runs(r.Container, func(run process.Run) bool { return strings.Contains(run.Text(), script.Key) }) {
		return false
	}
	return slices.ContainsFunc(pod.All(), func(c object.Container) bool {
		return c.Node != r.Container.Node &&
			runs(c, func(run process.Run) bool { return ofFolder(run) && run.Key == script.Key })
	})
}

func near(a, b string) bool { return a == b || a == "" || b == "" }

// filesOf looks at the files of a container for what only this one finds in them: servers that a variable names, or
// its own machine.
func (f *finder) filesOf(r Reader, beside *nearby) {
	pod, _ := r.Object.Pod()
	l := look{finder: f, near: beside, reader: &r}
	if beside == nil {
		l.variable, l.said = f.variables(r.Container), f.names.spoken(f.release.Process(r.Container))
	}
	for _, s := range sources(pod, r.Container) {
		o, err := f.release.Find(r.Object.Namespace, s.kind, s.name)
		if err != nil || o == nil {
			continue
		}
		l.object = o
		for _, e := range entries(o) {
			if r.Container.Reads(s.kind, s.name, e.key) {
				l.file(e)
			}
		}
	}
}

// variables gives the variables of a container, as far as the stream shows them.
func (f *finder) variables(c object.Container) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		value := written(f.release.Process(c).Given, name)
		return value, value != ""
	}
}

// written gives the text of a variable, as far as the stream shows it.
func written(env object.Environment, name string) string {
	v, set := env.Own(name)
	if !set {
		return ""
	}
	return cmp.Or(v.Text, v.Written)
}

// nearbyOf gives the variables in which a container has the address or the name of its own pod.
func nearbyOf(c object.Container) *nearby {
	n := &nearby{variables: map[string]bool{"HOSTNAME": true}}
	for _, e := range object.Items(c.Node, "env") {
		switch object.Text(e, "valueFrom", "fieldRef", "fieldPath") {
		case "status.podIP", "status.podIPs", "metadata.name":
			n.variables[object.Text(e, "name")] = true
		}
	}
	return n
}

// isTold tells whether a container is told a port of a server by itself: --port 9200.
func (p ports) isTold(c object.Container) bool {
	for _, field := range []string{"command", "args", "env"} {
		at := object.Get(c.Node, field)
		if at == nil {
			continue
		}
		for _, s := range scalars(at) {
			for i, text := 0, s.node.Value; i < len(text); {
				from := i
				for i < len(text) && text[i] >= '0' && text[i] <= '9' {
					i++
				}
				if p[text[from:i]] {
					return true
				}
				i = max(i, from+1)
			}
		}
	}
	return false
}
