// Package active is what code with mutants in it asks: which of them is meant to be there.
package active

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// folder is set by the linker. It has a file active with the number of a mutant, and takes notes of those that are asked for where that
// file is empty.
var folder string

// role is what the file makes of a process.
type role struct {
	mutant   int // -1 is none
	isNoting bool
}

var (
	asked     = sync.OnceValue(read)
	askedOnce sync.Map
)

func read() role {
	text, err := os.ReadFile(filepath.Join(folder, "active"))
	if err != nil {
		return role{mutant: -1}
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		n = -1
	}
	return role{mutant: n, isNoting: len(text) == 0}
}

// Is tells whether a mutant is the active one.
func Is(n int) bool {
	is := asked()
	if is.isNoting {
		note(n)
	}
	return n == is.mutant
}

// Or gives what stands in a mutant in the place of something, where it is the active one.
func Or[T any](n int, changed, as T) T {
	if Is(n) {
		return changed
	}
	return as
}

// note makes an empty file of that name, once: the tests of a package run in several processes.
func note(n int) {
	if _, done := askedOnce.LoadOrStore(n, true); !done {
		_ = os.WriteFile(filepath.Join(folder, "asked", strconv.Itoa(n)), nil, 0o600)
	}
}
