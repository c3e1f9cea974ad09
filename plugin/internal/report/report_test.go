package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sample() *Report {
	r := New()
	r.Mode, r.ClientAuthentication, r.Untouched = "cert-token", "required", 1
	r.Patched = []Patched{
		{
			Object: Object{Kind: "StatefulSet", Name: "es"}, Line: 3, RecognisedAs: "Elasticsearch", Signs: []string{`image "es"`, "a volume"}, InPlace: 2,
			Changes: []Change{{Path: "spec.a", Before: "x|`y`", After: "", Why: "it must go", Link: "https://example.org"}},
		},
		{Object: Object{Kind: "Pod", Name: "test"}, InPlace: 4},
	}
	r.Added = []Entry{{Object{Kind: "Role", Name: "a"}, "for the token"}, {Object{Kind: "Secret", Name: "b"}, "keeps it"}, {Object{Kind: "RoleBinding", Name: "c"}, "for the token"}}
	r.Todo = []Line{{Text: "renew | soon"}}
	return r
}

func TestText(t *testing.T) {
	const want = `mode cert-token, client authentication required

changed (elk-mtls diff shows how)
  StatefulSet/es is Elasticsearch (image "es", a volume): 1 change, 2 in place already
  Pod/test: in place already

added
  Role/a, RoleBinding/c: for the token
  Secret/b: keeps it

1 other document passed byte for byte

to do
  * renew | soon
`
	if diff := cmp.Diff(want, sample().Text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiff(t *testing.T) {
	const want = "StatefulSet/es (line 3) is Elasticsearch\n  spec.a\n    - x|`y`\n    # it must go https://example.org\n\n" +
		"+ Role/a: for the token\n+ Secret/b: keeps it\n+ RoleBinding/c: for the token\n\n1 object changed, 3 added, 0 removed; 1 other document as before\n"
	if diff := cmp.Diff(want, sample().Diff()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := New().Diff(); got != "no changes: everything is in place\n" {
		t.Errorf("nothing to do: %q", got)
	}
}

func TestUnified(t *testing.T) {
	const want = "# 1 object changed, 3 added, 0 removed; 1 other document as before\n--- StatefulSet/es\n+++ StatefulSet/es\n" +
		"@@ spec.a @@\n# it must go https://example.org\n-x|`y`\n" +
		"--- /dev/null\n+++ Role/a\n# for the token\n--- /dev/null\n+++ Secret/b\n# keeps it\n--- /dev/null\n+++ RoleBinding/c\n# for the token\n"
	if diff := cmp.Diff(want, sample().Unified()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A cell holds whatever stood in the manifest, and is one cell.
func TestMarkdown(t *testing.T) {
	got := sample().Markdown()
	for _, want := range []string{
		"<summary><b>StatefulSet/es</b> is Elasticsearch: 1 change</summary>", "\n| `spec.a` | `` x\\|`y` `` |  | it must go — https://example.org |\n",
		"\n| added | why |\n| --- | --- |\n| `Role/a` | for the token |\n", "\nTo do:\n- renew \\| soon\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Pod/test") || strings.Contains(got, "| removed |") {
		t.Errorf("what did not change has a table:\n%s", got)
	}
}

// Programs that read the report need not tell null from an empty list.
func TestJSON(t *testing.T) {
	text, err := New().JSON()
	if err != nil || strings.Contains(string(text), "null") || !strings.HasSuffix(string(text), "}\n") {
		t.Errorf("%v\n%s", err, text)
	}
}
