package verify

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// substituted stands in a word for what a substitution gives, which nothing here knows.
const substituted = "$()"

// command is one command of a shell script: its words, without quotes.
type command struct {
	words []string
	sure  bool // it runs; a text in quotes may be none
}

// splitter takes a script apart. It knows quotes, substitutions, comments and here-documents, and no more of the
// language.
type splitter struct {
	done  []command
	words []string
	word  *strings.Builder // nil between words
	inner []string         // of substitutions
	texts []string         // of here-documents
}

// commandsIn takes a shell script apart into commands. What it runs in substitutions and in quotes are commands too.
func commandsIn(text string) []command { return split(text, true) }

func split(text string, sure bool) []command {
	s := &splitter{}
	s.read(text)
	all := s.done
	for i := range all {
		all[i].sure = sure
	}
	for _, c := range slices.Clone(all) {
		all = append(all, c.quoted()...)
	}
	for _, inner := range s.inner {
		all = append(all, split(inner, sure)...)
	}
	for _, body := range s.texts {
		all = append(all, split(body, false)...)
	}
	return slices.DeleteFunc(all, command.isPrint)
}

// isPrint holds for what only prints its words.
func (c command) isPrint() bool { return c.words[0] == "echo" || c.words[0] == "printf" }

// quoted gives the commands in words that are scripts, or may be: sh -c "…", eval "…", retry "…".
func (c command) quoted() []command {
	var all []command
	for i, word := range c.words {
		if !strings.ContainsAny(strings.TrimSpace(word), " \n") || c.isPrint() || c.curl() >= 0 {
			continue
		}
		isScript := c.words[0] == "eval" || i > 0 && isScriptOption(c.words[i-1])
		all = append(all, split(word, c.sure && isScript)...)
	}
	return all
}

// isScriptOption holds for -c, -ec and the like of a shell.
func isScriptOption(word string) bool {
	return strings.HasPrefix(word, "-") && strings.HasSuffix(word, "c")
}

func (s *splitter) read(text string) {
	var quote byte
	open, before := 0, "" // where a quote was opened, and its word up to there
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quote != '\'' && b == '\\' && i+1 < len(text):
			if i++; text[i] != '\n' {
				s.put(text[i : i+1])
			}
		case quote != 0 && b == quote:
			quote = 0
		case quote == 0 && (b == '\'' || b == '"'):
			s.put("")
			quote, open, before = b, i, s.word.String()
		case quote != '\'' && (b == '`' || strings.HasPrefix(text[i:], "$(")):
			inner, length := substitution(text[i:])
			s.inner = append(s.inner, inner)
			s.put(substituted)
			i += length - 1
		case quote != 0:
			s.put(text[i : i+1])
		case b == '#' && s.word == nil:
			i += len(line(text[i:])) - 1
		case strings.HasPrefix(text[i:], "<<") && !strings.HasPrefix(text[i:], "<<<"):
			text = s.hereDocument(text, i)
		case b == ' ' || b == '\t' || b == '\r':
			s.endWord()
		case strings.IndexByte("\n;|()", b) >= 0 || b == '&' && !isRedirect(text, i):
			s.endCommand()
		default:
			s.put(text[i : i+1])
		}
	}
	if quote != 0 { // it was none
		s.word = nil
		s.put(before)
		s.inner = append(s.inner, text[open+1:])
	}
	s.endCommand()
}

// isRedirect holds for the & in >&2 and &>file.
func isRedirect(text string, at int) bool {
	return strings.HasSuffix(text[:at], ">") || strings.HasPrefix(text[at+1:], ">")
}

func (s *splitter) put(text string) {
	if s.word == nil {
		s.word = &strings.Builder{}
	}
	s.word.WriteString(text)
}

func (s *splitter) endWord() {
	if s.word != nil {
		s.words = append(s.words, s.word.String())
	}
	s.word = nil
}

func (s *splitter) endCommand() {
	s.endWord()
	if len(s.words) > 0 {
		s.done = append(s.done, command{words: s.words})
	}
	s.words = nil
}

// line gives a text up to the end of its first line.
func line(text string) string {
	before, _, _ := strings.Cut(text, "\n")
	return before
}

var hereWord = regexp.MustCompile(`^<<-?\s*["'\\]?(\w+)["']?`)

// hereDocument takes a here-document out of a text, and notes it: a shell may read it.
func (s *splitter) hereDocument(text string, at int) string {
	word := hereWord.FindStringSubmatch(text[at:])
	if word == nil {
		return text
	}
	start := at + len(line(text[at:]))
	end := regexp.MustCompile(`\n\s*` + word[1] + `[ \t]*(\n|$)`).FindStringIndex(text[start:])
	if end == nil {
		return text
	}
	s.texts = append(s.texts, text[start:start+end[0]])
	return text[:start] + text[start+end[1]-1:]
}

