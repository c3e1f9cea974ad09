package shell

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// start is what stands before the program that a command runs in the end: exec, env with variables, timeout and the
// like.
type start struct {
	at    int  // place of the program; behind the last word where there is none
	bare  bool // nothing of the environment is handed on
	open  bool // it may set anything
	set   map[string]Word
	unset []string
}

// starters run the program behind their options: each with its options that take a value, and how many words stand
// before the program.
var starters = map[string]struct {
	options string
	words   int
}{
	"exec": {"a", 0}, "command": {"", 0}, "builtin": {"", 0}, "nohup": {"", 0}, "setsid": {"", 0}, "time": {"fo", 0},
	"stdbuf": {"ioe", 0},
	"env":    {"uCS", 0}, "nice": {"n", 0}, "ionice": {"cnp", 0}, "timeout": {"sk", 1}, "tini": {"pe", 0},
	"dumb-init": {"r", 0}, "gosu": {"", 1},
	"su-exec": {"", 1}, "sudo": {"ughpCr", 0}, "chroot": {"", 1},
}

// begin reads the words before the program.
func (c Command) begin() start {
	s := start{set: map[string]Word{}}
	for s.at < len(c.Words) {
		name := path.Base(c.Words[s.at].Text)
		known, ok := starters[name]
		if !ok {
			return s
		}
		s.at++
		s.options(c.Words, name, known.options)
		if name == "env" {
			s.variables(c.Words)
		}
		s.open = s.open || name == "sudo"
		s.at = min(s.at+known.words, len(c.Words))
	}
	return s
}

// options goes behind the options of a starter.
func (s *start) options(words []Word, name, valued string) {
	for s.at < len(words) && strings.HasPrefix(words[s.at].Text, "-") {
		text := words[s.at].Text
		s.at++
		if text == "--" {
			return
		}
		isLong := strings.HasPrefix(text, "--")
		value := ""
		switch {
		case isLong:
			_, value, _ = strings.Cut(text, "=")
		case len(text) > 2:
			value = text[2:]
		case len(text) == 2 && strings.Contains(valued, text[1:]) && s.at < len(words):
			value = words[s.at].Text
			s.at++
		}
		isShort := func(option string) bool { return !isLong && strings.HasPrefix(text, "-"+option) }
		s.option(name, text, value, isShort)
	}
}

// option notes what an option changes of the environment.
func (s *start) option(name, text, value string, isShort func(string) bool) {
	switch {
	case name == "exec" && isShort("c"):
		s.bare = true
	case name != "env":
	case text == "-", isShort("i"), text == "--ignore-environment":
		s.bare = true
	case isShort("u"), strings.HasPrefix(text, "--unset="):
		s.unset = append(s.unset, value)
	case isShort("S"), strings.HasPrefix(text, "--split-string"):
		s.open = true
	}
}

// variables reads NAME=value behind env.
func (s *start) variables(words []Word) {
	for s.at < len(words) {
		w := words[s.at]
		name, value, ok := strings.Cut(w.Text, "=")
		if !ok {
			s.open = s.open || w.Loose
			return
		}
		s.set[name] = Word{Text: value, Known: w.Known || !strings.Contains(value, "$"), From: w.From, At: w.At}
		s.at++
	}
}

// Main gives the program that a command runs in the end, with its arguments: in exec env A=b timeout 5 curl -s it is
// curl -s.
func (c Command) Main() []Word {
	s := c.begin()
	if s.at == len(c.Words) {
		return nil
	}
	return c.Words[s.at:]
}

// Variable gives a variable as the program of the command has it in its environment: scripts and programs before it may
// have changed it.
func (c Command) Variable(name string) (Word, bool) {
	s := c.begin()
	w, ok := s.set[name]
	switch {
	case ok:
		return w, true
	case s.bare, slices.Contains(s.unset, name):
		return Word{}, false
	case s.open:
		return Word{}, true
	}
	return c.env(name)
}

// Hands tells whether the program of the command gets a variable as the container has it.
func (c Command) Hands(name string) bool {
	names, _, bare := c.Changed()
	return !bare && !slices.Contains(names, name)
}

// Changed names the variables that the program of the command may have in another way than the container. open holds
// where that may be any, bare where it has none but these.
func (c Command) Changed() (names []string, open, bare bool) {
	if c.changed != nil {
		names, open, bare = c.changed()
	}
	s := c.begin()
	names = slices.Concat(names, slices.Sorted(maps.Keys(s.set)), s.unset)
	slices.Sort(names)
	return slices.Compact(names), open || s.open, bare || s.bare
}
