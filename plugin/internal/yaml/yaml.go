// Package yaml is what the program uses of go.yaml.in/yaml/v3, which parses: nodes, their kinds, styles and tags. A
// text comes in, its tree goes out. Every package reads YAML by it.
package yaml

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

type (
	// Node is a node of a tree.
	Node = yaml.Node
	// Kind is what a node is.
	Kind = yaml.Kind
	// Style is how it is written.
	Style = yaml.Style
)

// The kinds of nodes.
const (
	DocumentNode = yaml.DocumentNode
	MappingNode  = yaml.MappingNode
	SequenceNode = yaml.SequenceNode
	ScalarNode   = yaml.ScalarNode
	AliasNode    = yaml.AliasNode
)

// The styles of nodes.
const (
	TaggedStyle       = yaml.TaggedStyle
	DoubleQuotedStyle = yaml.DoubleQuotedStyle
	SingleQuotedStyle = yaml.SingleQuotedStyle
	LiteralStyle      = yaml.LiteralStyle
	FoldedStyle       = yaml.FoldedStyle
	FlowStyle         = yaml.FlowStyle
)

// The tags that a node may have without saying so. https://yaml.org/spec/1.2.2/#103-core-schema
const (
	NodeTagNull   = "!!null"
	NodeTagBool   = "!!bool"
	NodeTagInt    = "!!int"
	NodeTagFloat  = "!!float"
	NodeTagString = "!!str"
	NodeTagSeq    = "!!seq"
	NodeTagMap    = "!!map"
)

// NewDecoder gives the documents of a text one after the other.
var NewDecoder = yaml.NewDecoder

// Parse gives the root of the first document of a text, which fails where there is none.
func Parse(text string) (*Node, error) {
	var document Node
	if err := NewDecoder(strings.NewReader(text)).Decode(&document); err != nil {
		return nil, err
	}
	return document.Content[0], nil
}

// MustParse is Parse of a text that is known to be YAML.
func MustParse(text string) *Node {
	root, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return root
}

// Marshal gives a text that says what a tree, or a value of Go, does.
func Marshal(value any) ([]byte, error) { return yaml.Marshal(value) }

// String gives a node that holds a text.
func String(text string) *Node {
	n := &Node{Kind: ScalarNode}
	n.SetString(text)
	return n
}

// Field gives the value of a field of a mapping, nil where there is none.
func Field(n *Node, name string) *Node {
	if n == nil || n.Kind != MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
