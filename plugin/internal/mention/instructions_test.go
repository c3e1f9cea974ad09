package mention

import (
	"strings"
	"testing"
)

// TestInstructions holds which annotations of a server's pods and Services may make somebody call it.
func TestInstructions(t *testing.T) {
	const scrape = `prometheus.io/scrape: "true"`
	base := strings.Replace(server("        ports: [{name: rest, containerPort: 9200}, {name: stats, containerPort: 9114}]\n"), "ports: [{port: 9200}]", "ports: [{name: https, port: 9200}, {name: stats, port: 9114}]", 1)
	onPods := func(annotations string) string {
		return strings.Replace(base, "annotations: {note: none}", "annotations: {"+annotations+"}", 1)
	}
	onService := func(annotations string) string {
		return strings.Replace(base, "metadata: {name: search}", "metadata: {name: search, annotations: {"+annotations+"}}", 1)
	}
	undeclared := strings.Replace(strings.Replace(onPods(scrape), "containerPort: 9200", "containerPort: 9300", 1), "rest", "transport", 1)
	for _, test := range []struct {
		name, text string
		want       Strength
	}{
		{"no annotation", base, Nothing},
		{"the port of HTTP", onPods(scrape + `, prometheus.io/port: "9200"`), May},
		{"the port of an exporter", onPods(scrape + `, prometheus.io/port: "9114"`), Nothing},
		{"every port", onPods(scrape), May},
		{"every port, without that of HTTP", undeclared, Nothing},
		{"switched off", onPods(`prometheus.io/scrape: "false", prometheus.io/port: "9200"`), Nothing},
		{"of a Service", onService(scrape + `, prometheus.io/port: "9200"`), May},
		{"of a Service, by a probe", onService(`prometheus.io/probe: "true"`), May},
		{"of a Service, about an exporter", onService(scrape + `, prometheus.io/port: "9114"`), Nothing},
		{"the name of a port", onPods(`k8s.grafana.com/scrape: "true", k8s.grafana.com/metrics.portName: rest`), May},
		{"the name of another port", onPods(`k8s.grafana.com/metrics.portName: stats`), Nothing},
		{"an address in JSON", onPods(`ad.datadoghq.com/elasticsearch.instances: '[{"url": "https://%%host%%:9200"}]'`), May},
		{"a load balancer's check", onService(`service.beta.kubernetes.io/aws-load-balancer-healthcheck-port: "9200"`), May},
		{"a load balancer that speaks HTTP", onService(`service.beta.kubernetes.io/aws-load-balancer-backend-protocol: https`), May},
		{"by names of ports", onService(`cloud.google.com/app-protocols: '{"https":"HTTPS"}'`), May},
		{"a load balancer of connections", onService(`service.beta.kubernetes.io/aws-load-balancer-backend-protocol: tcp`), Nothing},
		{"what a mesh intercepts", onPods(`traffic.sidecar.istio.io/excludeInboundPorts: "9200"`), Nothing},
		{"a number in a checksum", onPods(`checksum/config: a9200b, build: "1.9200.3"`), Nothing},
	} {
		all := find(t, test.text)
		if strongest(all) != test.want || len(all) > 1 {
			t.Errorf("%s: %s, want %s: %+v", test.name, strongest(all), test.want, all)
		}
	}
}
