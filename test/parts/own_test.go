package parts_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// The scripts stand in for those of a distribution: they note what they were called with, and the "server" says that
// it listens where the test does, so slowly that a reader sees an empty file, then half an address.
const (
	keystoreScript = `#!/bin/sh
echo "keystore $* <<< $(cat)" >>"$ES_PATH_CONF/calls"
`
	serverScript = `#!/bin/sh
echo "elasticsearch $*" >>"$ES_PATH_CONF/calls"
ports="$ES_PATH_CONF/../logs/http.ports"
: >"$ports"
sleep 0.2
printf %s "${ADDRESS%?}" >>"$ports"
sleep 0.2
printf '%s\n' "${ADDRESS#"${ADDRESS%?}"}" >>"$ports"
exec sleep 600
`
)

func TestOwnElasticsearch(t *testing.T) {
	var user, password string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
	}))
	t.Cleanup(server.Close)
	t.Setenv("ES_HOME", distribution(t))

	node, err := parts.Elasticsearch(t.Context(), parts.Options{
		Settings: map[string]string{"node.name": "mine"},
		Files:    map[string][]byte{"certs/a/ca.crt": []byte("PEM")},
		Keystore: map[string]string{"some.secret": "hidden"},
		Env:      []string{"ADDRESS=" + strings.TrimPrefix(server.URL, "http://")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if node.URL != server.URL || user != "elastic" || password != parts.DefaultPassword {
		t.Errorf("asked %s as %q with %q", node.URL, user, password)
	}
	config := filepath.Join(filepath.Dir(node.Log), "..", "config")
	calls := strings.Split(read(t, filepath.Join(config, "calls")), "\n")
	want := []string{
		"keystore create <<< ",
		"keystore add --stdin --force bootstrap.password <<< " + parts.DefaultPassword,
		"keystore add --stdin --force some.secret <<< hidden",
	}
	for i, line := range want {
		if calls[i] != line {
			t.Errorf("call %d: %q, want %q", i, calls[i], line)
		}
	}
	for _, setting := range []string{"-E node.name=mine", "-E network.host=127.0.0.1", "-E discovery.type=single-node"} {
		if !strings.Contains(calls[3], setting) {
			t.Errorf("no %q in %q", setting, calls[3])
		}
	}
	if strings.Contains(calls[3], "hidden") || strings.Contains(calls[3], parts.DefaultPassword) {
		t.Errorf("a secret in the arguments: %q", calls[3])
	}
	if got := read(t, filepath.Join(config, "certs/a/ca.crt")); got != "PEM" {
		t.Errorf("certs/a/ca.crt: %q", got)
	}
	if err := node.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(node.Log)); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}

// distribution makes a folder in the shape of an unpacked Elasticsearch, which the server's user can read.
func distribution(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("", "distribution-") //nolint:usetesting // the server's user could not enter t.TempDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	bin := filepath.Join(home, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{"elasticsearch-keystore": keystoreScript, "elasticsearch": serverScript} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	return home
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
