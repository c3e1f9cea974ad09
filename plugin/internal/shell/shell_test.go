package shell

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestCommands holds what is read of a script: every command, with variables where they are known; [] stands around
// words that are not.
func TestCommands(t *testing.T) {
	env := func(name string) (Word, bool) {
		w, ok := map[string]Word{"HOST": {Text: "es", Known: true}, "URL": {Text: "https://es:9200", Known: true, From: []string{"HOST"}}, "TOKEN": {}}[name]
		return w, ok
	}
	for _, test := range []struct{ name, script, calls string }{
		{"one command", "curl -s https://es", "curl -s https://es"},
		{"lists, pipes and conditions", "a && b | c; if d; then e; else f; fi", "a; b; c; d; e; f"},
		{"a loop and its body", "until curl x; do sleep 3; done", "curl x; sleep 3"},
		{"quotes", `curl -d '{"a":"b c"}' "x y"`, `curl -d {"a":"b c"} x y`},
		{"a line that goes on", "curl \\\n  x", "curl x"},
		{"a shell in a script", `timeout 5 bash -c "curl x" && y`, "timeout 5 bash -c curl x; y; curl x"},
		{"a comment", "a # curl b", "a"},
		{"what is printed is an argument", "echo 'curl x'", "echo curl x"},
		{"a command in a word", "a $(curl b) `c d`", "a [$()] [$()]; curl b; c d"},
		{"a command in a word is part of it", `curl -u "elastic:$(cat /p)" u`, "curl -u [elastic:$()] u; cat /p"},
		{"a variable of the script", "U=https://es; curl $U/a", "curl https://es/a"},
		{"an exported one", `export U="https://es"; curl "${U}"`, "curl https://es"},
		{"one that is set twice", "U=a; U=b; curl $U", "curl [$()]"},
		{"one that is set in some runs only", "if x; then U=a; fi; curl $U", "x; curl [$()]"},
		{"one that is set later", "curl $U; U=a", "curl [$()]"},
		{"one for a single command", "U=a curl $U", "curl [$()]"},
		{"one of a loop", "for U in a b; do curl $U; done", "for a b; curl [$()]"},
		{"one that is read", "read -r U; curl $U", "read -r U; curl [$()]"},
		{"one of the container", "curl $URL/a", "curl https://es:9200/a"},
		{"one of the container, by Kubernetes", "curl $(URL)/a $$(URL)", "curl https://es:9200/a [$()]; URL"},
		{"one of a Secret", "curl -u $TOKEN", "curl -u [${TOKEN}]"},
		{"one with a default", "curl ${NONE:-https://es} ${HOST:-other}", "curl https://es es"},
		{"one that is cut", "curl ${URL#https://}", "curl [$()]"},
		{"text for standard input may be commands", "bash <<EOF\ncurl y\nEOF", "bash; << curl y\n; maybe curl y"},
		{"a script that is taken in may set anything", "U=a; . /env; curl $U $HOST; V=b; curl $V", ". /env; curl [$()] [${HOST}]; curl b"},
		{"a text that is evaluated may, too", "U=a; eval \"$X\"; curl $U", "not parsed"},
		{"one that a pipe or the background sets", "U=a | b; V=c & curl $U $V", "b; curl [$()] [$()]"},
		{"one that is printed into", "printf -v U %s x; curl $U", "printf -v U %s x; curl [$()]"},
		{"a text for another program may be commands", "retry 'curl x'", "retry curl x; maybe curl x"},
		{"options of a shell", "sh -ce 'a'; bash -c -e 'b'; sh -x -c -- 'c'", "sh -ce a; bash -c -e b; sh -x -c -- c; a; b; c"},
		{"a whole call with something unknown", `C="curl -u elastic:$TOKEN"; $C https://es`, "curl -u [elastic:${TOKEN}] https://es"},
		{"a variable of options", "O='-s -k'; curl $O x", "curl -s -k x"},
		{"a variable of options in quotes", "O='-s -k'; curl \"$O\" x", "curl -s -k x"},
		{"one that is set behind &&", "U=a && curl $U", "curl a"},
		{"one with itself as default", "HOST=${HOST:-other}; curl $HOST", "curl es"},
		{"one of a function", "f() { local U=a; curl $U; }; f; curl $U", "curl a; f; curl [$()]"},
		{"its arguments", `exec "$@"; a $1 $9; f() { b "$@"; }`, "exec x y; a x; b [$()]"},
		{"its arguments, which it changes", `shift; exec "$@"`, "shift; exec [$()]"},
		{"others, set once", `set -- b "$@" -c; exec a "$@" $1`, "set -- b x y -c; exec a b x y -c b"},
		{"others, set again", `set -- b; set -- c $1; a $@`, "set -- b; set -- c b; a c b"},
		{"others, as one word", `set -- b c; a "$*"; a $*`, "set -- b c; a [$()]; a b c"},
		{"others, which are split", `set -- 'b c' d; a "$@"; a $@; a $*`, "set -- b c d; a b c d; a [$()]; a [$()]; maybe b c"},
		{"others, set in some runs only", `if x; then set -- b; fi; a "$@"`, "x; set -- b; a [$()]"},
		{"others, before they are set", `a "$@"; set -- b`, "a x y; set -- b"},
		{"others, in a loop", `for i in 1 2; do a "$@"; set -- b; done`, "for 1 2; a [$()]; set -- b"},
		{"none", `set --; a "$@"`, "set --; a"},
		{"its arguments, in a loop", `set -eu -o pipefail; for i in $@; do a; done`, "set -eu -o pipefail; for x y; a"},
		{"no shell script", "if then )", "not parsed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			commands, ok := Commands([]string{"sh", "-ec", test.script, "$0", "x", "y"}, env)
			got := "not parsed"
			if ok {
				got = printed(commands[1:])
			}
			if got != test.calls {
				t.Errorf("got      %s\nexpected %s", got, test.calls)
			}
		})
	}
}

