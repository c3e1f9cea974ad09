package plugin

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// sweepValues are strings that name Elasticsearch in places where nobody would look for them.
func sweepValues(cluster string) []variant {
	holder := func(kind, field, key, text string) string {
		return fmt.Sprintf("---\napiVersion: v1\nkind: %s\nmetadata:\n  name: settings\n%s:\n  %s: |\n    %s\n", kind, field, key, strings.ReplaceAll(text, "\n", "\n    "))
	}
	reader := func(kind string) string {
		volume := "{name: settings, configMap: {name: settings}}"
		if kind == "Secret" {
			volume = "{name: settings, secret: {secretName: settings}}"
		}
		return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      volumes: [" + volume + "]\n      containers:\n" +
			"      - {name: app, image: app, volumeMounts: [{name: settings, mountPath: /etc/app}]}\n"
	}
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	wrapped := func(text string) string {
		code := encoded(text)
		return code[:20] + "\n" + code[20:]
	}
	const url, refusal = "https://elasticsearch-master:9200", `which Deployment/app/app reads, names Elasticsearch ("elasticsearch-master")`
	filebeat := func(more string) string { return strings.ReplaceAll(filebeatPod, "MORE", more) }
	return []variant{
		{name: "a line of a file in a language of its own", extra: holder("ConfigMap", "data", "app.toml", "# the endpoint\nendpoint = '"+url+"'") + reader("ConfigMap"),
			refused: "ConfigMap/settings: data[app.toml] line 2, " + refusal},
		{name: "a bare host under a name that says so", extra: holder("ConfigMap", "data", "app.ini", "[search]\nes_host = elasticsearch-master\nport = 9200") + reader("ConfigMap"),
			refused: "data[app.ini] line 2, " + refusal},
		{name: "a Secret in plain text", extra: holder("Secret", "stringData", "app.conf", "url: "+url) + reader("Secret"), refused: "Secret/settings: stringData[app.conf] > url line 1, " + refusal},
		{name: "a Secret in base64, whatever stands before it", extra: holder("Secret", "data", "app.conf", encoded("x\nurl: "+url)) + reader("Secret"),
			refused: "Secret/settings: data[app.conf] line 2, " + refusal},
		{name: "base64 over two lines", extra: holder("Secret", "data", "app.conf", wrapped("first: 1\nurl: "+url)) + reader("Secret"), refused: "data[app.conf] > url line 2, " + refusal},
		{name: "a name behind an escape", extra: "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  url: \"https://\\u0065lasticsearch-master:9200\"\n" + reader("ConfigMap"),
			refused: "ConfigMap/settings: data.url line 1, " + refusal},
		{name: "a configuration that nobody reads is something to do", extra: holder("ConfigMap", "data", "app.conf", "url: "+url),
			todo: "ConfigMap/settings: data[app.conf] > url line 1 names Elasticsearch (elasticsearch-master), and no container in the input reads it"},
		{name: "the container that reads it is listed", extra: holder("ConfigMap", "data", "app.conf", "url: "+url) + reader("ConfigMap"),
			spec: "{unmanaged: [{ref: Deployment/app/app, reason: has its own}]}", todo: "Deployment/app: unmanaged: has its own"},
		{name: "the container that reads it has a rule", extra: holder("ConfigMap", "data", "app.conf", "url: "+url) + reader("ConfigMap"),
			spec: "{rules: [{ref: Deployment/app, mountPath: /certs}]}", output: "mountPath: /certs"},
		{name: "comments, the transport port and longer names are none", not: "ConfigMap/settings",
			extra: holder("ConfigMap", "data", "app.conf", "# "+url+"\n  # es_host: elasticsearch-master\n// "+url+"\nseed: elasticsearch-master:9300\nother: https://my-elasticsearch-master:9200\nthird: https://elasticsearch-master2:9200") + reader("ConfigMap")},
		{name: "a container that mounts another key reads none of it", spec: "{rules: [{ref: Deployment/app/app, mountPath: /certs}]}", output: "mountPath: /certs",
			extra: holder("ConfigMap", "data", "app.conf", "url: "+url) + "  other.conf: x\n" +
				strings.Replace(reader("ConfigMap"), "mountPath: /etc/app}]}\n", "mountPath: /etc/app}]}\n      - {name: side, image: side, volumeMounts: [{name: settings, mountPath: /other.conf, subPath: other.conf}]}\n", 1)},
		{name: "of two variables one is read by nobody", extra: strings.NewReplacer("https://elasticsearch-master:9200", "https://${FIRST}", "env: []", "envFrom: [{configMapRef: {name: settings}}]").Replace(filebeat("")) +
			"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  FIRST: elasticsearch-master:9200\n  SECOND: " + url + "/other\n",
			output: "ssl.certificate: "},
		{name: "a bare host in a flag", extra: strings.Replace(reader("ConfigMap"), "image: app,", "image: app, args: [--es-host=elasticsearch-master],", 1),
			refused: `Deployment/app: container "app": args 1 names Elasticsearch ("elasticsearch-master")`},
		{name: "a custom resource that calls it", extra: "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata:\n  name: app\nspec:\n  triggers:\n  - type: elasticsearch\n    metadata:\n      addresses: \"" + url + "\"\n",
			refused: "ScaledObject/app: spec.triggers[0].metadata.addresses names Elasticsearch (\"elasticsearch-master\"), and elk-mtls does not know how to give it a certificate: it would be refused\nhint: configure a certificate"},
		{name: "an annotation, a certificate's names and an alert are none",
			extra: "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata:\n  name: app\n  annotations: {note: \"" + url + "\"}\nspec:\n  dnsNames: [elasticsearch-master]\n  uris: [\"" + url + "\"]\n" +
				"---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: alerts\nspec:\n  groups: [{rules: [{expr: 'up{instance=\"elasticsearch-master:9200\"}'}]}]\n",
			not: "PrometheusRule/alerts"},
		{name: "a route of the Gateway API", extra: "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: search\nspec:\n  rules:\n  - backendRefs:\n    - {name: elasticsearch-master, port: 9200}\n",
			refused: `HTTPRoute/search: spec.rules[0].backendRefs[0].name leads to Elasticsearch ("elasticsearch-master"): its controller is a client`},
		{name: "a setting of a known program that is no connection of its plan", extra: filebeat("processors: [{add_fields: {fields: {from: \"" + url + "\"}}}]"),
			refused: `ConfigMap/logs: data[filebeat.yml] > processors[0].add_fields.fields.from line 4, which DaemonSet/logs/logs reads, names Elasticsearch ("elasticsearch-master")`},
		{name: "an argument of a known program that its plan does not read",
			extra: strings.Replace(filebeat(""), "args: []",
				"args: [-E, 'setup.other.hosts=[\"elasticsearch-master:9200\"]']", 1),
			refused: `DaemonSet/logs: container "logs": args 2 names Elasticsearch ("elasticsearch-master")`},
		{name: "a variable that an address refers to belongs to it", extra: strings.NewReplacer("https://elasticsearch-master:9200", "${HOSTS}", "env: []", "env: [{name: HOSTS, value: \""+url+"\"}]").Replace(filebeat("")),
			output: "ssl.certificate: /etc/elk-mtls/tls.crt"},
		{name: "one that names a certificate", base: "kibana-config", spec: "{certificates: {secretName: corporate-pem, verificationMode: certificate}, minter: {secretName: m}}",
			replace: []string{"    elasticsearch:\n", "    xpack.fleet.outputs: [{id: a, hosts: [\"https://search-master:9200\"], config: {ssl.certificate: /c}}]\n    elasticsearch:\n",
				"https://es-0.", "https://search-master."},
			extra: cluster, todo: "the agents that get xpack.fleet.outputs.[0].hosts must present a certificate"},
		{name: "a Fleet output in Kibana's own file", base: "kibana-config", spec: "{certificates: {secretName: corporate-pem, verificationMode: certificate}, minter: {secretName: m}}",
			replace: []string{"    elasticsearch:\n", "    xpack.fleet.outputs: [{id: a, hosts: [\"https://search-master:9200\"]}]\n    elasticsearch:\n", "https://es-0.", "https://search-master."},
			extra:   cluster, refused: `> [xpack.fleet.outputs][0].hosts[0] line 5, which Deployment/elk-kibana/kibana reads, names Elasticsearch ("search-master"), and elk-mtls does not know how to give it a certificate: it would be refused` + "\nhint: " + `configure a`},
	}
}

const filebeatPod = `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: logs
data:
  filebeat.yml: |
    output.elasticsearch:
      hosts: ["https://elasticsearch-master:9200"]
      ssl.certificate_authorities: [/certs/ca.crt]
    MORE
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: logs
spec:
  template:
    spec:
      volumes:
      - {name: config, configMap: {name: logs}}
      - {name: certs, secret: {secretName: elasticsearch-master-certs}}
      containers:
      - name: logs
        image: filebeat
        args: []
        env: []
        volumeMounts:
        - {name: config, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}
        - {name: certs, mountPath: /certs}
`
