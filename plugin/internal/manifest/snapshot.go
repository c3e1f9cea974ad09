package manifest

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// snapshot is a tree as it was parsed, with the place of each node in the text. Edits change the real nodes in place,
// and bring in nodes that carry line numbers of another text: only these places count.
type snapshot struct {
	source
	root *old // nil: the document held nothing
}

// old is one node of a snapshot.
type old struct {
	node     *yaml.Node // the node itself, to find it again; its fields may have changed
	kind     yaml.Kind
	style    yaml.Style
	tag      string // short form, resolved
	value    string
	anchor   string
	children []old
	start    int // of the node in the text, its anchor and tag included
	column   int // of the keys or dashes of a block collection
	outer    int // column of the block collection around it, -1: none
	end      int // once it was asked for, see end; 0: not yet
}

func newSnapshot(text []byte, root *yaml.Node) *snapshot {
	s := &snapshot{source: newSource(text)}
	if root == nil {
		return s
	}
	slab := make([]old, 1, 1+count(root))
	s.root = &slab[0]
	s.fill(s.root, root, -1, &slab, &cursor{})
	return s
}

func count(n *yaml.Node) int {
	sum := len(n.Content)
	for _, child := range n.Content {
		sum += count(child)
	}
	return sum
}

// fill copies n into o; the children of a node lie side by side in the slab, which has room for all of them.
func (s *snapshot) fill(o *old, n *yaml.Node, outer int, slab *[]old, c *cursor) {
	*o = old{node: n, kind: n.Kind, style: n.Style, tag: n.ShortTag(), value: n.Value, anchor: n.Anchor, outer: outer}
	o.start = s.offset(n, c)
	if len(n.Content) == 0 {
		return
	}
	from := len(*slab)
	*slab = (*slab)[:from+len(n.Content)]
	o.children = (*slab)[from : from+len(n.Content) : from+len(n.Content)]
	if !o.isFlow() {
		outer = s.blockColumn(o, n)
		o.column = outer
	}
	for i, child := range n.Content {
		s.fill(&o.children[i], child, outer, slab, c)
	}
}

// blockColumn gives the column of a block collection. The node's own position is that of its anchor or tag, which may
// stand lines above.
func (s *snapshot) blockColumn(o *old, n *yaml.Node) int {
	switch {
	case n.Kind == yaml.MappingNode:
		return n.Content[0].Column - 1
	case s.properties(o.start) == o.start:
		return n.Column - 1
	}
	return s.column(s.content(o))
}

func (o *old) isFlow() bool { return o.style&yaml.FlowStyle != 0 }

func (o *old) isBlockScalar() bool {
	return o.kind == yaml.ScalarNode && o.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// isCollection tells whether the node is a mapping or a sequence.
func (o *old) isCollection() bool { return o.kind == yaml.MappingNode || o.kind == yaml.SequenceNode }

// step is the number of nodes that an entry of a collection has in its Content.
func step(kind yaml.Kind) int {
	if kind == yaml.MappingNode {
		return 2
	}
	return 1
}

// entryValue gives the value of an entry: what stands behind its key or dash.
func (o *old) entryValue(i int) *old { return &o.children[(i+1)*step(o.kind)-1] }

func (o *old) entries() int { return len(o.children) / step(o.kind) }
