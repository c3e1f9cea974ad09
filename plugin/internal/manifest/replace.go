package manifest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// hasTag tells whether the node is written with a tag, even with the bare "!" that the tree does not show.
func (d *differ) hasTag(o *old) bool {
	return bytes.IndexByte(d.text[o.start:d.properties(o.start)], '!') >= 0
}

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
		d.replaceToken(o, d.write(func(b *strings.Builder) { d.printer.flow(b, &bare, preferred) }))
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
	d.insertBody(d.below(end), body)
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
	behind, first, end := d.behind(o, p), d.start(o, 0), d.endOf(o)
	head, body := d.valueParts(n, n.Style, p, d.below(end))
	if d.lineOf(first) == d.lineOf(behind) {
		d.replaceHead(behind, first, d.beforeBreak(end), head)
		d.insertBody(d.below(end), body)
		return
	}
	d.cut(behind, behind, head)
	d.insertBody(d.nextLine(behind), body)
	d.cut(d.nextLine(behind), d.below(end), "")
}

// replaceBlockScalar changes the header of a block scalar into the head of the new value, so that the header's comment
// stays.
func (d *differ) replaceBlockScalar(o *old, n *yaml.Node, preferred yaml.Style, p place) {
	block := d.block(o)
	head, body := d.valueParts(n, preferred, p, block.end)
	d.replaceHead(d.behind(o, p), block.header, block.behind, head)
	d.insertBody(block.body, body)
	d.cut(block.body, block.end, "")
}

// behind gives the offset behind the key, dash or anchor that a value stands behind.
func (d *differ) behind(o *old, p place) int {
	if end := d.properties(o.start); end > o.start &&
		!(o.kind == yaml.MappingNode && !o.isFlow() && o.children[0].start == o.start) {
		return end
	}
	return d.after(p)
}

// beforeBreak gives end, or the place before the line break that a block scalar ends with.
func (d *differ) beforeBreak(end int) int {
	if end == 0 || d.lineStart(end) != end {
		return end
	}
	if bytes.HasSuffix(d.text[:end], []byte("\r\n")) {
		return end - 2
	}
	return end - 1
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

func (d *differ) insertBody(offset int, lines string) {
	if lines != "" {
		d.insert(offset, lines)
	}
}

// literalEdit changes a literal block line by line: lines that stay keep their text. It gives false for a change that
// such an edit cannot make.
func (d *differ) literalEdit(o *old, n *yaml.Node) bool {
	if o.style&yaml.LiteralStyle == 0 || o.tag != yaml.NodeTagString || n.ShortTag() != yaml.NodeTagString ||
		d.hasTag(o) {
		return false
	}
	block := d.block(o)
	oldBody, newBody := strings.TrimRight(o.value, "\n"), strings.TrimRight(n.Value, "\n")
	chomp, ok := newChomp(block.chomp, len(o.value)-len(oldBody), len(n.Value)-len(newBody))
	if !ok || oldBody == "" || newBody == "" || strings.ContainsAny(oldBody, "\u2028\u2029") {
		return false
	}
	if block.digit == 0 && strings.IndexByte(" \t", strings.TrimLeft(newBody, "\n")[0]) >= 0 {
		return false // the first line would tell a wrong indentation
	}
	first, open := d.lineOf(block.body), len(newBody) < len(n.Value)
	changes := udiff.Lines(oldBody+"\n", newBody+"\n")
	if len(changes) == 0 { // but the line ends at the end differ
		changes = []udiff.Edit{{Start: len(oldBody) + 1, End: len(oldBody) + 1}}
	}
	var edits []edit
	for _, c := range changes {
		var lines []string
		for line := range strings.Lines(c.New) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
		if slices.ContainsFunc(lines, func(line string) bool { return !isLiteralLine(line) }) {
			return false
		}
		text := d.write(func(b *strings.Builder) { d.printer.literalLines(b, lines, block.indent) })
		edits = append(edits, edit{start: d.lineAt(first, oldBody, c.Start), end: d.lineAt(first, oldBody, c.End),
			text: text, lines: true, open: open})
	}
	if chomp != block.chomp {
		d.edits = append(d.edits, block.chompEdit(chomp))
	}
	d.edits = append(d.edits, edits...)
	if open && block.end == len(d.text) {
		// the last line may lack its end
		d.edits = append(d.edits, edit{start: block.end, end: block.end, lines: true, open: true})
	}
	return true
}

// newChomp gives the chomping indicator for a value with so many line ends at its end. Values with several keep what
// they have.
func newChomp(chomp byte, was, is int) (byte, bool) {
	switch {
	case is == 0:
		return '-', true
	case is == 1 && was == 1:
		return chomp, true
	case is == 1:
		return 0, true
	}
	return chomp, was == is
}

// lineAt gives the start of the line of a block that has a value's offset, which begins a line; first is the block's
// first line.
func (d *differ) lineAt(first int, value string, offset int) int {
	lines := strings.Count(value[:min(offset, len(value))], "\n")
	if offset > len(value) {
		lines++
	}
	return d.line(first + lines)
}

// line gives the start of a line by its index, the end of the text behind the last.
func (s *source) line(i int) int {
	if i < len(s.lines) {
		return s.lines[i]
	}
	return len(s.text)
}
