package object

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Input is where Secrets and ConfigMaps are looked up.
type Input interface {
	// Shown gives the Secret or ConfigMap of a source, nil where the input does not show it.
	Shown(Source) *Object
	// Filler names the object of the input that has a controller fill that Secret or ConfigMap, "" for none.
	Filler(Source) string
}

// State says what the input shows of a key.
type State int

// The states.
const (
	NotShown State = iota // its object is elsewhere, or is filled later
	Held
	Lacking // its object is in the input, and has no such key
)

// Content is the value of a key of a Secret or ConfigMap.
type Content struct {
	Text    []byte     // decoded
	Node    *yaml.Node // where it stands
	Object  *Object
	Field   string // data, binaryData or stringData
	Encoded bool   // it stands there in base64
	Broken  bool   // or should: Text is then what stands there
}

// Look gives what the input shows of a key; why says what fills its object where that is known.
func Look(in Input, s Source) (c Content, state State, why string) {
	o := in.Shown(s)
	if o == nil {
		return Content{}, NotShown, ""
	}
	if why = o.filled(); !o.Live && (why == "" || why == NoData) {
		if filler := in.Filler(s); filler != "" {
			why = filler + " has it filled"
		}
	}
	if why != "" {
		return Content{Object: o}, NotShown, why
	}
	if c, ok := o.Content(s.Key); ok {
		return c, Held, ""
	}
	return Content{Object: o}, Lacking, ""
}

// controllers are the annotations and labels by which a controller fills the object that bears them.
// https://github.com/emberstack/kubernetes-reflector#usage, https://github.com/mittwald/kubernetes-replicator#pull-based-replication,
// https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/security_and_compliance/configuring-certificates
var controllers = [...]string{
	"reflector.v1.k8s.emberstack.com/reflects",
	"replicator.v1.mittwald.de/replicate-from",
	"service.beta.openshift.io/inject-cabundle",
	"service.alpha.openshift.io/inject-cabundle",
	"config.openshift.io/inject-trusted-cabundle",
}

// NoData is why the keys of an object that bears none are not shown: who bears none waits for some.
const NoData = "it has no data yet"

// filled tells what fills an object later, "" when nothing does.
func (o *Object) filled() string {
	for _, name := range controllers {
		if !o.Live && (o.Annotation(name) != "" || o.Label(name) != "") {
			return "it has " + name
		}
	}
	for _, name := range fields {
		for range entries(Get(o.Node, name)) {
			return ""
		}
	}
	return NoData
}

// fields are where a Secret or ConfigMap has its keys, the one that counts last.
// https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data
var fields = [...]string{"data", "binaryData", "stringData"}

// Content gives the value of a key.
func (o *Object) Content(key string) (Content, bool) {
	for _, name := range slices.Backward(fields[:]) {
		if n := Get(o.Node, name, key); n != nil && n.Kind == yaml.ScalarNode {
			return o.content(name, n), true
		}
	}
	return Content{}, false
}

func (o *Object) content(name string, n *yaml.Node) Content {
	c := Content{Text: []byte(n.Value), Node: n, Object: o, Field: name}
	c.Encoded = name == "binaryData" || name == "data" && o.Kind == "Secret"
	if c.Encoded {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if c.Broken = err != nil; !c.Broken {
			c.Text = decoded
		}
	}
	return c
}

// Keys lists the keys of a Secret or ConfigMap.
func (o *Object) Keys() []string {
	keys := map[string]string{}
	for _, name := range fields {
		maps.Copy(keys, Pairs(o.Node, name))
	}
	return slices.Sorted(maps.Keys(keys))
}

// Same tells whether two objects have the same keys with the same values.
func (o *Object) Same(other *Object) bool {
	keys := o.Keys()
	return slices.Equal(keys, other.Keys()) && !slices.ContainsFunc(keys, func(key string) bool {
		a, _ := o.Content(key)
		b, _ := other.Content(key)
		return string(a.Text) != string(b.Text)
	})
}
