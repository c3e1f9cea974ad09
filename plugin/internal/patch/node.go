package patch

import (
	"strconv"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Entry is one field of a mapping.
type Entry struct {
	Name  string
	Value *yaml.Node
}

// Map makes a mapping with the fields in the order given. Entries without a value are left out.
func Map(entries ...Entry) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap}
	for _, e := range entries {
		if e.Value != nil {
			n.Content = append(n.Content, Str(e.Name), e.Value)
		}
	}
	return n
}

// F makes one field of a mapping.
func F(name string, value *yaml.Node) Entry { return Entry{name, value} }

// Seq makes a list.
func Seq(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq, Content: items}
}

// Strs makes a list of strings.
func Strs(items ...string) *yaml.Node {
	n := Seq()
	for _, s := range items {
		n.Content = append(n.Content, Str(s))
	}
	return n
}

// Str makes a string.
func Str(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: s}
}

// Int makes an integer.
func Int(i int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagInt, Value: strconv.Itoa(i)}
}

// Octal makes a file mode, written as people write one: 0440.
func Octal(mode int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagInt, Value: "0" + strconv.FormatInt(int64(mode), 8)}
}

// Bool makes a truth value.
func Bool(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagBool, Value: strconv.FormatBool(b)}
}

// From turns plain decoded YAML (strings, numbers, truth values, lists, mappings) into a node.
func From(value any) (*yaml.Node, error) {
	n := &yaml.Node{}
	err := n.Encode(value)
	return n, err
}

// Equal holds when two nodes mean the same: comments, quoting, layout, the order of fields and the base of a number do
// not count. Who reads and writes manifests, as kustomize does, sorts fields, and writes the file mode 0440 as 288.
func Equal(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind == yaml.AliasNode {
		a = a.Alias
	}
	if a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || len(a.Content) != len(b.Content) {
		return false
	}
	switch a.Kind {
	case yaml.ScalarNode:
		return a.Value == b.Value || a.ShortTag() == yaml.NodeTagInt && sameNumber(a.Value, b.Value)
	case yaml.MappingNode:
		return sameFields(a, b)
	}
	for i := range a.Content {
		if !Equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

func sameNumber(a, b string) bool {
	x, errX := strconv.ParseInt(a, 0, 64)
	y, errY := strconv.ParseInt(b, 0, 64)
	return errX == nil && errY == nil && x == y
}

func sameFields(a, b *yaml.Node) bool {
	for i := 0; i+1 < len(a.Content); i += 2 {
		at := Step{Field: a.Content[i].Value}.In(b)
		if at < 0 || !Equal(a.Content[i+1], b.Content[at]) {
			return false
		}
	}
	return true
}

// clone copies a node with all below it: one fragment used in two places would share later changes.
func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, clone(child))
	}
	return &c
}
