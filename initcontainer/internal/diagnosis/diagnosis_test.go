package diagnosis

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Code and page are held together: every check has its heading, in the same order, and there is no other.
func TestEveryCheckHasItsPage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	var headings []Code
	for _, found := range regexp.MustCompile(`(?m)^### (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		headings = append(headings, Code(found[1]))
	}
	if d := cmp.Diff(Codes(), headings); d != "" {
		t.Errorf("docs/doctor.md differs from the checks:\n%s", d)
	}
}

func TestReport(t *testing.T) {
	var r Report
	r.Add(TokenWorks, Problem, "it is refused")
	r.Add(TokenWorks, OK, "too late")
	r.Add(Reachable, OK, "127.0.0.1 answers")
	r.Skip("nobody may", Orphans, TokenWorks)
	var out strings.Builder
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	want := `connection
  ✓ reachable: 127.0.0.1 answers
token
  ✗ token-works: it is refused (docs/doctor.md#token-works)
  ‼ orphans: not looked at: nobody may (docs/doctor.md#orphans)
`
	if d := cmp.Diff(want, out.String()); d != "" || r.Problems() != 1 {
		t.Errorf("%d problems\n%s", r.Problems(), d)
	}
	out.Reset()
	if err := r.JSON(&out); err != nil || !strings.Contains(out.String(), `"problems": 1`) || !strings.Contains(out.String(), `"code": "orphans"`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}
