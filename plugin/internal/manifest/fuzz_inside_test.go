package manifest

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// insideHead and insideTail stand around the text that FuzzInside edits.
const insideHead, insideTail = "before: 1 # c\nf: ", "after: 'x'   # d\n"

// wrapped puts a text into a document as charts do: in a literal block, in double quotes, or in base64.
func wrapped(text string, how uint8) string {
	switch how % 3 {
	case 0:
		return insideHead + "|\n  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n" + insideTail
	case 1:
		return insideHead + strconv.QuoteToASCII(text) + "\n" + insideTail
	}
	return insideHead + base64.StdEncoding.EncodeToString([]byte(text)) + "\n" + insideTail
}

// FuzzInside adds a key to a file inside a document. What is parsed afterwards is what was there and the key, the file
// loses no line, and what stands around it keeps its bytes.
func FuzzInside(f *testing.F) {
	for i, text := range nastyDocuments {
		f.Add(text, "value", uint8(i))
	}
	for i, value := range nastyValues {
		f.Add("a: 1 # c\n\n# d\nb:\n- c\n", value, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text, value string, how uint8) {
		outer, err := Parse([]byte(wrapped(text, how)))
		if err != nil || outer.root.Kind != yaml.MappingNode {
			return
		}
		i, ok := find(outer.root, "f")
		if !ok || how%3 < 2 && outer.root.Content[i].Value != text {
			return // the text cannot stand there
		}
		inner, err := openInside(outer, i, how)
		if err != nil || inner.root == nil || inner.root.Kind != yaml.MappingNode || inner.root.Style&yaml.FlowStyle != 0 {
			return
		}
		if _, there := find(inner.root, "fresh"); there {
			return
		}
		if err := inner.Edit(func(root *yaml.Node) error {
			root.Content = append(root.Content, yaml.String("fresh"), yaml.String(value))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if out, err := outer.Bytes(); err == nil {
			checkInside(t, out, text, dump(inner.root), how)
		}
	})
}

func openInside(outer *Document, i int, how uint8) (*Document, error) {
	if how%3 == 2 {
		return outer.InsideBase64(outer.root.Content[i])
	}
	return outer.Inside(outer.root.Content[i])
}

// checkInside reads an edited document anew.
func checkInside(t *testing.T, out []byte, before, want string, how uint8) {
	t.Helper()
	if !bytes.HasPrefix(out, []byte(insideHead)) || !bytes.HasSuffix(out, []byte("\n"+insideTail)) {
		t.Fatalf("what stands around the text is changed: %q", out)
	}
	again, err := Parse(out)
	if err != nil {
		t.Fatalf("%q does not parse: %v", out, err)
	}
	i, _ := find(again.root, "f")
	inner, err := openInside(again, i, how)
	if err != nil {
		t.Fatalf("the text in %q does not parse: %v", out, err)
	}
	if diff := cmp.Diff(want, dump(inner.root)); diff != "" {
		t.Fatalf("the text says something else (-asked +got):\n%s\n%q", diff, out)
	}
	after := again.root.Content[i].Value
	if how%3 == 2 {
		decoded, _ := base64.StdEncoding.DecodeString(after)
		after = string(decoded)
	}
	if n := lostLines([]byte(before), []byte(after)); n > 0 && strings.HasSuffix(before, "\n") {
		t.Fatalf("%d lines lost (-before +after):\n%s", n, cmp.Diff(before, after))
	}
}
