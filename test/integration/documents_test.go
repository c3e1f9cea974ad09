//go:build integration

package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// commandBlocks gives the blocks of a page that are indented by four columns or more: what a reader types. Blocks between fences are files.
func commandBlocks(page string) []string {
	var blocks []string
	var block strings.Builder
	end := func() {
		if text := strings.TrimSpace(block.String()); text != "" {
			blocks = append(blocks, text)
		}
		block.Reset()
	}
	fenced := false
	for line := range strings.Lines(page) {
		fenced = fenced != strings.HasPrefix(line, "```")
		if fenced || !strings.HasPrefix(line, "    ") {
			end()
			continue
		}
		block.WriteString(strings.TrimLeft(line, " "))
	}
	end()
	return blocks
}

// typed runs the commands of a page one after the other, as one person in one shell in one folder would, with these programs on the
// PATH. It gives what was handed to `kubectl apply`, for which a stand-in takes the place of kubectl.
func typed(t *testing.T, page, folder string, programs map[string]string, env ...string) (applied []byte) {
	t.Helper()
	blocks := commandBlocks(string(readFile(t, page)))
	if len(blocks) < 2 {
		t.Fatalf("%s has %d blocks of commands: this test shows nothing", page, len(blocks))
	}
	bin, applies := t.TempDir(), filepath.Join(t.TempDir(), "applied")
	put(t, filepath.Join(bin, "kubectl"), "#!/bin/sh\n[ \"$1 $2\" = 'apply -f' ] || { echo \"kubectl $*\" >&2; exit 1; }\necho --- >>"+applies+
		"\nif [ \"$3\" = - ]; then cat; else cat \"$3\"; fi >>"+applies+"\n")
	if err := os.Chmod(filepath.Join(bin, "kubectl"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, program := range programs {
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", strings.Join(blocks, "\n"))
	cmd.Dir = folder
	cmd.Env = append(append(plainEnvironment(), env...), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", page, err, out)
	}
	return readFile(t, applies)
}

// examples gives a copy of the examples, in which commands may write.
func examples(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// program gives the path of a part that is one program.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := parts.Program(t.Context(), name)
	parts.SkipOrFail(t, err)
	return path
}

// TestArgoCDPage types what docs/argocd.md prints.
func TestArgoCDPage(t *testing.T) {
	applied := typed(t, "../../docs/argocd.md", examples(t, ""), map[string]string{"kustomize": program(t, "kustomize")})
	want := []string{"Application/elk", "Deployment/argocd-repo-server"}
	if diff := cmp.Diff(want, ids(objects(t, applied))); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

// TestKustomizePage types what docs/kustomize.md prints.
func TestKustomizePage(t *testing.T) {
	applied := typed(t, "../../docs/kustomize.md", examples(t, "kustomize-krm"),
		map[string]string{"elk-mtls": elkmtls(t), "kustomize": program(t, "kustomize")})
	release := rendering{stream: readFile(t, "../../examples/release/rendered.yaml")}.byPostRenderer(t)
	twice := objects(t, applied)
	if len(twice) != 2*len(release) {
		t.Fatalf("the page shows two ways and applies %d objects, of a release of %d", len(twice), len(release))
	}
	sameObjects(t, release, twice[:len(release)])
	sameObjects(t, release, twice[len(release):])
}
