package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
)

// edit replaces the text from start to end; with start == end it inserts.
type edit struct {
	start, end int
	text       string
	lines      bool // text is whole lines: it must start a line, and gets its own where the file lacks a last line end
	open       bool // the last line end of text is part of a value and stays even where the file had none
}

func (e edit) inserts() bool { return e.start == e.end }

// apply makes the text in which the edits are done. Edits at one place keep their order, save that insertions come
// before what is cut there: they stand below the text above.
func apply(s *snapshot, edits []edit) ([]byte, error) {
	edits = s.closeLast(edits)
	slices.SortStableFunc(edits, func(a, b edit) int {
		if a.start == b.start && a.inserts() != b.inserts() {
			if a.inserts() {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.start, b.start)
	})
	size := len(s.text)
	for _, e := range edits {
		size += len(e.text) + len(s.eol)
	}
	out := make([]byte, 0, size)
	done := 0
	for _, e := range edits {
		if e.start < done {
			return nil, errors.New("cannot edit the document without rewriting it: two changes overlap")
		}
		out = append(out, s.text[done:e.start]...)
		if e.lines && len(out) > 0 && !endsLine(out) {
			out = append(out, s.eol...)
		}
		out = append(out, e.text...)
		done = e.end
	}
	out = append(out, s.text[done:]...)
	if last := edits[len(edits)-1]; last.lines && !last.open && done == len(s.text) && len(s.text) > 0 &&
		!endsLine(s.text) {
		out = bytes.TrimSuffix(out, []byte(s.eol))
	}
	return out, nil
}

func endsLine(text []byte) bool {
	return bytes.HasSuffix(text, []byte{'\n'}) || bytes.HasSuffix(text, []byte{'\r'})
}

// closeLast looks after a block scalar at the very end of a text without a last line end, as "a: |\n  b". Its value has
// no line end either, and lines put below it would give it one: its header then must say that it has none.
func (s *snapshot) closeLast(edits []edit) []edit {
	if s.root == nil || len(s.text) == 0 || endsLine(s.text) {
		return edits
	}
	o := s.root
	for len(o.children) > 0 {
		o = &o.children[len(o.children)-1]
	}
	if !o.isBlockScalar() || strings.HasSuffix(o.value, "\n") {
		return edits
	}
	b := s.block(o)
	if b.chomp == '-' || b.end != len(s.text) {
		return edits
	}
	appended := false
	for _, e := range edits {
		if e.end > o.start && e.start < len(s.text) {
			return edits // the scalar itself is edited, and that edit saw to it
		}
		appended = appended || e.start == len(s.text)
	}
	if appended {
		edits = append(edits, b.chompEdit('-'))
	}
	return edits
}

// chompEdit changes the header of a block scalar to another chomping indicator, 0 for none.
func (b blockScalar) chompEdit(chomp byte) edit {
	header := ""
	if b.digit != 0 {
		header += string(b.digit)
	}
	if chomp != 0 {
		header += string(chomp)
	}
	return edit{start: b.header + 1, end: b.behind, text: header}
}
