//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// wrapped is a chart around a rendering, the stream itself, and the names that its objects have.
type wrapped struct {
	name   string
	stream []byte
	kibana string // the Deployment
}

// wrappedCharts are our own release, and where present the official charts of Elasticsearch and Kibana in one release.
func wrappedCharts(t *testing.T) []wrapped {
	t.Helper()
	own := readFile(t, "../../plugin/testdata/charts/release/input.yaml")
	all := []wrapped{{"own release", own, "elk-kibana"}}
	if parts := realRenderings(t, "elasticsearch-8.5.1-default", "kibana-8.5.1-default"); parts != nil {
		stream := append(append(bytes.Clone(parts[0].stream), '\n'), parts[1].stream...)
		all = append(all, wrapped{"official charts", stream, "kibana-kibana"})
	}
	return all
}

// tokenSecret is ours; stockSecret is the one that the chart's hook fills.
func (w wrapped) tokenSecret() string { return w.kibana + "-elk-mtls-token" }
func (w wrapped) stockSecret() string { return w.kibana + "-es-token" }

// write makes the chart: every document of the rendering is what one template gives, so that Helm sees objects and hooks as in the
// original. The value "replace" changes texts in all of them.
func (w wrapped) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "Chart.yaml"), "{apiVersion: v2, name: wrapped, version: 1.0.0}\n")
	put(t, filepath.Join(dir, "values.yaml"), "{replace: []}\n")
	for i, text := range documents(t, w.stream) {
		name := fmt.Sprintf("%02d.yaml", i)
		put(t, filepath.Join(dir, "files", name), text)
		put(t, filepath.Join(dir, "templates", name), strings.ReplaceAll(`{{- $text := .Files.Get "files/NAME" }}
{{- range .Values.replace }}{{ $text = $text | replace .from .to }}{{ end }}
{{ $text }}
`, "NAME", name))
	}
	return dir
}

// edit is a text and what the user makes of it by a value of the chart.
type edit struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// newer are a changed value and a changed label of Kibana.
var newer = []edit{
	{"docker.elastic.co/kibana/kibana:8.5.1", "docker.elastic.co/kibana/kibana:8.5.2"},
	{"heritage: Helm", "heritage: changed"},
}

// values writes a values file with these edits.
func values(t *testing.T, edits []edit) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"replace": edits})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "values.json")
	put(t, file, string(text))
	return file
}

// stock gives the objects that the chart makes on its own, hooks aside.
func (w wrapped) stock(t *testing.T, edits []edit) []*unstructured.Unstructured {
	t.Helper()
	return objects(t, withoutHooks(t, w.edited(t, edits)))
}

// secured gives the objects that elk-mtls makes of them.
func (w wrapped) secured(t *testing.T, edits []edit) []*unstructured.Unstructured {
	t.Helper()
	output, stderr, err := patched(t, withoutHooks(t, w.edited(t, edits)), "ELK_MTLS_INIT_CONTAINER_IMAGE="+initImage, "ELK_MTLS_HOOKS=off")
	if err != nil {
		t.Fatalf("elk-mtls: %v\n%s", err, stderr)
	}
	return objects(t, output)
}

func (w wrapped) edited(t *testing.T, edits []edit) []byte {
	t.Helper()
	stream := w.stream
	for _, e := range edits {
		if !bytes.Contains(stream, []byte(e.From)) {
			t.Fatalf("%s does not hold %q", w.name, e.From)
		}
		stream = bytes.ReplaceAll(stream, []byte(e.From), []byte(e.To))
	}
	return stream
}

func ids(all []*unstructured.Unstructured) []string {
	var names []string
	for _, o := range all {
		names = append(names, idOf(o))
	}
	slices.Sort(names)
	return names
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
