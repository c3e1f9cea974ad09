//go:build install

package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/page"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

func TestInstallPlugin(t *testing.T) {
	r := made(t)
	installed(t, r, "a Helm 4 plugin over HTTP", func(changed string) (env []string, source string) {
		url := r.served(t, changed)
		return []string{"RELEASE=" + url}, url + "/elk-mtls-1.2.3.tgz"
	})
}

func TestInstallOCI(t *testing.T) {
	r := made(t)
	installed(t, r, "a Helm 4 plugin from OCI", func(changed string) (env []string, source string) {
		env = r.registry(t, changed)
		return env, "oci://" + strings.TrimPrefix(env[0], "REGISTRY=") + "/elk-mtls:1.2.3"
	})
}

// installed types the commands of the page for a way to install the Helm 4 plugins. from gives the environment of one who goes that way,
// and the plugin's address. A release in which a file is changed must not install.
func installed(t *testing.T, r release, way string, from func(changed string) (env []string, source string)) {
	t.Helper()
	helm, err := parts.Program(t.Context(), "helm4")
	parts.SkipOrFail(t, err)
	folder, start := t.TempDir(), time.Now()
	if err := os.Symlink(r.keyring, filepath.Join(folder, "keyring.gpg")); err != nil {
		t.Fatal(err)
	}
	env, _ := from("")
	env = bare(t, env...)
	if out := page.Typed(t, "docs/install.md", folder, map[string]string{"helm": helm}, env); !strings.Contains(out, "elk-mtls "+version) {
		t.Errorf("it says\n%s", out)
	}
	proven(t, way, start, env, helm, "elk-mtls")

	for _, changed := range []string{"elk-mtls-1.2.3.tgz", "elk-mtls-1.2.3.tgz.prov"} {
		env, source := from(changed)
		cmd := exec.CommandContext(t.Context(), helm, "plugin", "install", source, "--keyring", r.keyring)
		cmd.Env = bare(t, env...)
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("%s is changed, and Helm installs it:\n%s", changed, out)
		}
	}
}
