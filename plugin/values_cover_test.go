package plugin

import (
	"fmt"
	"strings"
)

// coverValues are clients that name Elasticsearch more than once: what a plan answers for is a place and not a value,
// so that the same address elsewhere in the same file, command or environment is a client of its own.
func coverValues() []variant {
	return append(coverFileValues(), coverContainerValues()...)
}

const coverURL = "https://elasticsearch-master:9200"

// covered is a Deployment with one file of a ConfigMap; more are further fields of its container.
func covered(image, file, text, more string) string {
	return fmt.Sprintf(coverPod, file, strings.ReplaceAll(text, "\n", "\n    "), image, more)
}

func coverFileValues() []variant {
	fluentBit := func(host string) string {
		return strings.ReplaceAll("[OUTPUT]\n  Name es\n  Host HOST\n  Port 9200\n  tls on\n  tls.ca_file /certs/ca.crt\n"+
			"[OUTPUT]\n  Name http\n  Host HOST\n  Port 9200\n  tls on", "HOST", host)
	}
	logstash := func(more string) string {
		output := "elasticsearch { hosts => [\"" + coverURL + "\"] ssl_certificate_authorities => [\"/certs/ca.crt\"] }"
		return "output { " + output + more + " }"
	}
	fluentd := func(address, more string) string {
		const tls = "\n  scheme https\n  ca_file /certs/ca.crt\n"
		return "<match a>\n  @type elasticsearch\n  " + address + tls + "</match>\n" + more
	}
	const (
		names    = ", which Deployment/ship/ship reads, names Elasticsearch (\"elasticsearch-master\")"
		given    = "ssl_certificate_authorities => [\"/certs/ca.crt\"] ssl_"
		settings = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: env\ndata:\n  ES: elasticsearch-master\n"
	)
	return []variant{
		{name: "a second output of Fluent Bit to the same host",
			extra:   covered("fluent-bit", "a.conf", fluentBit("elasticsearch-master"), ""),
			refused: "ConfigMap/ship: data[a.conf] line 9" + names},
		{name: "a second output of Fluent Bit by the same variable",
			extra:   covered("fluent-bit", "a.conf", fluentBit("${ES}"), "env: [{name: ES, value: elasticsearch-master}], "),
			refused: "ConfigMap/ship: data[a.conf] line 9" + names},
		{name: "a second output of Fluent Bit by a variable of a ConfigMap",
			extra:   covered("fluent-bit", "a.conf", fluentBit("${ES}"), "envFrom: [{configMapRef: {name: env}}], ") + settings,
			refused: "ConfigMap/ship: data[a.conf] line 9" + names},
		{name: "a second output of Fluent Bit in YAML",
			extra: covered("fluent-bit", "a.yaml", "pipeline:\n  outputs:\n"+
				"  - {name: es, host: elasticsearch-master, port: 9200, tls: on, tls.ca_file: /certs/ca.crt}\n"+
				"  - {name: http, host: elasticsearch-master, port: 9200}", ""),
			refused: "ConfigMap/ship: data[a.yaml] > pipeline.outputs[1].host line 4" + names},
		{name: "a second output of Logstash, on the same line",
			extra:   covered("logstash:8.19.0", "a.conf", logstash(" http { url => \""+coverURL+"/x\" }"), ""),
			refused: "ConfigMap/ship: data[a.conf] line 1" + names},
		{name: "a second output of Fluentd",
			extra: covered("fluentd", "a.conf", fluentd("host elasticsearch-master",
				"<match b>\n  @type http\n  endpoint "+coverURL+"/x\n</match>"), ""),
			refused: "ConfigMap/ship: data[a.conf] line 9" + names},
		{name: "an address of Logstash's monitoring, which is off", output: given,
			extra: covered("logstash:8.19.0", "a.conf", logstash(""),
				"env: [{name: XPACK_MONITORING_ELASTICSEARCH_HOSTS, value: '"+coverURL+"'}], ")},
		{name: "a comment behind a setting names nothing", output: given,
			extra: covered("logstash:8.19.0", "a.conf", logstash(" # was "+coverURL+"\n")+"\n# "+coverURL, "")},
		{name: "the other name of an address is idle", output: "client_cert /etc/elk-mtls/tls.crt",
			extra: covered("fluentd", "a.conf", fluentd("host elasticsearch-master\n  hosts "+coverURL, ""), "")},
		{name: "a variable in Ruby belongs to the address", output: "client_cert /etc/elk-mtls/tls.crt",
			extra: covered("fluentd", "a.conf", fluentd(`hosts "#{ENV['ES']}"`, ""),
				"env: [{name: ES, value: '"+coverURL+"'}], ")},
	}
}

