package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// A YAML file as settings, as the parsers of most programs read it: an alias stands for what its anchor names, and a
// merge key brings the entries of other mappings.

// flattening turns nodes into settings.
type flattening struct {
	all  settings
	at   place // of the file
	left int   // nodes that may still be read: aliases may lead to themselves
}

// Nobody writes more than this, nor deeper.
const (
	maxNodes = 200_000
	maxDepth = 100
)

// flatten reads a YAML document into settings: nested, dotted and mixed spellings are one.
func (c caller) flatten(doc *manifest.Document, at place, prefix string) settings {
	f := &flattening{all: settings{}, at: at, left: maxNodes}
	root, err := doc.Root()
	if err != nil || root == nil {
		return f.all
	}
	f.at.line = doc.Line()
	f.node(root, strings.TrimSuffix(prefix, "."), maxDepth)
	if f.left < 0 {
		c.notes.fail(at, NotJudged, "its aliases lead to themselves, or to more than anybody writes")
	}
	return f.all
}

// once reports a key that a mapping of a file has twice, with which a program does not start.
func (c caller) once(doc *manifest.Document, at place) {
	if err := doc.DuplicateKey(); err != nil {
		c.notes.fail(at, NotJudged, "its program does not start: %v", err)
	}
}

func (f *flattening) node(n *yaml.Node, name string, depth int) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if f.left--; depth == 0 {
		f.left = -1
	}
	if f.left < 0 {
		return
	}
	here := f.at
	here.path, here.line = name, f.at.line+n.Line-1
	switch {
	case isTemplate(n):
		f.all[name] = value{hidden: true, at: here}
	case n.Kind == yaml.MappingNode:
		f.mapping(n, name, depth)
	case n.Kind == yaml.SequenceNode && !scalars(n):
		for i, item := range n.Content {
			f.node(item, below(name, fmt.Sprint(i)), depth-1)
		}
	case n.Kind == yaml.SequenceNode:
		v := value{at: here}
		for _, item := range n.Content {
			v.texts, v.parts = append(v.texts, item.Value), append(v.parts, part{node: item})
		}
		f.all[name] = v
	case n.ShortTag() != yaml.NodeTagNull:
		f.all[name] = value{texts: []string{n.Value}, at: here, parts: parts(n)}
	}
}

// isTemplate tells whether something stands where a program, before it reads the file, puts a text: {{ env "PASSWORD"
// }}. In YAML that is a mapping in the key of another.
func isTemplate(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Kind == yaml.MappingNode
}

// mapping reads what a mapping takes in, then its own entries, which replace that.
func (f *flattening) mapping(n *yaml.Node, name string, depth int) {
	merged := manifest.Merged(n)
	for _, other := range slices.Backward(merged) {
		f.node(other, name, depth-1)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := below(name, n.Content[i].Value)
		if manifest.IsMerge(n.Content[i]) {
			continue
		}
		if len(merged) > 0 {
			f.drop(key)
		}
		f.node(n.Content[i+1], key, depth-1)
	}
}

// drop takes a setting away, and all below it.
func (f *flattening) drop(key string) {
	for old := range f.all {
		if old == key || strings.HasPrefix(old, key+".") {
			delete(f.all, old)
		}
	}
}

func below(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}

func scalars(n *yaml.Node) bool {
	return !slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return item.Kind != yaml.ScalarNode })
}
