package manifest

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// printer writes nodes that the text does not have yet. It writes what patches need, plainly: comments are left out;
// anchors, aliases and tags of one's own are refused.
type printer struct {
	eol    string
	wide   bool // sequences stand two to the right of their key
	json   bool // the text around is JSON: strings get double quotes
	moved  func(*yaml.Node) bool
	refuse func(reason string) // is told why a node cannot be written
	quoted bool                // no literal blocks
	block  bool                // the last value written was a literal block
	open   bool                // and its value holds the last line end
}

// write gives what a call of the printer writes.
func (p *printer) write(print func(b *strings.Builder)) string {
	var b strings.Builder
	p.block, p.open = false, false
	print(&b)
	return b.String()
}

// accept tells whether a node can be written at all.
func (p *printer) accept(n *yaml.Node) bool {
	switch {
	case n.Anchor != "" || n.Kind == yaml.AliasNode:
		p.refuse("a new node has an anchor or is an alias")
	case n.Kind != yaml.ScalarNode && n.Kind != yaml.MappingNode && n.Kind != yaml.SequenceNode:
		p.refuse("a new node is of no kind that can be written")
	case n.Kind == yaml.ScalarNode && len(n.Content) > 0:
		p.refuse("children were put into a scalar")
	case len(n.Content)%step(n.Kind) != 0:
		p.refuse("a mapping has a key without a value")
	case n.Kind == yaml.MappingNode && n.ShortTag() != yaml.NodeTagMap, n.Kind == yaml.SequenceNode &&
		n.ShortTag() != yaml.NodeTagSeq:
		p.refuse("a new node has a tag")
	case len(n.Content) > 0 && p.moved(n):
		p.refuse("a mapping or list of the text was put elsewhere, not copied")
	default:
		return true
	}
	return false
}

// value writes what stands behind the colon of a key or the dash of an item in a collection at column, its line end
// included.
func (p *printer) value(b *strings.Builder, n *yaml.Node, preferred yaml.Style, column int) {
	if !p.accept(n) {
		return
	}
	p.block, p.open = false, false
	switch {
	case n.Kind == yaml.ScalarNode && p.wantsLiteral(n, preferred):
		p.literal(b, n.Value, column+2)
	case n.Kind == yaml.ScalarNode:
		b.WriteByte(' ')
		p.scalar(b, n, preferred, inBlock)
		b.WriteString(p.eol)
	case len(n.Content) == 0 || n.Style&yaml.FlowStyle != 0:
		b.WriteByte(' ')
		p.flow(b, n, n.Style)
		b.WriteString(p.eol)
	default:
		b.WriteString(p.eol)
		p.entries(b, n, p.childColumn(n, column), false)
	}
}

// childColumn gives the column of a new block collection that is the value of a key at column.
func (p *printer) childColumn(n *yaml.Node, column int) int {
	if n.Kind == yaml.SequenceNode && !p.wide {
		return column
	}
	return column + 2
}

// entries writes the lines of a block collection. Inline, the first one continues a line that is there already.
func (p *printer) entries(b *strings.Builder, n *yaml.Node, column int, inline bool) {
	size := step(n.Kind)
	for i := 0; i < len(n.Content); i += size {
		if !inline || i > 0 {
			b.WriteString(strings.Repeat(" ", column))
		}
		p.entry(b, n.Kind, n.Content[i:i+size], column)
	}
}

// entry writes one entry of a block collection at column, without the indentation of its first line.
func (p *printer) entry(b *strings.Builder, kind yaml.Kind, nodes []*yaml.Node, column int) {
	if kind == yaml.MappingNode {
		p.key(b, nodes[0], asKey)
		p.value(b, nodes[1], nodes[1].Style, column)
		return
	}
	b.WriteByte('-')
	p.item(b, nodes[0], nodes[0].Style, column)
}

// item writes what stands behind the dash at column.
func (p *printer) item(b *strings.Builder, n *yaml.Node, preferred yaml.Style, column int) {
	if n.Kind == yaml.ScalarNode || len(n.Content) == 0 || n.Style&yaml.FlowStyle != 0 {
		p.value(b, n, preferred, column)
		return
	}
	if p.accept(n) {
		b.WriteByte(' ')
		p.entries(b, n, column+2, true)
	}
}

func (p *printer) key(b *strings.Builder, n *yaml.Node, where context) {
	if n.Kind != yaml.ScalarNode {
		p.refuse("a new key is no scalar")
		return
	}
	if p.accept(n) {
		p.scalar(b, n, n.Style, where)
		b.WriteByte(':')
	}
}

func (p *printer) scalar(b *strings.Builder, n *yaml.Node, preferred yaml.Style, where context) {
	if p.json {
		preferred = yaml.DoubleQuotedStyle
	}
	text, ok := oneLine(n, preferred, where)
	if !ok {
		p.refuse("a new scalar has a tag that cannot be written")
	}
	b.WriteString(text)
}

// wantsLiteral tells whether a string is written as a literal block: it has several lines and did not stand in double
// quotes before, or it was meant to be one.
func (p *printer) wantsLiteral(n *yaml.Node, preferred yaml.Style) bool {
	if p.json || p.quoted || preferred&yaml.DoubleQuotedStyle != 0 || n.ShortTag() != yaml.NodeTagString ||
		!isLiteral(n.Value) {
		return false
	}
	return strings.Contains(n.Value, "\n") || preferred&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

func (p *printer) literal(b *strings.Builder, value string, column int) {
	body, open := strings.CutSuffix(value, "\n")
	if p.block, p.open = true, open; open {
		b.WriteString(" |")
	} else {
		b.WriteString(" |-")
	}
	b.WriteString(p.eol)
	b.WriteString(literalLines(strings.Split(body, "\n"), column, p.eol))
}

// literalLines gives the lines of a literal block, each with its end.
func literalLines(lines []string, column int, eol string) string {
	var b strings.Builder
	for _, line := range lines {
		if line != "" {
			b.WriteString(strings.Repeat(" ", column))
			b.WriteString(line)
		}
		b.WriteString(eol)
	}
	return b.String()
}

// flow writes a node on one line, in brackets where it is a collection.
func (p *printer) flow(b *strings.Builder, n *yaml.Node, preferred yaml.Style) {
	if !p.accept(n) {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			p.flowEntry(b, n.Kind, n.Content[i:i+2], i > 0)
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i := range n.Content {
			p.flowEntry(b, n.Kind, n.Content[i:i+1], i > 0)
		}
		b.WriteByte(']')
	default:
		p.scalar(b, n, preferred, inFlow)
	}
}

func (p *printer) flowEntry(b *strings.Builder, kind yaml.Kind, nodes []*yaml.Node, comma bool) {
	if comma {
		b.WriteString(", ")
	}
	if kind == yaml.MappingNode {
		p.key(b, nodes[0], inFlow)
		b.WriteByte(' ')
	}
	value := nodes[len(nodes)-1]
	p.flow(b, value, value.Style)
}
