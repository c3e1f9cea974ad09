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

// replacement is a mutant that was made by hand: any text in the place of another.
type replacement struct {
	name, file, old, new string
	at                   int
}

// handmade reads mutants that are made by hand: a line "# name: what it breaks", a line with the file, then what stands there behind "< " and
// what takes its place behind "> ".
func handmade(file string) ([]replacement, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []replacement
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		m := replacement{}
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			switch mark, rest, _ := strings.Cut(line, " "); mark {
			case "#":
				m.name = rest
			case "<":
				m.old += rest + "\n"
			case ">":
				m.new += rest + "\n"
			default:
				m.file = line
			}
		}
		code, err := os.ReadFile(m.file)
		if err != nil {
			return nil, err
		}
		m.old, m.new = strings.TrimSuffix(m.old, "\n"), strings.TrimSuffix(m.new, "\n")
		if m.at = bytes.Index(code, []byte(m.old)); m.at < 0 || bytes.Count(code, []byte(m.old)) != 1 {
			return nil, fmt.Errorf("%s: %s does not have %q once", m.name, m.file, m.old)
		}
		all = append(all, m)
	}
	return all, nil
}

// isKilled runs the fast tests of the file's own package, and those of the whole program where these find nothing.
func (m replacement) isKilled(ctx context.Context, dir string) (bool, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return false, err
	}
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(string(text[:m.at])+m.new+string(text[m.at+len(m.old):])), 0o600); err != nil {
		return false, err
	}
	whole, err := filepath.Abs(m.file)
	if err != nil {
		return false, err
	}
	shown, err := json.Marshal(map[string]map[string]string{"Replace": {whole: changed}})
	if err != nil {
		return false, err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, shown, 0o600); err != nil {
		return false, err
	}
	own := "./" + filepath.Dir(m.file)
	if said, err := goCommand(ctx, "build", "-overlay", overlay, own); err != nil {
		return false, fmt.Errorf("%s does not compile: %w\n%s", m.name, err, said)
	}
	for _, pkg := range []string{own, "./plugin"} {
		if _, err := goCommand(ctx, "test", "-vet=off", "-overlay", overlay, "-failfast", "-timeout", perMutant.String(), pkg); err != nil {
			return true, ctx.Err()
		}
	}
	return false, nil
}

func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, 15*time.Minute)
	defer stop()
	return exec.CommandContext(ctx, "go", args...).CombinedOutput()
}
