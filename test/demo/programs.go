package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// programs are ours, in a folder in which there is room for what they read and write.
type programs struct {
	ctx context.Context
	dir string
}

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

func (p programs) build() (string, error) {
	for name, source := range map[string]string{"elk-mtls": "./plugin/elk-mtls", "elk-mtls-init": "./initcontainer/elk-mtls-init"} {
		command := exec.CommandContext(p.ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", p.path(name), source)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", source, err, out)
		}
	}
	return "", nil
}

// tool runs one of our programs. Of the environment it gets nothing that could configure it.
func (p programs) tool(stdin []byte, name string, args ...string) (stdout, stderr []byte, err error) {
	command := exec.CommandContext(p.ctx, p.path(name), args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	command.Stdin = bytes.NewReader(stdin)
	var out, messages bytes.Buffer
	command.Stdout, command.Stderr = &out, &messages
	if err = command.Run(); err != nil {
		err = fmt.Errorf("%s: %w\n%s", name, err, messages.Bytes())
	}
	return out.Bytes(), messages.Bytes(), err
}

func (p programs) filter(input []byte) ([]byte, string, error) {
	output, report, err := p.tool(input, "elk-mtls", "--init-image", "registry.example/elk-mtls-init:demo", "--report", "-")
	return output, string(report), err
}
