package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

const shipperOfElsewhere = `apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: shipper
spec:
  template:
    spec:
      containers:
      - name: filebeat
        image: docker.elastic.co/beats/filebeat:8.19.0
        volumeMounts: [{name: config, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]
      volumes: [{name: config, configMap: {name: of-another-release}}]
`

const nodeByHand = `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: search
spec:
  template:
    spec:
      securityContext: {fsGroup: 1000}
      containers:
      - name: elasticsearch
        image: docker.elastic.co/elasticsearch/elasticsearch:8.19.0
        env:
        - {name: xpack.security.enabled, value: "true"}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.client_authentication, value: STAGE}
        - {name: xpack.security.http.ssl.certificate, value: certs/tls.crt}
        - {name: xpack.security.http.ssl.key, value: certs/tls.key}
        - {name: xpack.security.http.ssl.certificate_authorities, value: certs/ca.crt}
        - {name: discovery.type, value: single-node}
        volumeMounts: [{name: certs, mountPath: /usr/share/elasticsearch/config/certs}]
      volumes: [{name: certs, secret: {secretName: search-pki}}]
`

// TestF12Needs holds that nothing is refused for want of what a mode or a stage does not give: what is left alone is in the report.
func TestF12Needs(t *testing.T) {
	neverPresents := strings.Replace(console+ownSecret, "        - name: ELASTICSEARCH_SERVICE",
		"        - {name: ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE, value: \"false\"}\n        - name: ELASTICSEARCH_SERVICE", 1)
	const never = `ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE, value: "false"`
	optional := strings.Replace(nodeByHand, "STAGE", "optional", 1)
	required := strings.Replace(nodeByHand, "STAGE", "required", 1)
	const input = `apiVersion: v1
kind: ConfigMap
metadata: {name: sorter}
data:
  main.conf: |
    input { elasticsearch { hosts => ["https://es:9200"] ssl => true ca_file => "/pki/ca.crt" } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sorter}
spec:
  template:
    spec:
      containers:
      - name: logstash
        image: docker.elastic.co/logstash/logstash:8.5.1
        volumeMounts: [{name: pipeline, mountPath: /usr/share/logstash/pipeline}, {name: pki, mountPath: /pki}]
      volumes: [{name: pipeline, configMap: {name: sorter}}, {name: pki, secret: {secretName: sorter-pki}}]
`
	const old = "cannot present a certificate in this version of Logstash"
	const left, stays, removed = "was left alone, and is refused as soon as", "is optional in env", "remove it before clientAuthentication is required"
	for _, c := range []struct{ name, stream, mode, stage, keeps, says, refused string }{
		{"a file of elsewhere, no certificates", shipperOfElsewhere, config.ModeToken, config.None, shipperOfElsewhere, "", ""},
		{"a file of elsewhere, nobody asks", shipperOfElsewhere, config.ModeCertToken, config.None, shipperOfElsewhere, left, ""},
		{"a file of elsewhere, nobody is refused", shipperOfElsewhere, config.ModeCertToken, config.Optional, shipperOfElsewhere, left, ""},
		{"a file of elsewhere, required", shipperOfElsewhere, config.ModeCertToken, config.Required, "", "", "is not in the input"},
		{"Kibana presents none, no certificates", neverPresents, config.ModeToken, config.None, never, "", ""},
		{"Kibana presents none, nobody asks", neverPresents, config.ModeCertToken, config.None, never, removed, ""},
		{"Kibana presents none, nobody is refused", neverPresents, config.ModeCertToken, config.Optional, never, removed, ""},
		{"Kibana presents none, required", neverPresents, config.ModeCertToken, config.Required, "", "", "alwaysPresentCertificate is false"},
		{"optional by hand, no certificates", optional, config.ModeToken, config.None, optional, stays, ""},
		{"optional by hand, none asked", optional, config.ModeCertToken, config.None, "client_authentication, value: optional", stays, ""},
		{"an input that has no certificate, no certificates", input, config.ModeToken, config.None, input, "", ""},
		{"an input that has no certificate, nobody is refused", input, config.ModeCertToken, config.Optional, "ca_file => \"/pki/ca.crt\"", old, ""},
		{"an input that has no certificate, required", input, config.ModeCertToken, config.Required, "", "", old},
		{"required by hand, no certificates", required, config.ModeToken, config.None, "", "", `is "required"`},
		{"required by hand, none asked", required, config.ModeCertToken, config.None, "", "", `is "required"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings := realSettings(c.mode, c.stage)
			settings.Certificates.Clients = []config.Client{{Ref: "Deployment/console", SecretName: "console-pki"}}
			output, outcome, err := transform([]byte(c.stream), settings)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v, expected %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(output), c.keeps) || !strings.Contains(outcome.Text(), c.says) {
				t.Errorf("expected %q kept and %q said:\n%s\n%s", c.keeps, c.says, output, outcome.Text())
			}
			if g := verified(t, output, settings); g.Verdict == verify.NotProven {
				t.Error(g.Text())
			}
		})
	}
}

// TestNamedForOneClient holds that the Secret that the configuration names for a client brings the CA too, where the client names none.
func TestNamedForOneClient(t *testing.T) {
	const stream = `apiVersion: apps/v1
kind: Deployment
metadata: {name: metrics, namespace: monitoring}
spec:
  template:
    spec:
      containers:
      - name: exporter
        image: quay.io/prometheuscommunity/elasticsearch-exporter:v1.8.0
        args: ["--es.uri=https://search.logs.svc:9200"]
`
	settings := realSettings(config.ModeCertToken, config.Required)
	_, _, err := transform([]byte(stream), settings)
	if err == nil || !strings.Contains(err.Error(), "in certificates.clients (ref: Deployment/metrics) or certificates.secretName") {
		t.Errorf("with nothing named: %v", err)
	}
	settings.Certificates.Clients = []config.Client{{Ref: "Deployment/metrics", SecretName: "metrics-pki"}}
	output := mustTransform(t, []byte(stream), settings)
	if !strings.Contains(string(output), "key: ca.crt") {
		t.Errorf("it trusts nobody:\n%s", output)
	}
	if g := verified(t, output, settings); g.Verdict == verify.NotProven {
		t.Error(g.Text())
	}
}

// TestAddressInASecret holds that an address which Kubernetes puts into a command line is followed: the node it leads to says whom to trust.
func TestAddressInASecret(t *testing.T) {
	stream := strings.Replace(nodeByHand, "STAGE", "required", 1) + `---
apiVersion: v1
kind: Service
metadata: {name: search}
spec:
  ports: [{port: 9200}]
---
apiVersion: v1
kind: Secret
metadata: {name: where}
stringData: {uri: "https://monitor:secret@search:9200"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: metrics}
spec:
  template:
    spec:
      containers:
      - name: exporter
        image: quay.io/prometheuscommunity/elasticsearch-exporter:v1.8.0
        args: [--es.uri=$(URI)]
        env: [{name: URI, valueFrom: {secretKeyRef: {name: where, key: uri}}}]
`
	stream = strings.Replace(stream, "  template:\n", "  selector: {matchLabels: {app: search}}\n  template:\n    metadata: {labels: {app: search}}\n", 1)
	stream = strings.Replace(stream, "  ports: [", "  selector: {app: search}\n  ports: [", 1)
	settings := realSettings(config.ModeCertToken, config.Required)
	output := mustTransform(t, []byte(stream), settings)
	if !strings.Contains(string(output), "--es.ca=/etc/elk-mtls/ca.crt") || !strings.Contains(string(output), "args: [--es.uri=$(URI)") {
		t.Errorf("got\n%s", output)
	}
	if g := verified(t, output, settings); g.Verdict == verify.NotProven {
		t.Error(g.Text())
	}
	plain := strings.Replace(stream, "https://monitor", "http://monitor", 1)
	if _, _, err := transform([]byte(plain), settings); err == nil || !strings.Contains(err.Error(), "an address of plain HTTP") || strings.Contains(err.Error(), "secret@") {
		t.Errorf("by plain HTTP: %v", err)
	}
}
