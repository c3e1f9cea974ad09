package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutant is one change of one file.
type mutant struct {
	name     string // of one made by hand
	file     string // from the root of the repository
	from, to int    // what is replaced
	old, new string
	line     int
}

func (m mutant) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s:%d: %s", m.name, m.file, m.line, cut(m.old)+" → "+cut(m.new)))
}

func cut(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// fate is what became of a mutant.
type fate string

const (
	isKilled fate = "killed"
	isAlive  fate = "SURVIVED"
	noMutant fate = "does not compile"
)

// perMutant is more than the tests take on a machine with other work; a mutant that never ends is found too.
const perMutant = 3 * time.Minute

// test runs the fast tests of the file's own package, and those of the whole program where these find nothing.
func (m mutant) test(ctx context.Context, dir string) (fate, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(string(text[:m.from])+m.new+string(text[m.to:])), 0o600); err != nil {
		return "", err
	}
	whole, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {whole: changed}})
	if err != nil {
		return "", err
	}
	shown := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(shown, overlay, 0o600); err != nil {
		return "", err
	}
	own := "./" + filepath.Dir(m.file)
	if said, err := goCommand(ctx, "vet", "-overlay", shown, own); err != nil && isBroken(said) {
		return noMutant, nil
	}
	for _, pkg := range []string{own, "./plugin"} {
		if _, err := goCommand(ctx, "test", "-overlay", shown, "-failfast", "-timeout", "2m", pkg); err != nil {
			return isKilled, ctx.Err()
		}
	}
	return isAlive, nil
}

// isBroken tells whether vet says that a package does not compile, and not that it looks wrong.
func isBroken(said []byte) bool {
	return bytes.Contains(said, []byte("vet: ")) || bytes.Contains(said, []byte("build failed"))
}

func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, perMutant)
	defer stop()
	return exec.CommandContext(ctx, "go", args...).CombinedOutput()
}
