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
	r := read("host $(ES) ${OTHER} b", func(name string) (string, bool) { return "es:9200", name == "ES" })
	type place struct {
		Span
		changed bool
	}
	for at, want := range map[Span]place{
		{0, 4}: {Span{0, 4}, false}, {5, 7}: {Span{5, 10}, true}, {8, 12}: {Span{5, 10}, true}, {13, 15}: {Span{11, 13}, false},
		{4, 7}: {Span{4, 10}, true}, {8, 15}: {Span{5, 13}, true}, {0, 23}: {Span{0, 21}, true},
	} {
		if got, changed := r.written(at); (place{got, changed}) != want {
			t.Errorf("%v: got %v %v, want %v", at, got, changed, want)
		}
	}
}

// TestDecoded holds that an address is found in every form in which a text may hold it, where it stands there.
func TestDecoded(t *testing.T) {
	n := None()
	n.Add("search")
	for text, want := range map[string]string{
		"u=http%3A%2F%2Fsearch%3A9200":                "search",
		"x http%253A%252F%252Fsearch%253A9200 search": "search",
		`{"u":"http:\/\/sea\u0072ch:9200"}`:           `sea\u0072ch`,
		"to aHR0cDovL3NlYXJjaDo5MjAw now":             "aHR0cDovL3NlYXJjaDo5MjAw",
		"&#104;ttp://search&#58;9200":                 "search",
	} {
		readings, ok := n.decoded(text)
		if !ok {
			t.Errorf("%s: nothing", text)
			continue
		}
		read := readings[len(readings)-1].text
		h := n.hits(read, nil)[0]
		if at := writtenIn(readings, h.Span); text[at.From:at.To] != want || judge(read, h, context{told: true}, n.ports) != Address {
			t.Errorf("%s: %q in %q", text, text[at.From:at.To], read)
		}
	}
	for _, text := range []string{"search", "100%", "a%20billing", `C:\x`, "YmlsbGluZyBpcyBub3Qgc28="} {
		if _, ok := n.decoded(text); ok {
			t.Errorf("%s: something", text)
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
