package mention

import (
	"slices"
	"strings"
	"unicode"

	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
)

// A text names a server where a word of it is one of its names. What that says is said by what stands around it.

// hit is a name in a text.
type hit struct {
	Span
	name     string
	variable bool // it is a variable that Kubernetes sets
	local    bool // it is the pod's own machine
	machine  bool // it is a port of a machine
	composed bool // it is put together, of what only a run knows
}

// nearby are the names that a container gives to its own pod, where that has a server.
type nearby struct {
	variables map[string]bool // that hold its address or its name
}

// hits gives the names in a text, in order. near is nil where no name of the own machine counts.
func (n *known) hits(text string, near *nearby) []hit {
	var all []hit
	for i := 0; i < len(text); {
		from := i
		for i < len(text) && isNameByte(text[i]) {
			i++
		}
		if i > from {
			if dash := strings.IndexByte(text[from:i], '-'); dash > 0 && strings.HasSuffix(text[:from], "${") {
				i = from + dash // ${NAME-default}
			}
			if h, ok := n.word(text, from, i, near); ok {
				all = append(all, h)
			}
			continue
		}
		if h, ok := n.bracketed(text, i, near); ok {
			all = append(all, h)
			i = h.To
		}
		i++
	}
	return all
}

// word judges the word at a place of a text.
func (n *known) word(text string, from, to int, near *nearby) (hit, bool) {
	for to > from && (text[to-1] == '.' || text[to-1] == '-') {
		to--
	}
	if from < to && text[from] == '-' && isBehindVariable(text[:from]) {
		from++
	}
	word := text[from:to]
	if word == "" || word[0] == '-' {
		return hit{}, false
	}
	before := text[:from]
	asVariable := slices.ContainsFunc(variables, func(begin string) bool { return strings.HasSuffix(before, begin) })
	if asVariable {
		if service := n.variable(word); service != "" {
			return hit{Span: Span{from, to}, name: service, variable: true}, true
		}
	}
	if near != nil && near.isLocal(word, asVariable, before) {
		return hit{Span: Span{from, to}, name: word, local: true}, true
	}
	if asVariable {
		return n.autodiscovered(text, from, to)
	}
	if service, ok := n.machine[word]; ok {
		return hit{Span: Span{from, to}, name: service.name, machine: true}, true
	}
	if name := n.Called(word); name != "" {
		return hit{Span: Span{from, to}, name: name}, true
	}
	return hit{}, false
}

// variables are what stands in front of the name of a variable: in a shell, Kubernetes, Elasticsearch and Fluentd.
var variables = []string{"$", "${", "$(", "#{ENV['", "#{ENV[\""}

// isLocal tells whether a word is the machine or pod that a server is in, by its name or a variable.
func (near *nearby) isLocal(word string, asVariable bool, before string) bool {
	if asVariable && near.variables[word] || strings.HasSuffix(before, "$(") && word == "hostname" {
		return true
	}
	return !asVariable && word != "0" && route.IsLocal(word)
}

// isBehindVariable tells whether a text ends where the default of a variable begins: ${NAME: or ${NAME
func isBehindVariable(text string) bool {
	at := strings.LastIndex(text, "${")
	return at >= 0 && strings.IndexFunc(strings.TrimSuffix(text[at+2:], ":"),
		func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) < 0
}

// dataHost is what Beats put the address of a pod in for, in templates of their autodiscovery.
// https://www.elastic.co/guide/en/beats/metricbeat/8.19/configuration-autodiscover.html
const dataHost = "data.host"

func (n *known) autodiscovered(text string, from, to int) (hit, bool) {
	if !n.pods || text[from:to] != dataHost {
		return hit{}, false
	}
	return hit{Span: Span{from, to}, name: "${" + dataHost + "}"}, true
}

// bracketed finds an address of IPv6, which stands in brackets where a port follows.
func (n *known) bracketed(text string, at int, near *nearby) (hit, bool) {
	if text[at] != '[' {
		return hit{}, false
	}
	end := strings.IndexByte(text[at:min(len(text), at+48)], ']')
	if end < 0 || !strings.Contains(text[at:at+end], ":") {
		return hit{}, false
	}
	word, span := text[at+1:at+end], Span{at, at + end + 1}
	if near != nil && route.IsLocal(word) {
		return hit{Span: span, name: text[span.From:span.To], local: true}, true
	}
	found, ok := n.hosts[route.Canonical(word)]
	return hit{Span: span, name: found.name}, ok
}

