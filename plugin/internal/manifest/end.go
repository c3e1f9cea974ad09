package manifest

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// nowhere is the end of a node whose text could not be followed. No offset is negative otherwise.
const nowhere = -1

// content gives the place where a node's own text starts, behind its anchor and tag.
func (s *snapshot) content(o *old) int {
	end := s.properties(o.start)
	if end == o.start || o.isEmptyNull() {
		return end
	}
	return s.skipSpace(end, "")
}

// isEmptyNull tells whether the node is a null that no character stands for, as behind "key:".
func (o *old) isEmptyNull() bool {
	return o.kind == yaml.ScalarNode && o.value == "" && o.style&^yaml.TaggedStyle == 0
}

// end gives the offset behind the node's last character, or nowhere. The parser does not tell it; every style has a
// rule of its own:
//
//	plain          walk text and value together, lines are folded into it
//	quoted         the closing quote
//	block scalar   behind the last line that is part of it: the start of the next line
//	flow           the bracket behind the last child
//	block          the end of the last child
func (s *snapshot) end(o *old) int {
	if o.end == 0 {
		o.end = s.findEnd(o)
	}
	return o.end
}

func (s *snapshot) findEnd(o *old) int {
	switch {
	case o.isCollection() && o.isFlow():
		return s.flowEnd(o)
	case o.isCollection():
		if len(o.children) == 0 {
			return nowhere
		}
		return s.end(&o.children[len(o.children)-1])
	case o.isBlockScalar():
		return s.block(o).end
	case o.isEmptyNull():
		return s.content(o)
	case o.kind == yaml.AliasNode:
		return o.start + len("*") + len(o.value)
	case o.style&yaml.DoubleQuotedStyle != 0:
		return s.quotedEnd(s.content(o), '"')
	case o.style&yaml.SingleQuotedStyle != 0:
		return s.quotedEnd(s.content(o), '\'')
	}
	return s.plainEnd(s.content(o), o.value)
}

func (s *snapshot) quotedEnd(i int, quote byte) int {
	if s.byteAt(i) != quote {
		return nowhere
	}
	for i++; i < len(s.text); i++ {
		switch {
		case quote == '"' && s.text[i] == '\\':
			i++
		case s.text[i] != quote:
		case quote == '\'' && s.byteAt(i+1) == '\'':
			i++
		default:
			return i + 1
		}
	}
	return nowhere
}

// plainEnd walks over the text of a plain scalar. One line break in it is a space of the value, n breaks are n-1 line
// breaks, and the blanks around them are nothing (https://yaml.org/spec/1.2.2/#65-line-folding).
func (s *snapshot) plainEnd(i int, value string) int {
	for value != "" {
		next := s.skipBlanks(i)
		var word string
		if breaks, behind := s.breaks(next); breaks > 0 {
			next, word = behind, " "
			if breaks > 1 {
				word = strings.Repeat("\n", breaks-1)
			}
		} else {
			next = min(max(next, i+1), len(s.text))
			word = string(s.text[i:next])
		}
		if word == "" || !strings.HasPrefix(value, word) {
			return nowhere
		}
		i, value = next, value[len(word):]
	}
	return i
}

// breaks counts the line breaks from i on, with blanks between them, and gives the place behind them.
func (s *source) breaks(i int) (n, behind int) {
	for i < len(s.text) && breakAt(s.text, i) > 0 {
		i = s.skipBlanks(i + breakAt(s.text, i))
		n++
	}
	return n, i
}

func (s *snapshot) flowEnd(o *old) int {
	start := s.content(o)
	open := s.byteAt(start)
	i, closing := start+1, byte(']')
	switch {
	case open == '{':
		closing = '}'
	case open != '[' && len(o.children) == 2:
		return s.end(&o.children[1]) // "[a: b]" holds a mapping without braces
	case open != '[':
		return nowhere
	}
	if len(o.children) > 0 {
		if i = s.end(&o.children[len(o.children)-1]); i == nowhere {
			return nowhere
		}
	}
	if i = s.skipSpace(i, ","); s.byteAt(i) != closing {
		return nowhere
	}
	return i + 1
}

// isBraced tells whether a flow collection has brackets of its own.
func (s *snapshot) isBraced(o *old) bool {
	b := s.byteAt(s.content(o))
	return b == '{' || b == '['
}

// blockScalar is the text of a literal or folded scalar, taken apart.
type blockScalar struct {
	header int  // offset of the | or >
	behind int  // offset behind the indicators, where the header's comment may follow
	digit  byte // indentation indicator, 0: none
	chomp  byte // '-', '+', or 0
	body   int  // offset of the first line
	indent int  // of the content, in spaces
	end    int  // behind the last line of the content; with '+', behind the blank lines that follow
}

// block takes a block scalar apart. Its indentation is found as the parser does it: given by the header, or that of the
// first line that is not blank, but never less than that of a blank line above
// (https://yaml.org/spec/1.2.2/#8111-block-indentation-indicator).
func (s *snapshot) block(o *old) blockScalar {
	b := blockScalar{header: s.content(o)}
	b.behind = b.header + 1
	for c := s.byteAt(b.behind); c == '+' || c == '-' || (c >= '1' && c <= '9'); c = s.byteAt(b.behind) {
		if c == '+' || c == '-' {
			b.chomp = c
		} else {
			b.digit = c
		}
		b.behind++
	}
	b.body = s.nextLine(b.behind)
	if b.digit != 0 {
		b.indent = max(o.outer, 0) + int(b.digit-'0')
	} else {
		b.indent = max(s.contentIndent(b.body), o.outer+1, 1)
	}
	b.end = b.body
	for i := b.body; i < len(s.text); i = s.nextLine(i) {
		spaces := s.spaces(i)
		switch {
		case i+spaces >= len(s.text):
			return b
		case spaces >= b.indent && breakAt(s.text, i+b.indent) == 0:
			b.end = s.nextLine(i)
		case breakAt(s.text, i+spaces) == 0:
			return b
		case b.chomp == '+':
			b.end = s.nextLine(i)
		}
	}
	return b
}

// spaces counts the spaces from i on.
func (s *source) spaces(i int) int {
	n := 0
	for s.byteAt(i+n) == ' ' {
		n++
	}
	return n
}

// contentIndent gives the deepest indentation from the line at i on down to the first line that holds more than spaces.
func (s *source) contentIndent(i int) int {
	deepest := 0
	for ; i < len(s.text); i = s.nextLine(i) {
		spaces := s.spaces(i)
		deepest = max(deepest, spaces)
		if i+spaces >= len(s.text) || breakAt(s.text, i+spaces) == 0 {
			break
		}
	}
	return deepest
}
