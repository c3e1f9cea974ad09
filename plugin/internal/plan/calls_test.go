package plan

import "testing"

func TestCallsHost(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"an address":                            {"https://es:9200/_cat", true},
		"with a domain":                         {"https://es.logging.svc.cluster.local:9200", true},
		"with credentials":                      {"https://elastic:$(P)@es", true},
		"host and port":                         {"es:9200", true},
		"among other words":                     {"until curl es:9200; do sleep 1; done", true},
		"the tag of an image is no port":        {"docker.elastic.co/elasticsearch/es:8.5.1", false},
		"a part of another name before":         {"https://my-es:9200", false},
		"a part of another name behind":         {"https://es-data:9200", false},
		"an image of that name":                 {"registry/es", false},
		"a port of one digit is none":           {"es:8", false},
		"the second mention counts":             {"es-data https://es", true},
		"a pod of a headless Service":           {"https://es-0.es:9200", true},
		"the transport port":                    {"es:9300", false},
		"only the name":                         {"es", false},
		"a path with that name":                 {"/usr/share/es/config", false},
		"a quoted address inside a larger text": {`hosts => ["https://es:9200"]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := callsHost(c.text, "es"); got != c.want {
				t.Errorf("callsHost(%q) is %v", c.text, got)
			}
		})
	}
}

func TestIsHostWord(t *testing.T) {
	for text, want := range map[string]bool{
		"es-master": true, "es-master.logging.svc": true, "es-master-0": false, "my-es-master": false, "es-master.tar gz": false, "es-master/x": false,
	} {
		if got := isHostWord(text, "es-master"); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestHostOf(t *testing.T) {
	for address, want := range map[string]string{
		"https://u:p@es.logging.svc:9200/x": "es.logging.svc",
		"es:9200":                           "es",
		"es":                                "es",
		"":                                  "",
	} {
		if got := hostOf(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}
