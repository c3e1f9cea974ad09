//go:build checks

package checks

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// maxLines is when a file has become two. Tables of cases may grow.
const maxLines = 400

func TestFilesAreShort(t *testing.T) {
	for _, name := range files(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if lines := strings.Count(read(t, name), "\n"); lines > maxLines {
			t.Errorf("%s: %d lines, more than %d", name, lines, maxLines)
		}
	}
}

// inRoot is what the root of the repository holds. Whatever else turns up there was left behind by somebody, or belongs into a folder.
var inRoot = []string{
	".ci", ".github", ".gitignore", ".golangci.yml", ".pre-commit-hooks.yaml", "install.sh",
	"ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "RELEASING.md", "SECURITY.md",
	"Dockerfile", "Makefile", "go.mod", "go.sum",
	"charts-overlay", "docs", "examples", "initcontainer", "internal", "plugin", "test",
}

func TestTheRootHoldsNothingElse(t *testing.T) {
	found := map[string]bool{}
	for _, name := range files(t, "") {
		top, _, _ := strings.Cut(name, "/")
		found[top] = true
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !slices.Contains(inRoot, name) {
			t.Errorf("%s: nothing of that name belongs into the root; delete it, move it into a folder, or add it to inRoot", name)
		}
	}
	for _, name := range inRoot {
		if !found[name] {
			t.Errorf("%s: inRoot lists it, and it is not there", name)
		}
	}
}
