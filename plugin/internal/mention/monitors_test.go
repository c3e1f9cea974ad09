package mention

import (
	"strings"
	"testing"
)

// TestMonitors holds which endpoints Prometheus finds at a server.
func TestMonitors(t *testing.T) {
	labelled := strings.Replace(server(""), "{name: search}\nspec: {selector: {app: es},", "{name: search, labels: {app: es}}\nspec: {selector: {app: es},", 1)
	labelled = strings.Replace(labelled, "ports: [{port: 9200}]", "ports: [{name: https, port: 9200}, {name: stats, port: 9114}]", 1)
	monitor := func(kind, spec string) string {
		return "apiVersion: monitoring.coreos.com/v1\nkind: " + kind + "\nmetadata: {name: m}\nspec: {" + spec + "}\n"
	}
	const picks, others = "selector: {matchLabels: {app: es}}", "selector: {matchLabels: {app: shop}}"
	const pair = "tlsConfig: {cert: {secret: {name: p, key: c}}, keySecret: {name: p, key: k}}"
	for _, test := range []struct {
		name, object string
		want         Strength
	}{
		{"by a name", monitor("ServiceMonitor", picks+", endpoints: [{port: https}]"), Address},
		{"with a pair", monitor("ServiceMonitor", picks+", endpoints: [{port: https, "+pair+"}]"), May},
		{"another port", monitor("ServiceMonitor", picks+", endpoints: [{port: stats}]"), Nothing},
		{"a port that is not there", monitor("ServiceMonitor", picks+", endpoints: [{port: http}]"), Nothing},
		{"by a number", monitor("ServiceMonitor", picks+", endpoints: [{targetPort: 9200}]"), Address},
		{"by an expression", monitor("ServiceMonitor", "selector: {matchExpressions: [{key: app, operator: Exists}]}, endpoints: [{port: https}]"), Address},
		{"no Service of the stream", monitor("ServiceMonitor", others+", endpoints: [{port: https}]"), May},
		{"and another port", monitor("ServiceMonitor", others+", endpoints: [{port: metrics}]"), Nothing},
		{"another kind of that name", strings.Replace(monitor("ServiceMonitor", picks+", endpoints: [{port: https}]"), "monitoring.coreos.com", "a.example", 1), Nothing},
		{"its pods", monitor("PodMonitor", picks+", podMetricsEndpoints: [{portNumber: 9200}]"), Address},
		{"by another port", monitor("PodMonitor", picks+", podMetricsEndpoints: [{portNumber: 9114}]"), Nothing},
		{"a kind of VictoriaMetrics", strings.Replace(monitor("VMServiceScrape", picks+", endpoints: [{port: https}]"), "monitoring.coreos.com", "operator.victoriametrics.com", 1), Address},
		{"a kind of Google's", strings.Replace(monitor("PodMonitoring", picks+", endpoints: [{port: 9200}]"), "monitoring.coreos.com", "monitoring.googleapis.com", 1), Address},
		{"with a pair of its own", strings.Replace(monitor("ClusterPodMonitoring", picks+", endpoints: [{port: 9200, tls: {cert: {}, key: {}}}]"), "monitoring.coreos.com", "monitoring.googleapis.com", 1), May},
		{"other pods", monitor("PodMonitor", others+", podMetricsEndpoints: [{portNumber: 9200}]"), Nothing},
	} {
		if all := find(t, labelled+test.object); strongest(all) != test.want {
			t.Errorf("%s: %s, want %s: %+v", test.name, strongest(all), test.want, all)
		}
	}
	elsewhere := strings.Replace(monitor("ServiceMonitor", picks+", endpoints: [{port: https}]"), "{name: m}", "{name: m, namespace: other}", 1)
	spaced := strings.Replace(labelled, "{name: search, labels", "{name: search, namespace: obs, labels", 1)
	if all := find(t, spaced+elsewhere); strongest(all) != Nothing {
		t.Errorf("in another namespace: %+v", all)
	}
	anywhere := strings.Replace(elsewhere, "spec: {", "spec: {namespaceSelector: {any: true}, ", 1)
	if all := find(t, spaced+anywhere); strongest(all) != Address {
		t.Errorf("in any namespace: %+v", all)
	}
	several := ""
	for _, name := range []string{"a", "b", "c"} {
		several += "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {selector: {app: es}, ports: [{name: https, port: 9200}]}\n---\n"
	}
	if all := find(t, labelled+several+monitor("ServiceMonitor", others+", endpoints: [{port: https}]")); len(all) != 1 {
		t.Errorf("no Service of several: %+v", all)
	}
}
