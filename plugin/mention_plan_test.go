package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// What TestProveMentions found in the post-renderer, where verify was right.

// TestAnotherReaderOfAFileIsAnotherClient holds that a plan for one reader of a ConfigMap answers for no other.
func TestAnotherReaderOfAFileIsAnotherClient(t *testing.T) {
	const beat = `apiVersion: apps/v1
kind: Deployment
metadata: {name: beat}
spec:
  selector: {matchLabels: {app: beat}}
  template:
    metadata: {labels: {app: beat}}
    spec:
      securityContext: {fsGroup: 1000}
      containers:
      - name: beat
        image: docker.elastic.co/beats/filebeat:8.19.0
        volumeMounts: [{name: c, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]
      volumes: [{name: c, configMap: {name: conf}}]
---
`
	conf := mentionConf("filebeat.yml", "output.elasticsearch:\n  hosts: [\"https://search:9200\"]\n  username: keeper\n  password: change-me")
	bothSay(t, mentionServer+conf+beat, "ConfigMap/conf", false)
	bothSay(t, mentionServer+conf+beat+mentionApp("command: [shop]"), "ConfigMap/conf", true)
}

// TestWhatARuleNamesIsAName holds that in an input without Elasticsearch what a ready rule calls is what others may call.
func TestWhatARuleNamesIsAName(t *testing.T) {
	vector := strings.NewReplacer("ENDPOINT", "https://far:9200", "NOTE", "interval: 1", "MORE", "env: []").Replace(ruledVector)
	app := strings.Replace(mentionApp(`env: [{name: SHOP_URL, value: "https://far:9200"}]`), "name: conf}", "name: none, optional: true}", 1)
	s := realSettings(config.ModeCertToken, config.Required)
	s.Rules = []config.Rule{{Ref: "Deployment/vector", As: "vector"}}
	s.Certificates.Clients = []config.Client{{Ref: "Deployment/vector", SecretName: "vector-pair"}}
	_, _, err := transform([]byte(vector+"---\n"+app), s)
	if err == nil || !strings.Contains(err.Error(), `Deployment/shop: container "shop": env "SHOP_URL" names Elasticsearch ("far")`) {
		t.Errorf("the other caller passes: %v", err)
	}
}

// TestAnExporterOfAnotherType holds that an exporter of a node that does not send by HTTP is no connection.
func TestAnExporterOfAnotherType(t *testing.T) {
	exporter := func(kind string) string {
		return strings.Replace(mentionServer, "- {name: node.name, value: a}", "- {name: node.name, value: a}\n"+
			"        - {name: xpack.monitoring.exporters.far.type, value: "+kind+"}\n"+
			"        - {name: xpack.monitoring.exporters.far.host, value: \"https://search:9200\"}", 1)
	}
	bothSay(t, exporter("http"), "StatefulSet/node", false)
	bothSay(t, exporter("local"), "StatefulSet/node", true)
}

// TestABrokenServerIsNoStranger holds that a server which cannot be planned is refused for that, and for nothing that it says itself.
func TestABrokenServerIsNoStranger(t *testing.T) {
	broken := strings.NewReplacer("- {name: node.name, value: a}", "- {name: node.name, value: a}\n"+
		"        - {name: xpack.monitoring.exporters.far.type, value: http}\n"+
		"        - {name: xpack.monitoring.exporters.far.host, value: \"https://search:9200\"}",
		`security.enabled, value: "true"`, `security.enabled, value: "false"`).Replace(mentionServer)
	_, _, err := transform([]byte(broken), realSettings(config.ModeCertToken, config.Required))
	if err == nil || !strings.Contains(err.Error(), "xpack.security.enabled is false") || strings.Contains(err.Error(), "exporters.far") {
		t.Errorf("got %v", err)
	}
}
