package manifest

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// write runs the printer and gives what it wrote; what it refused ends the editing.
func (d *differ) write(print func(b *strings.Builder)) string {
	var b strings.Builder
	d.printer.block, d.printer.open = false, false
	print(&b)
	if d.printer.reason != "" {
		d.fail(d.printer.reason)
	}
	return b.String()
}

// writeAbove is write for lines that are to stand at offset, in a collection at column. A literal block at their end
// would take in comments and blanks below it that are indented deeper: then strings of several lines are quoted.
func (d *differ) writeAbove(offset, column int, print func(b *strings.Builder)) string {
	text := d.write(print)
	if d.printer.block && d.swallows(offset, column) {
		d.printer.quoted = true
		text = d.write(print)
		d.printer.quoted = false
	}
	return text
}

// swallows tells whether a comment or a line of blanks, indented deeper than column, stands at offset or below empty
// lines there.
func (d *differ) swallows(offset, column int) bool {
	for offset < len(d.text) {
		text := offset + d.spaces(offset)
		isEmpty := text < len(d.text) && breakAt(d.text, text) > 0
		if text > offset+column && (isEmpty || d.byteAt(text) == '#') {
			return true
		}
		if !isEmpty {
			return false
		}
		offset = d.nextLine(offset)
	}
	return false
}

// insert puts whole lines at offset, where a line starts.
func (d *differ) insert(offset int, lines string) {
	d.edits = append(d.edits, edit{start: offset, end: offset, text: lines, lines: true, open: d.printer.open})
}

// cut replaces a part of the text.
func (d *differ) cut(start, end int, text string) {
	if start < end || text != "" {
		d.edits = append(d.edits, edit{start: start, end: end, text: text})
	}
}

// endOf is end for places that need one.
func (d *differ) endOf(o *old) int {
	end := d.end(o)
	if end == nowhere {
		d.fail("the end of its text cannot be told")
		return o.start
	}
	return end
}

// start gives where an entry starts: at its key, or at its dash, or at the item itself between brackets.
func (d *differ) start(o *old, i int) int {
	if o.kind == yaml.MappingNode {
		return o.children[2*i].start
	}
	if o.isFlow() {
		return o.children[i].start
	}
	return d.dash(o, i)
}

// dash finds the dash of an item. The first one is where the list starts; a later one is the first character of its
// line, at the column of the list, on the item's line or above it.
func (d *differ) dash(o *old, i int) int {
	if i == 0 {
		return d.content(o)
	}
	item := &o.children[i]
	for line := d.lineOf(item.start); line >= 0; line-- {
		at := d.lines[line] + o.column
		if d.byteAt(at) == '-' && d.spaces(d.lines[line]) == o.column {
			return at
		}
	}
	d.fail("the dash of an item cannot be told")
	return item.start
}

// after gives the offset behind the colon or dash of an entry, nowhere when there is none: the root has none, nor has
// an item between brackets, nor the key in "{name}".
func (d *differ) after(p place) int {
	o := p.parent
	switch {
	case o == nil, p.isItem() && o.isFlow():
		return nowhere
	case p.isItem():
		return d.dash(o, p.i) + 1
	}
	key := &o.children[2*p.i]
	end := d.end(key)
	if end == nowhere || d.isExplicit(key) {
		return nowhere
	}
	if end = d.skipBlanks(end); o.isFlow() {
		end = d.skipSpace(end, "")
	}
	if d.byteAt(end) != ':' {
		return nowhere
	}
	return end + 1
}

// isExplicit tells whether a key is written with a question mark, "? key".
func (d *differ) isExplicit(key *old) bool {
	i := key.start - 1
	for i >= 0 && isBlank(d.text[i]) {
		i--
	}
	return i >= 0 && i < key.start-1 && d.text[i] == '?' || key.isCollection()
}

// canRestructure tells whether entries of the collection can be inserted and removed.
func (d *differ) canRestructure(o *old) bool {
	if o.isFlow() && !d.isBraced(o) {
		d.fail("it is a mapping without braces inside a list")
		return false
	}
	for i := 0; o.kind == yaml.MappingNode && i < len(o.children); i += 2 {
		if d.isExplicit(&o.children[i]) || o.children[i].isEmptyNull() {
			d.fail("it has a key that is written with a question mark, or none")
			return false
		}
	}
	return true
}

// insertEntry puts a new entry behind the old one at last, or before all of them when last is -1.
func (d *differ) insertEntry(o *old, last int, nodes []*yaml.Node) {
	if o.isFlow() {
		d.insertFlow(o, last, nodes)
		return
	}
	print := func(b *strings.Builder) { d.printer.entry(b, o.kind, nodes, o.column) }
	padding := strings.Repeat(" ", o.column)
	if last >= 0 {
		at := d.below(d.endOf(o.entryValue(last)))
		d.insert(at, padding+d.writeAbove(at, o.column, print))
		return
	}
	first := d.start(o, 0)
	if d.sharesLine(first) {
		d.cut(first, first, d.write(print)+padding)
		return
	}
	at := d.aboveComments(d.lineStart(first))
	d.insert(at, padding+d.writeAbove(at, o.column, print))
}

func (d *differ) insertFlow(o *old, last int, nodes []*yaml.Node) {
	text := d.write(func(b *strings.Builder) { d.printer.flowEntry(b, o.kind, nodes, last >= 0) })
	if last >= 0 {
		end := d.endOf(o.entryValue(last))
		d.cut(end, end, text)
		return
	}
	first := d.start(o, 0)
	d.cut(first, first, text+", ")
}

// aboveComments goes up from a line over the comment lines directly above it.
func (d *differ) aboveComments(start int) int {
	for line := d.lineOf(start); line > 0; line-- {
		above := d.lines[line-1]
		if d.byteAt(d.skipBlanks(above)) != '#' {
			break
		}
		start = above
	}
	return start
}

// remove cuts the old entries from up to, not including, to. The entries at before and next stay; -1 when there is
// none.
func (d *differ) remove(o *old, from, to, before, next int) {
	if from >= to {
		return
	}
	if o.isFlow() {
		if before >= 0 {
			d.cut(d.endOf(o.entryValue(before)), d.endOf(o.entryValue(to-1)), "")
		} else {
			d.cut(d.start(o, from), d.start(o, next), "")
		}
		return
	}
	if from == 0 && d.sharesLine(d.start(o, 0)) {
		d.cut(d.start(o, 0), d.start(o, next), "")
		return
	}
	for i := from; i < to; i++ {
		start := d.start(o, i)
		end := d.below(d.endOf(o.entryValue(i)))
		d.cut(d.lineStart(start), d.deeperComments(end, o.column), "")
	}
}

// deeperComments goes down over comment lines that are indented deeper than the entry that goes: left behind, they
// would slip into a block scalar above.
func (d *differ) deeperComments(start, column int) int {
	for start < len(d.text) {
		text := d.skipBlanks(start)
		if d.byteAt(text) != '#' || text-start <= column {
			break
		}
		start = d.nextLine(start)
	}
	return start
}
