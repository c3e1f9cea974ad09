//go:build checks

package checks

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	module = "github.com/elk-mtls/elk-mtls"
	root   = "../.."
)

// files lists the files of the repository whose names end so: those that are committed, and those that will be.
func files(t *testing.T, suffix string) []string {
	t.Helper()
	out := output(t, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*"+suffix)
	var names []string
	for _, name := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil { // not one about to be removed
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatalf("no %s files: is this not a git checkout?", suffix)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A pkg is what go list tells of a package.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Export     string // what the compiler made of it; with -export
}

func packages(t *testing.T, args ...string) []pkg {
	t.Helper()
	out := output(t, "go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports,Export"}, args...)...)
	var all []pkg
	decoder := json.NewDecoder(strings.NewReader(out))
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.String())
	}
	return string(out)
}
