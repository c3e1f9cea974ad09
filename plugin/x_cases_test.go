package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// serverCalled is mentionServer behind a Service of another name.
func serverCalled(name string) string {
	return strings.NewReplacer("metadata: {name: search}", "metadata: {name: "+name+"}", "serviceName: search", "serviceName: "+name).Replace(mentionServer)
}

// reads is a workload c with one container that reads all of ConfigMap/c in a folder, and the certificates in /ca.
func reads(kind, image, folder, more string) string {
	return `apiVersion: apps/v1
kind: ` + kind + `
metadata: {name: c}
spec:
  selector: {matchLabels: {app: c}}
  template:
    metadata: {labels: {app: c}}
    spec:
      containers:
      - {name: c, image: "` + image + `", volumeMounts: [{name: c, mountPath: ` + folder + `}, {name: ca, mountPath: /ca}], ` + more + `}
      volumes: [{name: c, configMap: {name: c}}, {name: ca, secret: {secretName: es-certs}}]
---
`
}

func configMapC(key, text string) string {
	return strings.Replace(mentionConf(key, text), "{name: conf}", "{name: c}", 1)
}

// TestX are the cases x-… that field reports and attempts to break both halves left: what both must refuse, each with what it is beside.
func TestX(t *testing.T) {
	const (
		fluentBit = "[OUTPUT]\n    Name es\n    Host HOST\n    tls On\n    tls.ca_file /ca/ca.crt\n[OUTPUT]\n    Name http\n    Host HOST\n    Port 9200\n    URI /audit/_doc\n    tls On"
		fluentd   = "<match app.**>\n  @type elasticsearch\n  host es-main\n  scheme https\n  ca_file /ca/ca.crt\n</match>\n" +
			"<match audit.**>\n  @type http\n  endpoint https://es-main:9200/audit/_doc\n</match>"
		logstash = "output {\n  elasticsearch { hosts => [\"https://elasticsearch:9200\"] ssl_certificate_authorities => [\"/ca/ca.crt\"] }\n" +
			"  http { url => \"https://elasticsearch:9200/audit/_doc\" http_method => \"post\" }\n}"
		ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: c}\n" +
			"spec: {rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: elasticsearch, port: {number: 9200}}}}]}}]}\n"
		httpRoute = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: c}\nspec: {rules: [{backendRefs: [{name: elasticsearch, port: 9200}]}]}\n"
		exporter  = "quay.io/prometheuscommunity/elasticsearch-exporter:v1.7.0"
		uri       = `args: ["--es.uri=https://elasticsearch:9200", "--es.ca=/ca/ca.crt"]`
	)
	bit := func(host string) string {
		return configMapC("fluent-bit.conf", strings.ReplaceAll(fluentBit, "HOST", host)) + reads("DaemonSet", "fluent/fluent-bit:3.1.0", "/fluent-bit/etc", "env: []")
	}
	app := func(more string) string { return reads("Deployment", "registry.example/shop:1", "/c", more) }
	for _, c := range []struct{ name, server, rest, object, other, instead string }{
		{"x-cmhost", "elasticsearch", configMapC("app.ini", "[search]\nes_host = elasticsearch\nes_port = 9200") + app("env: []"), "ConfigMap/c", "es_host", "es_index"},
		{"x-host-of-one-word", "elasticsearch", app("env: [{name: ELASTICSEARCH_HOST, value: elasticsearch}]"), "Deployment/c", "value: elasticsearch", "value: other"},
		{"x-env2", "elasticsearch", reads("Deployment", exporter, "/c", uri+`, env: [{name: REMOTE_URL, value: "https://elasticsearch:9200"}]`), "Deployment/c",
			`value: "https://elasticsearch`, `value: "https://other`},
		{"x-fb2", "elasticsearch", bit("elasticsearch"), "ConfigMap/c", "Name http\n        Host elasticsearch", "Name http\n        Host other"},
		{"x-fb3", "es-main", bit("es-main"), "ConfigMap/c", "Name http\n        Host es-main", "Name http\n        Host other"},
		{"x-fd2", "es-main", configMapC("fluent.conf", fluentd) + reads("DaemonSet", "fluent/fluentd:v1.16", "/fluentd/etc", "env: []"), "ConfigMap/c",
			"endpoint https://es-main", "endpoint https://other"},
		{"x-ls2", "elasticsearch", configMapC("a.conf", logstash) + reads("StatefulSet", "docker.elastic.co/logstash/logstash:8.19.0", "/usr/share/logstash/pipeline", "env: []"),
			"ConfigMap/c", `url => "https://elasticsearch`, `url => "https://other`},
		{"x-ingress", "elasticsearch", ingress, "Ingress/c", "service: {name: elasticsearch", "service: {name: other"},
		{"x-httproute", "elasticsearch", httpRoute, "HTTPRoute/c", "[{name: elasticsearch", "[{name: other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothSay(t, serverCalled(c.server)+c.rest, c.object, true)
			if strings.Count(c.rest, c.other) != 1 {
				t.Fatalf("%q is not there once", c.other)
			}
			bothSay(t, serverCalled(c.server)+strings.Replace(c.rest, c.other, c.instead, 1), c.object, false)
		})
	}
}

