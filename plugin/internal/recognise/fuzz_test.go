package recognise

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// FuzzRecognise holds that a stream is recognised the same way each time, that the screen reads no kind and no name that a document does
// not have, and that it holds back nothing that would have been recognised.
func FuzzRecognise(f *testing.F) {
	files, err := filepath.Glob("../../testdata/charts/*/input.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		stream, err := manifest.Split(text)
		if err != nil {
			f.Fatal(err)
		}
		for _, doc := range stream.Documents() {
			f.Add(slices.Clone(doc.Text()))
		}
	}
	signs := words.Of(elasticWords(), clientWords(catalog.All()), []string{guardGroup})
	f.Fuzz(func(t *testing.T, text []byte) {
		first, firstErr := recognised(text)
		second, secondErr := recognised(text)
		if diff := cmp.Diff(first, second); diff != "" || fmt.Sprint(firstErr) != fmt.Sprint(secondErr) {
			t.Fatalf("twice is not the same: %v, %v\n%s", firstErr, secondErr, diff)
		}
		stream, err := manifest.Split(text)
		if err != nil {
			return
		}
		for _, doc := range stream.Documents() {
			s := screen(doc)
			objects, err := object.In(doc)
			if err != nil {
				continue
			}
			checkScreen(t, s, objects)
			if (s.mayBe("Elasticsearch", "Kibana", GuardKind, templateKind) || s.runs) && s.mentions(signs) {
				continue
			}
			if lost := judged(objects); len(lost) > 0 {
				t.Fatalf("the screen holds back %v of %q", lost, doc.Text())
			}
		}
	})
}

// checkScreen compares what the bytes say plainly with what the parser reads.
func checkScreen(t *testing.T, s screened, objects []*object.Object) {
	t.Helper()
	if s.kind == "" || s.kind == "List" {
		return
	}
	for _, o := range objects {
		if o.Kind != s.kind {
			t.Fatalf("%q is of kind %q, the screen reads %q", s.doc.Text(), o.Kind, s.kind)
		}
		if name := plainName(s.doc.Text()); name != "" && name != o.Name {
			t.Fatalf("%q has the name %q, the screen reads %q", s.doc.Text(), o.Name, name)
		}
	}
}

// judged gives what is recognised in objects that no screen has seen.
func judged(objects []*object.Object) []string {
	r := &Release{services: map[*Workload][]string{}, serverLayouts: catalog.Layouts(), programs: catalog.All()}
	for _, o := range objects {
		_ = r.judge(o)
	}
	return r.summary()
}

// recognised gives what a stream holds.
func recognised(text []byte) ([]string, error) {
	stream, err := manifest.Split(slices.Clone(text))
	if err != nil {
		return nil, err
	}
	r, err := All(stream, func(object.ID) bool { return false })
	return r.summary(), err
}

// summary gives a line for each thing that was recognised.
func (r *Release) summary() []string {
	var all []string
	for _, w := range slices.Concat(r.Nodes, r.Kibanas, r.Clients) {
		all = append(all, fmt.Sprintf("%s %s %q %q", w.App, w.ID, w.Main.Name, w.Signs))
	}
	for _, o := range slices.Concat(r.ECK, r.Guards) {
		all = append(all, fmt.Sprintf("%s/%s", o.APIVersion, o.ID))
	}
	return all
}
