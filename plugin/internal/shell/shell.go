// Package shell reads what a container runs: a command line and its environment come in, every command that it starts
// goes out, those in scripts included. It interprets nothing: a word is constant, made of variables that are set once
// before, or not known.
package shell

import (
	"path"
	"slices"
	"strings"
)

// Word is a word of a command, as its program gets it.
type Word struct {
	Text  string   // without quotes; what is not known is left as ${NAME}, or is $() where a script decides it
	Known bool     // all of the text is
	From  []string // variables of the environment in it
	Loose bool     // it may be no word, several, or options: $OPTIONS, "$@"
	At    []Piece  // where its text stands, as far as that is in the command line itself
	// Written is all of the command line that is in it: what At has, and the variables that are put in.
	Written []Piece
	// Uses are where variables stand in the word itself, which brings their values.
	Uses []Piece
}

// Piece is a part of a command line: bytes of one of its words. From and To are 0 for all of it.
type Piece struct{ Word, From, To int }

// Command is one command that runs.
type Command struct {
	Words []Word
	Sure  bool   // it runs; a text that is handed to another program may be no script
	Into  string // the file that its output goes to, "" for none

	from    string      // the script that its standard input is, as Passes tells; "" for none that is known
	env     Environment // as it begins
	changed func() (names []string, open, bare bool)
}

// Program gives the name of the program, without its folder.
func (c Command) Program() string { return path.Base(c.Words[0].Text) }

// Environment gives a variable as the process has it. What is not known of its text stands there as ${NAME}; of one
// that is set elsewhere nothing is.
type Environment func(name string) (w Word, set bool)

// Script gives the words of the command that runs a text.
func Script(text string) []string { return []string{"sh", "-c", text} }

// Commands gives the commands of a command line: itself, then those of the scripts in it. A loop over words is one,
// called for, and so is a text for standard input, called <<. ok is false where a script cannot be read: then there may
// be more.
func Commands(argv []string, env Environment) (all []Command, ok bool) {
	if len(argv) == 0 {
		return nil, true
	}
	r := &reader{env: env, argv: argv, left: maxVariables}
	var words []Word
	r.put = make([][]put, len(argv))
	for i, text := range argv {
		w := r.expandOf(text, &r.put[i])
		w.At, w.Written = []Piece{{Word: i}}, []Piece{{Word: i}}
		words = append(words, w)
	}
	r.words = words
	return r.read([]Command{{Words: words, Sure: true, env: env}}, true)
}

// read adds the commands of the scripts in commands.
func (r *reader) read(all []Command, ok bool) ([]Command, bool) {
	read := map[string]bool{}
	for i := 0; i < len(all); i++ { // a script may start another shell, or itself
		for _, s := range all[i].scripts() {
			s.env, s.changed = all[i].Variable, all[i].Changed
			if read[s.text] {
				continue
			}
			if read[s.text] = true; !s.seen || len(read) > maxScripts {
				ok = false
				continue
			}
			inside, parsed := r.parse(s, all[i].Sure)
			ok = ok && (parsed || !s.sure)
			all = append(all, inside...)
		}
	}
	return all, ok
}

// Nobody writes more than this; a text that leads to itself ends here.
const (
	maxVariables = 10_000   // variables that are followed
	maxScripts   = 100      // scripts in scripts
	maxScript    = 64 << 10 // bytes of one
	maxDepth     = 500      // brackets in brackets
	maxText      = 64 << 10 // bytes of a word
)

// reader reads one command line.
type reader struct {
	env  Environment
	argv []string
	left int // variables that may still be followed

	words []Word  // of the command line, with the variables that Kubernetes puts in
	put   [][]put // these variables, by the words that they are in
}

type script struct {
	text string
	sure bool // it is one
	seen bool // and its text is known, at least in part
	at   []Piece
	args []Word // $1, $2 and so on; nil where they are not known

	env     Environment // of the shell that reads it
	changed func() (names []string, open, bare bool)
}

// Span gives the part of a command line in which pieces stand; false where there are none, or in several words.
func Span(argv []string, pieces []Piece) (all Piece, ok bool) {
	for i, p := range pieces {
		if p.To == 0 {
			p.To = len(argv[p.Word])
		}
		if i == 0 {
			all = p
		}
		if p.Word != all.Word {
			return Piece{}, false
		}
		all.From, all.To = min(all.From, p.From), max(all.To, p.To)
	}
	return all, len(pieces) > 0
}

// within gives the place of a script among the pieces that it comes from; nil where it does not stand there once and as
// it is.
func (r *reader) within(at []Piece, text string) *Piece {
	span, ok := Span(r.argv, at)
	if !ok || text == "" {
		return nil
	}
	written := r.argv[span.Word][span.From:span.To]
	i := strings.Index(written, text)
	if i < 0 || strings.Contains(written[i+1:], text) {
		return nil
	}
	return &Piece{span.Word, span.From + i, span.From + i + len(text)}
}

// put is a variable that Kubernetes has put in for $(NAME): where its value is read, and where the name is written.
type put struct {
	name                   string
	from, to               int
	writtenFrom, writtenTo int
}

