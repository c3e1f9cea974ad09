package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCertsAreAccepted gives what certs makes to the filter, with the configuration that certs writes: its judgement of certificates
// passes, and each client presents its own. A Secret of another CA among them is what it refuses, so the judgement is not blind.
func TestCertsAreAccepted(t *testing.T) { certsAreAccepted(t, "ec-p256") }

func certsAreAccepted(t *testing.T, kind string) {
	for _, name := range []string{"release", "elasticsearch-groups", "elasticsearch-default", "elasticsearch-http"} {
		t.Run(name, func(t *testing.T) {
			dir, input := t.TempDir(), filepath.Join("testdata/charts", name, "input.yaml")
			configuration := filepath.Join(dir, "elk-mtls.yaml")
			args := []string{"certs", "--namespace", "elastic", "--key-type", kind}
			secrets := runs(t, nil, append(args, "--config-out", configuration, input)...)
			stream := slices.Concat(secrets, []byte("---\n"), read(t, input))
			filter := []string{"--config", configuration, "--init-image", testImage, "--hooks", "off"}
			env := []string{"ELK_MTLS_MINTER_SECRET_NAME=minter"}
			patched := string(runsIn(t, env, stream, filter...))
			if !strings.Contains(patched, "http.ssl.client_authentication") && !strings.Contains(patched, "client_authentication: required") {
				t.Error("Elasticsearch asks for no certificate")
			}
			if name != "release" {
				return
			}
			if strings.Count(patched, "name: elk-kibana-elk-mtls-tls\n") != 2 { // the Secret, and the volume
				t.Error("Kibana does not use its own certificate")
			}
			foreign := runs(t, nil, append(args, "--only", "Deployment/elk-kibana", input)...)
			mixed := slices.Concat(onlyServer(secrets), foreign, []byte("---\n"), read(t, input))
			var out, messages bytes.Buffer
			if code := run(filter, env, bytes.NewReader(mixed), &out, &messages); code != exitError || !strings.Contains(messages.String(), "was not signed by a CA that Elasticsearch accepts") {
				t.Errorf("a client of another CA: exit %d, %s", code, messages.String())
			}
		})
	}
}

// onlyServer gives the first of the Secrets.
func onlyServer(secrets []byte) []byte {
	all := bytes.SplitAfter(secrets, []byte("\n---\n"))
	return bytes.TrimSuffix(all[0], []byte("---\n"))
}

func runs(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	return runsIn(t, nil, stdin, args...)
}

func runsIn(t *testing.T, env []string, stdin []byte, args ...string) []byte {
	t.Helper()
	var out, messages bytes.Buffer
	if code := run(args, env, bytes.NewReader(stdin), &out, &messages); code != exitDone {
		t.Fatalf("elk-mtls %s: exit %d\n%s", strings.Join(args, " "), code, messages.String())
	}
	return out.Bytes()
}

// TestCertsOnATerminal holds that private keys are not scrolled past somebody, unless they insist.
func TestCertsOnATerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("LEFT OUT: no terminal can be had here: %v", err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	args := []string{"certs", "--namespace", "elastic", "testdata/charts/release/input.yaml"}
	var messages bytes.Buffer
	if code := run(args, nil, nil, terminal, &messages); code != exitUsage || !strings.Contains(messages.String(), "stdout is a terminal, and the Secrets hold private keys") {
		t.Errorf("exit %d: %s", code, messages.String())
	}
	for _, more := range [][]string{{"--force"}, {"--out", t.TempDir()}} {
		if code := run(append(args, more...), nil, nil, terminal, &messages); code != exitDone {
			t.Errorf("%v: exit %d: %s", more, code, messages.String())
		}
	}
}

// TestNewFilesAreAllOrNone holds that a file which cannot be written takes those before it away again.
func TestNewFilesAreAllOrNone(t *testing.T) {
	dir := t.TempDir()
	var files newFiles
	files.add(filepath.Join(dir, "a"), []byte("a"), 0o600)
	files.add(filepath.Join(dir, "a", "below a file"), []byte("b"), 0o600)
	if err := files.write(); err == nil {
		t.Error("a file below a file was written")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
