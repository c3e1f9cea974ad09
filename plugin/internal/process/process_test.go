package process

import (
	"strings"
	"testing"
)

// TestCommands holds what is read of a script: every command, with variables where they are known; [] stands around words that are not.
func TestCommands(t *testing.T) {
	env := func(name string) (Word, bool) {
		w, ok := map[string]Word{"HOST": {Text: "es", Known: true}, "URL": {Text: "https://$(HOST):9200", Known: true}, "TOKEN": {}}[name]
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
		{"text for standard input may be commands", "bash <<EOF\ncurl y\nEOF", "bash; maybe curl y"},
		{"a text for another program may be commands", "retry 'curl x'", "retry curl x; maybe curl x"},
		{"a variable of options", "O='-s -k'; curl $O x", "curl -s -k x"},
		{"a variable of options in quotes", "O='-s -k'; curl \"$O\" x", "curl -s -k x"},
		{"one that is set behind &&", "U=a && curl $U", "curl a"},
		{"one with itself as default", "HOST=${HOST:-other}; curl $HOST", "curl es"},
		{"one of a function", "f() { local U=a; curl $U; }; f; curl $U", "curl a; f; curl [$()]"},
		{"no shell script", "if then )", "not parsed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			commands, ok := Commands([]string{"sh", "-ec", test.script}, env)
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
