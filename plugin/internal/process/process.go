// Package process reads what a container runs: a command line and its environment come in, every command that it starts goes out, those
// in scripts included. It interprets nothing: a word is constant, made of variables that are set once before, or not known.
package process

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
}

// Command is one command that runs.
type Command struct {
	Words []Word
	Sure  bool // it runs; a text that is handed to another program may be no script
}

// Program gives the name of the program, without its folder.
func (c Command) Program() string { return path.Base(c.Words[0].Text) }

// Environment gives a variable as the manifests set it, references to others included. A variable that is set elsewhere is not known.
type Environment func(name string) (w Word, set bool)

// Commands gives the commands of a command line: itself, then those of the scripts in it. A loop over words is one, called for.
// ok is false where a script cannot be parsed: then there may be more.
func Commands(argv []string, env Environment) (all []Command, ok bool) {
	if len(argv) == 0 {
		return nil, true
	}
	var words []Word
	for _, word := range argv {
		words = append(words, env.Expand(word))
	}
	all, ok = []Command{{Words: words, Sure: true}}, true
	read := map[string]bool{}
	for i := 0; i < len(all); i++ { // a script may start another shell, or itself
		for _, s := range all[i].scripts() {
			if read[s.text] {
				continue
			}
			read[s.text] = true
			inside, parsed := parse(s.text, env, all[i].Sure && s.sure)
			if s.sure {
				ok = ok && parsed
			}
			all = append(all, inside...)
		}
	}
	return all, ok
}

type script struct {
	text string
	sure bool
}

// scripts gives the words of a command that are scripts, or may be: behind -c of a shell, of eval, and a text with spaces for a program that
// may run it.
func (c Command) scripts() []script {
	shell := slices.ContainsFunc(c.Words, func(w Word) bool { return isShell(w.Text) })
	if c.IsPrint() || c.curl() >= 0 {
		return nil
	}
	var all []script
	for i, w := range c.Words {
		switch {
		case i == 0:
		case c.Words[0].Text == "eval", shell && isScriptOption(c.Words[i-1].Text) && !isScriptOption(w.Text):
			all = append(all, script{w.Text, true})
		case strings.ContainsAny(strings.TrimSpace(w.Text), " \n"):
			all = append(all, script{w.Text, false})
		}
	}
	return all
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "ksh", "zsh"}, path.Base(program))
}

// isScriptOption tells whether a shell takes its next argument for a script: -c, -ec, -lc, and the -- behind them.
func isScriptOption(option string) bool {
	return option == "--" || strings.HasPrefix(option, "-") && !strings.HasPrefix(option, "--") && strings.HasSuffix(option, "c")
}

// IsPrint holds for a command that only prints its words.
func (c Command) IsPrint() bool { return slices.Contains([]string{"echo", "printf"}, c.Words[0].Text) }

// Expand puts in what Kubernetes does for $(NAME); $$ stands for $.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func (env Environment) Expand(text string) Word { return env.expand(text, 0) }

// Variables that lead to each other end after so many steps, and texts that double at each step at so many bytes.
const (
	maxSteps = 64
	maxText  = 1 << 16
)

func (env Environment) expand(text string, steps int) Word {
	w := Word{Known: steps < maxSteps}
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			w.Text += text
			return w
		}
		w.Text += text[:i]
		text = text[i:]
		name, _, closed := strings.Cut(strings.TrimPrefix(text, "$("), ")")
		value, set := Word{}, false
		if text[1] == '(' && closed {
			value, set = env(name)
		}
		switch {
		case text[1] == '$':
			w.Text += "$"
			text = text[2:]
		case set && value.Known && w.Known && len(w.Text) < maxText:
			w.add(env.expand(value.Text, steps+1), name)
			text = text[len(name)+3:]
		case set:
			w.add(Word{Text: "${" + name + "}"}, name)
			text = text[len(name)+3:]
		default:
			w.Text += "$"
			text = text[1:]
		}
	}
}

// add puts a piece behind a word; name is the variable that it comes from.
func (w *Word) add(piece Word, name string) {
	w.Text += piece.Text
	w.Known = w.Known && piece.Known
	w.From = append(w.From, piece.From...)
	if name != "" {
		w.From = append(w.From, name)
	}
}
