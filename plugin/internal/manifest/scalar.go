package manifest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// context says where a scalar stands, which decides what may be written.
type context int

const (
	inBlock context = iota // a value or item of a block collection
	inFlow                 // between brackets
	asKey                  // the key of a block mapping
)

// oneLine writes a scalar on one line, in the preferred style where that can hold it. It tells in ok whether the tag
// can be written.
func oneLine(n *yaml.Node, preferred yaml.Style, where context) (text string, ok bool) {
	value := n.Value
	switch n.ShortTag() {
	case yaml.NodeTagString:
	case yaml.NodeTagNull:
		return "null", true
	case yaml.NodeTagBool, yaml.NodeTagInt, yaml.NodeTagFloat, timestampTag, mergeTag:
		return value, value != "" && !strings.ContainsAny(value, "\r\n")
	default:
		return "", false
	}
	switch {
	case preferred&yaml.DoubleQuotedStyle != 0:
		return doubleQuoted(value), true
	case preferred&yaml.SingleQuotedStyle != 0 && isPrintable(value):
		return "'" + strings.ReplaceAll(value, "'", "''") + "'", true
	case isPlain(value, where):
		return value, true
	}
	return doubleQuoted(value), true
}

const (
	timestampTag = "!!timestamp"
	mergeTag     = "!!merge"
)

// isPrintable tells whether the characters stand for themselves on one line of YAML, outside double quotes.
func isPrintable(value string) bool {
	for _, r := range value {
		if r < ' ' && r != '\t' || r == 0x7F || r == utf8.RuneError || r == 0xFEFF || r > '~' && !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isPlain tells whether the string can stand without quotes: the text is one plain scalar, and every reader takes it
// for a string. Kubernetes reads YAML 1.1 and the parser here 1.2, so it must be a string in both.
func isPlain(value string, where context) bool {
	if value == "" || !isPrintable(value) || strings.Trim(value, " \t") != value || strings.HasSuffix(value, ":") {
		return false
	}
	switch first := value[0]; {
	case strings.IndexByte("-?:", first) >= 0:
		if len(value) == 1 || strings.IndexByte(" \t,[]{}", value[1]) >= 0 || first != '-' ||
			strings.HasPrefix(value, "---") {
			return false
		}
	case strings.IndexByte(",[]{}#&*!|>'\"%@`=~<", first) >= 0:
		return false
	}
	for _, mark := range []string{": ", ":\t", " #", "\t#"} {
		if strings.Contains(value, mark) {
			return false
		}
	}
	if where == inFlow && strings.ContainsAny(value, ",[]{}:?") {
		return false
	}
	return !isOtherType(value)
}

// isOtherType tells whether YAML 1.2 or 1.1 reads the plain text as something else than a string:
// https://yaml.org/type/bool.html, int.html (with 1_000 and base 60, 1:30), float.html, timestamp.html. What only
// looks like a number (8.5.1) counts: quotes never hurt.
func isOtherType(value string) bool {
	if (&yaml.Node{Kind: yaml.ScalarNode, Value: value}).ShortTag() != yaml.NodeTagString {
		return true
	}
	switch strings.ToLower(value) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	digits := strings.TrimLeft(value, "+-.")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return strings.HasPrefix(value, "...")
	}
	if len(digits) > 1 && digits[0] == '0' && strings.IndexByte("xXoObB", digits[1]) >= 0 {
		return true
	}
	return strings.Trim(digits, "0123456789_:.,+-eEtTzZ \t") == ""
}

// doubleQuoted writes any string; it is the only style that can.
func doubleQuoted(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range value {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == utf8.RuneError && !strings.HasPrefix(value[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, value[i]) // not UTF-8: no YAML text can say it, the net refuses it
		case r < ' ' || r == 0x7F:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xFFFF && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case r > '~' && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isLiteral tells whether a string can be written as a literal block that reads well: lines of ordinary characters, at
// most one line end at the end, and a first line from which the parser can tell the indentation. Two and more line
// ends would need "|+", which takes in whatever blank lines come to stand below; such strings are written with quotes.
func isLiteral(value string) bool {
	body := strings.TrimSuffix(value, "\n")
	if body == "" || strings.HasSuffix(body, "\n") || strings.IndexByte(" \t", strings.TrimLeft(body, "\n")[0]) >= 0 {
		return false
	}
	for line := range strings.SplitSeq(body, "\n") {
		if !isLiteralLine(line) {
			return false
		}
	}
	return true
}

// isLiteralLine tells whether a line of a string can be a line of a literal block. Lines of nothing but blanks cannot:
// what they say depends on the lines around them.
func isLiteralLine(line string) bool {
	return isPrintable(line) && (line == "" || strings.Trim(line, " \t") != "")
}
