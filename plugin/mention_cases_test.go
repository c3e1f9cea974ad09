package plugin

import (
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// mentionServer is a node with TLS behind the Service "search", which has a fixed address.
const mentionServer = `apiVersion: v1
kind: Service
metadata: {name: search}
spec: {selector: {app: es}, clusterIP: 10.96.7.7, ports: [{name: http, port: 9200}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: node}
spec:
  serviceName: search
  selector: {matchLabels: {app: es}}
  template:
    metadata: {labels: {app: es}, annotations: {note: none}}
    spec:
      securityContext: {fsGroup: 1000, runAsUser: 1000}
      containers:
      - name: elasticsearch
        image: docker.elastic.co/elasticsearch/elasticsearch:8.19.0
        env:
        - {name: node.name, value: a}
        - {name: xpack.security.enabled, value: "true"}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.certificate, value: certs/tls.crt}
        - {name: xpack.security.http.ssl.key, value: certs/tls.key}
        - {name: xpack.security.http.ssl.certificate_authorities, value: certs/ca.crt}
        readinessProbe: {tcpSocket: {port: 9200}}
        volumeMounts: [{name: certs, mountPath: /usr/share/elasticsearch/config/certs}]
      volumes: [{name: certs, secret: {secretName: es-certs}}]
---
`

// mentionApp is an application with more in its container; it reads ConfigMap/conf.
func mentionApp(more string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: shop, image: "registry.example/shop:1", volumeMounts: [{name: c, mountPath: /c}], ` + more + `}
      volumes: [{name: c, configMap: {name: conf}}]
---
`
}

func mentionConf(key, text string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  " + key + ": |\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n---\n"
}

// bothSay holds what the two halves say of an object: refused and a finding, or neither.
func bothSay(t *testing.T, stream, object string, is bool) {
	t.Helper()
	s := realSettings(config.ModeCertToken, config.Required)
	output, _, err := transform([]byte(stream), s)
	refused := err != nil && slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(line string) bool {
		return strings.HasPrefix(line, object+": ") && (strings.Contains(line, "elk-mtls does not know how to give it a certificate") || strings.Contains(line, "leads to Elasticsearch"))
	})
	if refused != is {
		t.Errorf("the post-renderer refuses %s: %v, want %v: %v", object, refused, is, err)
	}
	text := []byte(stream)
	if err == nil {
		text = output
	}
	g := verified(t, text, s)
	found := false
	for _, f := range g.Findings {
		found = found || f.Code == "EMT021" && f.Object == object
	}
	if found != is {
		t.Errorf("verify finds %s: %v, want %v\n%s", object, found, is, g.Text())
	}
}

func TestF3AnAliasIsAName(t *testing.T) {
	alias := "apiVersion: v1\nkind: Service\nmetadata: {name: es, namespace: apps}\nspec: {type: ExternalName, externalName: search.default.svc.cluster.local}\n---\n"
	app := mentionApp(`env: [{name: U, value: "https://es:9200"}]`)
	bothSay(t, mentionServer+alias+app, "Deployment/shop", true)
	bothSay(t, mentionServer+strings.Replace(alias, "search.default", "other.default", 1)+app, "Deployment/shop", false)
}

func TestF5CustomResources(t *testing.T) {
	output := "apiVersion: logging.example/v1\nkind: Output\nmetadata: {name: o}\nspec: {elasticsearch: {host: search, port: 9200}}\n"
	bothSay(t, mentionServer+output, "Output/o", true)
	bothSay(t, mentionServer+strings.Replace(output, "host: search", "index: search", 1), "Output/o", false)
}

func TestF13AddressesThatAreNoNames(t *testing.T) {
	bothSay(t, mentionServer+mentionApp(`env: [{name: U, value: "http://10.96.7.7:9200"}]`), "Deployment/shop", true)
	bothSay(t, mentionServer+mentionApp(`env: [{name: U, value: "http://10.96.7.8:9200"}]`), "Deployment/shop", false)
	bothSay(t, mentionServer+mentionApp(`args: ["--url=https://$(SEARCH_SERVICE_HOST):9200"]`), "Deployment/shop", true)
}

func TestF14BareHosts(t *testing.T) {
	for name, text := range map[string]string{
		"ini": "[es]\nes_host = search", "properties": "es.nodes=other,search", "YAML": "es:\n  nodes:\n  - search", "HOCON": "search {\n  host = [\"search\"]\n}",
		"PHP": "<?php return ['host' => 'search'];", "Python": "ES = {'hosts': 'search'}", "XML": "<es><host>search</host></es>", "JSON": `{"es":{"url":"search"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			bothSay(t, mentionServer+mentionConf("a.conf", text)+mentionApp("env: []"), "ConfigMap/conf", true)
			bothSay(t, mentionServer+mentionConf("a.conf", strings.ReplaceAll(text, "search", "searching"))+mentionApp("env: []"), "ConfigMap/conf", false)
		})
	}
	for name, more := range map[string]string{
		"an option": `args: ["--elasticsearch=search"]`, "a list": `env: [{name: ES_NODES, value: "a,search"}]`, "JSON": `env: [{name: C, value: '{"host":"search"}'}]`,
		"capitals": `env: [{name: U, value: "HTTPS://SEARCH:9200"}]`,
	} {
		t.Run(name, func(t *testing.T) { bothSay(t, mentionServer+mentionApp(more), "Deployment/shop", true) })
	}
}

