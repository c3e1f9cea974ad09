package shell

import "testing"

// Scripts that a shell gets by a pipe or as a copy are followed; what a filter may have changed is not.
func TestFilteredScripts(t *testing.T) {
	for text, want := range map[string]string{
		`cat /s/a.sh | sh`:                               "/s/a.sh",
		`cat /s/a.sh | sh -e`:                            "/s/a.sh",
		`sh </s/a.sh`:                                    "/s/a.sh",
		`sed 's/\r//g' /s/a.sh | sh`:                     "/s/a.sh",
		`tr -d '\r' </s/a.sh | cat | bash`:               "/s/a.sh",
		`cat </s/a.sh | tr -d '\015' | sh`:               "/s/a.sh",
		`sed s/a/b/ /s/a.sh | sh`:                        "",
		`grep x /s/a.sh | sh`:                            "",
		`cat "$FILE" | sh`:                               "",
		`cat a.sh | sh`:                                  "",
		`cat /s/a.sh /s/b.sh | sh`:                       "",
		`cat /s/a.sh; sh`:                                "",
		`cat /s/a.sh | sh -c 'true'`:                     "",
		`(cat /s/a.sh; echo more) | sh`:                  "",
		`tr -d '\r' </s/a.sh >/tmp/b.sh; sh /s/other.sh`: "/s/other.sh",
		`cat <<EOF | sh` + "\ntrue\nEOF":                 "",
	} {
		commands, _ := Commands(Script(text), func(string) (Word, bool) { return Word{}, false })
		got := ""
		for _, c := range commands {
			if f, ok := c.File(); ok && c.Program() != "cat" && IsShell(c.Main()[0].Text) {
				got = f.Path
			}
		}
		if got != want {
			t.Errorf("%s: the shell runs %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string][2]string{
		`tr -d '\r' </s/a.sh >/tmp/b.sh`: {"/s/a.sh", "/tmp/b.sh"},
		`cat /s/a.sh >/tmp/b.sh`:         {"/s/a.sh", "/tmp/b.sh"},
		`cp /s/a.sh /tmp/`:               {"/s/a.sh", "/tmp/a.sh"},
		`cp /s/a.sh /tmp/b.sh`:           {"/s/a.sh", "/tmp/b.sh"},
		`cp -r /s /tmp/b`:                {},
		`envsubst </s/a.sh >/tmp/b.sh`:   {},
	} {
		commands, _ := Commands(Script(text), func(string) (Word, bool) { return Word{}, false })
		got := [2]string{}
		for _, c := range commands {
			if from, to, ok := c.Copies(); ok {
				got = [2]string{from, to}
			}
		}
		if got != want {
			t.Errorf("%s: copied is %q, want %q", text, got, want)
		}
	}
}
