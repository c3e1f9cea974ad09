package process

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// scripts shows a ConfigMap that is mounted at /s.
type scripts string

// Filler implements object.Input.
func (scripts) Filler(object.Source) string { return "" }

// Shown implements object.Input.
func (s scripts) Shown(of object.Source) *object.Object {
	if of.Name != "scripts" {
		return nil
	}
	return &object.Object{ID: object.ID{Kind: of.Kind, Name: of.Name}, Node: yaml.MustParse(string(s))}
}

// TestF8ScriptsInFiles holds that scripts that a container runs from a ConfigMap are read as its own are: the commands of each run, by
// their programs, and what the program has as A and as options.
func TestF8ScriptsInFiles(t *testing.T) {
	const held = scripts("data:\n" +
		"  run.sh: \"#!/bin/bash\\nexport A=run\\nexec prog -Ea=b $1\\n\"\n" +
		"  lib.sh: \"export A=lib\\ncurl https://es\\n\"\n" +
		"  loop.sh: \"sh /s/loop.sh; . /s/loop.sh\\n\"\n" +
		"  plain: \"prog -c plain\\n\"\n" +
		"  x.py: \"#!/usr/bin/env python3\\ncurl https://es\\n\"\n")
	for _, test := range []struct{ name, fields, runs, a, flags string }{
		{"by a shell", "command: [bash, /s/run.sh, -c=d]", "command: bash; command /s/run.sh: prog", "run", "a=b c=d"},
		{"by its path", "command: [/s/run.sh]", "command: /s/run.sh; command /s/run.sh: prog", "run", "a=b"},
		{"by its path in a script", "command: [sh, -c, 'exec /s/run.sh']", "command: sh /s/run.sh; command /s/run.sh: prog", "run", "a=b"},
		{"without a first line, by a shell", "command: [sh, /s/plain]", "command: sh; command /s/plain: prog", "given", "c=plain"},
		{"taken in", "command: [sh, -c, '. /s/lib.sh; prog -x=y']", "command: sh . prog; command /s/lib.sh: curl", "[]", "x=y"},
		{"of another program", "command: [/s/x.py]", "command: /s/x.py", "given", ""},
		{"that is not there", "command: [sh, /s/none.sh, -x=y]", "command: sh", "given", "x=y"},
		{"that is in the image", "command: [sh, /bin/run.sh, -x=y]", "command: sh", "given", "x=y"},
		{"by a pipe", "command: [sh, -c, 'cat /s/plain | sh']", "command: sh cat sh; command /s/plain: prog", "given", "c=plain"},
		{"as a copy", "command: [sh, -c, 'cp /s/plain /tmp/ && sh /tmp/plain']", "command: sh cp sh; command /tmp/plain: prog", "given", "c=plain"},
		{"as a copy without carriage returns", `command: [sh, -c, "tr -d '\\r' </s/plain >/tmp/p; sh /tmp/p"]`, "command: sh tr sh; command /tmp/p: prog", "given", "c=plain"},
		{"as a copy that is made a program", "command: [sh, -c, 'cp /s/plain /tmp/ && chmod +x /tmp/plain && sh /tmp/plain']", "command: sh cp chmod sh; command /tmp/plain: prog", "given", "c=plain"},
		{"as a copy that is edited", "command: [sh, -c, 'cp /s/plain /tmp/p; sed -i s/a/b/ /tmp/p; sh /tmp/p']", "command: sh cp sed sh", "given", ""},
		{"as a copy that is edited by a pattern", "command: [sh, -c, 'cp /s/plain /tmp/p; sed -i s/a/b/ /tmp/*; sh /tmp/p']", "command: sh cp sed sh", "given", ""},
		{"as a copy whose folder is given away", "command: [sh, -c, 'cp /s/plain /tmp/p; edit -r /tmp; sh /tmp/p']", "command: sh cp edit sh", "given", "r=/tmp"},
		{"as a copy that is written again", "command: [sh, -c, 'cp /s/plain /tmp/p; echo >/tmp/p; sh /tmp/p']", "command: sh cp echo sh", "given", ""},
		{"as a copy that was changed", "command: [sh, -c, 'envsubst </s/plain >/tmp/p; sh /tmp/p']", "command: sh envsubst sh", "given", ""},
		{"that runs itself", "command: [sh, /s/loop.sh]", "command: sh; command /s/loop.sh: sh .", "given", ""},
		{"of a probe", "readinessProbe: {exec: {command: [sh, /s/lib.sh]}}", "command:; readinessProbe: sh; readinessProbe /s/lib.sh: curl", "given", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			node, err := yaml.Parse("volumes: [{name: s, configMap: {name: scripts}}]\ncontainers:\n- {name: a, env: [{name: A, value: given}], " +
				"volumeMounts: [{name: s, mountPath: /s}], " + test.fields + "}\n")
			if err != nil {
				t.Fatal(err)
			}
			p := Of(object.Pod{Spec: node}.Containers()[0], held)
			var runs, flags []string
			for _, r := range p.Runs {
				text := strings.TrimSpace(r.Name+" "+r.File) + ":"
				for _, c := range r.Commands {
					text += " " + c.Main()[0].Text
				}
				runs = append(runs, text)
			}
			said, _ := p.Flags("E")
			for _, f := range said {
				flags = append(flags, f.Name+"="+f.Value.Text)
			}
			v, _ := p.Env.Get("A")
			a := v.Text
			if !v.Known {
				a = "[]"
			}
			got := strings.Join([]string{strings.Join(runs, "; "), a, strings.Join(flags, " ")}, " | ")
			if want := strings.Join([]string{test.runs, test.a, test.flags}, " | "); got != want {
				t.Errorf("got      %s\nexpected %s", got, want)
			}
		})
	}
}
