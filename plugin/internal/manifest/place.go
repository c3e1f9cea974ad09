package manifest

import (
	"bytes"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// place says where a value stands: it is the i-th entry of parent, or the root when that is nil.
type place struct {
	parent *old
	i      int
}

func (p place) isItem() bool { return p.parent != nil && p.parent.kind == yaml.SequenceNode }

func (p place) inFlow() bool { return p.parent != nil && p.parent.isFlow() }

// start gives where an entry starts: at its key, or at its dash, or at the item itself between brackets.
func (s *snapshot) start(o *old, i int) int {
	if o.kind == yaml.MappingNode {
		return o.children[2*i].start
	}
	if o.isFlow() {
		return o.children[i].start
	}
	return s.dash(o, i)
}

// dash finds the dash of an item. The first one is where the list starts; a later one is the first character of its
// line, at the column of the list, on the item's line or above it. It is nowhere when no line is like that.
func (s *snapshot) dash(o *old, i int) int {
	if i == 0 {
		return s.content(o)
	}
	item := &o.children[i]
	for line := s.lineOf(item.start); line >= 0; line-- {
		at := s.lines[line] + o.column
		if s.byteAt(at) == '-' && s.spaces(s.lines[line]) == o.column {
			return at
		}
	}
	return nowhere
}

// after gives the offset behind the colon or dash of an entry, nowhere when there is none: the root has none, nor has
// an item between brackets, nor the key in "{name}".
func (s *snapshot) after(p place) int {
	o := p.parent
	switch {
	case o == nil, p.isItem() && o.isFlow():
		return nowhere
	case p.isItem() && s.dash(o, p.i) == nowhere:
		return nowhere
	case p.isItem():
		return s.dash(o, p.i) + 1
	}
	key := &o.children[2*p.i]
	end := s.end(key)
	if end == nowhere || s.isExplicit(key) {
		return nowhere
	}
	if end = s.skipBlanks(end); o.isFlow() {
		end = s.skipSpace(end, "")
	}
	if s.byteAt(end) != ':' {
		return nowhere
	}
	return end + 1
}

// isExplicit tells whether a key is written with a question mark, "? key".
func (s *snapshot) isExplicit(key *old) bool {
	i := key.start - 1
	for i >= 0 && isBlank(s.text[i]) {
		i--
	}
	return i >= 0 && i < key.start-1 && s.text[i] == '?' || key.isCollection()
}

// hasTag tells whether the node is written with a tag, even with the bare "!" that the tree does not show.
func (s *snapshot) hasTag(o *old) bool {
	return bytes.IndexByte(s.text[o.start:s.properties(o.start)], '!') >= 0
}

// behind gives the offset behind the key, dash or anchor that a value stands behind.
func (s *snapshot) behind(o *old, p place) int {
	if end := s.properties(o.start); end > o.start &&
		!(o.kind == yaml.MappingNode && !o.isFlow() && o.children[0].start == o.start) {
		return end
	}
	return s.after(p)
}
