//go:build checks

package checks

import (
	"regexp"
	"slices"
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
			if b.NotRun == "" && !isTyped(tests, name, b.By...) {
				t.Errorf("%s:%d: no test types this; call typed with %q, or say above it: <!-- not run: the reason -->\n%s", name, b.Line, name, b.Text)
			}
		}
	}
}

// isTyped reports whether for each of these tests a file that has it, or any file where there are none, hands the document to typed.
func isTyped(tests map[string]string, document string, by ...string) bool {
	names := regexp.MustCompile(`(yped\((t, )?|Followed\(t, |page: )` + regexp.QuoteMeta(strconv.Quote(document)))
	typed := ""
	for _, text := range tests {
		if names.MatchString(text) {
			typed += text
		}
	}
	return typed != "" && !slices.ContainsFunc(by, func(test string) bool { return !strings.Contains(typed, "func "+test+"(") })
}

// What a document says that .ci/run makes, it makes; the README has its two commands that way.
func TestCommandsOfCI(t *testing.T) {
	_, line, _ := strings.Cut(read(t, ".ci/run"), "\nmake ")
	made := strings.Fields(line)
	said := map[string][]string{}
	for _, name := range documents(t) {
		for _, b := range page.Blocks(read(t, name)) {
			if !strings.HasPrefix(b.NotRun, ".ci/run makes") {
				continue
			}
			for command := range strings.Lines(b.Text) {
				words := strings.Fields(command)
				if len(words) < 2 || words[0] != "make" || !slices.Contains(made, words[1]) {
					t.Errorf("%s:%d: .ci/run does not make this, but %q: %s", name, b.Line, made, command)
					continue
				}
				said[name] = append(said[name], words[1])
			}
		}
	}
	if want := []string{"demo", "test"}; !slices.Equal(said["README.md"], want) {
		t.Errorf("the README names %q, which .ci/run makes, want %q", said["README.md"], want)
	}
}

func TestACommandThatNobodyTypesIsFound(t *testing.T) {
	tests := map[string]string{"x_test.go": `func TestX(t *testing.T) { page.Typed(t, "docs/x.md") }`, "y_test.go": `func TestY(t *testing.T) { read("docs/y.md") }`}
	for _, c := range []struct {
		document string
		by       []string
		want     bool
	}{
		{"docs/x.md", nil, true},
		{"docs/x.md", []string{"TestX"}, true},
		{"docs/x.md", []string{"TestY"}, false},
		{"docs/x.md", []string{"TestX", "TestY"}, false},
		{"docs/y.md", nil, false},
	} {
		if got := isTyped(tests, c.document, c.by...); got != c.want {
			t.Errorf("%s by %q: %v", c.document, c.by, got)
		}
	}
}
