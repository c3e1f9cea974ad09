//go:build integration && linux

package integration

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// archives are what `make image-cmp` writes.
var archives = sync.OnceValues(func() (string, error) {
	if out, err := exec.Command("make", "-C", "../..", "--no-print-directory", "image-cmp").CombinedOutput(); err != nil {
		return "", fmt.Errorf("make image-cmp: %w\n%s", err, out)
	}
	return "../../dist", nil
})

// container is an image's file system, which nobody may write, and a /tmp, which anybody may.
type container struct {
	t    *testing.T
	root string
	tmp  string
}

// newContainer unpacks an image, as a runtime does.
func newContainer(t *testing.T, name string) *container {
	t.Helper()
	if os.Geteuid() != 0 {
		parts.SkipOrFail(t, &parts.Missing{Part: "a container", Why: "not root", Remedy: "run this test as root"})
	}
	dir, err := archives()
	if err != nil {
		t.Fatal(err)
	}
	temp, err := os.MkdirTemp("", "elk-mtls-image-") //nolint:usetesting // other users could not enter t.TempDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	c := &container{t, filepath.Join(temp, "root"), filepath.Join(temp, "tmp")}
	blobs := files(t, readFile(t, filepath.Join(dir, name+".oci.tar")))
	var index, manifest struct {
		Manifests, Layers []struct{ Digest string }
	}
	decode(t, blobs["index.json"], &index)
	decode(t, blobs[blob(index.Manifests[0].Digest)], &manifest)
	for _, layer := range manifest.Layers {
		plain, err := gzip.NewReader(bytes.NewReader(blobs[blob(layer.Digest)]))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(plain)
		if err != nil {
			t.Fatal(err)
		}
		for path, content := range files(t, text) {
			put(t, filepath.Join(c.root, path), string(content))
			if err := os.Chmod(filepath.Join(c.root, path), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(os.Mkdir(c.tmp, 0o755), os.Chmod(c.tmp, 0o777), os.Mkdir(filepath.Join(c.root, "tmp"), 0o755), os.Chmod(temp, 0o755)); err != nil {
		t.Fatal(err)
	}
	c.mount(c.root, c.root, syscall.MS_BIND)
	c.mount(c.tmp, filepath.Join(c.root, "tmp"), syscall.MS_BIND)
	if err := syscall.Mount("", c.root, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *container) mount(from, to string, flags uintptr) {
	c.t.Helper()
	if err := syscall.Mount(from, to, "", flags, ""); err != nil {
		c.t.Fatalf("mounting %s: %v", to, err)
	}
	c.t.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
}

// run runs a program of the image as a user, without a network, in /tmp.
func (c *container) run(user uint32, stdin []byte, env []string, args ...string) ([]byte, error) {
	cmd := &exec.Cmd{Path: args[0], Args: args, Dir: "/tmp", Stdin: bytes.NewReader(stdin)}
	cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: c.root, Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID,
		Credential: &syscall.Credential{Uid: user, Gid: user, NoSetGroups: false},
	}
	var message strings.Builder
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, message.String())
	}
	return out, err
}

func blob(digest string) string { return "blobs/" + strings.ReplaceAll(digest, ":", "/") }

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// files gives what a tar archive holds.
func files(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if all[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

// users are those who run images: nobody for kustomize and kpt, the one of our images, and the one of Argo CD.
var users = []uint32{65534, 65532, 999}

// readable makes what is in /tmp everybody's to read.
func (c *container) readable() {
	c.t.Helper()
	if out, err := exec.CommandContext(c.t.Context(), "chmod", "-R", "a+rX", c.tmp).CombinedOutput(); err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Chmod(c.tmp, 0o777); err != nil {
		c.t.Fatal(err)
	}
}

// TestImages runs each image as each of these users, and holds that beside it stands what it is made of.
func TestImages(t *testing.T) {
	chart := wrappedCharts(t)[0]
	for name, module := range map[string]string{"elk-mtls": "sigs.k8s.io/kustomize/kyaml", "elk-mtls-init": "k8s.io/client-go", "helm": "helm.sh/helm/v4"} {
		dir, err := archives()
		if err != nil {
			t.Fatal(err)
		}
		if text := readFile(t, filepath.Join(dir, name+".cdx.json")); !bytes.Contains(text, []byte(`"pkg:golang/`+module+"@")) {
			t.Errorf("%s.cdx.json does not name %s", name, module)
		}
	}
	t.Run("elk-mtls", func(t *testing.T) {
		c := newContainer(t, "elk-mtls")
		for _, user := range users {
			out, err := c.run(user, chart.stream, []string{"ELK_MTLS_INIT_CONTAINER_IMAGE=" + initImage}, "/elk-mtls")
			if err != nil {
				t.Fatalf("user %d: %v", user, err)
			}
			sameObjects(t, rendering{stream: chart.stream}.byPostRenderer(t), objects(t, out))
		}
	})
	t.Run("elk-mtls-init", func(t *testing.T) {
		c := newContainer(t, "elk-mtls-init")
		pair := pki.NewCA("images").Leaf(pki.Options{CN: "logstash", ClientAuth: true})
		put(t, filepath.Join(c.tmp, "tls.crt"), string(pair.Cert))
		put(t, filepath.Join(c.tmp, "tls.key"), string(pair.Key))
		c.readable()
		for _, user := range users {
			store := fmt.Sprintf("%d.p12", user)
			if _, err := c.run(user, nil, nil, "/elk-mtls-init", "keystore", "--cert", "/tmp/tls.crt", "--key", "/tmp/tls.key", "--out", "/tmp/"+store); err != nil || !exists(filepath.Join(c.tmp, store)) {
				t.Errorf("user %d: %v", user, err)
			}
		}
	})
	t.Run("elk-mtls-cmp", func(t *testing.T) {
		c := newContainer(t, "elk-mtls-cmp")
		if err := os.CopyFS(c.tmp, os.DirFS(chart.write(t))); err != nil {
			t.Fatal(err)
		}
		c.readable()
		env := []string{"ARGOCD_APP_NAME=elk", "ELK_MTLS_INIT_CONTAINER_IMAGE=" + initImage, "HELM_CACHE_HOME=/tmp/helm", "HELM_CONFIG_HOME=/tmp/helm", "HELM_DATA_HOME=/tmp/helm"}
		for _, user := range users {
			out, err := c.run(user, nil, append(env, fmt.Sprintf("HELM_CACHE_HOME=/tmp/helm-%d", user)), "/usr/local/bin/elk-mtls", "cmp", "generate")
			if err != nil {
				t.Fatalf("user %d: %v", user, err)
			}
			sameObjects(t, chart.secured(t, nil), objects(t, out))
		}
		if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM(readFile(t, filepath.Join(c.root, "etc/ssl/certs/ca-certificates.crt"))) {
			t.Error("no CA certificates where Go looks for them")
		}
		if !exists(filepath.Join(c.root, "home/argocd/cmp-server/config/plugin.yaml")) {
			t.Error("no plugin.yaml where argocd-cmp-server looks for it")
		}
	})
}
