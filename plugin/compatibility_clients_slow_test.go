//go:build slow

package plugin

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	cluster = "elasticsearch-8.5.1-default"
	// A hook of Jaeger's runs before the Secrets of the release are there.
	needsHook = "{certificates: {clients: [{ref: Job/jaeger-es-rollover-init, secretName: jaeger}]}}"
)

// clientRenderings are the charts of clients, each with the Elasticsearch that it calls. What they call by another name is called so.
func clientRenderings() []rendering {
	alone := []rendering{
		{name: "apm-server-7.17.3-oss"},
		{name: "apm-server-7.17.3-security"},
		{name: "apm-server-8.5.1-default"},
		{name: "bitnami-logstash-7.0.12-es-output"},
		{name: "elastic-agent-9.6.0-eck"},
		{name: "elastic-agent-9.6.0-fleet-managed"},
		{name: "elastic-agent-9.6.0-kubernetes-standalone"},
		{name: "filebeat-7.17.3-security"},
		{name: "filebeat-8.5.1-default"},
		{name: "filebeat-8.5.1-default.helm4-stream"},
		{name: "filebeat-8.5.1-deployment"},
		{name: "filebeat-8.5.1-security"},
		{name: "fluent-bit-0.58.1-default"},
		{name: "fluent-bit-0.58.1-tls"},
		{name: "fluentd-0.6.0-default"},
		{name: "fluentd-0.6.0-https"},
		{name: "jaeger-4.11.1-elasticsearch", refuse: "calls Elasticsearch in a hook (pre-install,pre-upgrade)", hooked: true},
		{name: "jaeger-4.11.1-elasticsearch", needs: needsHook},
		{name: "jaeger-4.11.1-elasticsearch.helm4-stream", needs: needsHook},
		{name: "logstash-7.17.3-security"},
		{name: "logstash-8.5.1-default"},
		{name: "logstash-8.5.1-elasticsearch"},
		{name: "logstash-8.5.1-pipelines", refuse: "cannot present a certificate in this version of Logstash"},
		{name: "logstash-8.5.1-pipelines", needs: "{unmanaged: [{ref: StatefulSet/logstash-logstash, reason: to be upgraded}]}"},
		{name: "metricbeat-7.17.3-default"},
		{name: "metricbeat-8.5.1-default"},
		{name: "opensearch-3.6.0-default"},
		{name: "prometheus-elasticsearch-exporter-7.4.0-ca-only"},
		{name: "prometheus-elasticsearch-exporter-7.4.0-default"},
		{name: "prometheus-elasticsearch-exporter-7.4.0-skip-verify-extraargs"},
		{name: "stable-cerebro-1.9.5-es", refuse: "data[application.conf] line 43, which Deployment/cerebro/cerebro reads, names Elasticsearch"},
		{name: "stable-cerebro-1.9.5-es", needs: "{rules: [{ref: Deployment/cerebro, mountPath: /etc/elk-mtls}]}"},
		{name: "stable-elasticsearch-curator-2.2.3-https", refuse: `client.ssl_no_validate is "True"`},
		{name: "stable-elasticsearch-exporter-3.7.1-default"},
		{name: "stable-kibana-3.2.8", refuse: "data[kibana.yml] > [elasticsearch.hosts] line 1, which Deployment/kibana/kibana reads, names Elasticsearch"},
		{name: "stable-kibana-3.2.8", needs: "{unmanaged: [{ref: Deployment/kibana, reason: version 6}]}"},
	}
	for i := range alone {
		alone[i].beside = cluster
	}
	return append(alone, rendering{name: everything, beside: cluster, needs: needsHook})
}

// everything is the clients of the newest charts in one input, with Kibana.
const everything = "all of the newest clients at once"

// oneStream makes it: as an umbrella chart would.
func oneStream(t *testing.T, dir string) []byte {
	t.Helper()
	var stream []byte
	for _, name := range []string{
		cluster, "kibana-8.5.1-default", "apm-server-8.5.1-default", "elastic-agent-9.6.0-kubernetes-standalone", "filebeat-8.5.1-default", "fluent-bit-0.58.1-tls",
		"fluentd-0.6.0-https", "jaeger-4.11.1-elasticsearch", "logstash-8.5.1-elasticsearch", "metricbeat-8.5.1-default", "prometheus-elasticsearch-exporter-7.4.0-ca-only",
	} {
		stream = append(append(stream, read(t, filepath.Join(dir, name+".yaml"))...), '\n')
	}
	return stream
}

// besideOf gives the Elasticsearch that a client calls: the rendering, with its Service called as the client calls it.
func besideOf(elasticsearch, client string) []byte {
	for _, name := range []string{"security-master", "exporter-es", "elasticsearch-master", "elasticsearch"} {
		if strings.Contains(client, name+":9200") {
			return []byte(strings.ReplaceAll(elasticsearch, "elasticsearch-master", name))
		}
	}
	return []byte(elasticsearch)
}

// TestEveryRenderingHasARow holds that no rendering of a client is left out of the table.
func TestEveryRenderingHasARow(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(renders(t), "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := clientRenderings()
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if !isServer(name) && name != "jaeger-4.11.1-elasticsearch" && !slices.ContainsFunc(all, func(r rendering) bool { return r.name == name }) {
			t.Errorf("%s has no row in clientRenderings", name)
		}
	}
}
