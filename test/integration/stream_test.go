//go:build integration

package integration

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	yamlstream "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// rendering is a stream of manifests, and how elk-mtls is told about it.
type rendering struct {
	mode   string // that its configuration names
	name   string
	stream []byte
	env    []string
}

const initImage = "registry.example/elk-mtls-init:1.0"

// official are the renderings of real charts that this version patches.
var official = []string{
	"elasticsearch-8.5.1-default",
	"elasticsearch-8.5.1-multi-master",
	"elasticsearch-8.5.1-multi-data",
	"elasticsearch-8.5.1-networkpolicy",
	"elasticsearch-8.5.1-esconfig-nested",
	"elasticsearch-8.5.1-esconfig-nested.helm4-stream",
	"kibana-8.5.1-default",
	"kibana-8.5.1-default.helm4-stream",
	"kibana-8.5.1-security",
	"bitnami-elasticsearch-22.1.7-security-kibana-metrics",
}

// realConfiguration answers what these renderings leave open: who may make tokens, which pair is Kibana's where its CA file shows none. Of one, the Ingress to its nodes
// is the user's.
const realConfiguration = `apiVersion: elk-mtls.dev/v1alpha1
kind: MutualTLS
spec:
  minter: {secretName: token-minter}
  certificates: {clients: [{ref: Deployment/helm-kibana-security-kibana, secretName: kibana-client}]}
`

// fixtures are the inputs of the post-renderer's golden tests, with their configuration.
func fixtures(t *testing.T) []rendering {
	t.Helper()
	dirs, err := filepath.Glob("../../plugin/testdata/charts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures of the post-renderer: %v", err)
	}
	var all []rendering
	for _, dir := range dirs {
		r := rendering{name: filepath.Base(dir), stream: readFile(t, filepath.Join(dir, "input.yaml"))}
		if config := filepath.Join(dir, "config.yaml"); exists(config) {
			r.env = append(r.env, "ELK_MTLS_CONFIG="+config)
			if found := regexp.MustCompile(`(?m)^  mode: (\S+)$`).FindSubmatch(readFile(t, config)); found != nil {
				r.mode = string(found[1])
			}
		}
		all = append(all, r)
	}
	return all
}

// realRenderings gives renderings of real charts, which are not part of the project; none when there are none.
func realRenderings(t *testing.T, names ...string) []rendering {
	t.Helper()
	dir := os.Getenv("ELK_MTLS_RENDERS")
	if dir == "" {
		dir = "../../../shared/renders"
	}
	if !exists(dir) {
		t.Run("renderings of real charts", func(t *testing.T) {
			t.Skipf("LEFT OUT: none in %s; name their folder in ELK_MTLS_RENDERS", dir)
		})
		return nil
	}
	var all []rendering
	for _, name := range names {
		text := realConfiguration
		if strings.HasPrefix(name, "elasticsearch-8.5.1-esconfig-nested") {
			text += "  unmanaged: [{ref: Ingress/logs-master, reason: its controller presents a certificate}]\n"
		}
		config := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, rendering{name: name, stream: readFile(t, filepath.Join(dir, name+".yaml")), env: []string{"ELK_MTLS_CONFIG=" + config}})
	}
	return all
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// patched runs elk-mtls over a stream.
func patched(t *testing.T, stream []byte, env ...string) (stdout []byte, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), elkmtls(t))
	cmd.Env = append(plainEnvironment(), env...)
	cmd.Stdin = bytes.NewReader(stream)
	var out, message bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &message
	err = cmd.Run()
	return out.Bytes(), message.String(), err
}

// plainEnvironment is ours without what would configure elk-mtls or Helm.
func plainEnvironment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "ELK_MTLS_") && !strings.HasPrefix(entry, "HELM_") && !strings.HasPrefix(entry, "KUBECONFIG=") {
			env = append(env, entry)
		}
	}
	return env
}

// documents splits a stream into the texts of its documents.
func documents(t *testing.T, stream []byte) []string {
	t.Helper()
	reader := yamlstream.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	var all []string
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("splitting a stream: %v", err)
		}
		if len(objectsIn(t, text)) > 0 {
			all = append(all, string(text))
		}
	}
}

// objects gives the objects of a stream. Keys given twice are an error: the conversion would hide one of them from the API server.
func objects(t *testing.T, stream []byte) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, text := range documents(t, stream) {
		all = append(all, objectsIn(t, []byte(text))...)
	}
	return all
}

func objectsIn(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	raw, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		t.Fatalf("reading a document: %v\n%s", err, text)
	}
	if string(raw) == "null" {
		return nil
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(raw); err != nil {
		t.Fatalf("reading a document: %v\n%s", err, text)
	}
	if !o.IsList() {
		return []*unstructured.Unstructured{o}
	}
	var all []*unstructured.Unstructured
	if err := o.EachListItem(func(item runtime.Object) error {
		all = append(all, item.(*unstructured.Unstructured))
		return nil
	}); err != nil {
		t.Fatalf("reading a list: %v", err)
	}
	return all
}

func hookOf(o *unstructured.Unstructured) string { return o.GetAnnotations()["helm.sh/hook"] }

// withoutHooks is what Helm 3 hands to a post-renderer.
func withoutHooks(t *testing.T, stream []byte) []byte {
	t.Helper()
	var rest []string
	for _, text := range documents(t, stream) {
		if hookOf(objectsIn(t, []byte(text))[0]) == "" {
			rest = append(rest, "---\n"+text)
		}
	}
	return []byte(strings.Join(rest, ""))
}
