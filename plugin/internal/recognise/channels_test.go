package recognise

import (
	"slices"
	"strings"
	"testing"
)

// TestMatching holds which files a pattern means.
func TestMatching(t *testing.T) {
	files := []string{"/a/x.yml", "/a/y.yaml", "/a/b/z.yml", "/c/x.yml", "/a/x.yml"}
	for pattern, want := range map[string]string{
		"/a/*.yml": "/a/x.yml", "/a/": "/a/b/z.yml /a/x.yml /a/y.yaml", "/a/*": "/a/x.yml /a/y.yaml", "/a/[": "", "/c/x.yml": "/c/x.yml",
	} {
		if got := strings.Join(Matching(pattern, slices.Clone(files)), " "); got != want {
			t.Errorf("%s: got %q, expected %q", pattern, got, want)
		}
	}
}