func TestF15Autodiscovery(t *testing.T) {
	hints := `annotations: {co.elastic.metrics/module: elasticsearch, co.elastic.metrics/hosts: "${data.host}:9200"}`
	bothSay(t, strings.Replace(mentionServer, "annotations: {note: none}", hints, 1), "StatefulSet/node", true)
	template := "metricbeat.autodiscover:\n  providers:\n  - templates:\n    - config:\n      - module: MODULE\n        hosts: [\"https://${data.host}:9200\"]"
	bothSay(t, mentionServer+mentionConf("metricbeat.yml", strings.Replace(template, "MODULE", "elasticsearch", 1))+mentionApp("env: []"), "ConfigMap/conf", true)
	bothSay(t, mentionServer+mentionConf("metricbeat.yml", strings.Replace(template, "MODULE", "nginx", 1))+mentionApp("env: []"), "ConfigMap/conf", false)
}

// TestF19NamesAreNoAddresses holds that a variable which only holds a name is said, and refuses nothing.
func TestF19NamesAreNoAddresses(t *testing.T) {
	for _, name := range []string{"FULLNAME", "CLUSTER_NAME"} {
		stream := mentionServer + mentionApp("env: [{name: "+name+", value: search}]")
		bothSay(t, stream, "Deployment/shop", false)
		s := realSettings(config.ModeCertToken, config.Required)
		output, outcome, err := transform([]byte(stream), s)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(outcome.Text(), name) || !slices.ContainsFunc(verified(t, output, s).Assumptions, func(a string) bool { return strings.Contains(a, name) }) {
			t.Errorf("%s is not said:\n%s", name, outcome.Text())
		}
	}
}

func TestP5WhatKibanaCallsIsAName(t *testing.T) {
	kibana := `apiVersion: apps/v1
kind: Deployment
metadata: {name: dash}
spec:
  selector: {matchLabels: {app: k}}
  template:
    metadata: {labels: {app: k}}
    spec:
      securityContext: {fsGroup: 1000}
      containers:
      - name: kibana
        image: docker.elastic.co/kibana/kibana:8.19.0
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://search.example.org:9200"}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /tls/ca.crt}
        volumeMounts: [{name: tls, mountPath: /tls}]
      volumes: [{name: tls, secret: {secretName: es-certs}}]
---
`
	bothSay(t, kibana+mentionApp(`env: [{name: U, value: "https://search.example.org:9200"}]`), "Deployment/shop", true)
	bothSay(t, kibana+mentionApp(`env: [{name: U, value: "https://other.example.org:9200"}]`), "Deployment/shop", false)
}

// TestOneGoodCallHidesNoOther holds that a claim is of a place: behind a curl with a certificate another program is seen.
func TestOneGoodCallHidesNoOther(t *testing.T) {
	job := func(script string) string {
		return `apiVersion: batch/v1
kind: Job
metadata: {name: load}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: load, image: tools, command: [sh, -c, "` + script + `"]}]
`
	}
	bothSay(t, mentionServer+job("curl -k https://search:9200/_cat"), "Job/load", false)
	bothSay(t, mentionServer+job("curl -k https://search:9200/_cat; python3 /load.py https://search:9200"), "Job/load", true)
}

// TestRoutesAreClients holds that both halves name a route to a node until it is listed, and none that lets TLS through.
func TestRoutesAreClients(t *testing.T) {
	route := "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r}\nspec: {to: {kind: Service, name: search}, tls: {termination: reencrypt}}\n"
	bothSay(t, mentionServer+route, "Route/r", true)
	bothSay(t, mentionServer+strings.Replace(route, "reencrypt", "passthrough", 1), "Route/r", false)
	s := realSettings(config.ModeCertToken, config.Required)
	s.Unmanaged = []config.Unmanaged{{Ref: "Route/r", Reason: "the router has a certificate"}}
	if _, _, err := transform([]byte(mentionServer+route), s); err != nil {
		t.Error(err)
	}
}