func coverContainerValues() []variant {
	exporter := func(words, env string) string {
		return covered("x/exporter", "url", coverURL, "args: ['--es.ca=/certs/ca.crt', "+words+"], env: ["+env+"], ")
	}
	cleaner := func(words, env string) string {
		return covered("jaeger-es-index-cleaner", "a", "x", "args: ['7', "+words+"], "+
			"env: [{name: ES_SERVER_URLS, value: '"+coverURL+"'}, {name: ES_TLS_CA, value: /certs/ca.crt}"+env+"], ")
	}
	const (
		ship   = `Deployment/ship: container "ship": `
		byKey  = "{name: ES, valueFrom: {configMapKeyRef: {name: ship, key: url}}}"
		reader = "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: app\nspec:\n  containers:\n" +
			"  - {name: app, image: app, env: [" + byKey + "]}\n"
	)
	return []variant{
		{name: "the address in a second variable", refused: ship + `env "REMOTE_URL" names Elasticsearch`,
			extra: exporter("'--es.uri="+coverURL+"'", "{name: REMOTE_URL, value: '"+coverURL+"'}")},
		{name: "the variable of an address in another argument", refused: ship + "args 3 names Elasticsearch",
			extra: exporter("'--es.uri=$(ES)', '--remote=$(ES)'", "{name: ES, value: '"+coverURL+"'}")},
		{name: "the address as another flag's word", refused: ship + "args 5 names Elasticsearch",
			extra: exporter("--es.uri, '"+coverURL+"', --remote, '"+coverURL+"'", "")},
		{name: "a line of a text beside it", refused: ship + "args 3 line 2 names Elasticsearch",
			extra: exporter("'--es.uri="+coverURL+"', \"a\\nb "+coverURL+"\"", "")},
		{name: "Jaeger does not read what its chart repeats", output: "ES_TLS_CERT",
			extra: cleaner("'"+coverURL+"'", ", {name: ES_NODES, value: '"+coverURL+"'}")},
		{name: "and reads one address among its words", refused: ship + "args 3 names Elasticsearch",
			extra: cleaner("--remote, '"+coverURL+"', '"+coverURL+"'", "")},
		{name: "a variable of a ConfigMap under another name", output: "--es.client-cert=/etc/elk-mtls/tls.crt",
			extra: strings.Replace(exporter("'--es.uri=$(ES)'", byKey), "{name: ship, mountPath: /fluent-bit/etc}, ", "", 1)},
		{name: "a variable of a ConfigMap that another container reads too",
			extra:   exporter("'--es.uri=$(ES)'", byKey) + reader,
			refused: "ConfigMap/ship: data.url line 1, which Pod/app/app reads, names Elasticsearch"},
	}
}

const coverPod = `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: ship
data:
  %s: |
    %s
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ship
spec:
  template:
    spec:
      volumes:
      - {name: ship, configMap: {name: ship}}
      - {name: certs, secret: {secretName: elasticsearch-master-certs}}
      containers:
      - {name: ship, image: "%s", %s
        volumeMounts: [{name: ship, mountPath: /fluent-bit/etc}, {name: certs, mountPath: /certs}]}
`
