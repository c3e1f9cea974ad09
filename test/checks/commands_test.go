//go:build checks

package checks

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/page"
)

// Every block of commands in a document is typed by a test, which names the document, or says why it is not.
func TestCommandsInDocuments(t *testing.T) {
	tests := map[string]string{}
	for _, name := range files(t, "_test.go") {
		tests[name] = read(t, name)
	}
	for _, name := range documents(t) {
		for _, b := range page.Blocks(read(t, name)) {
			if b.NotRun == "" && !isTyped(tests, name, b.By) {
				t.Errorf("%s:%d: no test types this; call typed with %q, or say above it: <!-- not run: the reason -->\n%s", name, b.Line, name, b.Text)
			}
		}
	}
}

// isTyped reports whether a file that has this test, or any file for "", hands the document to typed.
func isTyped(tests map[string]string, document, test string) bool {
	names := regexp.MustCompile(`(yped\((t, )?|page: )` + regexp.QuoteMeta(strconv.Quote(document)))
	for _, text := range tests {
		if names.MatchString(text) && (test == "" || strings.Contains(text, "func "+test+"(")) {
			return true
		}
	}
	return false
}

func TestACommandThatNobodyTypesIsFound(t *testing.T) {
	tests := map[string]string{"x_test.go": `func TestX(t *testing.T) { page.Typed(t, "docs/x.md") }`, "y_test.go": `func TestY(t *testing.T) { read("docs/y.md") }`}
	for _, c := range []struct {
		document, test string
		want           bool
	}{
		{"docs/x.md", "", true},
		{"docs/x.md", "TestX", true},
		{"docs/x.md", "TestY", false},
		{"docs/y.md", "", false},
	} {
		if got := isTyped(tests, c.document, c.test); got != c.want {
			t.Errorf("%s by %q: %v", c.document, c.test, got)
		}
	}
}
