package plugin

import (
	"slices"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestKibanaIsNotElastic holds that a login is judged by its name: Kibana does not start as elastic.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html#elasticsearch-user-passwd
func TestKibanaIsNotElastic(t *testing.T) {
	for user, refused := range map[string]bool{"elastic": true, "kibana_system": false} {
		text := mentionServer + `apiVersion: apps/v1
kind: Deployment
metadata: {name: kibana}
spec:
  selector: {matchLabels: {app: kibana}}
  template:
    metadata: {labels: {app: kibana}}
    spec:
      containers:
      - name: kibana
        image: docker.elastic.co/kibana/kibana:8.19.0
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://search:9200"}
        - {name: ELASTICSEARCH_USERNAME, value: ` + user + `}
        - {name: ELASTICSEARCH_PASSWORD, value: change-me}
`
		got := codes(verified(t, []byte(text), realSettings(config.ModeCertPassword, config.Required)))
		if slices.Contains(got, verify.TwoIdentities) != refused {
			t.Errorf("%s: %v", user, got)
		}
	}
}
