//go:build checks

package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A release has the files of its own version only, though the folder had another one, and SHA256SUMS names each of them once. What builds
// them are programs of the test that write empty files.
func TestReleaseHasNothingOfAnOlderOne(t *testing.T) {
	folder, bin := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"elk-mtls-0.9.0.tgz", "elk-mtls-0.9.0.tgz.prov", "elk-mtls-plan9-386", "SHA256SUMS"} {
		write(filepath.Join(folder, name), "old")
	}
	write(filepath.Join(folder, "notes.md"), "mine")
	for name, script := range map[string]string{
		"go":   `[ "$1" != -o ] || : >"$2"; [ "$1" != -context ] || { mkdir -p "$2/dist"; : >"$2/dist/elk-mtls-init.oci.tar"; }`,
		"sbom": `[ "$1" != -output ] || : >"$2"`,
		"helm": `[ "$1" != package ] || plugin=${2##*/}; [ "$1" != --destination ] || : >"$2/$plugin-1.2.3.tgz"`,
	} {
		write(filepath.Join(bin, name), "#!/bin/sh\nwhile [ $# -gt 0 ]; do "+script+"; shift; done\n")
	}
	cmd := exec.CommandContext(t.Context(), "bash", "plugin/helm/dist.sh", folder, "v1.2.3", "")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HELM4="+bin+"/helm", "SBOM="+bin+"/sbom", "SOURCE_DATE_EPOCH=0", "SIGN_KEY=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var summed []string
	sums, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		summed = append(summed, strings.Fields(line)[1])
	}
	var have []string
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "SHA256SUMS" && e.Name() != "notes.md" {
			have = append(have, e.Name())
		}
	}
	if slices.Sort(summed); !slices.Equal(summed, have) || len(have) < 12 || slices.Contains(have, "elk-mtls-plan9-386") {
		t.Errorf("SHA256SUMS names %q, and there are %q", summed, have)
	}
	if len(have) == len(entries) {
		t.Error("a file of somebody else is gone")
	}
}
