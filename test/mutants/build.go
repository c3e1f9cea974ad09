package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

const activePackage = "github.com/elk-mtls/elk-mtls/test/mutants/active"

var packageClause = regexp.MustCompile(`(?m)^package \w+`)

// written gives a file with mutants in it. No line moves.
func written(text []byte, mutants []mutant) []byte {
	type piece struct {
		at, order int
		code      string
	}
	clause := packageClause.FindIndex(text)
	pieces := []piece{{clause[1], 0, "; import " + strconv.Quote(activePackage)}}
	for _, m := range mutants {
		inner := len(text) - (m.to - m.from) // the shorter of two that begin or end together is inside, and of two alike the one with the larger number
		order := 1 + inner*len(mutants) + slices.Index(mutants, m)
		pieces = append(pieces, piece{m.from, order, fmt.Sprintf(m.before, m.number)}, piece{m.to, -order, m.after})
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order)) })
	var out []byte
	last := 0
	for _, p := range pieces {
		out, last = append(append(out, text[last:p.at]...), p.code...), p.at
	}
	return append(out, text[last:]...)
}

// overlay writes the files with mutants in them, and what shows them to the go command.
func overlay(mutants []mutant, dir string) (string, error) {
	of := map[string][]mutant{}
	for _, m := range mutants {
		of[m.file] = append(of[m.file], m)
	}
	replaced := map[string]string{}
	for file := range of {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		whole, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replaced[whole] = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(replaced[whole]), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(replaced[whole], written(text, of[file]), 0o600); err != nil {
			return "", err
		}
	}
	shown, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	at := filepath.Join(dir, "overlay.json")
	return at, os.WriteFile(at, shown, 0o600)
}

var refused = regexp.MustCompile(`(?m)^\S*?(plugin/internal/\S+\.go):(\d+):\d+: `)

// compiling gives the first n of some mutants that compile, together: those at whose lines the compiler complains are left out.
func compiling(ctx context.Context, all []mutant, n int, dir string) ([]mutant, error) {
	for {
		some := slices.Clone(all[:min(n, len(all))])
		shown, err := overlay(some, dir)
		if err != nil {
			return nil, err
		}
		said, err := exec.CommandContext(ctx, "go", "build", "-gcflags=-e", "-overlay", shown, "./plugin/...").CombinedOutput()
		if err == nil {
			return some, nil
		}
		bad := map[mutant]bool{}
		for _, at := range refused.FindAllStringSubmatch(string(said), -1) {
			line, _ := strconv.Atoi(at[2])
			for _, m := range some {
				if m.file == at[1] && m.line <= line && line <= m.end {
					bad[m] = true
				}
			}
		}
		if len(bad) == 0 {
			return nil, fmt.Errorf("the mutants do not compile: %w\n%s", err, said)
		}
		all = slices.DeleteFunc(all, func(m mutant) bool { return bad[m] })
	}
}