// TestXPasses are those of the cases x-… that are patched: want is what the output has then.
func TestXPasses(t *testing.T) {
	beside := func(host string) string {
		with := strings.NewReplacer("      volumes: [{name: certs", `      - name: metricbeat
        image: docker.elastic.co/beats/metricbeat:8.19.0
        volumeMounts: [{name: c, mountPath: /usr/share/metricbeat/metricbeat.yml, subPath: metricbeat.yml}]
      volumes: [{name: c, configMap: {name: c}}, {name: certs`).Replace(serverCalled("elasticsearch"))
		return with + configMapC("metricbeat.yml", "output.elasticsearch:\n  hosts: [\"https://"+host+":9200\"]\n  ssl.certificate_authorities: [/etc/ca.crt]")
	}
	const (
		jaeger = "extensions:\n  jaeger_storage:\n    backends:\n      main:\n        elasticsearch:\n          server_urls: [https://elasticsearch:9200]"
		alert  = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: r}\n" +
			"spec: {groups: [{name: es, rules: [{alert: Red, expr: up == 0, annotations: {description: \"look at https://elasticsearch:9200/_cluster/health\"}}]}]}\n"
		job = `apiVersion: batch/v1
kind: Job
metadata: {name: seed}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: seed
        image: registry.example/curl:1
        command: [sh, -c, "until curl -ks https://elasticsearch:9200; do sleep 1; done; sh /s/seed.sh"]
        volumeMounts: [{name: s, mountPath: /s}]
      volumes: [{name: s, configMap: {name: c}}]
`
	)
	for name, c := range map[string]struct{ stream, want string }{
		"x-ip4": {beside("localhost"), "ssl.certificate: "},
		"x-ip6": {beside("[::1]"), "ssl.certificate: "},
		"x-jaeger2": {serverCalled("elasticsearch") + configMapC("config.yaml", jaeger) + reads("Deployment", "jaegertracing/jaeger:2.4.0", "/etc/jaeger", "env: []"),
			"cert_file: "},
		"x-promrule": {serverCalled("elasticsearch") + alert, alert},
		"x-order":    {serverCalled("elasticsearch") + configMapC("seed.sh", "curl -k https://elasticsearch:9200/_ingest/pipeline/x -XPUT -d @/x") + job, "CURL_HOME"},
	} {
		t.Run(name, func(t *testing.T) {
			s := realSettings(config.ModeCertToken, config.Required)
			output, _, err := transform([]byte(c.stream), s)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(output), c.want) {
				t.Errorf("the output lacks %q:\n%s", c.want, output)
			}
			if g := verified(t, output, s); g.Verdict == verify.NotProven {
				t.Error(g.Text())
			}
		})
	}
}

