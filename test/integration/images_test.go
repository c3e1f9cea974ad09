//go:build integration

package integration

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// TestImageContents holds that beside each image stands what it is made of, and that Argo CD's has what its programs look for.
// test/cluster runs them.
func TestImageContents(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "make", "-C", "../..", "--no-print-directory", "image-cmp").CombinedOutput(); err != nil {
		t.Fatalf("make image-cmp: %v\n%s", err, out)
	}
	const dist = "../../dist/"
	for name, module := range map[string]string{"elk-mtls": "go.yaml.in/yaml/v3", "elk-mtls-init": "k8s.io/client-go", "helm": "helm.sh/helm/v4"} {
		if text := readFile(t, dist+name+".cdx.json"); !bytes.Contains(text, []byte(`"pkg:golang/`+module+"@")) {
			t.Errorf("%s.cdx.json does not name %s", name, module)
		}
	}
	image := filesOfImage(t, readFile(t, dist+"elk-mtls-cmp.oci.tar"))
	if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM(image["etc/ssl/certs/ca-certificates.crt"]) {
		t.Error("no CA certificates where Go looks for them")
	}
	if !bytes.Contains(image["home/argocd/cmp-server/config/plugin.yaml"], []byte("kind: ConfigManagementPlugin")) {
		t.Error("no plugin.yaml where argocd-cmp-server looks for it")
	}
}

// filesOfImage gives what the layers of the one image in an OCI archive hold.
func filesOfImage(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	blobs := files(t, bytes.NewReader(archive))
	var index, manifest struct {
		Manifests, Layers []struct{ Digest string }
	}
	blob := func(digest string) []byte { return blobs["blobs/"+strings.ReplaceAll(digest, ":", "/")] }
	if err := json.Unmarshal(blobs["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(blob(index.Manifests[0].Digest), &manifest); err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, layer := range manifest.Layers {
		plain, err := gzip.NewReader(bytes.NewReader(blob(layer.Digest)))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range files(t, plain) {
			all[name] = text
		}
	}
	return all
}

// files gives what a tar archive holds.
func files(t *testing.T, archive io.Reader) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for reader := tar.NewReader(archive); ; {
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