// substitution gives the script in the $(…) or `…` with which a text begins, and the length of the whole.
func substitution(text string) (inner string, length int) {
	if text[0] == '`' {
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '`':
				return strings.ReplaceAll(text[1:i], "\\`", "`"), i + 1
			}
		}
		return text[1:], len(text)
	}
	var quote byte
	depth := 1
	for i := 2; i < len(text); i++ {
		switch b := text[i]; {
		case quote != '\'' && b == '\\':
			i++
		case quote != 0 && b == quote:
			quote = 0
		case quote != '\'' && (b == '`' || strings.HasPrefix(text[i:], "$(")):
			_, nested := substitution(text[i:])
			i += nested - 1
		case quote != 0:
		case b == '\'' || b == '"':
			quote = b
		case b == '(':
			depth++
		case b == ')':
			if depth--; depth == 0 {
				return text[2:i], i + 1
			}
		}
	}
	return text[2:], len(text)
}

// noCalls are commands for which curl is only a word.
var noCalls = []string{
	"which", "type", "hash", "whereis", "alias", "apk", "apt", "apt-get", "dpkg", "yum", "dnf", "microdnf", "tdnf", "zypper",
	"pip", "brew", "rpm", "test", "[", "[[", "ls", "rm", "cp", "mv", "ln", "chmod", "chown", "cat", "grep", "pgrep", "pkill", "killall",
}

var assignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)\+?=`)

// curl gives the place of the word curl in a command that runs it, -1 in others. A call whose address can be read
// counts in any command.
func (c command) curl() int {
	at := slices.IndexFunc(c.words, isCurl)
	if at < 0 || slices.ContainsFunc(parseCurl(c.words[at+1:]), curlCall.isReadable) {
		return at
	}
	before := c.words[:at]
	reserved := []string{"if", "elif", "while", "until", "!"}
	for len(before) > 0 && (assignment.MatchString(before[0]) || slices.Contains(reserved, before[0])) {
		before = before[1:]
	}
	looks := slices.Contains(before, "-v") || slices.Contains(before, "-V") || // command -v curl
		len(before) > 0 && slices.Contains(noCalls, path.Base(before[0]))
	if !c.sure || looks || slices.ContainsFunc(c.words[at+1:], isInfo) {
		return -1
	}
	return at
}

// isInfo holds for options with which curl calls nobody.
func isInfo(word string) bool {
	return slices.Contains([]string{"--version", "-V", "--help", "-h", "--manual", "-M"}, word)
}

// constants gives the variables of a script with their values, and substituted for those that more than one place sets.
func constants(all []command, set func(name string) (string, bool)) map[string]string {
	found := map[string]string{}
	note := func(name, value string) {
		outer, ok := set(name)
		if fallback := regexp.MustCompile(`^\$\{` + name + `:?[-=]([^}]*)\}$`).FindStringSubmatch(value); fallback != nil {
			value = fallback[1]
			if ok {
				value = outer
			}
		}
		if old, twice := found[name]; twice && old != value {
			value = substituted
		}
		if ok && outer != value { // it may be one or the other
			value = substituted
		}
		found[name] = value
	}
	for _, c := range all {
		words := c.words
		for len(words) > 0 && (isDeclaration(words[0]) || slices.Contains([]string{"then", "do", "else", "{"}, words[0])) {
			words = words[1:]
		}
		for i, word := range words {
			name := assignment.FindStringSubmatch(word)
			switch {
			case i > 0 && (words[0] == "for" && i == 1 || slices.Contains(words[:i], "read")):
				note(word, substituted)
			case name == nil:
			case strings.HasPrefix(word[len(name[1]):], "+="), strings.ContainsAny(word, "\"'`\\"):
				note(name[1], substituted)
			default:
				note(name[1], word[len(name[0]):])
			}
		}
	}
	return found
}

var reference = regexp.MustCompile(`\$(\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)`)

// resolved puts the values of a script's own variables in, so that quotes count as where they stood.
func resolved(text string, set func(name string) (string, bool)) string {
	for range 3 { // a variable may name another
		values := constants(commandsIn(text), set)
		next := reference.ReplaceAllStringFunc(text, func(word string) string {
			if value, ok := values[strings.Trim(word, "${}")]; ok {
				return value
			}
			return word
		})
		if next == text {
			break
		}
		text = next
	}
	return text
}

func isDeclaration(word string) bool {
	return slices.Contains([]string{"export", "local", "readonly", "declare", "typeset"}, word)
}
