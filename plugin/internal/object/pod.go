package object

import (
	"cmp"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Pod is the pod that a workload makes, or that a Pod is.
type Pod struct {
	Template *yaml.Node // mapping that holds the pod's metadata and spec
	Spec     *yaml.Node
	path     []string // of Template in the object
	object   *Object  // nil in tests
}

// namespace gives the namespace of the pod, "" where the manifests name none.
func (p Pod) namespace() string {
	if p.object == nil {
		return ""
	}
	return p.object.Namespace
}

// ServiceAccount gives the account that the pod runs as. serviceAccount is the older name of the field.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#deprecated
func (p Pod) ServiceAccount() string {
	return cmp.Or(Text(p.Spec, "serviceAccountName"), Text(p.Spec, "serviceAccount"), "default")
}

// templates are the places of pod templates: in workloads of whatever kind, in a CronJob, and in a ScaledJob of KEDA.
var templates = [...][]string{{"spec", "template"}, {"spec", "jobTemplate", "spec", "template"},
	{"spec", "jobTargetRef", "template"}}

// NoPods holds for kinds that may hold any text, and make no pods.
func NoPods(kind string) bool {
	return slices.Contains([]string{"ConfigMap", "Secret", "CustomResourceDefinition"}, kind)
}

// Pod gives the pod of a workload; false for objects that make none. What has a template with containers is a
// workload, whatever its kind is: StatefulSets of other groups, Rollouts, DeploymentConfigs, Services of Knative.
func (o *Object) Pod() (Pod, bool) {
	if o.Kind == "Pod" && o.Group() == "" {
		spec := Get(o.Node, "spec")
		return Pod{Template: Get(o.Node), Spec: spec, object: o}, spec != nil
	}
	for _, at := range templates {
		if NoPods(o.Kind) {
			break
		}
		template := Get(o.Node, at...)
		if containers := Get(template, "spec", "containers"); containers != nil &&
			containers.Kind == yaml.SequenceNode {
			return Pod{Template: template, Spec: Get(template, "spec"), path: at, object: o}, true
		}
	}
	return Pod{}, false
}

// IsJob holds for workloads that come to an end, whatever group they are of: Job, CronJob, ScaledJob.
func (o *Object) IsJob() bool { return strings.HasSuffix(o.Kind, "Job") }

// IsTest holds for a test of the chart: it runs when somebody asks for it, and its failure is seen.
func (o *Object) IsTest() bool { return o.Hook == "test" || o.Hook == "test-success" }

// Path gives the place of something inside the pod template, seen from the object: Path("spec", "volumes").
func (p Pod) Path(below ...string) []string {
	return append(append([]string(nil), p.path...), below...)
}

// Container is one container or init container of a pod.
type Container struct {
	Node *yaml.Node
	Name string
	List string // "containers" or "initContainers"
	pod  Pod
}

// Containers lists the containers of the pod, without init containers.
func (p Pod) Containers() []Container { return p.list("containers") }

// InitContainers lists the init containers of the pod.
func (p Pod) InitContainers() []Container { return p.list("initContainers") }

// All lists init containers and containers, in the order in which they start.
func (p Pod) All() []Container { return append(p.InitContainers(), p.Containers()...) }

func (p Pod) list(field string) []Container {
	var all []Container
	for _, node := range Items(p.Spec, field) {
		all = append(all, Container{Node: node, Name: Text(node, "name"), List: field, pod: p})
	}
	return all
}

// Path gives the place of something inside the container, seen from the object. The container's own step is its name.
func (c Container) Path() []string { return c.pod.Path("spec", c.List) }

// Image gives the repository's last path element and the tag: "registry:5000/a/elasticsearch:8.5.1@sha256:…" is
// "elasticsearch" and "8.5.1".
func (c Container) Image() (repository, tag string) {
	ref, _, _ := strings.Cut(Text(c.Node, "image"), "@")
	ref = ref[strings.LastIndex(ref, "/")+1:]
	repository, tag, _ = strings.Cut(ref, ":")
	return repository, tag
}

// Command gives the container's command and arguments.
func (c Container) Command() []string {
	var words []string
	for _, field := range []string{"command", "args"} {
		for _, node := range Items(c.Node, field) {
			words = append(words, node.Value)
		}
	}
	return words
}

// Variables gives the names of the variables that the container sets itself.
func (c Container) Variables() []string {
	var names []string
	for _, e := range Items(c.Node, "env") {
		if name := Text(e, "name"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Source is what lies behind a file of a container: one key of a Secret or ConfigMap.
type Source struct {
	Namespace string // "" where the manifests name none
	Kind      string // "Secret" or "ConfigMap"
	Name      string
	Key       string
}

// In gives the source as an object in a namespace sees it.
func (s Source) In(namespace string) Source {
	s.Namespace = namespace
	return s
}

// String gives the form of messages: `Secret/es-certs key "tls.crt"`.
func (s Source) String() string { return s.Kind + "/" + s.Name + ` key "` + s.Key + `"` }

// ConfigMaps gives the names of the ConfigMaps that the container mounts or takes variables from.
func (c Container) ConfigMaps() []string {
	var names []string
	for _, from := range Items(c.Node, "envFrom") {
		names = append(names, Text(from, "configMapRef", "name"))
	}
	for _, m := range c.Mounts() {
		for _, part := range c.pod.Sources(m.Volume) {
			if part.Kind == "ConfigMap" {
				names = append(names, part.Name)
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// Reads tells whether the container mounts a key of a ConfigMap or Secret, or takes a variable from it.
func (c Container) Reads(kind, name, key string) bool {
	ref, keyRef := "configMapRef", "configMapKeyRef"
	if kind == "Secret" {
		ref, keyRef = "secretRef", "secretKeyRef"
	}
	for _, from := range Items(c.Node, "envFrom") {
		if Text(from, ref, "name") == name {
			return true
		}
	}
	for _, e := range Items(c.Node, "env") {
		if Text(e, "valueFrom", keyRef, "name") == name && Text(e, "valueFrom", keyRef, "key") == key {
			return true
		}
	}
	return slices.ContainsFunc(c.Mounts(), func(m Mount) bool {
		return slices.ContainsFunc(c.pod.Sources(m.Volume), func(part Part) bool {
			if part.Key == "" { // all keys, each under its name
				part.Key, part.File = key, key
			}
			return part.Kind == kind && part.Name == name && part.Key == key &&
				(m.SubPath == "" || m.SubPath == part.File || strings.HasPrefix(part.File, m.SubPath+"/"))
		})
	})
}

// Shows tells whether a volume of the pod holds a key of a Secret or ConfigMap: one that lists no keys holds all of
// them.
func (p Pod) Shows(s Source) bool {
	return slices.ContainsFunc(Items(p.Spec, "volumes"), func(v *yaml.Node) bool {
		return slices.ContainsFunc(p.Sources(Text(v, "name")), func(part Part) bool {
			return part.Kind == s.Kind && part.Name == s.Name && (part.Key == "" || part.Key == s.Key)
		})
	})
}

// Needs tells whether the pod cannot start before a Secret or ConfigMap holds a key: a volume lists it, and not as
// optional.
func (p Pod) Needs(s Source) bool {
	return slices.ContainsFunc(Items(p.Spec, "volumes"), func(v *yaml.Node) bool {
		return slices.ContainsFunc(p.Sources(Text(v, "name")), func(part Part) bool {
			return part.Kind == s.Kind && part.Name == s.Name && part.Key == s.Key && !part.Optional
		})
	})
}
