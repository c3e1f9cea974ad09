package recognise

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestF9 holds where relative paths in a container start.
func TestF9(t *testing.T) {
	for _, test := range []struct{ container, want string }{
		{`{image: "docker.elastic.co/elasticsearch/elasticsearch:8.19.2"}`, "/usr/share/elasticsearch/config/tls/ca.crt"},
		{`{image: "elasticsearch:8.19.2", workingDir: /srv}`, "/srv/config/tls/ca.crt"},
		{`{image: "kibana:8.19.2"}`, "/usr/share/kibana/config/tls/ca.crt"},
		{`{image: "docker.io/bitnamilegacy/elasticsearch:8"}`, "/config/tls/ca.crt"},
		{`{image: "mirror/elasticsearch:8", volumeMounts: [{name: a, mountPath: /bitnami/elasticsearch/data}]}`, "/config/tls/ca.crt"},
		{`{image: "r/logstash-oss:8"}`, "/usr/share/logstash/config/tls/ca.crt"},
		{`{image: "r/metricbeat-wolfi:8"}`, "/usr/share/metricbeat/config/tls/ca.crt"},
		{`{image: "r/elastic-agent-complete:8"}`, "/usr/share/elastic-agent/config/tls/ca.crt"},
		{`{image: "r/elasticsearch-oss:7"}`, "/usr/share/elasticsearch/config/tls/ca.crt"},
		{`{image: "own/image:1"}`, "config/tls/ca.crt"},
	} {
		if got := Absolute(object.Container{Node: yaml.MustParse(test.container)}, "config/tls/ca.crt"); got != test.want {
			t.Errorf("%s: %s, want %s", test.container, got, test.want)
		}
	}
}
