//go:build install

package install

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A blob is what a registry hands out by its digest.
type blob struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	content     []byte
}

func newBlob(mediaType, title string, content []byte) blob {
	sum := sha256.Sum256(content)
	b := blob{mediaType, "sha256:" + hex.EncodeToString(sum[:]), len(content), nil, content}
	if title != "" {
		b.Annotations = map[string]string{"org.opencontainers.image.title": title}
	}
	return b
}

// registry serves both plugins as the OCI artifacts that RELEASING.md pushes, and gives the environment of one who pulls. The named file was
// changed before it was pushed: its digest is right, and its signature is not.
func (r release) registry(t *testing.T, changed string) []string {
	t.Helper()
	const manifestType, layerType, pluginType = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar", "application/vnd.helm.plugin.v1+json"
	answers := map[string]blob{}
	for _, name := range []string{"elk-mtls", "elk-mtls-cli"} {
		all := []blob{newBlob("application/vnd.oci.empty.v1+json", "", []byte("{}"))}
		for _, file := range []string{name + "-1.2.3.tgz", name + "-1.2.3.tgz.prov"} {
			content, err := os.ReadFile(filepath.Join(r.dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if file == changed {
				content[len(content)/2] ^= 1
			}
			all = append(all, newBlob(layerType, file, content))
		}
		text, err := json.Marshal(map[string]any{
			"schemaVersion": 2, "mediaType": manifestType, "artifactType": pluginType, "config": all[0], "layers": all[1:],
		})
		if err != nil {
			t.Fatal(err)
		}
		manifest := newBlob(manifestType, "", text)
		answers["/v2/"+name+"/manifests/1.2.3"] = manifest
		answers["/v2/"+name+"/manifests/"+manifest.Digest] = manifest
		for _, b := range all {
			answers["/v2/"+name+"/blobs/"+b.Digest] = b
		}
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		b, known := answers[q.URL.Path]
		if !known && q.URL.Path != "/v2/" {
			http.NotFound(w, q)
			return
		}
		w.Header().Set("Content-Type", b.MediaType)
		w.Header().Set("Docker-Content-Digest", b.Digest)
		_, _ = w.Write(b.content)
	}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"REGISTRY=" + strings.TrimPrefix(server.URL, "https://"), "SSL_CERT_FILE=" + ca}
}
