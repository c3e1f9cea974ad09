package process

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestPrograms holds what a container runs, by name, and what it may start: "image" stands for what its image runs by
// itself.
func TestPrograms(t *testing.T) {
	for _, test := range []struct{ name, fields, programs, starts string }{
		{"nothing of its own", "image: x", "image", ""},
		{"arguments alone", "args: [--a=b]", "image", "image"},
		{"a command", "command: [/usr/bin/prog, -a]", "prog", "prog"},
		{"a script", "command: [sh, -c, 'mkdir /a; one && exec two']", "one two", "one two"},
		{"behind a condition", "command: [sh, -c, 'if [ -f /a ]; then one; fi']", "one", "one"},
		{"a command beside a probe", "command: [prog], readinessProbe: {exec: {command: [check]}}", "check prog", "prog check"},
		{"a probe of its image", "readinessProbe: {exec: {command: [curl, https://es]}}", "image", ""},
		{"behind others", "command: [timeout, '5', tini, --, prog]", "prog", "prog"},
	} {
		p := Of(container(t, test.fields), nil)
		if programs, starts := named(p.Programs()), named(p.Starts()); programs != test.programs || starts != test.starts {
			t.Errorf("%s: runs %q and may start %q; expected %q and %q", test.name, programs, starts, test.programs, test.starts)
		}
	}
}

func named(programs []string) string {
	var all []string
	for _, name := range programs {
		all = append(all, cmp.Or(name, "image"))
	}
	return strings.Join(all, " ")
}

// TestRequests holds what a container calls by curl and wget, and whether there may be more.
func TestRequests(t *testing.T) {
	for _, test := range []struct {
		name, fields, curl, wget string
		whole                    bool
	}{
		{"curl", "command: [curl, https://es:9200]", "https://es:9200", "", true},
		{"by its image", "image: curlimages/curl:8, args: [-s, https://es:9200]", "https://es:9200", "", true},
		{"by another image", "image: x, args: [-s, https://es:9200]", "", "", true},
		{"a command in the image of curl", "image: curlimages/curl:8, command: [-s], args: [https://es]", "", "", true},
		{"in a probe", "command: [x], livenessProbe: {exec: {command: [sh, -c, 'curl -k $A/_cat']}}", "https://given/_cat", "", true},
		{"wget", "command: [sh, -c, 'wget -q -O- https://es']", "", "https://es", true},
		{"a script that is none", "command: [sh, -c, 'curl https://es )']", "", "", false},
	} {
		p := Of(container(t, test.fields+", env: [{name: A, value: https://given}]"), nil)
		requests, whole := p.Requests()
		var downloads []shell.Request
		for _, r := range p.Runs {
			downloads = append(downloads, r.Downloads()...)
		}
		if curl, wget := addresses(requests), addresses(downloads); curl != test.curl || wget != test.wget || whole != test.whole {
			t.Errorf("%s: curl %q, wget %q, whole: %t", test.name, curl, wget, whole)
		}
	}
}

func addresses(all []shell.Request) string {
	var urls []string
	for _, r := range all {
		for _, u := range r.Addresses {
			urls = append(urls, u.Text)
		}
	}
	return strings.Join(urls, " ")
}

// TestHands holds whether the program gets a variable as its container has it.
func TestHands(t *testing.T) {
	for script, want := range map[string]bool{
		"prog":                   true,
		"export B=b; prog":       true,
		"unset A; prog":          false,
		"export A=other; prog":   false,
		"A=other prog":           false,
		"env -i prog":            false,
		"A=other curl es; prog":  true,
		"prog; unset A; another": false,
	} {
		p := Of(container(t, fmt.Sprintf("command: [sh, -c, %q], env: [{name: A, value: a}]", script)), nil)
		if got := p.Hands("A"); got != want {
			t.Errorf("%s: got %t", script, got)
		}
	}
}

// TestPlain holds the words that are no options, the program itself included, with their places.
func TestPlain(t *testing.T) {
	p := Of(container(t, "command: [prog, -a, one], args: [two, --b=c], readinessProbe: {exec: {command: [check, three]}}"), nil)
	var got []string
	for _, f := range p.Plain() {
		arg, _, _, _ := f.Place()
		got = append(got, fmt.Sprintf("%s at %s %d", f.Value.Text, arg.Field[0], arg.Index))
	}
	const want = "prog at command 0, one at command 2, two at args 0"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("got      %s\nexpected %s", text, want)
	}
}

// TestStarts holds whether a command runs a program, by itself or behind a wrapper such as Elastic's entry script.
func TestStarts(t *testing.T) {
	for script, want := range map[string]bool{
		"prog":                    true,
		"/usr/share/prog -a":      true,
		"other":                   false,
		"-a=b":                    true, // for the entry script of the image
		"entry":                   true,
		"entry prog":              true,
		"entry -a":                true,
		"entry other":             false,
		"entry entry prog":        true,
		"entry $UNKNOWN":          true,
		"su user -c 'prog -a'":    true,
		"su user -c 'other -a'":   false,
		"runuser -u user -- prog": true,
		"env A=b prog":            true,
		"timeout 5 prog":          true,
	} {
		commands, _ := shell.Commands([]string{"sh", "-c", script}, func(string) (shell.Word, bool) { return shell.Word{}, false })
		if strings.HasPrefix(script, "-") {
			commands, _ = shell.Commands([]string{script}, nil)
		}
		if got := Starts(commands[len(commands)-1], []string{"prog"}, []string{"entry"}); got != want {
			t.Errorf("%s: got %t", script, got)
		}
	}
}

// TestFollowed holds that a run is followed where all that it does is in files that are read.
func TestFollowed(t *testing.T) {
	const held = scripts("data:\n  run.sh: \"prog\\n\"\n")
	for command, want := range map[string]bool{
		"[sh, /s/run.sh]": true, "[sh, /s/none.sh]": false, "[sh, -c, 'other; sh /s/run.sh']": false, "[prog]": false,
	} {
		node, err := yaml.Parse("volumes: [{name: s, configMap: {name: scripts}}]\n" +
			"containers: [{name: a, volumeMounts: [{name: s, mountPath: /s}], command: " + command + "}]\n")
		if err != nil {
			t.Fatal(err)
		}
		if got := Of(object.Pod{Spec: node}.Containers()[0], held).Command().Followed(); got != want {
			t.Errorf("%s: got %t", command, got)
		}
	}
}

// TestHas holds that whole words of a command line are looked for.
func TestHas(t *testing.T) {
	line := Of(container(t, "command: [prog, -a=b, --c]"), nil).Command()
	for word, want := range map[string]bool{"prog": true, "--c": true, "-a": false, "b": false} {
		if got := line.Has("none", word); got != want {
			t.Errorf("%s: got %t", word, got)
		}
	}
}
