package recognise

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// inCharts are the servers in each chart, by layout and name, then the clients, by program, name and container. Programs
// that only a rule names are not found here, nor init containers and Jobs that only prepare something.
var inCharts = map[string]string{
	"bitnami-extra-config": "bitnami-elasticsearch logs-elasticsearch-coordinating, bitnami-kibana logs-kibana",
	"bitnami-http":         "bitnami-elasticsearch logs-elasticsearch-coordinating, bitnami-kibana logs-kibana",
	"bitnami-release": "bitnami-elasticsearch logs-elasticsearch-coordinating, bitnami-elasticsearch logs-elasticsearch-master, " +
		"bitnami-kibana logs-kibana, elasticsearch_exporter logs-elasticsearch-metrics/metrics",
	"elastalert2-rule":      "",
	"elasticsearch-default": "elasticsearch search-master",
	"elasticsearch-groups":  "elasticsearch search-master, elasticsearch search-data",
	"elasticsearch-http":    "elasticsearch search-master",
	"elasticsearch-stores":  "elasticsearch search-master",
	"elasticsearch-token":   "elasticsearch search-master",
	"filebeat-daemonset":    "Filebeat logs-filebeat/filebeat",
	"fluent-outputs":        "Fluent Bit bit/fluent-bit, Fluentd d/fluentd",
	"grafana-rule":          "elasticsearch search-master",
	"helmforge-release": "elasticsearch es-elasticsearch-coordinating, elasticsearch es-elasticsearch-data, elasticsearch es-elasticsearch-master, " +
		"kibana es-elasticsearch-kibana, elasticsearch_exporter es-elasticsearch-data/metrics, elasticsearch_exporter es-elasticsearch-master/metrics",
	"journalbeat-daemonset": "Journalbeat journal/journalbeat",
	"kibana-config":         "kibana elk-kibana",
	"kibana-helm4":          "kibana elk-kibana",
	"kibana-http-openshift": "kibana elk-kibana",
	"kibana-password":       "kibana elk-kibana",
	"logstash-pipelines":    "Logstash logs-logstash/logstash, Logstash ship-logstash/logstash",
	"maps-server":           "Elastic Maps Server maps/maps, Elastic Maps Server maps-by-variables/maps",
	"otel-collector-rule":   "elasticsearch search-master",
	"other-clients": "Elastic Agent agent/agent, Curator curator/curator, Jaeger jaeger/jaeger, Jaeger 1 jaeger-es-index-cleaner/cleaner, " +
		"elasticsearch_exporter exporter/metrics",
	"own-programs-rule":     "elasticsearch search-master",
	"query-exporter":        "prometheus-es-exporter queries/exporter, prometheus-es-exporter queries-by-variables/exporter",
	"release":               "elasticsearch elasticsearch-master, kibana elk-kibana",
	"release-ca-bundle":     "elasticsearch elasticsearch-master, kibana elk-kibana",
	"release-cert-manager":  "elasticsearch elasticsearch-master, kibana elk-kibana",
	"release-cert-password": "elasticsearch elasticsearch-master, kibana elk-kibana",
	"release-own-secrets":   "elasticsearch elasticsearch-master, kibana elk-kibana",
	"release-pki":           "elasticsearch elasticsearch-master, kibana elk-kibana",
	"temporal":              "Temporal temporal-frontend/temporal-frontend",
	"temporal-schema":       "temporal-elasticsearch-tool temporal-schema/manage-schema-visibility-store",
	"vector-rule":           "elasticsearch search-master",
}

// TestCharts holds what is recognised in each chart, and that patching it changes nothing in that.
func TestCharts(t *testing.T) {
	dirs, err := os.ReadDir("../../testdata/charts")
	if err != nil || len(dirs) != len(inCharts) {
		t.Errorf("%d charts are there, %d are known: %v", len(dirs), len(inCharts), err)
	}
	for _, dir := range dirs {
		input := ""
		for _, file := range []string{"input.yaml", "output.yaml"} {
			text, err := os.ReadFile("../../testdata/charts/" + dir.Name() + "/" + file)
			if err != nil {
				t.Fatal(err)
			}
			r := releaseIn(t, string(text))
			if got, want := found(r), inCharts[dir.Name()]; got != want {
				t.Errorf("%s/%s:\n got      %s\n expected %s", dir.Name(), file, got, want)
			}
			input = cmp.Or(input, string(text))
			if isChanged := input != string(text); r.IsPatched() != (isChanged && found(r) != "") {
				t.Errorf("%s/%s: it is patched: %t", dir.Name(), file, r.IsPatched())
			}
		}
	}
}

func releaseIn(t *testing.T, text string) *Release {
	t.Helper()
	r, err := read(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read recognises what is in a text, of which the user takes care of what is called unmanaged.
func read(t *testing.T, text string) (*Release, error) {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return All(stream, func(id object.ID) bool { return id.Name == "unmanaged" })
}

func found(r *Release) string {
	var all []string
	for _, w := range append(append([]*Workload(nil), r.Nodes...), r.Kibanas...) {
		all = append(all, w.Layout.Name+" "+w.Name)
	}
	for _, w := range r.Clients {
		all = append(all, fmt.Sprintf("%s %s/%s", w.App, w.Name, w.Main.Name))
	}
	return strings.Join(all, ", ")
}
