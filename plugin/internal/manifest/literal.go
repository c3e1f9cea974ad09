package manifest

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// literalEdits changes a literal block line by line: lines that stay keep their text. It gives none for a change that
// such edits cannot make.
func (s *snapshot) literalEdits(o *old, n *yaml.Node) []edit {
	if o.style&yaml.LiteralStyle == 0 || o.tag != yaml.NodeTagString || n.ShortTag() != yaml.NodeTagString ||
		s.hasTag(o) {
		return nil
	}
	block := s.block(o)
	oldBody, newBody := strings.TrimRight(o.value, "\n"), strings.TrimRight(n.Value, "\n")
	chomp, ok := newChomp(block.chomp, len(o.value)-len(oldBody), len(n.Value)-len(newBody))
	if !ok || oldBody == "" || newBody == "" || strings.ContainsAny(oldBody, "\u2028\u2029") {
		return nil
	}
	if block.digit == 0 && strings.IndexByte(" \t", strings.TrimLeft(newBody, "\n")[0]) >= 0 {
		return nil // the first line would tell a wrong indentation
	}
	first, open := s.lineOf(block.body), len(newBody) < len(n.Value)
	changes := udiff.Lines(oldBody+"\n", newBody+"\n")
	if len(changes) == 0 { // but the line ends at the end differ
		changes = []udiff.Edit{{Start: len(oldBody) + 1, End: len(oldBody) + 1}}
	}
	var edits []edit
	if chomp != block.chomp {
		edits = append(edits, block.chompEdit(chomp))
	}
	for _, c := range changes {
		var lines []string
		for line := range strings.Lines(c.New) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
		if slices.ContainsFunc(lines, func(line string) bool { return !isLiteralLine(line) }) {
			return nil
		}
		edits = append(edits, edit{start: s.lineAt(first, oldBody, c.Start), end: s.lineAt(first, oldBody, c.End),
			text: literalLines(lines, block.indent, s.eol), lines: true, open: open})
	}
	if open && block.end == len(s.text) {
		// the last line may lack its end
		edits = append(edits, edit{start: block.end, end: block.end, lines: true, open: true})
	}
	return edits
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
func (s *snapshot) lineAt(first int, value string, offset int) int {
	lines := strings.Count(value[:min(offset, len(value))], "\n")
	if offset > len(value) {
		lines++
	}
	return s.line(first + lines)
}
