package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

func TestPrintWritesANewDocument(t *testing.T) {
	got, err := Print(yaml.MustParse("kind: Role\nrules:\n    - verbs: [\"get\", patch]\n      on: {}\n      text: |\n          a\n          b\n"))
	want := "kind: Role\nrules:\n- verbs: [\"get\", patch]\n  \"on\": {}\n  text: |\n    a\n    b\n"
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	_, err = Print(yaml.MustParse("a: &x 1\n"))
	if want := "cannot write the new document: a new node has an anchor or is an alias"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
