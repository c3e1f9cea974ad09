package manifest

import (
	"bytes"
	"sort"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// source is the text of a document with the places at which its lines start.
type source struct {
	text  []byte
	lines []int
	eol   string
}

func newSource(text []byte) source {
	s := source{text: text, eol: lineEnd(text)}
	s.lines = make([]int, 1, bytes.Count(text, []byte{'\n'})+2)
	if bytes.HasPrefix(text, byteOrderMark) {
		s.lines[0] = len(byteOrderMark) // the parser counts from behind it
	}
	for i := 0; i < len(text); {
		if n := breakAt(text, i); n > 0 {
			i += n
			s.lines = append(s.lines, i)
			continue
		}
		i++
	}
	return s
}

// breakAt gives the length of the line break at i, 0 when there is none. NEL, LS and PS count: they are breaks of YAML
// 1.1, which the parser follows (https://yaml.org/spec/1.1/#id863975), and they move its line numbers.
func breakAt(text []byte, i int) int {
	switch text[i] {
	case '\n':
		return 1
	case '\r':
		if i+1 < len(text) && text[i+1] == '\n' {
			return 2
		}
		return 1
	case 0xC2:
		if bytes.HasPrefix(text[i:], []byte("\u0085")) {
			return 2
		}
	case 0xE2:
		if bytes.HasPrefix(text[i:], []byte("\u2028")) || bytes.HasPrefix(text[i:], []byte("\u2029")) {
			return 3
		}
	}
	return 0
}

// cursor remembers the last place that was looked up, so that the nodes of one long line cost one walk over it and not
// one each.
type cursor struct{ line, column, offset int }

// offset turns a line and column of the parser, which counts characters from 1, into a byte offset.
func (s *source) offset(n *yaml.Node, c *cursor) int {
	if n.Line != c.line || n.Column < c.column {
		line := min(max(n.Line, 1), len(s.lines))
		*c = cursor{line: n.Line, column: 1, offset: s.lines[line-1]}
	}
	for ; c.column < n.Column && c.offset < len(s.text); c.column++ {
		c.offset++
		for c.offset < len(s.text) && s.text[c.offset]&0xC0 == 0x80 {
			c.offset++
		}
	}
	return c.offset
}

// lineOf gives the index of the line that holds the byte at offset.
func (s *source) lineOf(offset int) int {
	return max(sort.SearchInts(s.lines, offset+1)-1, 0)
}

func (s *source) lineStart(offset int) int { return s.lines[s.lineOf(offset)] }

// nextLine gives the start of the line below the one at offset, or the end of the text.
func (s *source) nextLine(offset int) int {
	if line := s.lineOf(offset) + 1; line < len(s.lines) {
		return s.lines[line]
	}
	return len(s.text)
}

// below gives where lines go that shall stand directly below something that ends at end. The end of a block scalar is
// such a place already: it is the only thing that ends where a line starts.
func (s *source) below(end int) int {
	if end > 0 && s.lineStart(end) == end {
		return end
	}
	return s.nextLine(end)
}

// column gives the number of characters before offset on its line.
func (s *source) column(offset int) int {
	column := 0
	for _, b := range s.text[s.lineStart(offset):offset] {
		if b&0xC0 != 0x80 {
			column++
		}
	}
	return column
}

// sharesLine tells whether something other than indentation stands before offset on its line: a dash or a marker.
func (s *source) sharesLine(offset int) bool {
	return len(bytes.Trim(s.text[s.lineStart(offset):offset], " ")) > 0
}

func (s *source) byteAt(i int) byte {
	if i < 0 || i >= len(s.text) {
		return 0
	}
	return s.text[i]
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

func (s *source) skipBlanks(i int) int {
	for isBlank(s.byteAt(i)) {
		i++
	}
	return i
}

// skipSpace goes over white space, line breaks and comments, and over the characters in also.
func (s *source) skipSpace(i int, also string) int {
	for i < len(s.text) {
		b := s.text[i]
		switch n := breakAt(s.text, i); {
		case n > 0:
			i += n
		case isBlank(b) || strings.IndexByte(also, b) >= 0:
			i++
		case b == '#':
			for i < len(s.text) && breakAt(s.text, i) == 0 {
				i++
			}
		default:
			return i
		}
	}
	return i
}

// properties gives the end of the anchor and tag that start at i, i itself when there are none. They are read from the
// text: the tag "!" leaves no trace in the tree.
func (s *source) properties(i int) int {
	end := i
	for b := s.byteAt(i); b == '&' || b == '!'; b = s.byteAt(i) {
		for i < len(s.text) && !isBlank(s.text[i]) && breakAt(s.text, i) == 0 &&
			strings.IndexByte(",[]{}", s.text[i]) < 0 {
			i++
		}
		end = i
		i = s.skipSpace(i, "")
	}
	return end
}

// swallows tells whether a comment or a line of blanks, indented deeper than column, stands at offset or below empty
// lines there.
func (s *source) swallows(offset, column int) bool {
	for offset < len(s.text) {
		text := offset + s.spaces(offset)
		isEmpty := text < len(s.text) && breakAt(s.text, text) > 0
		if text > offset+column && (isEmpty || s.byteAt(text) == '#') {
			return true
		}
		if !isEmpty {
			return false
		}
		offset = s.nextLine(offset)
	}
	return false
}

// aboveComments goes up from a line over the comment lines directly above it.
func (s *source) aboveComments(start int) int {
	for line := s.lineOf(start); line > 0; line-- {
		above := s.lines[line-1]
		if s.byteAt(s.skipBlanks(above)) != '#' {
			break
		}
		start = above
	}
	return start
}

// deeperComments goes down over comment lines that are indented deeper than the entry that goes: left behind, they
// would slip into a block scalar above.
func (s *source) deeperComments(start, column int) int {
	for start < len(s.text) {
		text := s.skipBlanks(start)
		if s.byteAt(text) != '#' || text-start <= column {
			break
		}
		start = s.nextLine(start)
	}
	return start
}

// beforeBreak gives end, or the place before the line break that a block scalar ends with.
func (s *source) beforeBreak(end int) int {
	if end == 0 || s.lineStart(end) != end {
		return end
	}
	if bytes.HasSuffix(s.text[:end], []byte("\r\n")) {
		return end - 2
	}
	return end - 1
}

// line gives the start of a line by its index, the end of the text behind the last.
func (s *source) line(i int) int {
	if i < len(s.lines) {
		return s.lines[i]
	}
	return len(s.text)
}
