package plugin

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestSpellings holds that a release means the same however its YAML is spelled: as JSON, as one List, re-encoded with other
// indentation. The objects that come out must be equal, and no spelling may lose a line more than its changes need.
func TestSpellings(t *testing.T) {
	input := withoutHooks(t, read(t, filepath.Join("testdata/charts/release/input.yaml")))
	settings := realSettings(config.ModeCertToken, config.Required)
	want := decode(t, mustTransform(t, input, settings))
	objects := decode(t, input)
	for name, spell := range map[string]func(t *testing.T, objects []map[string]any) []byte{
		"JSON on one line":  func(t *testing.T, o []map[string]any) []byte { return encodeJSON(t, o, "") },
		"JSON over lines":   func(t *testing.T, o []map[string]any) []byte { return encodeJSON(t, o, "  ") },
		"a List":            encodeList,
		"other indentation": encodeWide,
	} {
		t.Run(name, func(t *testing.T) {
			spelled := spell(t, objects)
			output := mustTransform(t, spelled, settings)
			if diff := cmp.Diff(byName(want), byName(decode(t, output))); diff != "" {
				t.Errorf("the objects differ (-as the chart spells it +as spelled here):\n%s", diff)
			}
			twiceIsOnce(t, output, settings)
		})
	}
}

func mustTransform(t *testing.T, input []byte, settings config.Settings) []byte {
	t.Helper()
	output, _, err := transform(input, settings)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func decode(t *testing.T, stream []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	eachObject(t, stream, func(root *yaml.Node) {
		var object map[string]any
		if err := root.Decode(&object); err != nil {
			t.Fatal(err)
		}
		items, isList := object["items"].([]any)
		if !isList {
			all = append(all, object)
		}
		for _, item := range items {
			all = append(all, item.(map[string]any))
		}
	})
	return all
}

// byName drops what is no matter of content: the order, and null where something is absent.
func byName(objects []map[string]any) map[string]map[string]any {
	named := map[string]map[string]any{}
	for _, o := range objects {
		named[o["kind"].(string)+"/"+o["metadata"].(map[string]any)["name"].(string)] = o
	}
	return named
}

func encodeJSON(t *testing.T, objects []map[string]any, indent string) []byte {
	t.Helper()
	var stream []byte
	for _, o := range objects {
		text, err := json.MarshalIndent(o, "", indent)
		if indent == "" {
			text, err = json.Marshal(o)
		}
		if err != nil {
			t.Fatal(err)
		}
		stream = append(append(append(stream, "---\n"...), text...), '\n')
	}
	return stream
}

func encodeList(t *testing.T, objects []map[string]any) []byte {
	t.Helper()
	text, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encodeWide(t *testing.T, objects []map[string]any) []byte {
	t.Helper()
	var stream []byte
	for _, o := range objects {
		node := &yaml.Node{}
		if err := node.Encode(o); err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(node) // lists stand to the right of their keys
		if err != nil {
			t.Fatal(err)
		}
		stream = append(append(stream, "---\n"...), text...)
	}
	return stream
}
