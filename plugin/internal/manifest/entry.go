package manifest

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// writeAbove writes lines that are to stand at offset, in a collection at column. A literal block at their end would
// take in comments and blanks below it that are indented deeper: then strings of several lines are quoted.
func (d *differ) writeAbove(offset, column int, print func(b *strings.Builder)) string {
	text := d.printer.write(print)
	if d.printer.block && d.swallows(offset, column) {
		d.printer.quoted = true
		text = d.printer.write(print)
		d.printer.quoted = false
	}
	return text
}

// insert puts whole lines at offset, where a line starts.
func (d *differ) insert(offset int, lines string) {
	if lines != "" {
		d.edits = append(d.edits, edit{start: offset, end: offset, text: lines, lines: true, open: d.printer.open})
	}
}

// cut replaces a part of the text.
func (d *differ) cut(start, end int, text string) {
	if start < end || text != "" {
		d.edits = append(d.edits, edit{start: start, end: end, text: text})
	}
}

// startOf is start for places that need one.
func (d *differ) startOf(o *old, i int) int {
	start := d.start(o, i)
	if start == nowhere {
		d.fail("the dash of an item cannot be told")
		return o.children[i].start
	}
	return start
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
	first := d.startOf(o, 0)
	if d.sharesLine(first) {
		d.cut(first, first, d.printer.write(print)+padding)
		return
	}
	at := d.aboveComments(d.lineStart(first))
	d.insert(at, padding+d.writeAbove(at, o.column, print))
}

func (d *differ) insertFlow(o *old, last int, nodes []*yaml.Node) {
	text := d.printer.write(func(b *strings.Builder) { d.printer.flowEntry(b, o.kind, nodes, last >= 0) })
	if last >= 0 {
		end := d.endOf(o.entryValue(last))
		d.cut(end, end, text)
		return
	}
	first := d.startOf(o, 0)
	d.cut(first, first, text+", ")
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
			d.cut(d.startOf(o, from), d.startOf(o, next), "")
		}
		return
	}
	if from == 0 && d.sharesLine(d.startOf(o, 0)) {
		d.cut(d.startOf(o, 0), d.startOf(o, next), "")
		return
	}
	for i := from; i < to; i++ {
		start := d.startOf(o, i)
		end := d.below(d.endOf(o.entryValue(i)))
		d.cut(d.lineStart(start), d.deeperComments(end, o.column), "")
	}
}
