package recognise

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
	"github.com/elk-mtls/elk-mtls/test/corpus"
)

func TestPlainKind(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"the usual":                                  {"---\n# Source: x\napiVersion: v1\nkind: Secret\n", "Secret"},
		"with a comment and CR LF":                   {"kind: Pod # one\r\nmetadata:\r\n", "Pod"},
		"quoted values are left to the parser":       {"kind: \"Pod\"\n", ""},
		"quoted keys are left to the parser":         {"\"kind\": Pod\n", ""},
		"an explicit key":                            {"? kind\n: Pod\n", ""},
		"JSON":                                       {"{\"kind\": \"Pod\"}\n", ""},
		"a mapping behind the marker":                {"--- {kind: Pod}\n", ""},
		"a comment behind the marker":                {"--- # first\nkind: Pod\n", "Pod"},
		"a decoy in a literal block":                 {"data:\n  x: |\n    kind: Pod\nkind: ConfigMap\n", "ConfigMap"},
		"two that differ: a quoted scalar continues": {"a: \"x\nkind: Pod\n\"\nkind: ConfigMap\n", ""},
		"one that goes on in the next line":          {"kind: Pod\n\n  or not\nmetadata:\n", ""},
		"one behind brackets that goes on":           {"a: [b]\nkind: Pod\n or not\n", ""},
		"a word with a colon in it":                  {"kind:Pod\n", ""},
		"an anchor":                                  {"kind: &k Deployment\n", ""},
		"none":                                       {"# nothing\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plainKind([]byte(c.text)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlainName(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"the usual":                       {"kind: X\nmetadata:\n  name: a-b\n  labels:\n    name: other\nspec:\n  name: c\n", "a-b"},
		"quoted, below labels":            {"kind: X\nmetadata:\n  labels:\n    a: b\n  name: \"a-b\"\n", "a-b"},
		"CR LF":                           {"kind: X\r\nmetadata:\r\n  name: a\r\ndata:\r\n", "a"},
		"flow style is left":              {"kind: X\nmetadata: {name: a}\n", ""},
		"other indentation is left":       {"kind: X\nmetadata:\n    name: a\n", ""},
		"an escape is left":               {"kind: X\nmetadata:\n  name: \"\\x61\"\n", ""},
		"a comment behind it is left":     {"kind: X\nmetadata:\n  name: a # b\n", ""},
		"twice is left":                   {"kind: X\nmetadata:\n  name: a\n  name: b\n", ""},
		"of two the first counts":         {"kind: X\nmetadata:\n  name: a\nmetadata:\n  name: b\n", "a"},
		"one in a quoted text is left":    {"x: \"\nmetadata:\n  name: a\n\"\nmetadata:\n  name: b\n", ""},
		"a word with a colon in it":       {"kind: X\nmetadata:\n  name:a\n", ""},
		"one that goes on is left":        {"kind: X\nmetadata:\n  name: a\n   b\n", ""},
		"a name of another field is none": {"kind: X\nspec:\n  name: a\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plainName([]byte(c.text)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestEncodedWordsAreFoundWhereverTheyBegin(t *testing.T) {
	wanted := words.Folded([]string{"es-master"})
	for before := range 5 {
		for after := range 4 {
			for _, name := range []string{"es-master", "ES-Master"} {
				text := strings.Repeat("x", before) + name + strings.Repeat("y", after)
				for _, form := range []string{"kind: Secret\ndata:\n  a: %s\n", `{"kind":"Secret","data":{"a":"%s","b":"aGk="}}`, "kind: Secret\ndata:\n  a: \"%s\"\n"} {
					stream, err := manifest.Split([]byte(strings.ReplaceAll(form, "%s", base64.StdEncoding.EncodeToString([]byte(text)))))
					if s := screen(stream.Documents()[0]); err != nil || !s.holdsEncoded(wanted) {
						t.Errorf("%q is not found in %q: %v", name, form, err)
					}
				}
			}
		}
	}
}

func BenchmarkScreen(b *testing.B) {
	stream, err := manifest.Split(corpus.M.Stream())
	if err != nil {
		b.Fatal(err)
	}
	docs := stream.Documents()
	signs := words.Of(elasticWords(), clientWords(catalog.All()), []string{guardGroup})
	b.ReportAllocs()
	for b.Loop() {
		passed := 0
		for _, doc := range docs {
			if s := screen(doc); s.runs && s.mentions(signs) {
				passed++
			}
		}
		if passed == 0 || passed > 20 {
			b.Fatalf("%d documents of one release passed", passed)
		}
	}
}