// TestP5NothingIsRecognised holds that a run which finds nothing to secure says so.
func TestP5NothingIsRecognised(t *testing.T) {
	const vector = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: v}\nspec: {template: {spec: {containers: [{name: v, image: vector, env: [{name: U, value: x}]}]}}}\n"
	for input, want := range map[string]bool{vector: true, mentionServer: false} {
		var stdout, stderr strings.Builder
		code := run([]string{"--init-image", testImage}, nil, strings.NewReader(input), &stdout, &stderr)
		if said := strings.Contains(stderr.String(), "no known client"); code != exitDone || said != want || want && stdout.String() != input {
			t.Errorf("%d, says so: %v, want %v: %s", code, said, want, stderr.String())
		}
	}
}

// What a resource runs hides nothing else in it, and neither does what it is called by.
func TestAResourceIsReadAsAWhole(t *testing.T) {
	for name, spec := range map[string]string{
		"beside what it runs":  `{image: "x:1", env: [{name: A, value: b}], config: {exporter: {endpoint: "https://search:9200"}}}`,
		"in a selector":        `{selector: {url: "https://search:9200"}}`,
		"a script of a step":   `{steps: [{image: "x:1", args: [a], script: "wget https://search:9200"}]}`,
		"a key is the address": `{routes: {"https://search:9200": all}}`,
	} {
		t.Run(name, func(t *testing.T) {
			bothSay(t, mentionServer+"apiVersion: example.org/v1\nkind: Task\nmetadata: {name: w}\nspec: "+spec+"\n---\n", "Task/w", true)
		})
	}
}

// A ConfigMap that one reader uses rightly may be read by another.
func TestOneGoodReaderHidesNoOther(t *testing.T) {
	const conf = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: urls}\ndata: {ES_URL: \"https://search:9200\"}\n---\n"
	app := func(name, command string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + "}\nspec:\n  selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n" +
			"    spec:\n      containers:\n      - name: c\n        image: x:1\n        command: " + command + "\n        envFrom: [{configMapRef: {name: urls}}]\n" +
			"        volumeMounts: [{name: certs, mountPath: /certs}]\n      volumes: [{name: certs, secret: {secretName: es-certs}}]\n---\n"
	}
	good := app("good", `[sh, -c, "curl --cacert /certs/ca.crt --cert /certs/tls.crt --key /certs/tls.key $ES_URL"]`)
	g := verified(t, []byte(mentionServer+conf+good), realSettings(config.ModeCertToken, config.Required))
	if text := g.Text(); strings.Contains(text, "EMT021") {
		t.Fatalf("the good reader alone is a finding:\n%s", text)
	}
	g = verified(t, []byte(mentionServer+conf+good+app("shop", "[shop]")), realSettings(config.ModeCertToken, config.Required))
	if text := g.Text(); !strings.Contains(text, "EMT021") {
		t.Errorf("the other reader is not seen:\n%s", text)
	}
}

// A Service that cannot be read is said to be broken.
func TestABrokenServiceIsAnError(t *testing.T) {
	broken := strings.Replace(mentionServer, "metadata: {name: search}", "metadata: {name: [::1]}", 1)
	if _, _, err := transform([]byte(broken), realSettings(config.ModeCertToken, config.Required)); err == nil {
		t.Error("it passes")
	}
}

// TestAVariableOfAWrapper holds that a program nobody knows may read a variable, also where the files of a known one are mounted.
func TestAVariableOfAWrapper(t *testing.T) {
	const file = "output.elasticsearch:\n  hosts: [\"https://search:9200\"]\n"
	for command, is := range map[string]bool{"args: [-e]": false, "command: [filebeat, -e]": false, "command: [/start]": true, "command: [sh, /start]": true} {
		t.Run(command, func(t *testing.T) {
			app := strings.Replace(mentionApp(command+`, env: [{name: ES_URL, value: "https://search:9200"}]`), "registry.example/shop:1", "beats/filebeat:8.19.2", 1)
			app = strings.Replace(app, "mountPath: /c}", "mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}", 1)
			bothSay(t, mentionServer+mentionConf("filebeat.yml", file)+app, "Deployment/shop", is)
		})
	}
}
