package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// handmade reads mutants that are made by hand: a line "# name: what it breaks", a line with the file, then what stands there behind "< " and
// what takes its place behind "> ".
func handmade(file string) ([]mutant, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		m := mutant{}
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
		if m.from = bytes.Index(code, []byte(m.old)); m.from < 0 || bytes.Count(code, []byte(m.old)) != 1 {
			return nil, fmt.Errorf("%s: %s does not have %q once", m.name, m.file, m.old)
		}
		m.to, m.line = m.from+len(m.old), 1+bytes.Count(code[:m.from], []byte("\n"))
		all = append(all, m)
	}
	return all, nil
}
