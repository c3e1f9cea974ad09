//go:build install

package install

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/test/page"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

const (
	top     = "../.."
	version = "v1.2.3"
	signer  = "signer@elk-mtls.invalid"
)

// a release is what `make dist` makes, with the ring that holds the key of its signatures.
type release struct{ dir, keyring string }

var shared struct {
	sync.Once
	temp string
	release
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.temp != "" {
		_ = exec.Command("gpgconf", "--homedir", filepath.Join(shared.temp, "gpg"), "--kill", "all").Run()
		_ = os.RemoveAll(shared.temp)
	}
	os.Exit(code)
}

// made gives the release of this package, which is made once.
func made(t *testing.T) release {
	t.Helper()
	for _, part := range []string{"helm4", "sbom"} {
		parts.SkipOrFail(t, parts.Have(part))
	}
	shared.Do(func() {
		if shared.temp, shared.err = os.MkdirTemp("", "elk-mtls-install-"); shared.err != nil {
			return
		}
		home := filepath.Join(shared.temp, "gpg")
		secret := filepath.Join(shared.temp, "secret.gpg")
		shared.release = release{filepath.Join(shared.temp, "dist"), filepath.Join(shared.temp, "keyring.gpg")}
		gpg := "gpg --homedir '" + home + "' --batch --quiet --pinentry-mode loopback "
		out, err := exec.Command("bash", "-euc", "mkdir -m 700 '"+home+"'\n"+
			gpg+"--passphrase '' --quick-generate-key "+signer+" rsa3072 sign never\n"+
			gpg+"--output '"+shared.keyring+"' --export "+signer+"\n"+
			gpg+"--output '"+secret+"' --export-secret-keys "+signer+"\n"+
			"make -C "+top+" --no-print-directory dist VERSION="+version+" DIST='"+shared.dir+"' SIGN_KEY="+signer+" SIGN_KEYRING='"+secret+"'").CombinedOutput()
		if err != nil {
			shared.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.release
}

// served gives the URL of the release, in which the named file has one byte changed.
func (r release) served(t *testing.T, changed string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		name := filepath.Base(request.URL.Path)
		text, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			http.NotFound(w, request)
			return
		}
		if name == changed {
			text[len(text)/2] ^= 1
		}
		_, _ = w.Write(text)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (r release) sums(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// patched writes a release that elk-mtls patched, and gives the name of the file.
func patched(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(top + "/plugin/testdata/charts/release/output.yaml")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "elk.yaml"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "elk.yaml")
}

// proven runs verify and prints how long it took from the start.
func proven(t *testing.T, way string, start time.Time, env []string, words ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), words[0], append(words[1:], "verify", patched(t, t.TempDir()))...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "PROVEN IF: client authentication required") {
		t.Errorf("%s: %v\n%s", way, err, out)
	}
	t.Logf("%s: from nothing to verify in %.1f s", way, time.Since(start).Seconds())
}

func bare(t *testing.T, more ...string) []string {
	t.Helper()
	home := t.TempDir()
	return append([]string{"HOME=" + home, "TMPDIR=" + os.TempDir(), "LANG=C.UTF-8"}, more...)
}

func TestInstallScript(t *testing.T) {
	r := made(t)
	programs := map[string]string{"curl": program(t, "curl"), "sha256sum": program(t, "sha256sum")}
	folder, start := t.TempDir(), time.Now()
	env := bare(t, "RELEASE="+r.served(t, ""), "SUMS="+r.sums(t))
	if out := page.Typed(t, "docs/install.md", folder, programs, env); !strings.Contains(out, "elk-mtls "+version) {
		t.Errorf("it says\n%s", out)
	}
	proven(t, "install.sh", start, env, filepath.Join(folder, "bin", "elk-mtls"))

	name := strings.TrimSpace(run(t, "go", "env", "GOOS")) + "-" + strings.TrimSpace(run(t, "go", "env", "GOARCH"))
	for _, c := range []struct{ changed, sums, says string }{
		{"elk-mtls-" + name, r.sums(t), "is not that of SHA256SUMS; nothing was installed"},
		{"SHA256SUMS", r.sums(t), "is not the one that --sums names; nothing was installed"},
		{"", strings.Repeat("0", 64), "is not the one that --sums names; nothing was installed"},
	} {
		to := t.TempDir()
		cmd := exec.CommandContext(t.Context(), "sh", top+"/install.sh", "--from", r.served(t, c.changed), "--sums", c.sums, "--to", to)
		out, err := cmd.CombinedOutput()
		if left, _ := os.ReadDir(to); err == nil || !strings.Contains(string(out), c.says) || len(left) != 0 {
			t.Errorf("%q is changed: %v, and %d files are there\n%s", c.changed, err, len(left), out)
		}
	}
}

func TestInstallGo(t *testing.T) {
	cache := strings.Fields(run(t, "go", "env", "GOMODCACHE", "GOCACHE"))
	goEnv := func(env []string) []string {
		for i, line := range env {
			if proxy, ok := strings.CutPrefix(line, "GOPROXY="); ok {
				env[i] = "GOPROXY=" + proxy + ",file://" + filepath.Join(cache[0], "cache", "download")
			}
		}
		return append(env, "GOCACHE="+cache[1], "GOMODCACHE="+filepath.Join(t.TempDir(), "mod"), "GOFLAGS=-trimpath -modcacherw", "CGO_ENABLED=0", "GOTOOLCHAIN=local")
	}
	programs := map[string]string{"go": program(t, "go")}
	folder, start := t.TempDir(), time.Now()
	env := goEnv(bare(t, append(serveModule(t), "GOBIN="+folder)...))
	page.Typed(t, "docs/install.md", folder, programs, env)
	proven(t, "go install", start, env, filepath.Join(folder, "elk-mtls"))
	for _, name := range []string{"elk-mtls", "elk-mtls-init"} {
		if out := run(t, filepath.Join(folder, name), "--version"); out != name+" "+version+"\n" {
			t.Errorf("%s says %q", name, out)
		}
	}

	cmd := exec.CommandContext(t.Context(), "go", "install", "github.com/elk-mtls/elk-mtls/plugin/elk-mtls@"+version)
	cmd.Env = append(goEnv(bare(t, append(serveModule(t, "-tamper"), "GOBIN="+t.TempDir())...)), "PATH="+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "SECURITY ERROR") {
		t.Errorf("another module than the checksum database knows is installed: %v\n%s", err, out)
	}
}

// serveModule runs test/tools/goproxy for the time of the test, and gives its environment.
func serveModule(t *testing.T, args ...string) []string {
	t.Helper()
	proxy := filepath.Join(t.TempDir(), "goproxy")
	run(t, "go", "-C", top+"/test/tools/goproxy", "build", "-o", proxy, ".")
	cmd := exec.CommandContext(t.Context(), proxy, append([]string{"-root", top, "-version", version}, args...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	var url, sums string
	if _, err := fmt.Fscan(stdout, &url, &sums); err != nil {
		t.Fatal(err)
	}
	return []string{url, sums}
}

// TestAction runs the steps of the composite action, as a runner does.
func TestAction(t *testing.T) {
	r := made(t)
	var action struct {
		Runs struct {
			Steps []struct {
				Name, Shell, Run string
				Env              map[string]string
			}
		}
	}
	const folder = top + "/.github/actions/verify"
	text, err := os.ReadFile(folder + "/action.yml")
	if err == nil {
		err = yaml.Unmarshal(text, &action)
	}
	if err != nil || len(action.Runs.Steps) == 0 {
		t.Fatalf("the action has %d steps: %v", len(action.Runs.Steps), err)
	}
	whole, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	steps := func(from string) (string, error) {
		runner := t.TempDir()
		inputs := map[string]string{"from": from, "sums": r.sums(t), "manifests": patched(t, t.TempDir()), "arguments": ""}
		said := ""
		for _, s := range action.Runs.Steps {
			env := append(os.Environ(), "GITHUB_ACTION_PATH="+whole, "RUNNER_TEMP="+runner)
			for name, value := range s.Env {
				for input, is := range inputs {
					value = strings.ReplaceAll(value, "${{ inputs."+input+" }}", is)
				}
				if strings.Contains(value, "${{") {
					t.Fatalf("step %q: %s is %q: no such input", s.Name, name, value)
				}
				env = append(env, name+"="+value)
			}
			cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			if said += string(out); err != nil {
				return said, fmt.Errorf("step %q: %w", s.Name, err)
			}
		}
		return said, nil
	}
	start := time.Now()
	if out, err := steps(r.served(t, "")); err != nil || !strings.Contains(out, "PROVEN IF: client authentication required") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("the action: from nothing to verify in %.1f s", time.Since(start).Seconds())
	if out, err := steps(r.served(t, "elk-mtls-linux-amd64")); err == nil || strings.Contains(out, "PROVEN") {
		t.Errorf("a changed program is run: %v\n%s", err, out)
	}
}

// TestPreCommitHook calls the entry of the hook as pre-commit does: its arguments, then the names of the files.
func TestPreCommitHook(t *testing.T) {
	var hooks []struct{ ID, Entry, Language string }
	text, err := os.ReadFile(top + "/.pre-commit-hooks.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &hooks)
	}
	if err != nil || len(hooks) != 1 || hooks[0].Language != "script" {
		t.Fatalf("%v: %v", hooks, err)
	}
	bin := t.TempDir()
	run(t, "go", "build", "-o", filepath.Join(bin, "elk-mtls"), top+"/plugin/elk-mtls")
	good, stock := patched(t, t.TempDir()), top+"/examples/release/rendered.yaml"
	for _, c := range []struct {
		args   []string
		passes bool
	}{{[]string{good}, true}, {[]string{good, good}, true}, {[]string{good, stock}, false}, {[]string{stock, good}, false}, {[]string{"--strict", good}, false}} {
		cmd := exec.CommandContext(t.Context(), top+"/"+hooks[0].Entry, c.args...)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); (err == nil) != c.passes {
			t.Errorf("%v: %v\n%s", c.args, err, out)
		}
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
