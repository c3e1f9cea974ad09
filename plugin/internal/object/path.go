package object

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Step leads from one node to a node below it.
type Step struct {
	Field string // field of a mapping; "" for a step into a list
	By    string // in a list: the field that names the element, "" when the elements are scalars, "#" for a position
	Is    string // and its value, or the scalar itself, or the position from 0
}

// Path leads from an object's root to a place in it.
type Path []Step

// Fields makes a path of mapping fields.
func Fields(names ...string) Path {
	var p Path
	for _, name := range names {
		p = append(p, Step{Field: name})
	}
	return p
}

// Field gives the path to a field below p.
func (p Path) Field(names ...string) Path {
	return append(append(Path(nil), p...), Fields(names...)...)
}

// Item gives the path to the list element below p whose field by has the value is.
func (p Path) Item(by, is string) Path {
	return append(append(Path(nil), p...), Step{By: by, Is: is})
}

// Index gives the path to the list element below p at a position from 0.
func (p Path) Index(i string) Path { return p.Item("#", i) }

// Last gives the name of the last field on the path, "" when it has none.
func (p Path) Last() string {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].Field != "" {
			return p[i].Field
		}
	}
	return ""
}

// String gives the form of reports: spec.template.spec.containers[kibana].env[SERVER_HOST].value.
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.Field == "":
			fmt.Fprintf(&b, "[%s]", s.Is)
		case strings.ContainsAny(s.Field, "./"):
			fmt.Fprintf(&b, "[%s]", s.Field)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Field)
		}
	}
	return b.String()
}

// At gives the node at a path below a node, nil when there is none.
func At(node *yaml.Node, path Path) *yaml.Node {
	at := node
	for _, step := range path {
		if at == nil {
			return nil
		}
		i := step.In(at)
		if i < 0 {
			return nil
		}
		at = at.Content[i]
	}
	return at
}

// In gives the position in n.Content of what a step leads to, -1 when there is none.
func (s Step) In(n *yaml.Node) int {
	switch {
	case s.Field != "" && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s.Field {
				return i + 1
			}
		}
	case s.Field == "" && n.Kind == yaml.SequenceNode:
		for i := len(n.Content) - 1; i >= 0; i-- { // of two with one name the last counts, as in the kubelet
			item := n.Content[i]
			if s.By == "#" && s.Is == strconv.Itoa(i) || s.By == "" && item.Kind == yaml.ScalarNode &&
				item.Value == s.Is ||
				s.By != "" && s.By != "#" && Text(item, s.By) == s.Is {
				return i
			}
		}
	}
	return -1
}