// TestP8TheTypeOfAnOutput holds that the type of an output is expanded as its address is, and that one which cannot be read counts as
// Elasticsearch.
func TestP8TheTypeOfAnOutput(t *testing.T) {
	const (
		fluentd = "<match **>\n  @type TYPE\n  hosts \"#{ENV['TARGET']}\"\n  scheme https\n  ca_file /ca/ca.crt\n</match>"
		bit     = "[OUTPUT]\n    Name TYPE\n    Match *\n    Host search\n    Port 9200\n    tls On\n    tls.ca_file /ca/ca.crt"
		target  = `{name: TARGET, value: "search:9200"}`
	)
	for name, c := range map[string]struct {
		text, env string
		patched   bool
	}{
		"Fluentd, as it is":              {strings.Replace(fluentd, "TYPE", "elasticsearch", 1), "", true},
		"Fluentd, by a variable":         {strings.Replace(fluentd, "TYPE", `"#{ENV['KIND']}"`, 1), ", {name: KIND, value: elasticsearch}", true},
		"Fluentd, by a variable, unread": {strings.Replace(fluentd, "TYPE", `"#{ENV['KIND']}"`, 1), "", true},
		"Fluentd, another type":          {strings.Replace(fluentd, "TYPE", `"#{ENV['KIND']}"`, 1), ", {name: KIND, value: stdout}", false},
		"Fluent Bit, as it is":           {strings.Replace(bit, "TYPE", "es", 1), "", true},
		"Fluent Bit, by a variable":      {strings.Replace(bit, "TYPE", "${KIND}", 1), ", {name: KIND, value: es}", true},
		"Fluent Bit, unread":             {strings.Replace(bit, "TYPE", "${KIND}", 1), "", true},
		"Fluent Bit, another type":       {strings.Replace(bit, "TYPE", "${KIND}", 1), ", {name: KIND, value: \"null\"}", false},
	} {
		t.Run(name, func(t *testing.T) {
			key, image, folder := "fluent.conf", "fluent/fluentd:v1.16", "/fluentd/etc"
			if strings.HasPrefix(c.text, "[OUTPUT]") {
				key, image, folder = "fluent-bit.conf", "fluent/fluent-bit:3.1", "/fluent-bit/etc"
			}
			stream := mentionServer + configMapC(key, c.text) + reads("DaemonSet", image, folder, "env: ["+target+c.env+"]")
			s := realSettings(config.ModeCertToken, config.Required)
			output, _, err := transform([]byte(stream), s)
			patched := err == nil && strings.Contains(string(output), "/etc/elk-mtls/tls.key")
			if patched != c.patched {
				t.Errorf("it gets a certificate: %v, want %v: %v\n%s", patched, c.patched, err, output)
			}
			if err == nil && c.patched {
				if g := verified(t, output, s); g.Verdict == verify.NotProven {
					t.Error(g.Text())
				}
			}
		})
	}
}

// TestASwitchThatCannotBeRead holds that a connection of which nobody can tell whether it is used is answered for by nobody.
func TestASwitchThatCannotBeRead(t *testing.T) {
	const file = "xpack.monitoring.enabled: VALUE\nxpack.monitoring.elasticsearch.hosts: [\"https://search:9200\"]\n"
	const env = `env: [{name: OFF, value: "False"}, {name: HIDDEN, valueFrom: {secretKeyRef: {name: other, key: on}}}]`
	logstash := reads("Deployment", "docker.elastic.co/logstash/logstash:8.19.0", "/usr/share/logstash/config", env)
	for value, isOpen := range map[string]bool{"false": false, "${UNSET:false}": false, "${OFF}": false, "${HIDDEN}": true, "https://search:9200": true} {
		t.Run(value, func(t *testing.T) {
			bothSay(t, mentionServer+configMapC("logstash.yml", strings.Replace(file, "VALUE", value, 1))+logstash, "ConfigMap/c", isOpen)
		})
	}
}
