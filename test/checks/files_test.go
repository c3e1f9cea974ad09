//go:build checks

package checks

import (
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
