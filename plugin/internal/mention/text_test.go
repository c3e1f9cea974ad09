package mention

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReferences(t *testing.T) {
	for text, want := range map[string][]Reference{
		"https://${ES}:9200":              {{Span{8, 13}, "ES", "", false}},
		"$(A)${B:c}":                      {{Span{0, 4}, "A", "", false}, {Span{4, 10}, "B", "c", true}},
		"${A:-b}":                         {{Span{0, 7}, "A", "b", true}},
		"a $$ b # c ${A":                  nil,
		`"#{ENV['ES'] || 'es'}" and ${B}`: {{Span{1, 21}, "ES", "es", true}, {Span{27, 31}, "B", "", false}},
	} {
		if diff := cmp.Diff(want, References(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestWritten holds that a place in a text with its variables is found again in the text as it is written.
func TestWritten(t *testing.T) {
	r := read("host $(ES) ${OTHER}", func(name string) (string, bool) { return "es:9200", name == "ES" })
	for at, want := range map[Span]Span{{0, 4}: {}, {5, 7}: {5, 10}, {8, 12}: {5, 10}, {13, 15}: {}} {
		if got, _ := r.written(at); got != want {
			t.Errorf("%v: got %v, want %v", at, got, want)
		}
	}
}

// TestNamesService holds which settings name the Service of an Elasticsearch, and not what an application calls itself.
func TestNamesService(t *testing.T) {
	for key, want := range map[string]bool{
		"es-service-name": true, "ES_SERVICE_NAME": true, "elasticsearchServiceName": true, "opensearch.svc": true, "elastic-service": true,
		"OTEL_SERVICE_NAME": false, "ELASTIC_APM_SERVICE_NAME": false, "service.name": false, "databases-service-name": false, "es-name": false, "": false,
	} {
		if got := saysHost(key); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}
