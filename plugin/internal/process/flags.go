package process

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Flag is an option of a command, as most programs read theirs: --name=value, --name value and -name. Which options
// take a value is not known: the word behind one may be its value.
type Flag struct {
	Name  string     // without signs; of a setting that another option sets, as -E does, its own
	Sign  string     // before the name, as it is written: "-", "--", "-E", "--set "
	Value shell.Word // without the name
	Given bool       // there is a value, or may be
	Apart bool       // in a word of its own
	Sets  bool       // it is a setting behind one of the options that set any
	Word  shell.Word // the one in which the value stands, else the option
	Run   *Run
}

// Flags gives the options of the programs that a run starts, in their order. setters are options behind which a
// setting stands: -E name=value is one of that name. open is true where there may be more.
func (r *Run) Flags(setters ...string) (all []Flag, open bool) {
	open = !r.Whole
	for _, c := range r.programs() {
		words := arguments(c)
		open = open || slices.ContainsFunc(words, func(w shell.Word) bool { return w.Loose })
		for _, f := range flags(words, setters) {
			f.Run = r
			all = append(all, f)
		}
	}
	return all, open
}

// Plain gives the words of the programs that a container starts which are no options, as flags without a name.
func (p Process) Plain() (all []Flag) {
	for _, r := range p.Lines() {
		for _, c := range r.programs() {
			for _, w := range arguments(c) {
				if !strings.HasPrefix(w.Text, "-") {
					all = append(all, Flag{Value: w, Given: true, Word: w, Run: r})
				}
			}
		}
	}
	return all
}

// tools are programs of which no options matter.
var tools = []string{
	"for", "<<", ".", "source", "set", "export", "unset", "cd", "test", "[", "[[", "true", "false", ":", "exit",
	"return", "read", "trap", "wait",
	"ulimit", "umask", "shift", "local", "declare", "type", "which", "curl", "wget", "cp", "mv", "ln", "rm", "ls",
	"mkdir", "touch", "chmod",
	"chown", "cat", "grep", "sed", "awk", "tr", "cut", "sort", "head", "tail", "tee", "find", "sleep", "date", "id",
	"kill", "nc", "getent",
	"hostname", "uname", "base64", "envsubst", "openssl", "keytool", "jq", "sysctl", "apk", "apt-get",
}

// arguments gives the words of a command that are its program and what that is given; nil for what is no program.
// Those of a shell are the script's.
func arguments(c shell.Command) []shell.Word {
	main := c.Main()
	switch {
	case len(main) == 0 || c.IsPrint():
		return nil
	case shell.IsShell(main[0].Text):
		return behindScript(main[1:])
	case IsTool(main[0].Text):
		return nil
	}
	return main
}

// IsTool tells whether a program is one of which no options matter.
func IsTool(program string) bool { return slices.Contains(tools, path.Base(program)) }

// behindScript gives the arguments of a script in a file. Those of a script on the command line are where it uses them.
func behindScript(words []shell.Word) []shell.Word {
	for i, w := range words {
		switch isOption := strings.HasPrefix(w.Text, "-"); {
		case isOption && !strings.HasPrefix(w.Text, "--") && strings.Contains(w.Text, "c"):
			return nil
		case !isOption:
			return words[i:]
		}
	}
	return nil
}

func flags(words []shell.Word, setters []string) []Flag {
	var all []Flag
	for i := 0; i < len(words); i++ {
		w := words[i]
		next := func() (shell.Word, bool) {
			if i+1 < len(words) {
				return words[i+1], true
			}
			return shell.Word{}, false
		}
		switch body := strings.TrimLeft(w.Text, "-"); {
		case w.Text == "--" || body == "" || len(body) == len(w.Text):
		default:
			f, apart := flag(w, body, setters, next)
			if all = append(all, f); apart {
				i++
			}
		}
	}
	return all
}

// flag reads one option; apart is true where the word behind it belongs to it for certain.
func flag(w shell.Word, body string, setters []string, next func() (shell.Word, bool)) (f Flag, apart bool) {
	sign := w.Text[:len(w.Text)-len(body)]
	for _, setter := range setters {
		rest, ok := strings.CutPrefix(body, setter)
		value, more := next()
		switch {
		case !ok:
		case rest == "" && more:
			return setting(value, value.Text, sign+setter+" "), true
		case strings.HasPrefix(rest, "="):
			return setting(w, rest[1:], sign+setter+"="), false
		case rest != "" && len(setter) == 1 && sign == "-":
			return setting(w, rest, sign+setter), false
		}
	}
	name, value, joined := strings.Cut(body, "=")
	f = Flag{Name: name, Sign: sign, Word: w, Given: joined, Value: part(w, value)}
	if behind, ok := next(); !joined && ok && !strings.HasPrefix(behind.Text, "-") {
		f.Value, f.Word, f.Given, f.Apart = behind, behind, true, true
	}
	return f, false
}

func setting(w shell.Word, text, sign string) Flag {
	name, value, given := strings.Cut(text, "=")
	return Flag{Name: name, Sign: sign, Word: w, Given: given, Value: part(w, value), Sets: true}
}

// part gives the end of a word.
func part(w shell.Word, text string) shell.Word {
	return shell.Word{Text: text, Known: w.Known || !strings.Contains(text, "$"), From: w.From, At: w.At}
}

// Place gives where the value of a flag stands: the word of the command line, and its bytes there. exact is false
// where it does not stand there as it is, so that it cannot be replaced.
func (f Flag) Place() (arg Arg, from, to int, exact bool) {
	arg, begin, end, ok := f.Run.Arg(f.Word)
	if !ok || !f.Given || f.Value.Text == "" {
		return arg, 0, 0, false
	}
	written, value := arg.Text[begin:end], f.Value.Text
	start := 0
	if !f.Apart {
		name := strings.LastIndex(written, f.Name+"=")
		if name < 0 || strings.Contains(written[:name], f.Name+"=") {
			return arg, 0, 0, false
		}
		start = name + len(f.Name) + 1
	}
	i := strings.Index(written[start:], value)
	before := strings.TrimLeft(written[start:start+max(i, 0)], `"'`)
	if i < 0 || before != "" || f.Apart && strings.Contains(written[start+i+1:], value) {
		return arg, 0, 0, false
	}
	from = begin + start + i
	return arg, from, from + len(value), true
}
