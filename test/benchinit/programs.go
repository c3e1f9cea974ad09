package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/elk-mtls/elk-mtls/test/measure"
)

// program is one way to make a first token.
type program struct {
	name    string
	command []string
	env     []string
	does    string
}

// The programs by name.
const (
	ours   = "elk-mtls-init"
	bare   = "bare"
	script = "bash, curl, jq"
)

// compared are the programs that take turns. The script is left out where its tools are not there, and then that is said.
func (s *stage) compared() (all []program, lacks []string) {
	env := []string{
		"ES=" + s.node.URL, "CA=" + s.files["ca"], "CERT=" + s.files["cert"], "KEY=" + s.files["key"],
		"USERNAME_FILE=" + s.files["username-file"], "PASSWORD_FILE=" + s.files["password-file"],
		"SECRET=" + s.config.Host + "/api/v1/namespaces/" + s.namespace + "/secrets/" + secretName,
		"KUBE_CA=" + s.path("kube-ca"), "KUBE_TOKEN_FILE=" + s.path("kube-token"),
	}
	all = []program{
		s.ensure(s.node.URL),
		{bare, []string{s.path(bare)}, env, "[the same calls with `net/http`](../test/benchinit/bare/main.go), one after the other: no retry, no check, no record"},
		{script, []string{"bash", "test/benchinit/shell.sh"}, env, "[the same calls](../test/benchinit/shell.sh) as a script makes them"},
	}
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			lacks = append(lacks, fmt.Sprintf("%s: there is no %s", script, tool))
			all = all[:2]
		}
	}
	return all, lacks
}

func (s *stage) ensure(url string) program {
	command := []string{
		s.path(ours), "ensure", "--elasticsearch-url=" + url, "--kubeconfig=" + s.path("kubeconfig"),
		"--namespace=" + s.namespace, "--secret=" + secretName, "--termination-log=" + s.path("termination-log"),
	}
	for flag, path := range s.files {
		command = append(command, "--"+flag+"="+path)
	}
	return program{ours, command, nil, "`ensure` with a blank Secret"}
}

// run runs a program on the blank Secret, and then looks whether there is a token.
func (s *stage) run(ctx context.Context, p program) (measure.Taken, error) {
	taken, err := s.launcher.Run(ctx, os.DevNull, append(p.env, "PATH="+os.Getenv("PATH")), p.command...)
	if err == nil {
		err = s.written(ctx)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", p.name, err)
	}
	return taken, err
}
