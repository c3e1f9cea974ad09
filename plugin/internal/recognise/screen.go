package recognise

import (
	"bytes"
	"maps"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/encoded"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// The screen spares parsing, it never decides: what it lets through is parsed and judged, what it holds back cannot
// matter.

// screened is what the bytes of a document tell without parsing it.
type screened struct {
	doc  *manifest.Document
	kind string // "" when the bytes do not say it plainly
	hook bool   // the document may mention helm.sh/hook
	runs bool   // it may make pods, which their containers tell
}

func screen(doc *manifest.Document) screened {
	text := doc.Text()
	kind := plainKind(text)
	if object.IsList(kind) {
		kind = "List"
	}
	return screened{
		// a letter is found far more often than a slash
		doc: doc, kind: kind, hook: bytes.Contains(text, []byte("/hook")),
		runs: !object.NoPods(kind) && (bytes.Contains(text, []byte("containers")) || hasEscape(text)),
	}
}

// mayBeObject tells a document that may have a kind from comments, and from what is no manifest at all.
func mayBeObject(text []byte) bool {
	if !bytes.Contains(text, []byte("kind")) && !hasEscape(text) {
		return false
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		line = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimPrefix(line, []byte("\ufeff")), []byte("---")))
		if len(line) > 0 && line[0] != '#' && line[0] != '%' && !bytes.Equal(line, []byte("...")) {
			return true
		}
	}
	return false
}

// elasticWords gives what at least one of occurs in every document that may be a part of Elasticsearch or Kibana.
func elasticWords() []string {
	return []string{"lasticsearch", "Kibana", "kibana", "LASTICSEARCH", "KIBANA", "esMajorVersion", "xpack.security",
		"XPACK_SECURITY"}
}

// hasEscape holds when a double-quoted scalar may spell a word in another way: by code points, or over two lines.
func hasEscape(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return false
		}
		switch text[i+1] {
		case 'x', 'u', 'U', '\n', '\r':
			return true
		}
		text = text[i+1:]
	}
}

// mayEncode holds unless the document holds no base64: Secrets do, and ConfigMaps in binaryData. Its capital is rare.
func (s screened) mayEncode() bool {
	return s.mayBe("Secret") || s.mayBe("ConfigMap") && bytes.Contains(s.doc.Text(), []byte("Data"))
}

// holdsEncoded tells whether a document holds one of the words in base64. A value that goes on over several lines may.
func (s screened) holdsEncoded(wanted *words.Set) bool {
	text := s.doc.Text()
	if s.mayBe("Secret") && goesOnEncoded(text) {
		return true
	}
	return encoded.HoldsInside(text, wanted)
}

// goesOnEncoded tells whether a text has lines that are no entries, as those of a value over several lines are.
func goesOnEncoded(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && line[0] != '-' &&
			bytes.IndexByte(line, ':') < 0 {
			return true
		}
	}
	return false
}

// mayBe holds unless the bytes say plainly that the document is of another kind. A List may hold any kind.
func (s screened) mayBe(kinds ...string) bool {
	return s.kind == "" || s.kind == "List" || slices.Contains(kinds, s.kind)
}

// mayName holds unless the document cannot be called name.
func (s screened) mayName(name string) bool {
	if plain := plainName(s.doc.Text()); plain != "" {
		return plain == name
	}
	return bytes.Contains(s.doc.Text(), []byte(name)) || hasEscape(s.doc.Text())
}

// plainName reads metadata.name where it stands as charts write it: the one line "  name: x" below a line "metadata:".
// It gives "" for every other spelling.
func plainName(text []byte) string {
	block, ok := behindLine(text, "metadata:")
	if isPlain := !bytes.ContainsAny(text[:len(text)-len(block)], unplain); !ok || !isPlain {
		if _, again := behindLine(block, "metadata:"); !ok || again {
			return ""
		}
	}
	line, block, _ := bytes.Cut(block, []byte("\n"))
	if len(bytes.TrimSpace(line)) > 0 {
		return ""
	}
	name := ""
	for len(block) > 0 && (block[0] == ' ' || block[0] == '#' || block[0] == '\n' || block[0] == '\r') {
		line, block, _ = bytes.Cut(block, []byte("\n"))
		value, ok := bytes.CutPrefix(line, []byte("  name:"))
		if !ok {
			continue
		}
		word := bytes.TrimSpace(value)
		if len(word) > 2 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
			word = word[1 : len(word)-1]
		}
		if name != "" || len(word) == 0 || isWordStart(value) || len(bytes.Trim(word, nameBytes)) > 0 ||
			goesOn(block, "   ") {
			return ""
		}
		name = string(word)
	}
	return name
}

