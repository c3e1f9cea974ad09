//go:build integration

package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/test/page"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

// releaseDir is what `make dist` makes, signed by a key that is thrown away.
type releaseDir struct {
	dist    string
	keyring string // holds the key that signed
	other   string // holds another one
}

var signedRelease = sync.OnceValues(makeRelease)

func makeRelease() (releaseDir, error) {
	temp, err := os.MkdirTemp("", "elk-mtls-dist-")
	if err != nil {
		return releaseDir{}, err
	}
	afterAll(func() error { return os.RemoveAll(temp) })
	r := releaseDir{filepath.Join(temp, "dist"), filepath.Join(temp, "public.gpg"), filepath.Join(temp, "other.gpg")}
	secret := filepath.Join(temp, "secret.gpg")
	err = errors.Join(makeKey(temp, "signer@elk-mtls.invalid", r.keyring, secret), makeKey(temp, "other@elk-mtls.invalid", r.other, filepath.Join(temp, "other-secret.gpg")))
	if err != nil {
		return r, err
	}
	return r, makeDist(r.dist, "SIGN_KEY=signer@elk-mtls.invalid", "SIGN_KEYRING="+secret)
}

// makeKey makes a key pair, as two keyrings in the form that Helm reads.
func makeKey(temp, name, public, secret string) error {
	if _, err := exec.LookPath("gpg"); err != nil {
		return &parts.Missing{Part: "gpg", Why: "no gpg on PATH", Remedy: "install GnuPG"}
	}
	home := filepath.Join(temp, name)
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	afterAll(func() error { _ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run(); return nil })
	for _, args := range [][]string{
		{"--passphrase", "", "--quick-generate-key", name, "rsa3072", "sign", "never"},
		{"--output", public, "--export", name},
		{"--output", secret, "--export-secret-keys", name},
	} {
		if out, err := exec.Command("gpg", append([]string{"--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback"}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("gpg %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func makeDist(folder string, variables ...string) error {
	cmd := exec.Command("make", append([]string{"-C", "../..", "--no-print-directory", "dist", "VERSION=v1.2.3", "DIST=" + folder}, variables...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make dist: %w\n%s", err, out)
	}
	return nil
}

// newDist gives the release of this package.
func newDist(t *testing.T) releaseDir {
	t.Helper()
	for _, part := range []string{"helm4", "sbom"} {
		parts.SkipOrFail(t, parts.Have(part))
	}
	r, err := signedRelease()
	parts.SkipOrFail(t, err)
	return r
}

// TestDist holds that a release is complete, that its checksums are right, and that the next run gives the same bytes.
func TestDist(t *testing.T) {
	r := newDist(t)
	again := filepath.Join(t.TempDir(), "again")
	if err := makeDist(again); err != nil {
		t.Fatal(err)
	}
	first, second := sums(t, r.dist), sums(t, again)
	want := []string{"SHA256SUMS", "elk-mtls-1.2.3.tgz", "elk-mtls-1.2.3.tgz.prov", "elk-mtls-cli-1.2.3.tgz", "elk-mtls-cli-1.2.3.tgz.prov", "elk-mtls-init.cdx.json", "elk-mtls.cdx.json",
		"elk-mtls.oci.tar", "elk-mtls-init.oci.tar", "elk-mtls-init-linux-amd64", "elk-mtls-init-linux-arm64", "install.sh"}
	for _, name := range []string{"darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64", "windows-amd64.exe", "windows-arm64.exe"} {
		want = append(want, "elk-mtls-"+name)
	}
	for _, name := range want {
		if first[name] == "" {
			t.Errorf("no %s", name)
		}
		if strings.HasSuffix(name, ".prov") {
			delete(first, name) // holds the time of the signature
		}
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two runs (-first +second):\n%s", diff)
	}
	cmd := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = r.dist
	if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != 15 {
		t.Errorf("SHA256SUMS: %v\n%s", err, out)
	}
	for _, module := range []string{"pkg:golang/go.yaml.in/yaml/v3@", "pkg:golang/github.com/spf13/cobra@", "pkg:golang/std@"} {
		if !bytes.Contains(readFile(t, filepath.Join(r.dist, "elk-mtls.cdx.json")), []byte(module)) {
			t.Errorf("the SBOM does not name %s", module)
		}
	}
}

func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		sum := sha256.Sum256(readFile(t, filepath.Join(dir, name)))
		all[name] = hex.EncodeToString(sum[:])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// helm4 is a Helm 4 with plugins of its own, below a folder whose name has a space.
type helm4 struct {
	t    *testing.T
	home string
	env  []string
}

func newHelm4(t *testing.T) *helm4 {
	t.Helper()
	home := filepath.Join(t.TempDir(), "a home with spaces")
	env := append(plainEnvironment(), "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage)
	for _, name := range []string{"config", "cache", "data"} {
		env = append(env, "HELM_"+strings.ToUpper(name)+"_HOME="+filepath.Join(home, name))
	}
	return &helm4{t, home, env}
}

func (h *helm4) run(args ...string) (stdout []byte, stderr string, err error) {
	h.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(h.t.Context()), program(h.t, "helm4"), args...)
	cmd.Env = h.env
	var out, message bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &message
	err = cmd.Run()
	return out.Bytes(), message.String(), err
}

func (h *helm4) must(args ...string) string {
	h.t.Helper()
	out, message, err := h.run(args...)
	if err != nil {
		h.t.Fatalf("helm %s: %v\n%s%s", strings.Join(args, " "), err, out, message)
	}
	return string(out) + message
}

// renders holds that the post-renderer works, and that its failure says why.
func (h *helm4) renders() {
	h.t.Helper()
	chart := wrappedCharts(h.t)[0]
	dir := chart.write(h.t)
	out, message, err := h.run("template", releaseName, dir, "--post-renderer", "elk-mtls")
	if err != nil {
		h.t.Fatalf("helm template: %v\n%s", err, message)
	}
	sameObjects(h.t, rendering{stream: chart.stream}.byPostRenderer(h.t), objects(h.t, out))
	out, message, err = h.run("template", releaseName, dir, "--post-renderer", "elk-mtls", "--post-renderer-args", "--client-authentication=always")
	if err == nil || len(out) > 0 || !strings.Contains(message, `elk-mtls: --client-authentication: "always" is not one of`) {
		h.t.Errorf("a failure: %v\n%s%s", err, out, message)
	}
}

// TestHelm4Plugin installs what `make plugin` and `make dist` make, in each way that Helm 4 has.
func TestHelm4Plugin(t *testing.T) {
	t.Run("from a folder with a space in its name", func(t *testing.T) {
		h := newHelm4(t)
		dir := filepath.Join(t.TempDir(), "with a space", "elk-mtls")
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, os.DirFS(pluginDir(t))); err != nil {
			t.Fatal(err)
		}
		h.must("plugin", "install", dir)
		h.renders()
	})
	archive := filepath.Join(newDist(t).dist, "elk-mtls-1.2.3.tgz")
	t.Run("signed", func(t *testing.T) {
		h := newHelm4(t)
		folder := folderWith(t, map[string]string{filepath.Base(archive): archive, filepath.Base(archive) + ".prov": archive + ".prov", "keyring.gpg": newDist(t).keyring})
		page.Typed(t, "docs/helm4.md", folder, map[string]string{"helm": program(t, "helm4")}, h.env)
		h.renders()
		if list := h.must("plugin", "list"); !strings.Contains(list, "1.2.3") || !strings.Contains(list, "postrenderer/v1") {
			t.Errorf("helm plugin list:\n%s", list)
		}
	})
	t.Run("unsigned", func(t *testing.T) {
		h := newHelm4(t)
		bare := filepath.Join(t.TempDir(), filepath.Base(archive))
		put(t, bare, string(readFile(t, archive)))
		h.refuses(bare, newDist(t).keyring, "no provenance file")
		h.must("plugin", "install", bare, "--verify=false")
		h.renders()
	})
	t.Run("signed by somebody else", func(t *testing.T) {
		newHelm4(t).refuses(archive, newDist(t).other, "signature made by unknown entity")
	})
	t.Run("changed after it was signed", func(t *testing.T) {
		changed := filepath.Join(t.TempDir(), filepath.Base(archive))
		put(t, changed, string(readFile(t, archive))+"x")
		put(t, changed+".prov", string(readFile(t, archive+".prov")))
		newHelm4(t).refuses(changed, newDist(t).keyring, "sha256 sum does not match")
	})
}

// refuses holds that an archive is not installed, and that Helm says why.
func (h *helm4) refuses(archive, keyring, why string) {
	h.t.Helper()
	_, message, err := h.run("plugin", "install", archive, "--keyring", keyring)
	if err == nil || !strings.Contains(message, why) {
		h.t.Errorf("want a refusal with %q, got %v and\n%s", why, err, message)
	}
	if list := h.must("plugin", "list"); strings.Contains(list, "elk-mtls") {
		h.t.Errorf("it is there all the same:\n%s", list)
	}
}

// TestHelm4Commands holds that the other commands are there as `helm elk-mtls`, beside the post-renderer and plugins of others.
func TestHelm4Commands(t *testing.T) {
	r, h := newDist(t), newHelm4(t)
	neighbours := filepath.Join(h.home, "data", "plugins")
	put(t, filepath.Join(neighbours, "hello", "plugin.yaml"),
		"{apiVersion: v1, type: cli/v1, name: hello, version: 1.0.0, runtime: subprocess, config: {usage: hello}, runtimeConfig: {platformCommand: [{command: echo, args: [hello]}]}}\n")
	put(t, filepath.Join(neighbours, "broken", "plugin.yaml"), "{apiVersion: v1, type: cli/v1, name: broken, version: 1.0.0, description: not known}\n")
	for _, name := range []string{"elk-mtls", "elk-mtls-cli"} {
		h.must("plugin", "install", filepath.Join(r.dist, name+"-1.2.3.tgz"), "--keyring", r.keyring)
	}
	h.renders()
	if out := h.must("hello"); !strings.Contains(out, "hello") {
		t.Errorf("the neighbour says %q", out)
	}
	if out, _, err := h.run("elk-mtls", "version"); err != nil || string(out) != "elk-mtls v1.2.3\n" {
		t.Errorf("helm elk-mtls version: %v, %q", err, out)
	}
	out, message, err := h.run("elk-mtls", "certs", "--namespace", "elastic", "../../examples/release/rendered.yaml") // Helm keeps --namespace for itself
	if err != nil || !bytes.Contains(out, []byte("\n  namespace: elastic\n")) {
		t.Errorf("helm elk-mtls certs: %v, %d bytes\n%s", err, len(out), message)
	}
	_, message, err = h.run("elk-mtls", "nonsense")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(message, `elk-mtls: no such command or file: "nonsense"`) {
		t.Errorf("helm elk-mtls nonsense: %v\n%s", err, message)
	}
}

// TestHelm3Ways holds that Helm 3 finds the program on the PATH and by its path, and gives the same objects, hooks aside.
func TestHelm3Ways(t *testing.T) {
	chart := wrappedCharts(t)[0]
	dir := chart.write(t)
	for name, renderer := range map[string]string{"on the PATH": "elk-mtls", "by its path": elkmtls(t)} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), program(t, "helm3"), "template", releaseName, dir, "--no-hooks", "--post-renderer", renderer, "--post-renderer-args", "--hooks=off")
			cmd.Env = append(plainEnvironment(), "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage, "PATH="+filepath.Dir(elkmtls(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			sameObjects(t, chart.secured(t, nil), objects(t, out))
		})
	}
}
