package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// rendersVariable names the folder of real renderings. They are not ours to keep in the repository.
const rendersVariable = "ELK_MTLS_RENDERS"

func TestChartsOfOursAreSplicedAndLoseNothing(t *testing.T) {
	checkCharts(t, "testdata")
}

func TestRealRenderingsAreSplicedAndLoseNothing(t *testing.T) {
	folder := os.Getenv(rendersVariable)
	if folder == "" {
		folder = "../../../../shared/renders"
	}
	if files, _ := filepath.Glob(filepath.Join(folder, "*.yaml")); len(files) == 0 {
		t.Skipf("left out: no renderings of real charts in %s; name their folder with %s", folder, rendersVariable)
	}
	checkCharts(t, folder)
}

// checkCharts gives every document of every file a patch like ours, and wants all other lines to stay, with LF and with
// CR LF.
func checkCharts(t *testing.T, folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	spliced := 0
	for _, file := range files {
		in, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, eol := range []string{"\n", "\r\n"} {
			t.Run(fmt.Sprintf("%s %q", filepath.Base(file), eol), func(t *testing.T) {
				spliced += checkChart(t, strings.ReplaceAll(string(in), "\n", eol))
			})
		}
	}
	t.Logf("%d files, with LF and with CR LF: %d documents spliced", len(files), spliced)
	if spliced == 0 {
		t.Error("nothing was changed")
	}
}

// checkChart counts the documents that the patch changed.
func checkChart(t *testing.T, in string) (spliced int) {
	s := mustSplit(t, in)
	if out := streamText(t, s); out != in {
		t.Error("Join(Split(x)) is not x")
	}
	var texts []string
	for _, d := range s.Documents() {
		p, err := patchLikeOurs(d)
		if err != nil {
			t.Fatalf("line %d: %v", d.Line(), err)
		}
		text, err := d.Bytes()
		if err != nil || p.changed != (d.How() == "spliced") {
			t.Fatalf("line %d: changed: %v, but %s", d.Line(), p.changed, d.How())
		}
		if n := lostLines(d.Text(), text); n > p.lines {
			t.Errorf("line %d: %d lines lost:\n%s", d.Line(), n, cmp.Diff(string(d.Text()), string(text)))
		}
		if p.changed {
			spliced++
		}
		texts = append(texts, string(text))
	}
	var again []string
	for _, d := range mustSplit(t, streamText(t, s)).Documents() {
		again = append(again, string(d.Text()))
	}
	if diff := cmp.Diff(texts, again); diff != "" {
		t.Errorf("the joined stream is split otherwise:\n%s", diff)
	}
	return spliced
}

// lostLines counts the lines of old that are not in text, in order.
func lostLines(old, text []byte) int {
	lost := 0
	rest := linesOf(text)
	for _, line := range linesOf(old) {
		at := 0
		for at < len(rest) && !bytes.Equal(rest[at], line) {
			at++
		}
		if at == len(rest) {
			lost++
			continue
		}
		rest = rest[at+1:]
	}
	return lost
}

// linesOf splits a text where YAML ends a line, a lone CR included.
func linesOf(text []byte) [][]byte {
	starts := newSource(text).lines
	lines := make([][]byte, len(starts))
	for i, end := range append(starts[1:], len(text)) {
		lines[i] = text[starts[i]:end]
	}
	return lines
}

// patched tells what a patch did: whether it changed the document, and how many of its lines had to change for that.
type patched struct {
	changed bool
	lines   int
}

func patchLikeOurs(d *Document) (patched, error) {
	root, err := d.Root()
	if err != nil || root == nil {
		return patched{}, err
	}
	path := []string{"spec", "template"}
	switch yaml.Field(root, "kind").Value {
	case "ConfigMap":
		return patchFiles(root, d.Inside)
	case "Secret":
		return patchFiles(root, d.InsideBase64)
	case "Deployment", "StatefulSet", "DaemonSet", "Job":
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template"}
	default:
		return patched{}, nil
	}
	return patched{changed: true}, d.Edit(func(root *yaml.Node) error {
		pod := root
		for _, name := range path {
			pod = yaml.Field(pod, name)
		}
		return patchPod(root, pod)
	})
}

func patchPod(root, pod *yaml.Node) error {
	for _, n := range []*yaml.Node{root, pod} {
		metadata, err := Need(n, yaml.MappingNode, "metadata")
		if err != nil {
			return err
		}
		annotations, err := Need(metadata, yaml.MappingNode, "annotations")
		if err != nil {
			return err
		}
		annotations.Content = append(annotations.Content, yaml.String("elk-mtls.dev/checksum"), yaml.String("1234"))
	}
	spec := yaml.Field(pod, "spec")
	if err := add(spec, "volumes", -1, "name: elk-mtls-client\nsecret:\n  secretName: certs\n  defaultMode: 0440\n"); err != nil {
		return err
	}
	if err := add(spec, "initContainers", 0, "name: elk-mtls-init\nimage: x@sha256:0\nargs: [ensure]\nenv:\n- name: A\n  value: \"1\"\n"); err != nil {
		return err
	}
	var err error
	for _, c := range yaml.Field(spec, "containers").Content {
		err = errors.Join(err,
			add(c, "env", -1, "name: CURL_HOME\nvalue: \"yes\"\n"),
			add(c, "env", -1, "name: TOKEN\nvalueFrom:\n  secretKeyRef: {name: a, key: b}\n"),
			add(c, "volumeMounts", -1, "name: elk-mtls-client\nmountPath: /elk-mtls\nreadOnly: true\n"))
	}
	return err
}

// add puts a new item first (0) or last (-1).
func add(m *yaml.Node, list string, index int, text string) error {
	items, err := Need(m, yaml.SequenceNode, list)
	if err != nil {
		return err
	}
	if index < 0 {
		index = len(items.Content)
	}
	return insert("", index, text)(items)
}

// patchFiles sets two options in every embedded YAML file that holds a mapping. It tells how many lines must change for
// that: those of files that are told on one line.
func patchFiles(root *yaml.Node, inside func(*yaml.Node) (*Document, error)) (patched, error) {
	var p patched
	data := yaml.Field(root, "data")
	if data == nil {
		return p, nil
	}
	content := data.Content
	for i := 0; i+1 < len(content); i += 2 {
		if !strings.HasSuffix(content[i].Value, ".yml") && !strings.HasSuffix(content[i].Value, ".yaml") {
			continue
		}
		doc, err := inside(content[i+1])
		if err != nil {
			continue // a template, in spite of its name
		}
		if file, err := doc.Root(); err != nil || file == nil || file.Kind != yaml.MappingNode {
			continue
		}
		p.changed = true
		if content[i+1].Style != yaml.LiteralStyle {
			p.lines++
		}
		if err := doc.Edit(all(set("elk-mtls", "true"), set("elk-mtls-mode", "required"))); err != nil {
			return p, err
		}
	}
	return p, nil
}
