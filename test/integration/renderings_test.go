//go:build integration

package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// definitions are the kinds of operators that real charts render, as their projects define them.
var definitions = []struct{ module, version, folder, files string }{
	{"github.com/elastic/cloud-on-k8s/v3", "v3.5.0", "config/crds/v1/resources", "*_agents.yaml *_beats.yaml *_elasticsearches.yaml *_kibanas.yaml *_logstashes.yaml"},
	{"github.com/prometheus-operator/prometheus-operator", "v0.85.0", "example/prometheus-operator-crd", "*_servicemonitors.yaml"},
}

// TestDryRunOfEveryRendering holds that a real API server, which knows the operators' kinds too, takes what every rendering of a real
// chart becomes: by itself, or, where a client's rendering is refused without it, in one stream with Elasticsearch.
func TestDryRunOfEveryRendering(t *testing.T) {
	dir := os.Getenv("ELK_MTLS_RENDERS")
	if dir == "" {
		dir = "../../../shared/renders"
	}
	if !exists(dir) {
		t.Skipf("LEFT OUT: no renderings of real charts in %s; name their folder in ELK_MTLS_RENDERS", dir)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d renderings: %v", len(files), err)
	}
	ns := namespace(t)
	serveDefinitions(t)
	c, err := newClient() // that knows them
	if err != nil {
		t.Fatal(err)
	}
	server := readFile(t, filepath.Join(dir, "elasticsearch-8.5.1-default.yaml"))
	refused := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			input, output := patchedSomehow(t, readFile(t, file), server)
			if output == nil {
				refused++
				return
			}
			before := map[string]*unstructured.Unstructured{}
			for _, o := range objects(t, input) {
				before[idOf(o)] = o
			}
			for _, o := range objects(t, output) {
				c.ensureNamespace(t, o.GetNamespace())
				c.takes(t, ns, o, before[idOf(o)])
			}
		})
	}
	if refused*4 > len(files) {
		t.Errorf("%d of %d renderings are refused: this test shows too little", refused, len(files))
	}
}

func serveDefinitions(t *testing.T) {
	t.Helper()
	for _, d := range definitions {
		module, err := parts.Module(t.Context(), d.module, d.version)
		if err != nil {
			t.Fatal(err)
		}
		for _, pattern := range strings.Fields(d.files) {
			found, err := filepath.Glob(filepath.Join(module, d.folder, pattern))
			if err != nil || len(found) != 1 {
				t.Fatalf("%s of %s: %d files: %v", pattern, d.module, len(found), err)
			}
			connect(t).serve(t, readFile(t, found[0]))
		}
	}
}

// patchedSomehow patches a stream with the first configuration that it is not refused with. Every refusal must say which object it is
// about, and leave stdout empty.
func patchedSomehow(t *testing.T, stream, server []byte) (input, output []byte) {
	t.Helper()
	own := []string{"ELK_MTLS_INIT_CONTAINER_IMAGE=" + initImage}
	secrets := append(own, "ELK_MTLS_CERTIFICATES_SECRET_NAME=certs", "ELK_MTLS_MINTER_SECRET_NAME=token-minter")
	joined := bytes.Join([][]byte{server, stream}, []byte("\n---\n"))
	for _, c := range []struct {
		input []byte
		env   []string
	}{
		{stream, own}, {stream, secrets}, {joined, own}, {joined, secrets},
		{stream, append(own, "ELK_MTLS_CLIENT_AUTHENTICATION=optional")},
	} {
		output, stderr, err := patched(t, c.input, c.env...)
		if err == nil {
			return c.input, output
		}
		if len(output) > 0 || !strings.Contains(stderr, "/") {
			t.Errorf("a refusal with %d bytes of output, or that names no object:\n%s", len(output), stderr)
		}
		t.Log(strings.TrimSpace(stderr))
	}
	return nil, nil
}
