package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReferences(t *testing.T) {
	for text, want := range map[string][]reference{
		"https://${ES}:9200":              {{span{8, 13}, "ES", "", false}},
		"$(A)${B:c}":                      {{span{0, 4}, "A", "", false}, {span{4, 10}, "B", "c", true}},
		"${A:-b}":                         {{span{0, 7}, "A", "b", true}},
		"a $$ b # c ${A":                  nil,
		`"#{ENV['ES'] || 'es'}" and ${B}`: {{span{1, 21}, "ES", "es", true}, {span{27, 31}, "B", "", false}},
	} {
		if diff := cmp.Diff(want, references(text), cmp.AllowUnexported(reference{}, span{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestHitsAreInOrder(t *testing.T) {
	const text = "//a@b es:9200 https://search/ es-data:9200\n# es:9200\n  // es:9200\nhost = es\n"
	got := hits(text, []string{"es", "search"})
	want := []hit{{6, "es"}, {22, "search"}, {73, "es"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(hit{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWritten holds that a place in a text with its variables is found again in the text as it is written.
func TestWritten(t *testing.T) {
	r := reading{text: "host es:9200 es2", pieces: []piece{{span{5, 7}, span{5, 20}}, {span{8, 12}, span{21, 22}}}}
	for offset, want := range map[int]int{0: 0, 5: 5, 6: 5, 7: 20, 8: 21, 11: 21, 12: 22, 13: 23} {
		if got := r.written(offset); got != want {
			t.Errorf("%d: got %d, want %d", offset, got, want)
		}
	}
}
