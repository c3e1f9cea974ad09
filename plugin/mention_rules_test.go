package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// A ready rule answers for the addresses where its program has them, and for no other: both halves see the same places.

const ruledVector = `apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  vector.yaml: |
    sources:
      logs: {type: demo_logs, NOTE}
    sinks:
      search: {type: elasticsearch, inputs: [logs], endpoints: ["ENDPOINT"]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: vector}
spec:
  selector: {matchLabels: {app: vector}}
  template:
    metadata: {labels: {app: vector}}
    spec:
      containers:
      - {name: vector, image: "timberio/vector:0.50.0", args: [--config-dir, /etc/vector/], volumeMounts: [{name: c, mountPath: /etc/vector}], MORE}
      volumes: [{name: c, configMap: {name: conf}}]
`

func TestAReadyRuleAnswersForItsPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		endpoint, note, more string
		refused              bool
	}{
		"its addresses":                 {endpoint: "https://search:9200"},
		"in capitals":                   {endpoint: "HTTPS://SEARCH:9200"},
		"a variable in these":           {endpoint: "${WHERE}", more: `env: [{name: WHERE, value: "https://search:9200"}]`},
		"another of its settings":       {endpoint: "https://search:9200", note: `format: "https://search:9200"`, refused: true},
		"a variable that no file reads": {endpoint: "https://search:9200", more: `env: [{name: PUSH_URL, value: "https://search:9200"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			or := func(text, other string) string {
				if text == "" {
					return other
				}
				return text
			}
			text := mentionServer + strings.NewReplacer("ENDPOINT", c.endpoint, "NOTE", or(c.note, "interval: 1"), "MORE", or(c.more, "env: []")).Replace(ruledVector)
			s := realSettings(config.ModeCertToken, config.Required)
			s.Rules = []config.Rule{{Ref: "Deployment/vector", As: "vector"}}
			_, _, err := transform([]byte(text), s)
			if refused := err != nil && strings.Contains(err.Error(), "elk-mtls does not know how to give it a certificate"); refused != c.refused || err != nil && !refused {
				t.Errorf("the post-renderer refuses: %t, want %t: %v", refused, c.refused, err)
			}
			found := false
			for _, f := range verified(t, []byte(text), s).Findings {
				found = found || f.Code == "EMT021"
			}
			if found != c.refused {
				t.Errorf("verify has a finding: %t, want %t", found, c.refused)
			}
		})
	}
}

// TestWhatCurlCallsElsewhereIsNoCall holds that a name in the address of another server is claimed by nobody.
func TestWhatCurlCallsElsewhereIsNoCall(t *testing.T) {
	for script, is := range map[string]bool{
		"curl -s https://other.example/?next=https://search:9200":                     true,
		"path=/_cluster/health; curl -s -k https://127.0.0.1:9200$path":               false,
		"server=https://search:9200; curl -s -k $server/_cat/nodes":                   false,
		"curl -s https://other.example/ && curl -s -k https://search:9200/_cat/nodes": false,
	} {
		probe := "readinessProbe: {exec: {command: [sh, -c, '" + script + "']}}"
		t.Run(script, func(t *testing.T) {
			bothSay(t, strings.Replace(mentionServer, "readinessProbe: {tcpSocket: {port: 9200}}", probe, 1), "StatefulSet/node", is)
		})
	}
}
