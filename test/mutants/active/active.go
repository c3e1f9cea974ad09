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

var (
	mutant    = -1
	isNoting  bool
	askedOnce sync.Map
)

func init() {
	text, err := os.ReadFile(filepath.Join(folder, "active"))
	if err != nil {
		return
	}
	isNoting = len(text) == 0
	if n, err := strconv.Atoi(string(text)); err == nil {
		mutant = n
	}
}

// Is tells whether a mutant is the active one.
func Is(n int) bool {
	if isNoting {
		note(n)
	}
	return n == mutant
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
