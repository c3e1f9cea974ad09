package plugin

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/elk-mtls/elk-mtls/test/page"
)

// TestSurveyPage types what the page about migration says of the report and the gate, with the evidence of a clean day.
func TestSurveyPage(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/script/survey.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range archive.Files {
		if f.Name == "clean.jsonl" {
			put("evidence.jsonl", f.Data)
		}
	}
	put("manifests.yaml", read(t, "testdata/verify/curl.yaml"))
	put("elk-mtls.yaml", []byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {}\n# clientAuthentication: required\n"))
	program := filepath.Join(t.TempDir(), "elk-mtls")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./elk-mtls").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	page.Typed(t, "docs/migration.md", dir, map[string]string{"elk-mtls": program}, nil)
	for _, name := range []string{"survey.html", "survey.json", "survey.sarif"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
