package mention

import (
	"encoding/base64"
	"strings"
	"testing"
)

// TestScrapes holds which jobs of a Prometheus find a server by its labels.
func TestScrapes(t *testing.T) {
	base := strings.Replace(server("        ports: [{name: rest, containerPort: 9200}]\n"), "ports: [{port: 9200}]", "ports: [{name: https, port: 9200}]", 1)
	job := func(role, rules, more string) string {
		return "scrape_configs:\n- job_name: j\n  kubernetes_sd_configs: [{role: " + role + "}]\n  relabel_configs: [" + rules + "]\n" + more
	}
	keep := func(label, expression string) string {
		return "{source_labels: [__meta_kubernetes_" + label + "], action: keep, regex: '" + expression + "'}"
	}
	const pair = "  tls_config: {cert_file: /a, key_file: /b}\n"
	// As https://github.com/prometheus-community/helm-charts/blob/main/charts/prometheus/values.yaml has it.
	const apiServer = "{source_labels: [__meta_kubernetes_namespace, __meta_kubernetes_service_name, __meta_kubernetes_endpoint_port_name], action: keep, regex: default;kubernetes;https}"
	for _, test := range []struct {
		name, file string
		want       Strength
	}{
		{"every pod", job("pod", "", ""), Address},
		{"with a pair", job("pod", "", pair), May},
		{"pods that are annotated", job("pod", keep("pod_annotation_prometheus_io_scrape", "true"), ""), Nothing},
		{"by a label", job("pod", keep("pod_label_app", "es|shop"), ""), Address},
		{"by another label", job("pod", keep("pod_label_app", "shop"), ""), Nothing},
		{"by a label that is there", job("pod", keep("pod_labelpresent_app", "true"), ""), Address},
		{"by the port", job("pod", keep("pod_container_port_name", "metrics"), ""), Nothing},
		{"by the name of a pod", job("pod", keep("pod_name", "node-.*"), ""), May},
		{"another port", job("pod", "{source_labels: [__address__], target_label: __address__, regex: '(.*):.*', replacement: '$1:9114'}", ""), May},
		{"those of a Service", job("endpoints", keep("service_name", "search"), ""), Address},
		{"those of another", job("endpoints", keep("service_name", "kubernetes"), ""), Nothing},
		{"by its port", job("endpoints", keep("endpoint_port_name", "https"), ""), Address},
		{"by two labels", job("endpointslice", "{source_labels: [__meta_kubernetes_service_name, __meta_kubernetes_pod_label_app], action: keep, regex: search;es}", ""), Address},
		{"the API server, by its namespace too", job("endpoints", apiServer, ""), Nothing},
		{"by a namespace that nothing shows", job("endpoints", strings.Replace(apiServer, "kubernetes;https", "search;https", 1), ""), May},
		{"by one of two Services", job("endpoints", strings.Replace(apiServer, "default;kubernetes;https", "default;(kubernetes|sea.+);https", 1), ""), May},
		{"not the API server", job("endpoints", strings.Replace(apiServer, "keep", "drop", 1), ""), Address},
		{"a pattern that is none", job("endpoints", keep("service_name", "("), ""), May},
		{"dropped", job("service", "{source_labels: [__meta_kubernetes_service_name], action: drop, regex: 'sea.*|es-main'}", ""), Nothing},
		{"containers that are no init containers", job("pod", keep("pod_container_init", "false"), ""), Address},
		{"by the image", job("pod", keep("pod_container_image", ".*elasticsearch.*"), ""), Address},
		{"by the protocol", job("pod", keep("pod_container_port_protocol", "TCP"), ""), Address},
		{"by the protocol of a Service", job("endpoints", keep("endpoint_port_protocol", "TCP"), ""), Address},
		{"by a label of the cluster", job("pod", keep("pod_label_statefulset_kubernetes_io_pod_name", "search-.*"), ""), May},
		{"by a label of the namespace", job("pod", keep("namespace_label_team", "search"), ""), May},
		{"with a selector", job("pod, selectors: [{role: pod, label: app=shop}]", "", ""), May},
		{"of its own namespace", job("pod, namespaces: {own_namespace: true}", "", ""), May},
		{"of another cluster", job("pod, api_server: https://other", "", ""), May},
		{"nodes", job("node", "", ""), Nothing},
	} {
		all := find(t, base+conf("prometheus.yml", test.file))
		if strongest(all) != test.want || len(all) > 1 || len(all) == 1 && len(all[0].Readers) != 1 {
			t.Errorf("%s: %s, want %s: %+v", test.name, strongest(all), test.want, all)
		}
	}
	resource := func(kind, spec string) string {
		return "apiVersion: " + kind + "\nmetadata: {name: m}\nspec: {" + spec + "}\n"
	}
	const ofOperator, ofVictoria = "monitoring.coreos.com/v1alpha1\nkind: ScrapeConfig", "operator.victoriametrics.com/v1beta1\nkind: VMScrapeConfig"
	jobs := "apiVersion: v1\nkind: Secret\nmetadata: {name: jobs}\nstringData: {jobs.yaml: '[{kubernetes_sd_configs: [{role: pod}]}]'}\n"
	for _, test := range []struct {
		name, object string
		want         Strength
	}{
		{"every Service", resource(ofOperator, "kubernetesSDConfigs: [{role: Service}]"), Address},
		{"by its name", resource(ofOperator, "kubernetesSDConfigs: [{role: Endpoints}], relabelings: [{sourceLabels: [__meta_kubernetes_service_name], action: Keep, regex: sea.*}]"), Address},
		{"by another name", resource(ofOperator, "kubernetesSDConfigs: [{role: EndpointSlice}], relabelings: [{sourceLabels: [__meta_kubernetes_service_name], action: Keep, regex: shop}]"), Nothing},
		{"with a pair", resource(ofOperator, "kubernetesSDConfigs: [{role: Pod}], tlsConfig: {cert: {secret: {name: a, key: b}}, keySecret: {name: a, key: c}}"), May},
		{"of its own namespace", resource(ofOperator, "kubernetesSDConfigs: [{role: Pod, namespaces: {ownNamespace: true}}]"), May},
		{"at another port", resource(ofOperator, "kubernetesSDConfigs: [{role: Pod}], relabelings: [{targetLabel: __address__, replacement: 'a:1'}]"), May},
		{"of VictoriaMetrics", resource(ofVictoria, "kubernetesSDConfigs: [{role: pod}], relabelConfigs: [{sourceLabels: [__meta_kubernetes_pod_label_app], action: drop, regex: es}]"), Nothing},
		{"by an expression", resource(ofVictoria, "kubernetesSDConfigs: [{role: pod}], relabelConfigs: [{action: keep, if: '{a=\"b\"}'}]"), May},
		{"in a text", resource("operator.victoriametrics.com/v1beta1\nkind: VMAgent", "inlineScrapeConfig: '[{kubernetes_sd_configs: [{role: pod}]}]'"), Address},
		{"in a Secret that it takes", jobs + "---\n" + resource("monitoring.coreos.com/v1\nkind: Prometheus", "additionalScrapeConfigs: {name: jobs, key: jobs.yaml}"), Address},
		{"in a Secret that it does not take", jobs + "---\n" + resource("monitoring.coreos.com/v1\nkind: Prometheus", "additionalScrapeConfigs: {name: other, key: jobs}"), May},
		{"a name of the DNS", resource(ofOperator, "dnsSDConfigs: [{names: [search], type: A, port: 9200}]"), May},
		{"one in a ConfigMap that nothing mounts", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {p.yml: 'scrape_configs: [{dns_sd_configs: [{names: [search], type: A, port: 9200}]}]'}\n", May},
		{"a name of something else", resource(ofOperator, "dnsSDConfigs: [{names: [shop], type: A, port: 9200}]"), Nothing},
		{"a target", resource(ofOperator, "staticConfigs: [{targets: ['search:9200']}]"), Address},
		{"a target of a probe", resource("monitoring.coreos.com/v1\nkind: Probe", "targets: {staticConfig: {static: ['https://search:9200']}}"), Address},
	} {
		if all := find(t, base+test.object); strongest(all) != test.want || len(all) > 1 {
			t.Errorf("%s: %s, want %s: %+v", test.name, strongest(all), test.want, all)
		}
	}
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: jobs}\ndata: {jobs.yaml: " + base64.StdEncoding.EncodeToString([]byte(job("pod", "", ""))) + "}\n"
	if all := find(t, base+secret); len(all) != 1 {
		t.Errorf("in a Secret: %+v", all)
	}
}
