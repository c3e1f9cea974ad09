package main

import (
	"go/format"
	"strings"
	"testing"
)

// TestMutantsStandBesideTheCode holds that one file can have all of its mutants at once, and that no line moves.
func TestMutantsStandBesideTheCode(t *testing.T) {
	const code = `package p

import "strings"

func f(a, b int, s string) bool {
	if a == b && !strings.HasPrefix(s, "%d") {
		a++
	}
	return a-1 < b || true
}
`
	mutants, err := inFile("p.go", []byte(code))
	if err != nil {
		t.Fatal(err)
	}
	const want = "a == b && !strings.HasPrefix(s, \"%d\") → !(a == b && !strings.HasPrefix(s, \"%d\"))\n" +
		"a == b && !strings.HasPrefix(s, \"%d\") → a == b || !strings.HasPrefix(s, \"%d\")\n" +
		"a == b → a != b\n" +
		"!strings.HasPrefix(s, \"%d\") → strings.HasPrefix(s, \"%d\")\n" +
		"a++ → \n" +
		"a-1 < b || true → a-1 < b && true\n" +
		"a-1 < b → a-1 <= b\n" +
		"a-1 → a + 1\n" +
		"true → false\n"
	var got strings.Builder
	for i := range mutants {
		mutants[i].number = i
		got.WriteString(mutants[i].old + " → " + mutants[i].new + "\n")
	}
	if got.String() != want {
		t.Errorf("got:\n%swant:\n%s", got.String(), want)
	}
	all := written([]byte(code), mutants)
	if _, err := format.Source(all); err != nil {
		t.Errorf("%v:\n%s", err, all)
	}
	if strings.Count(string(all), "\n") != strings.Count(code, "\n") {
		t.Errorf("a line has moved:\n%s", all)
	}
	if !strings.Contains(string(all), `active.Or(7, a + 1, a-1)`) || !strings.Contains(string(all), `if !active.Is(4) { a++ }`) {
		t.Errorf("got:\n%s", all)
	}
}