func printed(commands []Command) string {
	var all []string
	for _, c := range commands {
		var words []string
		for _, w := range c.Words {
			if !w.Known {
				w.Text = "[" + w.Text + "]"
			}
			words = append(words, w.Text)
		}
		line := strings.Join(words, " ")
		if !c.Sure {
			line = "maybe " + line
		}
		all = append(all, line)
	}
	return strings.Join(all, "; ")
}

// TestCommandsEnd holds that a command line that leads to itself, or grows at each step, is read in bounds.
func TestCommandsEnd(t *testing.T) {
	doubling := "A0=$X;"
	env := map[string]string{"X": "", "E": strings.Repeat("x", maxText), "HERE": "cat <<E\n$HERE\nE\n", "EVAL": `eval "V='a$V'; $EVAL"`}
	for i := 1; i < 40; i++ {
		doubling += fmt.Sprintf("A%d=$A%d$A%d;", i, i-1, i-1)
	}
	lookup := func(name string) (Word, bool) {
		text, ok := env[name]
		return Word{Text: text, Known: true}, ok
	}
	for name, argv := range map[string][]string{
		"variables that double":          {"sh", "-c", doubling + "curl $A39"},
		"variables of Kubernetes":        {"curl", strings.Repeat("$(E)", 1<<16)},
		"a text that holds itself":       {"sh", "-c", "cat <<E\n$HERE\nE\n"},
		"a script that evaluates itself": {"sh", "-c", `V=a; eval "V='a$V'; $EVAL"; curl x`},
		"a long script":                  {"sh", "-c", strings.Repeat("(", 1<<20)},
		"a deep script":                  {"sh", "-c", strings.Repeat("$(", 1<<14)},
		"a deep script of words":         {"sh", "-c", strings.Repeat("if ", 1<<14)},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			Commands(argv, lookup)
			if took := time.Since(start); took > 5*time.Minute {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestArgumentsOften holds that arguments are followed where they stand for something, and nowhere else: a long script
// is read to its end.
func TestArgumentsOften(t *testing.T) {
	const times = 1500
	script := strings.Repeat("set -- -k; curl \"$@\" https://x\n", times)
	commands, ok := Commands([]string{"sh", "-c", script}, func(string) (Word, bool) { return Word{}, false })
	if last := commands[len(commands)-1:]; !ok || len(commands) != 2*times+1 || printed(last) != "curl -k https://x" {
		t.Errorf("%d commands, the last is %s", len(commands), printed(last))
	}
}

// TestAnEmptyScript holds that a shell that is given nothing runs nothing.
func TestAnEmptyScript(t *testing.T) {
	commands, ok := Commands([]string{"bash", "-c", ""}, func(string) (Word, bool) { return Word{}, false })
	if !ok || len(commands) > 1 {
		t.Errorf("%v, %t", commands, ok)
	}
}
