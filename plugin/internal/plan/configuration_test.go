package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

func TestLookupFindsEverySpelling(t *testing.T) {
	for name, c := range map[string]struct{ text, path string }{
		"dotted":             {"xpack.security.http.ssl.enabled: true", "[xpack.security.http.ssl.enabled]"},
		"nested":             {"xpack: {security: {http: {ssl: {enabled: true}}}}", "xpack.security.http.ssl.enabled"},
		"nested under dots":  {"xpack.security.http:\n  ssl:\n    enabled: true", "[xpack.security.http].ssl.enabled"},
		"dots under nesting": {"xpack:\n  security:\n    http.ssl.enabled: true", "xpack.security[http.ssl.enabled]"},
		"in two branches":    {"xpack.security: {authc.x: 1}\nxpack: {security: {http.ssl.enabled: true}}", "xpack.security[http.ssl.enabled]"},
		"null is not set":    {"xpack.security.http.ssl.enabled:", ""},
		"absent":             {"xpack.security.http.ssl.enabled2: true", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := lookup(yaml.MustParse(c.text), "xpack.security.http.ssl.enabled")
			if path.String() != c.path {
				t.Errorf("got %q, want %q", path, c.path)
			}
		})
	}
}

func TestSplitList(t *testing.T) {
	for text, want := range map[string][]string{
		"a":                                   {"a"},
		"a, b,":                               {"a", "b"},
		`["https://a:9200","https://b:9200"]`: {"https://a:9200", "https://b:9200"},
		"":                                    nil,
	} {
		if diff := cmp.Diff(want, splitList(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
