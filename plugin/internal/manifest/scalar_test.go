package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	kubernetes "sigs.k8s.io/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Kubernetes reads YAML 1.1: what is a string here must be one there, in every style and at every place.
func TestKubernetesReadsStringsAsStrings(t *testing.T) {
	words := append([]string{
		"y", "Y", "n", "No", "NO", "Off", "OFF", "True", "TRUE", "Null", "NULL", ".inf", "-.Inf", ".NaN", "+1", "-0", "0b101", "0o17", "017", "08", "09.5",
		"1_000", "1,000", "190:20:30", "-190:20:30.15", "1:30:00", "0x_1", "1.", "1.5e3", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5",
		"8.5.1", "10.0.0.1", "5m", "30s", "100m", "1Gi", "2d", "1e", "e3", ".", "..", "+", "+.", "_1", "1_", "a,b", "-a", "--x", "--- x", "...x", "? x", "?x", ":x", "x:y",
		"a # b", "a#b", "a:", "a: b", "a:\tb", "é", "日本", "\u00a0", "\u00ad", "x\u2029y", "x\u0085", "<x", "=x", "~x", "%x", "x%", "!x", "&x", "*x", "|x", ">x", "x|",
	}, nastyValues...)
	styles := map[string]yaml.Style{"plain": 0, "double-quoted": yaml.DoubleQuotedStyle, "single-quoted": yaml.SingleQuotedStyle, "literal": yaml.LiteralStyle}
	for name, style := range styles {
		for _, word := range words {
			for _, in := range []string{"k: 0\n", "k:\n- 0\n", "k: [0]\n", "{\"k\": 0}\n", "{\"k\": {}}\n"} {
				d, err := Parse([]byte(in))
				if err != nil {
					t.Fatal(err)
				}
				err = d.Edit(func(root *yaml.Node) error {
					value := root.Content[1]
					if value.Kind == yaml.SequenceNode {
						value = value.Content[0]
					}
					str := yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: word, Style: style}
					if value.Kind == yaml.MappingNode {
						value.Content = append(value.Content, &str, &str)
					} else {
						*value = str
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				text, err := d.Bytes()
				if err != nil {
					t.Errorf("%s %q in %q: %v", name, word, in, err)
					continue
				}
				want := map[string]any{
					"k: 0\n": word, "k:\n- 0\n": []any{word}, "k: [0]\n": []any{word}, "{\"k\": 0}\n": word, "{\"k\": {}}\n": map[string]any{word: word},
				}[in]
				var got map[string]any
				if err := kubernetes.Unmarshal(text, &got); err != nil {
					t.Errorf("%s %q is written as %q: %v", name, word, text, err)
				} else if diff := cmp.Diff(map[string]any{"k": want}, got); diff != "" {
					t.Errorf("%s %q is written as %q (-want +got):\n%s", name, word, text, diff)
				}
			}
		}
	}
}

func TestPlainTextStaysPlainWhereEveryReaderAgrees(t *testing.T) {
	for _, word := range []string{"x", "a b", "docker.elastic.co/kibana/kibana:8.5.1", "https://x:9200", "--max-old-space-size=1800", "5m", "100m", "1Gi", "30s", "x#y", "é", "-a", "/usr/share"} {
		if !isPlain(word, inBlock) {
			t.Errorf("%q is quoted", word)
		}
	}
}
