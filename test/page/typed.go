package page

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// taken is what a document takes for granted on its reader's machine: a shell, and the tools that every system has beside it.
var taken = strings.Fields(`awk basename bash cat chmod cp cut date dirname echo env expr false find grep head id ln ls mkdir mktemp mv printf
	pwd readlink rm rmdir sed sh sleep sort tail tee test touch tr true uname uniq wc xargs`)

// Typed runs the commands of a document, named by its path in the repository, one after the other, as one person in one shell would who
// works in this folder and environment. The PATH holds these programs and the tools that every system has; nothing else that this machine
// happens to have. It runs the commands that For gives the test. What they print comes out; a command that fails ends the test.
func Typed(t *testing.T, document, folder string, programs map[string]string, env []string) string {
	t.Helper()
	return strings.Join(typed(t, document, folder, programs, env, exec.CommandContext), "")
}

// Followed is Typed for a document that shows what its commands print: what each block prints has the lines that stand between fences of
// text behind it, in their order. A … stands for anything, and white space for any white space. The shell is started by command.
func Followed(t *testing.T, document, folder string, programs map[string]string, env []string, command func(context.Context, string, ...string) *exec.Cmd) {
	t.Helper()
	said := typed(t, document, folder, programs, env, command)
	for i, b := range blocks(t, document) {
		if missing := notShown(said[i], b.Shows); missing != "" {
			t.Errorf("%s:%d: these commands do not print %q, but:\n%s", document, b.Line, missing, said[i])
		}
	}
}

// notShown gives the first line of a text that another has not, after those before it.
func notShown(said, text string) string {
	lines := strings.Split(said, "\n")
	for want := range strings.Lines(text) {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.Join(strings.Fields(want), " ")), "…", ".*")
		line := regexp.MustCompile("^" + pattern + "$")
		at := slices.IndexFunc(lines, func(l string) bool { return line.MatchString(strings.Join(strings.Fields(l), " ")) })
		if at < 0 {
			return strings.TrimSpace(want)
		}
		lines = lines[at+1:]
	}
	return ""
}

// blocks are those that the test types.
func blocks(t *testing.T, document string) []Block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), document))
	if err != nil {
		t.Fatal(err)
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	all := For(string(text), test)
	if len(all) == 0 {
		t.Fatalf("%s has nothing that %s types", document, test)
	}
	return all
}

// typed gives what each block printed.
func typed(t *testing.T, document, folder string, programs map[string]string, env []string, command func(context.Context, string, ...string) *exec.Cmd) []string {
	t.Helper()
	const end = "\x1eend of the block\n"
	var script strings.Builder
	for _, b := range blocks(t, document) {
		script.WriteString(b.Text + "(exit $?)\nprintf '%s' '" + end + "'\n") // bash -e goes on after "! command" that succeeds
	}
	cmd := command(t.Context(), "bash", "-euc", script.String())
	cmd.Dir = folder
	cmd.Env = append(slices.Clone(env), "PATH="+path(t, programs))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", document, err, out)
	}
	return strings.Split(string(out), end)
}

// path makes a folder that holds these programs and what every system has.
func path(t *testing.T, programs map[string]string) string {
	t.Helper()
	all := map[string]string{}
	for _, name := range taken {
		if found, err := exec.LookPath(name); err == nil { // else a command that needs it says so
			all[name] = found
		}
	}
	maps.Copy(all, programs)
	bin := t.TempDir()
	for name, program := range all {
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return bin
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
