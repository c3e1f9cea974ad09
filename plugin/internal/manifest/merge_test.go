package manifest

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestMerged holds which mappings a mapping takes in.
func TestMerged(t *testing.T) {
	for text, want := range map[string]string{
		"a: &a {x: 1}\nb: {<<: *a}":                     "1",
		"a: &a {x: 1}\nc: &c {x: 2}\nb: {<<: [*c, *a]}": "21",
		"a: &a {x: 1}\nb: {<<: {x: 3}, y: *a}":          "3",
		"a: &a {x: 1}\nb: {'<<': *a}":                   "",
		"a: &a 1\nb: {<<: *a}":                          "",
		"a: {x: 1}\nb: [1]":                             "",
	} {
		root, err := yaml.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, n := range Merged(yaml.Field(root, "b")) {
			got += n.Content[1].Value
		}
		if got != want {
			t.Errorf("%s: got %q, expected %q", text, got, want)
		}
	}
}
