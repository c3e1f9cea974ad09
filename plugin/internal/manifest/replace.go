package manifest

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// replace writes a value anew.
func (d *differ) replace(o *old, n *yaml.Node, preferred yaml.Style, p place) {
	bare := *n // in place of the old one: neither its anchor nor its node is new
	bare.Anchor = ""
	after := d.after(p)
	switch {
	case d.hasTag(o):
		d.fail("it has a tag")
	case p.inFlow() && after == nowhere && o.isEmptyNull():
		d.fail("it has no colon")
	case p.inFlow() || p.parent == nil && o.kind == n.Kind && o.isFlow():
		d.replaceToken(o, d.printer.write(func(b *strings.Builder) { d.printer.flow(b, &bare, preferred) }))
	case after == nowhere:
		d.fail("it is the whole document, or the value of a key with a question mark")
	case o.isCollection() && !o.isFlow():
		d.replaceBlock(o, &bare, p)
	case o.isBlockScalar():
		d.replaceBlockScalar(o, &bare, preferred, p)
	default:
		d.replaceScalar(o, &bare, preferred, p)
	}
}

// replaceScalar writes something else in place of a scalar or a flow collection.
func (d *differ) replaceScalar(o *old, n *yaml.Node, preferred yaml.Style, p place) {
	end := d.endOf(o)
	head, body := d.valueParts(n, preferred, p, d.below(end))
	d.replaceHead(d.behind(o, p), d.content(o), end, head)
	d.insert(d.below(end), body)
}

// replaceToken replaces the text of a scalar or flow collection and leaves what stands around it.
func (d *differ) replaceToken(o *old, text string) {
	if o.isEmptyNull() {
		text = " " + text
	}
	d.cut(d.content(o), d.endOf(o), text)
}

// replaceHead replaces what stands from token to end on the line of a key or dash; behind is where the key, dash or
// anchor ends. When nothing comes to stand there, the space before the old text goes too.
func (d *differ) replaceHead(behind, token, end int, head string) {
	switch {
	case head == "":
		d.cut(behind, end, "")
	case token == behind:
		d.cut(token, end, head)
	default:
		d.cut(token, end, strings.TrimPrefix(head, " "))
	}
}

// replaceBlock writes something else in place of a block collection. One that starts below its key loses its lines; one
// that starts on the line of its dash is replaced from there on.
func (d *differ) replaceBlock(o *old, n *yaml.Node, p place) {
	behind, first, end := d.behind(o, p), d.startOf(o, 0), d.endOf(o)
	head, body := d.valueParts(n, n.Style, p, d.below(end))
	if d.lineOf(first) == d.lineOf(behind) {
		d.replaceHead(behind, first, d.beforeBreak(end), head)
		d.insert(d.below(end), body)
		return
	}
	d.cut(behind, behind, head)
	d.insert(d.nextLine(behind), body)
	d.cut(d.nextLine(behind), d.below(end), "")
}

// replaceBlockScalar changes the header of a block scalar into the head of the new value, so that the header's comment
// stays.
func (d *differ) replaceBlockScalar(o *old, n *yaml.Node, preferred yaml.Style, p place) {
	block := d.block(o)
	head, body := d.valueParts(n, preferred, p, block.end)
	d.replaceHead(d.behind(o, p), block.header, block.behind, head)
	d.insert(block.body, body)
	d.cut(block.body, block.end, "")
}

// valueParts prints a value in two parts: what goes behind the colon or dash, and the lines below, which will stand
// above offset.
func (d *differ) valueParts(n *yaml.Node, preferred yaml.Style, p place, offset int) (head, body string) {
	column := p.parent.column
	text := d.writeAbove(offset, column, func(b *strings.Builder) {
		if p.isItem() {
			d.printer.item(b, n, preferred, column)
		} else {
			d.printer.value(b, n, preferred, column)
		}
	})
	head, body, _ = strings.Cut(text, d.eol)
	return head, body
}
