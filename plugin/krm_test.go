package plugin

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// TestFunctionGivesWhatTheFilterGives holds that the objects of a ResourceList come out as those of a stream do, in the same order: of
// every fixture here, and of every rendering of a real chart in TestFunctionGivesWhatTheFilterGivesOfRenderings.
func TestFunctionGivesWhatTheFilterGives(t *testing.T) {
	files, err := filepath.Glob("testdata/charts/*/input.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	functionGivesWhatTheFilterGives(t, files)
}

func functionGivesWhatTheFilterGives(t *testing.T, files []string) {
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			settings := settingsOf(t, filepath.Join(filepath.Dir(file), "config.yaml"))
			if !strings.HasPrefix(file, "testdata") {
				settings = answered(filepath.Base(file), realSettings(config.ModeCertToken, config.Required))
			}
			input := read(t, file)
			want, outcome, err := transform(input, settings)
			if err != nil {
				t.Fatal(err)
			}
			stream, list, err := resourceList(asResourceList(t, input))
			if err != nil || list == nil {
				t.Fatalf("not taken for a ResourceList: %v", err)
			}
			got, err := secure(stream, settings)
			if err != nil {
				t.Fatal(err)
			}
			output, err := stream.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(objectsOf(t, want), itemsOf(t, output)); diff != "" {
				t.Errorf("(-filter +function):\n%s", diff)
			}
			if len(got.Patched) != len(outcome.Patched) || len(got.Added) != len(outcome.Added) || len(got.Removed) != len(outcome.Removed) {
				t.Errorf("the reports differ:\n%s\n%s", outcome.Text(), got.Text())
			}
		})
	}
}

// asResourceList puts the documents of a stream into a list, each text as it is, two columns to the right.
func asResourceList(t *testing.T, input []byte) []byte {
	t.Helper()
	stream, err := manifest.Split(input)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n")
	for _, doc := range stream.Documents() {
		if root, err := doc.Root(); err != nil || root == nil {
			continue
		}
		fmt.Fprintln(&b, "-")
		text := strings.TrimPrefix(string(doc.Text()), "---\n")
		for _, line := range strings.SplitAfter(strings.TrimRight(text, "\n"), "\n") {
			if line != "\n" {
				b.WriteString("  ")
			}
			b.WriteString(line)
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

func objectsOf(t *testing.T, text []byte) []any {
	t.Helper()
	stream, err := manifest.Split(text)
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, doc := range stream.Documents() {
		var o any
		if err := yaml.Unmarshal(doc.Text(), &o); err != nil {
			t.Fatal(err)
		}
		if o != nil {
			all = append(all, o)
		}
	}
	return all
}

func itemsOf(t *testing.T, text []byte) []any {
	t.Helper()
	var list struct {
		Items []any `json:"items"`
	}
	if err := yaml.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}
