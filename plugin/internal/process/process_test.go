package process

import (
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// container gives a container of which the fields are written in YAML.
func container(t *testing.T, fields string) object.Container {
	t.Helper()
	node, err := yaml.Parse("containers:\n- {name: a, " + fields + "}\n")
	if err != nil {
		t.Fatal(err)
	}
	return object.Pod{Spec: node}.Containers()[0]
}

// TestPlaces holds the five places besides its command line where a container runs commands.
func TestPlaces(t *testing.T) {
	c := container(t, `command: [a], args: [b], livenessProbe: {exec: {command: [c]}}, readinessProbe: {exec: {command: [d]}},
  startupProbe: {exec: {command: [e]}}, lifecycle: {postStart: {exec: {command: [f]}}, preStop: {exec: {command: [g]}}}`)
	var got []string
	for _, r := range Of(c, nil).Runs {
		got = append(got, r.Name+"="+r.Text())
	}
	const want = "command=a b readinessProbe=d livenessProbe=c startupProbe=e lifecycle.postStart=f lifecycle.preStop=g"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("got      %s\nexpected %s", text, want)
	}
}

// TestFlags holds how options are read: each as sign, name and value, with the word and the bytes where the value stands. A star is behind
// those whose value cannot be replaced there, "open" behind command lines that may have more.
func TestFlags(t *testing.T) {
	for _, test := range []struct{ name, fields, want string }{
		{"a name with its value", `args: [--a.b=c]`, "--a.b=c at args 0 6-7"},
		{"a value in the next word", `args: [--a, b]`, "--a=b at args 1 0-1"},
		{"one sign", `args: [-a, b, -c=d]`, "-a=b at args 1 0-1; -c=d at args 2 3-4"},
		{"a switch", `args: [--a, --b]`, "--a*; --b*"},
		{"one name twice", `args: [--a=b, --a=c]`, "--a=b at args 0 4-5; --a=c at args 1 4-5"},
		{"a setting, joined", `args: [-Ea.b=c]`, "-E|a.b=c at args 0 6-7"},
		{"a setting in the next word", `args: [-E, a=c, x]`, "-E |a=c at args 1 2-3"},
		{"a setting with two signs", `args: [--E, a=c]`, "--E |a=c at args 1 2-3"},
		{"a setting behind an equals sign", `args: [-E=a=c, --set=b=d]`, "-E=|a=c at args 0 5-6; --set=|b=d at args 1 8-9"},
		{"a setting behind a long option", `args: [--set, a=c, --settings=x]`, "--set |a=c at args 1 2-3; --settings=x at args 2 11-12"},
		{"a long option that begins as one", `args: [--Ea=c]`, "--Ea=c at args 0 5-6"},
		{"command and args", `command: [x, -a=b], args: [-c=d]`, "-a=b at command 1 3-4; -c=d at args 0 3-4"},
		{"of the program in a script", `command: [sh, -ec, 'cp -a b c; exec x --d=e f']`, "--d=e at command 2 22-23"},
		{"in quotes", `command: [sh, -c, 'x -Ea="b" "-Ec=d"']`, "-E|a=b at command 2 7-8; -E|c=d at command 2 15-16"},
		{"of a program behind others", `args: [timeout, '5', tini, --, x, --a=b]`, "--a=b at args 5 4-5"},
		{"in a script in a script", `command: [sh, -c, "exec bash -c 'x -Ea=b'"]`, "-E|a=b at command 2 20-21"},
		{"as arguments of a script", `command: [sh, -c, 'exec x "$@"', '-'], args: [-Ea=b]`, "-E|a=b at args 0 4-5"},
		{"as arguments that a script leaves unread", `command: [sh, -c, x, '-'], args: [-Ea=b]`, ""},
		{"behind a script in a file", `command: [bash, /run.sh], args: [-Ea=b]`, "-E|a=b at args 0 4-5"},
		{"in a variable of the script", `command: [sh, -c, 'O="-Ea=b"; x $O']`, "-E|a=b at command 2 7-8"},
		{"in a variable of the container", `command: [sh, -c, 'x $OPTIONS']`, "-E|a=b*"},
		{"a value from a variable", `args: [-Ea=$(VALUE)]`, "-E|a=b*"},
		{"a value that only a run knows", `args: [-Ea=$(SECRET), --b=$(SECRET)]`, "-E|a=[${SECRET}]*; --b=[${SECRET}]*"},
		{"of tools and of curl", `command: [sh, -c, 'curl -E /a; [ -f /b ]; echo -c; grep -q d; true -x=y']`, ""},
		{"of a shell", `command: [sh, -c, x -a=b, -c=d]`, "-a=b at command 2 5-6"},
		{"words that only a run knows", `command: [sh, -c, 'x -a=b "$MORE" $MORE']`, "-a=b at command 2 5-6; open"},
		{"arguments that a script changes", `command: [sh, -c, 'shift; x "$@"', '-'], args: [-Ea=b]`, "open"},
		{"a script that is none", `command: [sh, -c, 'if x -Ea=b )']`, "open"},
		{"twice the same in one script", `command: [sh, -c, 'x -Ea=b; y -Ea=b']`, "-E|a=b at command 2 6-7; -E|a=b at command 2 15-16"},
	} {
		t.Run(test.name, func(t *testing.T) {
			const env = "env: [{name: OPTIONS, value: -Ea=b}, {name: VALUE, value: b}, {name: SECRET, valueFrom: {fieldRef: {}}}]"
			line := Of(container(t, test.fields+", "+env), nil).Command()
			all, open := line.Flags("E", "set")
			var got []string
			for _, f := range all {
				got = append(got, printed(f))
			}
			if open {
				got = append(got, "open")
			}
			if text := strings.Join(got, "; "); text != test.want {
				t.Errorf("got      %s\nexpected %s", text, test.want)
			}
		})
	}
}

func printed(f Flag) string {
	text := f.Sign
	if f.Sets {
		text += "|"
	}
	text += f.Name
	switch {
	case f.Given && f.Value.Known:
		text += "=" + f.Value.Text
	case f.Given:
		text += "=[" + f.Value.Text + "]"
	}
	arg, from, to, exact := f.Place()
	if !exact {
		return text + "*"
	}
	return fmt.Sprintf("%s at %s %d %d-%d", text, strings.Join(arg.Field, "."), arg.Index, from, to)
}

// TestExtra holds that the words of a variable are read as a command line is.
func TestExtra(t *testing.T) {
	line := Extra("EXTRA", " -Ea=b  -E c=d ", nil)
	all, _ := line.Flags("E")
	if len(all) != 2 {
		t.Fatalf("got %d flags", len(all))
	}
	_, from, to, exact := all[1].Place()
	if all[0].Name != "a" || all[1].Value.Text != "d" || !exact || line.Text()[from:to] != "d" {
		t.Errorf("got %+v", all)
	}
}
