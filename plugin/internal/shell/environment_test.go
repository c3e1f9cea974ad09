package shell

import (
	"strings"
	"testing"
)

// TestEnvironmentOfACommand holds what the program x has as A, where the container has A=a: [] where that is not known,
// - where it is not set. Behind it stands what it may have in another way than the container, with "open" where that
// may be anything.
func TestEnvironmentOfACommand(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"nothing said", "x", "a"},
		{"exported", "export A=b; exec x", "b A"},
		{"set: it is in the environment already", "A=b; x", "b A"},
		{"a new one that is not exported", "B=b; x", "a B"},
		{"exported before it is set", "export A; A=b; x", "b A"},
		{"for a single command", "A=b exec x", "b A"},
		{"for another command", "A=b y; x", "a"},
		{"by env", "env A=b x", "b A"},
		{"by exec and env, behind others", "exec timeout -s KILL 5 env -u B A=b nohup x", "b A B"},
		{"taken away by env", "env -u A x; env --unset=A x", "- A"},
		{"taken away", "unset A; x", "- A"},
		{"taken away behind &&", "unset -v A && x", "- A"},
		{"taken away later", "x; unset A", "a A"},
		{"nothing handed on", "env -i x", "- bare"},
		{"nothing but", "env -i A=b x", "b A bare"},
		{"nothing handed on by exec", "exec -c x", "- bare"},
		{"set later", "x; A=b", "a A"},
		{"set later, in a loop", "while y; do x; A=b; done", "[] A"},
		{"set in some runs only", "if y; then A=b; fi; x", "[] A"},
		{"set twice", "A=b; A=c; x", "[] A"},
		{"set behind &&", "A=b && x", "b A"},
		{"set in a shell of its own", "(A=b); A=c | y; x", "[] A"},
		{"read", "read A; x", "[] A"},
		{"set to what a run knows", "A=$(y); x", "[] A"},
		{"set to another variable", "B=c; A=b$B; x", "bc A B"},
		{"set by default", ": ${A:=b}; x", "[] A"},
		{"another script may set anything", ". /env; x", "[] open"},
		{"and what is set behind it stays", ". /env; A=b; x", "b A open"},
		{"a text that is run may set anything", "eval \"$Y\"; x", "[] open"},
		{"all is exported", "set -a; C=d; x", "a C"},
		{"in a shell in the shell", "A=b bash -c 'x'", "b A"},
		{"in a shell behind env", "env A=b bash -c 'exec x'", "b A"},
		{"exported to a shell in the shell", "export A=b; bash -c 'x'", "b A"},
		{"and changed there", "export A=b; bash -c 'A=c x'", "c A"},
		{"a function has what was set when it runs", "f() { x; }; A=b; f", "[] A"},
		{"an assignment that adds", "A+=b; x", "[] A"},
		{"who may set anything", "sudo x", "[] open"},
	} {
		t.Run(test.name, func(t *testing.T) {
			all, ok := Commands([]string{"bash", "-c", test.script}, func(name string) (Word, bool) { return Word{Text: "a", Known: true}, name == "A" })
			got := "not run"
			for _, c := range all {
				if main := c.Main(); ok && len(main) == 1 && main[0].Text == "x" {
					got = seen(c)
				}
			}
			if strings.HasPrefix(test.script, "eval") {
				return // not all of it can be read, which is said
			}
			if got != test.want {
				t.Errorf("got      %s\nexpected %s", got, test.want)
			}
		})
	}
}

func seen(c Command) string {
	w, set := c.Variable("A")
	text := w.Text
	switch {
	case !set:
		text = "-"
	case !w.Known:
		text = "[]"
	}
	names, open, bare := c.Changed()
	words := append([]string{text}, names...)
	for _, is := range []struct {
		so   bool
		word string
	}{{open, "open"}, {bare, "bare"}} {
		if is.so {
			words = append(words, is.word)
		}
	}
	return strings.Join(words, " ")
}
