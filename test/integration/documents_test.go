//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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
	if !exists(applies) {
		return nil
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

// TestHelmPages types what docs/helm3.md and docs/helm4.md print, with a chart of ours in the place of ./chart.
func TestHelmPages(t *testing.T) {
	for _, w := range ways[:2] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := newRelease(t, w, wrappedCharts(t)[0])
			folder := t.TempDir()
			if err := os.Symlink(r.dir, filepath.Join(folder, "chart")); err != nil {
				t.Fatal(err)
			}
			programs := map[string]string{"helm": r.helm, "elk-mtls": elkmtls(t)}
			if w.major == 4 { // newRelease has installed the first one already, and the page does it again
				r.must("plugin", "uninstall", "elk-mtls")
				delete(programs, "elk-mtls")
				bothPlugins(t, filepath.Join(folder, "dist", "helm4"))
			}
			typed(t, fmt.Sprintf("../../docs/helm%d.md", w.major), folder, programs, append(r.env, "HELM_NAMESPACE="+r.ns)...)
			sameObjects(t, objects(t, withoutHooks(t, readFile(t, filepath.Join(folder, "look.yaml")))), r.chart.secured(t, nil))
			if rest := r.cluster.everything(t, r.ns); len(rest) > 0 {
				t.Errorf("after the uninstall, which ends the page, there is still %q", rest)
			}
		})
	}
}

// bothPlugins puts the plugins together, as `make plugin` does, and gives their folders.
func bothPlugins(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, name := range []string{"elk-mtls", "elk-mtls-cli"} {
		put(t, filepath.Join(dir, name, "plugin.yaml"), string(readFile(t, filepath.Join("../../plugin/helm", name, "plugin.yaml"))))
		if err := os.Symlink(filepath.Join(pluginDir(t), "bin"), filepath.Join(dir, name, "bin")); err != nil {
			t.Fatal(err)
		}
		all = append(all, filepath.Join(dir, name))
	}
	return all
}

// TestMigrationPage types what docs/migration.md prints; verify, which it calls after each step, fails where the stage is another one.
func TestMigrationPage(t *testing.T) {
	r := newRelease(t, ways[1], wrappedCharts(t)[0])
	folder := t.TempDir()
	r.must("plugin", "install", bothPlugins(t, t.TempDir())[1])
	unasked := r.chart
	unasked.stream = bytes.Replace(unasked.stream, []byte("client_authentication: optional"), []byte("verification_mode: full"), 1)
	if bytes.Equal(unasked.stream, r.chart.stream) {
		t.Fatal("the chart does not set a stage by hand, which none would contradict: this replacement is not needed")
	}
	if err := os.Symlink(unasked.write(t), filepath.Join(folder, "chart")); err != nil {
		t.Fatal(err)
	}
	typed(t, "../../docs/migration.md", folder, map[string]string{"helm": r.helm}, append(r.env, "HELM_NAMESPACE="+r.ns)...)
	if text := readFile(t, filepath.Join(folder, "changes.txt")); !bytes.Contains(text, []byte("Deployment/elk-kibana")) {
		t.Errorf("the changes before the first step:\n%s", text)
	}
}

// TestFluxPage types what docs/flux.md prints.
func TestFluxPage(t *testing.T) {
	folder := examples(t, "flux-export")
	typed(t, "../../docs/flux.md", folder, map[string]string{"elk-mtls": elkmtls(t), "kustomize": program(t, "kustomize")})
	built := objects(t, readFile(t, filepath.Join(folder, "build.yaml")))
	var patched bool
	for _, o := range built {
		if renderers, _, err := unstructured.NestedSlice(o.Object, "spec", "postRenderers"); idOf(o) == "HelmRelease/elk" && err == nil && len(renderers) == 1 {
			patched = true
		}
		if o.GetNamespace() != "elastic" {
			t.Errorf("%s is in namespace %q", idOf(o), o.GetNamespace())
		}
	}
	if !patched || len(built) < 5 {
		t.Errorf("got %q, the release patched: %v", ids(built), patched)
	}
	if !exists(filepath.Join(folder, "component", "kustomization.yaml")) {
		t.Error("no component")
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
