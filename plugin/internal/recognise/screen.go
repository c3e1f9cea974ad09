package recognise

import (
	"bytes"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// The screen spares parsing, it never decides: what it lets through is parsed and judged, what it holds back cannot matter.

// screened is what the bytes of a document tell without parsing it.
type screened struct {
	doc  *manifest.Document
	kind string // "" when the bytes do not say it plainly
	hook bool   // the document mentions helm.sh/hook
}

func screen(doc *manifest.Document) screened {
	text := doc.Text()
	return screened{doc: doc, kind: plainKind(text), hook: bytes.Contains(text, []byte("helm.sh/hook"))}
}

// mentionsElastic holds for every document that may be a part of Elasticsearch or Kibana: one of the two names occurs in it, or the
// names may hide behind an escape of a double-quoted scalar.
func (s screened) mentionsElastic() bool {
	text := s.doc.Text()
	for _, token := range []string{"lasticsearch", "LASTICSEARCH", "ibana", "IBANA", "esMajorVersion"} {
		if bytes.Contains(text, []byte(token)) {
			return true
		}
	}
	return hasEscape(text)
}

func hasEscape(text []byte) bool {
	for _, escape := range []string{`\x`, `\u`, `\U`, "\\\n", "\\\r"} {
		if bytes.Contains(text, []byte(escape)) {
			return true
		}
	}
	return false
}

// mayBe holds unless the bytes say plainly that the document is of another kind. A List may hold any kind.
func (s screened) mayBe(kinds ...string) bool {
	if s.kind == "" || s.kind == "List" {
		return true
	}
	return slices.Contains(kinds, s.kind)
}

// mayName holds unless the document cannot be called name.
func (s screened) mayName(name string) bool {
	return bytes.Contains(s.doc.Text(), []byte(name)) || hasEscape(s.doc.Text())
}

// plainKind reads the value of "kind:" from the lines that start at column 0. It gives "" when there is none, when there are two
// that differ (a quoted scalar may continue at column 0), or when some line opens with YAML that could spell a key differently.
func plainKind(text []byte) string {
	kind := ""
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		if bytes.HasPrefix(line, []byte("---")) {
			if rest := bytes.TrimSpace(line[3:]); len(rest) > 0 && rest[0] != '#' {
				return ""
			}
			continue
		}
		if len(line) == 0 || bytes.IndexByte([]byte(" \t\r#-.%}]"), line[0]) >= 0 {
			continue
		}
		if !isWordByte(line[0]) {
			return ""
		}
		value, ok := bytes.CutPrefix(line, []byte("kind:"))
		if !ok {
			continue
		}
		found := plainWord(value)
		if found == "" || kind != "" && kind != found {
			return ""
		}
		kind = found
	}
	return kind
}

// plainWord gives the one word of letters that value holds besides spaces and a comment.
func plainWord(value []byte) string {
	if i := bytes.Index(value, []byte(" #")); i >= 0 {
		value = value[:i]
	}
	value = bytes.TrimSpace(value)
	for _, c := range value {
		if !isWordByte(c) {
			return ""
		}
	}
	return string(value)
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
