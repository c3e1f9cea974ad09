package page

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Typed runs the commands of a document, named by its path in the repository, one after the other, as one person in one shell would who
// works in this folder and environment, and has these programs on the PATH before all others. It runs those that For gives the test. What
// they print comes out; a command that fails ends the test.
func Typed(t *testing.T, document, folder string, programs map[string]string, env []string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), document))
	if err != nil {
		t.Fatal(err)
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	var script strings.Builder
	for _, b := range For(string(text), test) {
		script.WriteString(b.Text + "(exit $?)\n") // bash -e goes on after "! command" that succeeds
	}
	if script.Len() == 0 {
		t.Fatalf("%s has nothing that %s types", document, test)
	}
	bin := t.TempDir()
	for name, program := range programs {
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", script.String())
	cmd.Dir = folder
	cmd.Env = append(slices.Clone(env), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", document, err, out)
	}
	return string(out)
}

// repository is the nearest folder above the working one that has a go.mod.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("no go.mod above the working folder: %v", err)
	return ""
}
