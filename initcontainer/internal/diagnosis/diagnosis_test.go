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
	r.Bad(TokenWorks, "make another", "it is refused")
	r.Good(TokenWorks, "too late")
	r.Warn(Licence, "", "it ends")
	r.Good(Reachable, "127.0.0.1 answers")
	r.Skip("the right to look", Orphans, TokenWorks, PodsCurrent)
	r.Skip("a file", CertificateFiles)
	var out strings.Builder
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	want := `connection
  ✓ reachable: 127.0.0.1 answers
licence
  ‼ licence: it ends
    → https://github.com/elk-mtls/elk-mtls/blob/main/docs/doctor.md#licence
token
  ✗ token-works: it is refused
    → make another https://github.com/elk-mtls/elk-mtls/blob/main/docs/doctor.md#token-works
not looked at: certificate-files (needs a file); orphans, pods-current (needs the right to look)
`
	if d := cmp.Diff(want, out.String()); d != "" || r.Problems() != 1 {
		t.Errorf("%d problems\n%s", r.Problems(), d)
	}
	out.Reset()
	if err := r.JSON(&out); err != nil || !strings.Contains(out.String(), `"problems": 1`) || !strings.Contains(out.String(), `"code": "orphans"`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}
