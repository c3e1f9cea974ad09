//go:build checks

package checks

import (
	"regexp"
	"strings"
	"testing"
)

// The figures of CONTRIBUTING.md are those of the code: the same number stands in both.
func TestFiguresInContributing(t *testing.T) {
	text := strings.Join(strings.Fields(read(t, "CONTRIBUTING.md")), " ")
	for _, f := range []struct{ says, file, has string }{
		{`(\d+) rounds and \d+ rotations`, "test/chaos/long_test.go", `rounds\s+= (\d+)`},
		{`\d+ rounds and (\d+) rotations`, "test/chaos/long_test.go", `rotations\s+= (\d+)`},
		{`(\d+) random sets of real clients`, "Makefile", `SURVEY_SETS=\$\(or \$\(SURVEY_SETS\),(\d+)\)`},
		{`(\d+) with 9\.5`, "Makefile", `ES_VERSION=9\.5\.3 SURVEY_SETS=(\d+)`},
		{`killed (\d+) times`, "Makefile", `SURVEY_KILLS=\$\(or \$\(SURVEY_KILLS\),(\d+)\)`},
		{`longer than (\d+) lines`, "test/checks/files_test.go", `maxLines = (\d+)`},
		{`You need Go (1\.\d+)`, "go.mod", `(?m)^go (1\.\d+)`},
		{`ES_VERSION=(9\.[\d.]+) make`, "Makefile", `ES_VERSION=(9\.[\d.]+)`},
	} {
		said, is := regexp.MustCompile(f.says).FindStringSubmatch(text), regexp.MustCompile(f.has).FindStringSubmatch(read(t, f.file))
		if said == nil || is == nil || said[1] != is[1] {
			t.Errorf("CONTRIBUTING.md says %q (%q), %s has %q (%q)", said, f.says, f.file, is, f.has)
		}
	}
}

// What its recipes call by a name of Go is there: a test, a type, a field, a function.
func TestNamesInContributing(t *testing.T) {
	var code strings.Builder
	for _, name := range files(t, ".go") {
		if name != "test/checks/contributing_test.go" {
			code.WriteString(read(t, name))
		}
	}
	names := 0
	for _, found := range regexp.MustCompile("`([A-Za-z]+(?:\\.[A-Z][A-Za-z]+)?)(\\([^`]*\\))?`").FindAllStringSubmatch(read(t, "CONTRIBUTING.md"), -1) {
		name := found[1]
		if !regexp.MustCompile(`[a-z][A-Z]|^Test|^[A-Z][a-z]+$`).MatchString(name) {
			continue
		}
		names++
		_, last, qualified := strings.Cut(name, ".")
		if !qualified {
			last = name
		}
		declared := regexp.MustCompile(`(?m)^\s*(?:func (?:\([^)]*\) )?|type |var |const )?` + last + `\b`)
		if !declared.MatchString(code.String()) && !strings.Contains(code.String(), ", "+last+" ") && !strings.Contains(code.String(), ", "+last+",") {
			t.Errorf("CONTRIBUTING.md names %s, which is not in the code", name)
		}
		if found[2] != "" && !strings.Contains(code.String(), name+found[2]) {
			t.Errorf("CONTRIBUTING.md calls %s%s, which the code does not", name, found[2])
		}
	}
	if names < 10 {
		t.Errorf("only %d names were found", names)
	}
}
