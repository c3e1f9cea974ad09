package plugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// TestFileModes holds that files which the process of a container may not read are refused, wherever the user has mounted them.
func TestFileModes(t *testing.T) {
	client := `apiVersion: v1
kind: ConfigMap
metadata:
  name: beat
data:
  filebeat.yml: |
    output.elasticsearch:
      hosts: ["https://es:9200"]
      ssl: {certificate_authorities: [/tls/ca.crt], certificate: /tls/tls.crt, key: /tls/tls.key}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: beat
spec:
  template:
    spec:
      securityContext: POD
      containers:
      - name: filebeat
        image: filebeat:8.19.0
        securityContext: CONTAINER
        volumeMounts: [{name: tls, mountPath: /tls}, {name: config, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]
      volumes: [{name: tls, VOLUME}, {name: config, configMap: {name: beat}}]
`
	kibana := `apiVersion: apps/v1
kind: Deployment
metadata:
  name: kibana
spec:
  template:
    spec:
      securityContext: POD
      containers:
      - name: kibana
        image: kibana:8.19.0
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://es:9200"}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /tls/ca.crt}
        - {name: ELASTICSEARCH_SSL_CERTIFICATE, value: /tls/tls.crt}
        - {name: ELASTICSEARCH_SSL_KEY, value: /tls/tls.key}
        securityContext: CONTAINER
        volumeMounts: [{name: tls, mountPath: /tls}]
      volumes: [{name: tls, VOLUME}]
`
	node := `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: es
spec:
  template:
    spec:
      securityContext: POD
      containers:
      - name: elasticsearch
        image: elasticsearch:8.19.0
        env:
        - {name: xpack.security.enabled, value: "true"}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.certificate, value: tls/tls.crt}
        - {name: xpack.security.http.ssl.key, value: tls/tls.key}
        securityContext: CONTAINER
        volumeMounts: [{name: tls, mountPath: /usr/share/elasticsearch/config/tls}]
      volumes: [{name: tls, VOLUME}]
`
	for name, stream := range map[string]string{"a client": client, "Kibana": kibana, "a node": node} {
		for _, c := range []struct{ what, pod, container, volume, refused string }{
			{"as Kubernetes has it", "{runAsUser: 1000}", "{}", "secret: {secretName: s}", ""},
			{"for root alone", "{runAsUser: 1000}", "{}", "secret: {secretName: s, defaultMode: 0400}", "has the mode 0400 and belongs to root, and its process is user 1000, no fsGroup\nhint: set fsGroup"},
			{"in decimal, for the container's user", "{}", "{runAsUser: 1000}", "secret: {secretName: s, defaultMode: 256}", "has the mode 256 and belongs to root, and its process is user 1000, no fsGroup\nhint: set fsGroup"},
			{"a projected volume", "{runAsNonRoot: true}", "{}", "projected: {defaultMode: 0400, sources: [{secret: {name: s}}]}", "has the mode 0400 and belongs to root, and its process is not root, no fsGroup\nhint: set fsGroup"},
			{"one file of it", "{runAsUser: 1000}", "{}", "secret: {secretName: s, items: [{key: ca.crt, path: ca.crt}, {key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key, mode: 0400}]}",
				"tls.key has the mode 0400"},
			{"the process is root", "{runAsUser: 1000}", "{runAsUser: 0}", "secret: {secretName: s, defaultMode: 0400}", ""},
			{"of the pod's group", "{runAsUser: 1000, fsGroup: 1000}", "{}", "secret: {secretName: s, defaultMode: 0400}", ""},
			{"of the process's group", "{runAsUser: 1000, runAsGroup: 0}", "{}", "secret: {secretName: s, defaultMode: 0440}", ""},
			{"the image decides", "{}", "{}", "secret: {secretName: s, defaultMode: 0400}", ""},
		} {
			t.Run(name+", "+c.what, func(t *testing.T) {
				settings := realSettings(config.ModeCertToken, config.Required)
				settings.Minter.SecretName = "minter"
				text := strings.NewReplacer("POD", c.pod, "CONTAINER", c.container, "VOLUME", c.volume).Replace(stream)
				output, _, err := transform([]byte(text), settings)
				switch {
				case c.refused == "" && err != nil:
					t.Error(err)
				case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused) || output != nil):
					t.Errorf("%v, want %s", err, c.refused)
				}
			})
		}
	}
}

// TestNetworkPolicies holds which policies the user is told of: those for Kibana's pods that restrict what these may call.
func TestNetworkPolicies(t *testing.T) {
	release := string(read(t, "testdata/charts/kibana-helm4/input.yaml"))
	for name, c := range map[string]struct {
		spec string
		told bool
	}{
		"every pod, nothing allowed":         {"{podSelector: {}, policyTypes: [Egress]}", true},
		"every pod, both ways":               {"{podSelector: {}, policyTypes: [Ingress, Egress]}", true},
		"every pod, some allowed":            {"{podSelector: {}, egress: [{ports: [{port: 9200}]}]}", true},
		"everything allowed":                 {"{podSelector: {}, policyTypes: [Egress], egress: [{}]}", false},
		"incoming only":                      {"{podSelector: {}, policyTypes: [Ingress]}", false},
		"Kibana by an expression":            {"{podSelector: {matchExpressions: [{key: app, operator: In, values: [kibana, x]}]}, policyTypes: [Egress]}", true},
		"Kibana by a label that it has":      {"{podSelector: {matchExpressions: [{key: app, operator: Exists}]}, policyTypes: [Egress]}", true},
		"others by an expression":            {"{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [kibana]}]}, policyTypes: [Egress]}", false},
		"others, who lack the label":         {"{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}, policyTypes: [Egress]}", false},
		"others by a label":                  {"{podSelector: {matchLabels: {app: other}}, policyTypes: [Egress]}", false},
		"a label fits, and a expression not": {"{podSelector: {matchLabels: {app: kibana}, matchExpressions: [{key: app, operator: DoesNotExist}]}, policyTypes: [Egress]}", false},
	} {
		t.Run(name, func(t *testing.T) {
			policy := "\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: policy\nspec: " + c.spec + "\n"
			_, outcome, err := transform([]byte(release+policy), settingsOf(t, "testdata/charts/kibana-helm4/config.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(fmt.Sprint(outcome.Todo), "NetworkPolicy/policy restricts"); told != c.told {
				t.Errorf("told: %v, want %v: %q", told, c.told, outcome.Todo)
			}
		})
	}
}
