// Package object reads Kubernetes objects: a document of a stream comes in, typed questions about it (its identity,
// its pod, the Secret behind a path) go out. It changes nothing and never passes a manifest through typed structs,
// which would lose fields.
package object

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// HookAnnotation makes Helm run an object as a hook instead of keeping it in the release, see
// https://helm.sh/docs/topics/charts_hooks/.
const HookAnnotation = "helm.sh/hook"

// ID names an object as people write it: kind and name, with the namespace where the manifest has one.
type ID struct {
	APIVersion, Kind, Namespace, Name string
}

// Group gives the group of the API that the kind is of, "" for the core.
func (id ID) Group() string {
	group, _, ok := strings.Cut(id.APIVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// String gives the form of messages, reports and refs in the configuration: "StatefulSet/es-master".
func (id ID) String() string { return id.Kind + "/" + id.Name }

// Object is one object of the stream. Several objects share a document when that is a List.
type Object struct {
	ID
	Doc  *manifest.Document
	Node *yaml.Node // the object's mapping inside the document
	Path []string   // where the object sits in its document: nil, or "items" and the index
	Hook string     // value of the helm.sh/hook annotation, "" for an ordinary object
	Live bool       // it was read out of a cluster: what a controller puts into it is there

	runs map[*yaml.Node]commands // what its containers run: it is read once
}

// ResourceList is the kind in which kustomize and kpt hand objects to a function, see
// https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md.
const ResourceList = "ResourceList"

// IsList holds for the kinds of lists: List, StatefulSetList, ConfigMapList, ResourceList and others. Helm, kubectl
// and kustomize take them apart.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#collections
func IsList(kind string) bool { return strings.HasSuffix(kind, "List") }

// In lists the objects of a document: one, none for an empty document, or the items of a list.
func In(doc *manifest.Document) ([]*Object, error) {
	root, err := doc.Root()
	if err != nil {
		return nil, fmt.Errorf("%s: the document that starts on line %d of the input is broken (lines counted from "+
			"there: %w)",
			rawName(doc.Text()), doc.Line(), err)
	}
	if root == nil || root.Tag == yaml.NodeTagNull {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: the document is no Kubernetes object: it holds no mapping", doc.Line())
	}
	if kind := Text(root, "kind"); kind == ResourceList || IsList(kind) && yaml.Field(root, "items") != nil {
		items := Get(root, "items")
		if items == nil {
			return nil, nil
		}
		if items.Kind != yaml.SequenceNode {
			return nil, fmt.Errorf("line %d: items of the %s is no list", doc.Line(), kind)
		}
		var all []*Object
		for i, e := range items.Content {
			o := newObject(doc, e, []string{"items", fmt.Sprint(i)})
			if one := strings.TrimSuffix(kind, "List"); o.Kind == "" && one != "" { // as the API server writes them
				o.Kind, o.APIVersion = one, Text(root, "apiVersion")
			}
			all = append(all, o)
		}
		return all, nil
	}
	return []*Object{newObject(doc, root, nil)}, nil
}

// rawName names an object whose document cannot be parsed, by the first lines that look like its kind and name.
func rawName(text []byte) string {
	kind, name := "?", "?"
	for _, line := range strings.Split(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, "kind:"); ok && kind == "?" {
			kind = strings.Trim(value, " \r\"'")
		}
		if value, ok := strings.CutPrefix(line, "  name:"); ok && name == "?" {
			name = strings.Trim(value, " \r\"'")
		}
	}
	return kind + "/" + name
}

func newObject(doc *manifest.Document, node *yaml.Node, path []string) *Object {
	return &Object{
		ID: ID{
			APIVersion: Text(node, "apiVersion"),
			Kind:       Text(node, "kind"),
			Namespace:  Text(node, "metadata", "namespace"),
			Name:       Text(node, "metadata", "name"),
		},
		Doc:  doc,
		Node: node,
		Path: path,
		Hook: Text(node, "metadata", "annotations", HookAnnotation),
	}
}

// Line gives the line of the input on which the object begins.
func (o *Object) Line() int {
	if o.Path == nil {
		return o.Doc.Line()
	}
	return o.Doc.Line() + o.Node.Line - 1
}

// Annotation gives the value of one of the object's own annotations, "" when it has none of that name.
func (o *Object) Annotation(name string) string { return Text(o.Node, "metadata", "annotations", name) }

// Label gives the value of one of the object's own labels, "" when it has none of that name.
func (o *Object) Label(name string) string { return Text(o.Node, "metadata", "labels", name) }

// Pairs gives the string entries of the mapping at path; nil when it is absent, null or something else.
func Pairs(node *yaml.Node, path ...string) map[string]string {
	at := Get(node, path...)
	if at == nil || at.Kind != yaml.MappingNode {
		return nil
	}
	content := at.Content
	pairs := make(map[string]string, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		if content[i+1].Kind == yaml.ScalarNode {
			pairs[content[i].Value] = content[i+1].Value
		}
	}
	return pairs
}

// entries gives the fields of a mapping in their order.
func entries(node *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		n := Get(node)
		for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// Get follows fields down from node and gives nil where one is absent, null or no mapping.
func Get(node *yaml.Node, path ...string) *yaml.Node {
	n := node
	for _, name := range path {
		if n = yaml.Field(behindAlias(n), name); n == nil || n.Tag == yaml.NodeTagNull {
			return nil
		}
	}
	return behindAlias(n)
}

func behindAlias(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Text gives the scalar at path as it is written, "" when it is absent, null or no scalar.
func Text(node *yaml.Node, path ...string) string {
	n := Get(node, path...)
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// Items gives the elements of the list at path, none when it is absent, null or no list.
func Items(node *yaml.Node, path ...string) []*yaml.Node {
	n := Get(node, path...)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return slices.Clip(n.Content)
}