// nameBytes are what the names of Secrets, ConfigMaps and Services are made of.
const nameBytes = "abcdefghijklmnopqrstuvwxyz0123456789-."

// unplain opens YAML that could spell a key differently, or hold a line that looks like one: quotes and brackets.
const unplain = "\"'{[?&!"

// plainKind reads the value of "kind:" from the first line at column 0 that has it, as who parses the document takes
// the first. It gives "" when there is none, and when something before it is not plain.
func plainKind(text []byte) string {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		value, isKind := bytes.CutPrefix(line, []byte("kind:"))
		switch {
		case len(line) == 0 || line[0] == '#' || line[0] == '\r':
		case bytes.HasPrefix(line, []byte("---")):
			if rest := bytes.TrimSpace(line[3:]); len(rest) > 0 && rest[0] != '#' {
				return ""
			}
		case isKind && goesOn(text, " "):
			return ""
		case isKind:
			return plainWord(value)
		case bytes.ContainsAny(line, unplain) || !isWordByte(line[0]) && line[0] != ' ':
			return plainKindBehind(text)
		}
	}
	return ""
}

// behindLine gives what follows the beginning of the first line that begins so. Most letters are rarer than line ends:
// it looks for the beginning and not for the line.
func behindLine(text []byte, beginning string) (rest []byte, found bool) {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(beginning))
		if i < 0 {
			return nil, false
		}
		at := from + i
		from = at + len(beginning)
		if at == 0 || text[at-1] == '\n' {
			return text[from:], true
		}
	}
}

// plainKindBehind looks for the kind behind lines that open quotes or brackets. They may hold a line that looks like a
// kind: only a document without any key in another spelling, and with one such line, has a plain one.
func plainKindBehind(text []byte) string {
	kind := ""
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		if len(line) == 0 || bytes.IndexByte([]byte(" \t\r#-.%}]"), line[0]) >= 0 {
			continue
		}
		if !isWordByte(line[0]) {
			return ""
		}
		if value, ok := bytes.CutPrefix(line, []byte("kind:")); ok {
			found := plainWord(value)
			if found == "" || kind != "" && kind != found || goesOn(text, " ") {
				return ""
			}
			kind = found
		}
	}
	return kind
}

// goesOn tells whether the line above text may go on in it: where the next line that holds anything begins with
// indent, or with a tab. A plain scalar may have several lines. https://yaml.org/spec/1.2.2/#733-plain-style
func goesOn(text []byte, indent string) bool {
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) > 0 {
			return line[0] == '\t' || bytes.HasPrefix(line, []byte(indent))
		}
	}
	return false
}

// plainWord gives the one word of letters that value holds besides spaces and a comment.
func plainWord(value []byte) string {
	if i := bytes.Index(value, []byte(" #")); i >= 0 {
		value = value[:i]
	}
	if isWordStart(value) {
		return ""
	}
	value = bytes.TrimSpace(value)
	for _, c := range value {
		if !isWordByte(c) {
			return ""
		}
	}
	return string(value)
}

// isWordStart tells whether something stands right behind a colon, which then ends no key.
func isWordStart(behindColon []byte) bool {
	return len(behindColon) > 0 && behindColon[0] != ' ' && behindColon[0] != '\t' && behindColon[0] != '\r'
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// Counted says how many documents hold an object of a kind.
type Counted struct {
	Kind  string `json:"kind"` // "other" where the text does not say it plainly
	Count int    `json:"count"`
}

// Counts says what the stream holds, sorted by kind. A list counts once.
func (r *Input) Counts() []Counted {
	counts := map[string]int{}
	for _, s := range r.screened {
		switch {
		case s.kind != "":
			counts[s.kind]++
		case mayBeObject(s.doc.Text()):
			counts["other"]++
		}
	}
	all := []Counted{}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, Counted{Kind: kind, Count: counts[kind]})
	}
	return all
}