func isNameByte(c byte) bool {
	return c == '-' || c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// port gives the port behind a name: digits, or "$" where a variable says it; "" for none. The tag of an image is none.
func (h hit) port(text string) string {
	rest := strings.TrimPrefix(text[h.To:], ".")
	// $(hostname -i)
	if i := strings.IndexByte(rest[:min(len(rest), 24)], ')'); h.local && h.name == "hostname" && i >= 0 {
		rest = rest[i:]
	}
	rest = strings.TrimLeft(rest, "})")
	rest, ok := strings.CutPrefix(rest, ":")
	if !ok || rest == "" {
		return ""
	}
	if rest[0] == '$' || strings.HasPrefix(rest, "#{") || strings.HasPrefix(rest, "{{") {
		return "$"
	}
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	if digits < 2 || digits < len(rest) && isNameByte(rest[digits]) {
		return ""
	}
	return rest[:digits]
}

// isBehindHost tells whether a port stands behind a host, or behind a variable that may be one.
func (h hit) isBehindHost(text string) bool {
	before, ok := strings.CutSuffix(text[:h.From], ":")
	return ok && before != "" && (isNameByte(before[len(before)-1]) ||
		strings.IndexByte(")}]", before[len(before)-1]) >= 0)
}

// scheme gives what stands before "://" in front of a name, "//" where nothing does, "@" behind a user without either,
// "" for none.
func (h hit) scheme(text string) string {
	before := strings.TrimRight(text[max(0, h.From-300):h.From], "$({")
	if h.local && h.name == "hostname" {
		before = strings.TrimSuffix(before, "$")
	}
	user := ""
	if inner, ok := strings.CutSuffix(before, "@"); ok {
		user = "@"
		start := strings.LastIndexAny(inner, " \t\n\"'`,;=") + 1
		slashes := strings.Index(inner[start:], "//")
		if slashes < 0 {
			return user
		}
		before = inner[:start+slashes+2]
	}
	before, ok := strings.CutSuffix(before, "//")
	if !ok {
		return user
	}
	before, ok = strings.CutSuffix(before, ":")
	start := len(before)
	for start > 0 && isNameByte(before[start-1]) {
		start--
	}
	if !ok || start == len(before) {
		return "//"
	}
	return strings.ToLower(before[start:])
}

// isKey tells whether a name is what a value stands behind, or a block: search: x, "search": x, search = x, search {,
// <search>, [search].
func (h hit) isKey(text string) bool {
	before, after := text[:h.From], text[h.To:]
	if strings.HasSuffix(before, "<") || strings.HasSuffix(before, "</") {
		return true
	}
	line := lineBefore(text, h.From)
	if strings.TrimSpace(line) == "[" && strings.HasPrefix(after, "]") {
		return true
	}
	if after != "" && (after[0] == '"' || after[0] == '\'') {
		after = after[1:]
	}
	if strings.HasPrefix(after, "(") {
		return true
	}
	spaces := len(after) - len(strings.TrimLeft(after, " \t"))
	if after = after[spaces:]; after == "" {
		return false
	}
	switch after[0] {
	case '{':
		return !strings.HasPrefix(after, "{{")
	case '=':
		return !strings.HasPrefix(after, "==")
	case ':':
		return len(after) == 1 || strings.IndexByte(" \t\r\n\"'[{", after[1]) >= 0
	}
	return false
}

// isSegment tells whether a name is a part of a path: /usr/share/search, search/values.yaml.
func (h hit) isSegment(text string) bool {
	before, after := text[:h.From], text[h.To:]
	return strings.HasSuffix(before, "/") && !strings.HasSuffix(before, "//") || strings.HasPrefix(after, "/") ||
		strings.HasSuffix(before, "\\")
}

// isComment tells whether a name stands in a comment. Where ends holds, a mark behind something else begins one too.
func (h hit) isComment(text string, ends bool) bool {
	line := lineBefore(text, h.From)
	trimmed := strings.TrimLeft(line, " \t")
	isMark := strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(trimmed, "#{") &&
		!strings.HasPrefix(trimmed, "#define")
	return isMark || strings.HasPrefix(trimmed, "// ") ||
		strings.LastIndex(line, "<!--") > strings.LastIndex(line, "-->") ||
		ends && isBehindMark(line)
}

// isBehindMark tells whether a line has begun a comment behind something else.
func isBehindMark(line string) bool {
	i := strings.Index(line, " # ")
	return i >= 0 && strings.Count(line[:i], `"`)%2 == 0 && strings.Count(line[:i], "'")%2 == 0
}

// isElement tells whether a name is a word by itself, as the elements of lists are.
func (h hit) isElement(text string) bool {
	const ends = " \t\r\n,;|\"'`[](){}<>=:"
	before, after := text[:h.From], strings.TrimPrefix(text[h.To:], ".")
	return (before == "" || strings.IndexByte(ends+"\\", before[len(before)-1]) >= 0) &&
		(after == "" || strings.IndexByte(ends+"\\", after[0]) >= 0 || after == "/")
}

// farthest bounds what is looked at in front of a name.
const farthest = 1000

func lineBefore(text string, at int) string {
	before := text[max(0, at-farthest):at]
	return before[strings.LastIndexByte(before, '\n')+1:]
}

// keyBefore gives what the word at a place of a text is the value of, by the text itself: es_host = search, "host":
// "search", 'host' => 'search', --host search, Host search, <host>search, and lists of these. "" is for none.
func keyBefore(text string, span Span) string {
	line := lineBefore(text, span.From)
	for line != "" {
		line = strings.TrimRight(line, " \t\"'`[({\\")
		switch {
		case line == "" || strings.TrimSpace(line) == "-":
			return keyAbove(text, span.From)
		case strings.HasSuffix(line, "=>"):
			return lastWord(line[:len(line)-2])
		case strings.HasSuffix(line, ">"):
			return tagName(line)
		case strings.HasSuffix(line, "=") || strings.HasSuffix(line, ":"):
			return lastWord(strings.TrimRight(line, "=:"))
		case strings.HasSuffix(line, ",") || strings.HasSuffix(line, ";"):
			line = withoutElement(line[:len(line)-1])
		default:
			return optionBefore(text, line, span.To)
		}
	}
	return keyAbove(text, span.From)
}

// withoutElement takes the last element of a list away.
func withoutElement(line string) string {
	line = strings.TrimRight(line, " \t\"'`\\")
	end := len(line)
	for end > 0 && (isNameByte(line[end-1]) || strings.IndexByte(":/@$", line[end-1]) >= 0) {
		end--
	}
	return line[:end]
}

// optionBefore gives the option in front of a word, or the only other word of its line.
func optionBefore(text, line string, end int) string {
	word := line[strings.LastIndexAny(line, " \t\"'`")+1:]
	if strings.HasPrefix(word, "-") {
		return strings.TrimLeft(word, "-")
	}
	rest, _, _ := strings.Cut(text[end:min(len(text), end+farthest)], "\n")
	if isName := !strings.ContainsAny(word, ".-:") || saysHost(word); isName && strings.TrimSpace(line) == word &&
		strings.Trim(rest, " \t\r;\"'") == "" {
		return word
	}
	return ""
}

// keyAbove gives the name of a list of which each element has a line.
func keyAbove(text string, at int) string {
	above := text[max(0, at-4*farthest):at]
	for range 50 {
		end := strings.LastIndexByte(above, '\n')
		if end < 0 {
			return ""
		}
		above = above[:end]
		line := strings.TrimSpace(above[strings.LastIndexByte(above, '\n')+1:])
		opened := strings.TrimRight(line, " [({>")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasSuffix(opened, ":") || strings.HasSuffix(opened, "=") || opened != line:
			return lastWord(strings.TrimRight(opened, "=: "))
		case strings.HasPrefix(line, "- ") || strings.HasSuffix(line, ","):
		default:
			return ""
		}
	}
	return ""
}

// lastWord gives the name at the end of a text, without quotes.
func lastWord(text string) string {
	text = strings.TrimRight(text, " \t\"'`\\")
	start := len(text)
	for start > 0 && (isNameByte(text[start-1]) || strings.IndexByte("@$/", text[start-1]) >= 0) {
		start--
	}
	return strings.TrimLeft(text[start:], "-")
}

// tagName gives the name of the tag that a text ends with: <host>, <property name="host">.
func tagName(line string) string {
	tag := line[strings.LastIndexByte(line, '<')+1 : len(line)-1]
	if _, named, ok := strings.Cut(tag, "name="); ok {
		return strings.Trim(strings.Fields(named + " ")[0], "\"'")
	}
	name, _, _ := strings.Cut(tag, " ")
	return name
}