// expanded gives the word of the command line that a script is with its variables put in; -1 when it is none.
func (r *reader) expanded(at []Piece, text string) int {
	if len(at) == 1 && at[0].To == 0 && r.words[at[0].Word].Text == text {
		return at[0].Word
	}
	return -1
}

// written gives the piece of the command line behind a piece of a word with its variables put in, and these variables.
func (r *reader) written(p Piece) (written Piece, from []string) {
	written = p
	for _, v := range r.put[p.Word] {
		if v.from < p.To && p.From < v.to {
			from = append(from, v.name)
		}
		switch {
		case p.From >= v.to:
			written.From = p.From + v.writtenTo - v.to
		case p.From >= v.from:
			written.From = v.writtenFrom
		}
		switch {
		case p.To > v.to:
			written.To = p.To + v.writtenTo - v.to
		case p.To > v.from:
			written.To = v.writtenTo
		}
	}
	return written, from
}

// scripts gives the words of a command that are scripts, or may be: behind -c of a shell, of eval, and a text with
// spaces for a program that may run it.
func (c Command) scripts() []script {
	if c.IsPrint() || c.curl() >= 0 {
		return nil
	}
	shell := slices.IndexFunc(c.Words, func(w Word) bool { return IsShell(w.Text) })
	asked := false // for a script as an argument
	var all []script
	for i, w := range c.Words {
		spaces := strings.ContainsAny(strings.TrimSpace(w.Text), " \n")
		switch isOption := strings.HasPrefix(w.Text, "-"); {
		case i == 0:
		case shell >= 0 && i > shell && isOption && !spaces:
			asked = asked || !strings.HasPrefix(w.Text, "--") && strings.Contains(w.Text, "c")
		case c.Words[0].Text == "eval" || asked:
			s := script{text: w.Text, sure: true, seen: w.Known || spaces, at: w.At}
			if asked {
				s.args = append([]Word{}, c.Words[min(i+2, len(c.Words)):]...) // the first one is $0
			}
			all = append(all, s)
			asked = false // what follows are its arguments
		case spaces:
			all = append(all, script{text: w.Text, seen: true, at: w.At})
		}
	}
	return all
}

// IsShell holds for a command that runs a script which Commands gives.
func (c Command) IsShell() bool {
	return c.Words[0].Text == "eval" || slices.ContainsFunc(c.Words, func(w Word) bool { return IsShell(w.Text) })
}

// IsShell holds for the name of a shell.
func IsShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "ksh", "zsh"}, path.Base(program))
}

// IsPrint holds for a command that only prints its words.
func (c Command) IsPrint() bool { return slices.Contains([]string{"echo", "printf"}, c.Words[0].Text) }

// Expand puts in what Kubernetes does for $(NAME) in a command line: the value of a variable, as the process has it. $$
// stands for $.
func Expand(text string, env Environment) Word {
	r := &reader{env: env, left: maxVariables}
	return r.expand(text)
}

// expand puts in what Kubernetes does for $(NAME); $$ stands for $.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func (r *reader) expand(text string) Word { return r.expandOf(text, nil) }

// expandOf also notes what it puts in.
func (r *reader) expandOf(text string, all *[]put) Word {
	w := Word{Known: true}
	whole := len(text)
	note := func(name string, from, size int) {
		if at := whole - len(text); all != nil {
			*all = append(*all, put{name, from, len(w.Text), at, at + size})
		}
		text = text[size:]
	}
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			w.Text += text
			return w
		}
		if len(w.Text) > maxText { // nobody writes more than this with variables in it
			w.Text += text
			w.Known = false
			return w
		}
		w.Text += text[:i]
		text = text[i:]
		name, _, closed := strings.Cut(strings.TrimPrefix(text, "$("), ")")
		value, set := Word{}, false
		if text[1] == '(' && closed {
			value, set = r.env(name)
		}
		switch {
		case text[1] == '$':
			from := len(w.Text)
			w.Text += "$"
			note("", from, 2)
		case set && (value.Known || value.Text != "") && r.follow():
			from := len(w.Text)
			value.At = nil
			w.add(value, name)
			note(name, from, len(name)+3)
		case set:
			from := len(w.Text)
			w.add(Word{Text: "${" + name + "}"}, name)
			note(name, from, len(name)+3)
		default:
			w.Text += "$"
			text = text[1:]
		}
	}
}

// follow tells whether one more variable may be followed.
func (r *reader) follow() bool {
	r.left--
	return r.left >= 0
}

// add puts a piece behind a word; name is the variable that it comes from.
func (w *Word) add(piece Word, name string) {
	w.Text += piece.Text
	w.Known = w.Known && piece.Known
	w.At = append(w.At, piece.At...)
	w.Written = append(w.Written, piece.Written...)
	w.Uses = append(w.Uses, piece.Uses...)
	for _, from := range append(piece.From, name) {
		if from != "" && !slices.Contains(w.From, from) {
			w.From = append(w.From, from)
		}
	}
}
