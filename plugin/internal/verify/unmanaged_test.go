package verify

import (
	"encoding/json"
	"strings"
	"testing"
)

// A server that the user takes care of has clients like others. When it was listed, nobody looked for them any more, and it was not shown.
func TestUnmanagedServer(t *testing.T) {
	const app = "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: shop\nspec:\n  containers:\n  - name: shop\n    env:\n" +
		"    - name: ES\n      value: http://search:9200\n"
	const client = "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: load\nspec:\n  containers:\n  - name: load\n" +
		"    command: [curl, --cacert, /tls/ca.crt, -E, /tls/tls.crt, --key, /tls/tls.key, \"https://search:9200\"]\n" +
		"    volumeMounts:\n    - name: tls\n      mountPath: /tls\n  volumes:\n  - name: tls\n    secret:\n      secretName: load-tls\n"
	listed := Entry{"StatefulSet/search", "another team"}
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
		"whatever is wrong with it":              {node{env: map[string]string{ssl + "enabled": "false"}}.String() + client, []Entry{listed}, "", ProvenIf},
		"one whose settings nobody could find":   {unknown + client + app, []Entry{listed}, "EMT021", NotProven},
		"nothing else":                           {node{}.String(), []Entry{listed}, "EMT027", NotProven},
		"a server that is listed by a container": {node{env: map[string]string{ssl + "enabled": "false"}}.String(), []Entry{{"StatefulSet/search/elasticsearch", "no"}}, "EMT001", NotProven},
	} {
		t.Run(name, func(t *testing.T) {
			g := judged(t, c.stream, Options{Unmanaged: c.unmanaged})
			if codesOf(g) != c.codes || g.Verdict != c.verdict {
				t.Errorf("%s with %q, want %s with %q\n%s", g.Verdict, codesOf(g), c.verdict, c.codes, g.Text())
			}
			if c.unmanaged[0] != listed {
				return
			}
			if row := "StatefulSet/search  -"; !strings.Contains(g.Text(), row) || !strings.Contains(g.Text(), "UNMANAGED: another team\n") {
				t.Errorf("it has no row of its own:\n%s", g.Text())
			}
			text, err := g.JSON()
			var read struct {
				Servers []struct{ Object, Verdict, Reason string }
			}
			if err == nil {
				err = json.Unmarshal(text, &read)
			}
			if err != nil || len(read.Servers) != 1 || read.Servers[0].Verdict != "UNMANAGED" || read.Servers[0].Reason != "another team" {
				t.Errorf("%v: %s", err, text)
			}
			if !strings.Contains(g.Mermaid(), `["StatefulSet/search"]:::unmanaged`) {
				t.Error(g.Mermaid())
			}
		})
	}
}
