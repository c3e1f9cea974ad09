package plan

import "testing"

func TestToHTTPS(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:9200/":                        "https://127.0.0.1:9200/",
		`curl "http://127.0.0.1:9200${path}"`:           `curl "https://127.0.0.1:9200${path}"`,
		"http://es.ns.svc.cluster.local:9200":           "https://es.ns.svc.cluster.local:9200",
		"--es.uri=http://elastic:$(P)@es:9200":          "--es.uri=https://elastic:$(P)@es:9200",
		"http://es:9200,http://es:9200":                 "https://es:9200,https://es:9200",
		"http://es-data:9200":                           "http://es-data:9200",
		"http://my-es:9200":                             "http://my-es:9200",
		"http://es:92000":                               "http://es:92000",
		"http://localhost:5601 http://es:9200 https://": "http://localhost:5601 https://es:9200 https://",
		"https://es:9200":                               "https://es:9200",
	} {
		if got := toHTTPS(text, isOneOf([]string{"127.0.0.1", "localhost", "es"}, "9200")); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestThePortOfTheNodesStays holds that 9300 is no address of clients, whatever port the server has.
func TestThePortOfTheNodesStays(t *testing.T) {
	for text, want := range map[string]string{"http://es:9300": "http://es:9300", "http://es:9243": "https://es:9243"} {
		if got := toHTTPS(text, isOneOf([]string{"es"}, "")); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}
