package verify

import (
	"encoding/json"
	"strings"
	"testing"
)

// A server that the user takes care of has clients like others. When it was listed, nobody looked for them any more,
// and it was not shown.
func TestUnmanagedServer(t *testing.T) {
	app := podNamed("shop") + "    env:\n    - name: ES\n      value: http://search:9200\n"
	client := podNamed("load") +
		"    command: [curl, --cacert, /tls/ca.crt, -E, /tls/tls.crt, --key, /tls/tls.key, \"https://search:9200\"]\n" +
		"    volumeMounts:\n    - name: tls\n      mountPath: /tls\n" +
		"  volumes:\n  - name: tls\n    secret:\n      secretName: load-tls\n"
	listed := Entry{"StatefulSet/search", "another team"}
	plain := node{env: map[string]string{ssl + "enabled": "false"}}.String()
	unknown := strings.ReplaceAll(node{lines: "command: [elasticsearch]"}.String(), "/usr/share/elasticsearch/config", "/opt/es")
	for name, c := range map[string]struct {
		stream    string
		unmanaged []Entry
		codes     string
		verdict   Verdict
	}{
		"an application that calls it":           {node{}.String() + app, []Entry{listed}, "EMT021", NotProven},
		"one that is listed too":                 {node{}.String() + app + client, []Entry{listed, {"Pod/shop", "it knows"}}, "", ProvenIf},
		"a client that is known":                 {node{}.String() + client, []Entry{listed}, "", ProvenIf},
		"a client that is known, and another":    {node{}.String() + client + app, []Entry{listed}, "EMT021", NotProven},
		"whatever is wrong with it":              {plain + client, []Entry{listed}, "", ProvenIf},
		"one whose settings nobody could find":   {unknown + client + app, []Entry{listed}, "EMT021", NotProven},
		"nothing else":                           {node{}.String(), []Entry{listed}, "EMT027", NotProven},
		"a server that is listed by a container": {plain, []Entry{{listed.Ref + "/elasticsearch", "no"}}, "EMT001", NotProven},
	} {
		t.Run(name, func(t *testing.T) {
			g := judged(t, c.stream, Options{Unmanaged: c.unmanaged})
			if codesOf(g) != c.codes || g.Verdict != c.verdict {
				t.Errorf("%s with %q, want %s with %q\n%s", g.Verdict, codesOf(g), c.verdict, c.codes, g.Text())
			}
			if c.unmanaged[0] != listed {
				return
			}
			for _, part := range []string{"  UNMANAGED   StatefulSet/search\n              another team\n", "\n  StatefulSet/search: another team\n"} {
				if !strings.Contains(g.Text(), part) {
					t.Errorf("it has no row of its own:\n%s", g.Text())
				}
			}
			text, err := g.JSON()
			var read struct {
				Servers []struct{ Object, Verdict, Reason string }
			}
			if err == nil {
				err = json.Unmarshal(text, &read)
			}
			if err != nil || len(read.Servers) != 1 || read.Servers[0].Verdict+read.Servers[0].Reason != "UNMANAGEDanother team" {
				t.Errorf("%v: %s", err, text)
			}
			if !strings.Contains(g.Mermaid(), `["StatefulSet/search"]:::unmanaged`) {
				t.Error(g.Mermaid())
			}
		})
	}
}
