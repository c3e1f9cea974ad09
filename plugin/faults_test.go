package plugin

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// kibanaOfFaults has lines of its own in kibana.yml, and more in its container.
func kibanaOfFaults(settings, container string) string {
	return `apiVersion: v1
kind: ConfigMap
metadata: {name: desk}
data:
  kibana.yml: |
    elasticsearch.hosts: ["https://search:9200"]
    elasticsearch.publicBaseUrl: https://search:9200
    elasticsearch.ssl.certificateAuthorities: [/tls/ca.crt]
` + settings + `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: desk}
spec:
  selector: {matchLabels: {app: desk}}
  template:
    metadata: {labels: {app: desk}}
    spec:
      securityContext: {fsGroup: 1000}
      containers:
      - name: kibana
        image: docker.elastic.co/kibana/kibana:8.19.2
        volumeMounts:
        - {name: config, mountPath: /usr/share/kibana/config/kibana.yml, subPath: kibana.yml}
        - {name: tls, mountPath: /tls}
` + container + `      volumes:
      - {name: config, configMap: {name: desk}}
      - {name: tls, secret: {secretName: search-tls}}
---
`
}

// beatOfFaults has two containers that read the same file.
const beatOfFaults = `apiVersion: v1
kind: ConfigMap
metadata: {name: beat}
data:
  filebeat.yml: |
    output.elasticsearch:
      hosts: ["https://search:9200"]
      ssl.enabled: false
      ssl.verification_mode: bogus
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: beat}
spec:
  selector: {matchLabels: {app: beat}}
  template:
    metadata: {labels: {app: beat}}
    spec:
      containers:
      - name: one
        image: docker.elastic.co/beats/filebeat:8.19.2
        volumeMounts: [{name: c, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]
      - name: two
        image: docker.elastic.co/beats/filebeat:8.19.2
        volumeMounts: [{name: c, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]
      volumes: [{name: c, configMap: {name: beat}}]
---
`

// exporterOfFaults is told no address by its flags, and started by a command, in a pod with what is given.
func exporterOfFaults(command, beside string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: metrics}
spec:
  selector: {matchLabels: {app: metrics}}
  template:
    metadata: {labels: {app: metrics}}
    spec:
      containers:
      - {name: e, image: "quay.io/prometheuscommunity/elasticsearch-exporter:v1.8.0", args: [--es.all], command: ` + command + `}
` + beside + "---\n"
}

// TestCallsNobody holds that an exporter whose calls lead nowhere is a line for the user in a stage that refuses nobody, and that a program
// beside it may be what it calls, and a script may say the address.
func TestCallsNobody(t *testing.T) {
	s := settingsOf(t, "")
	s.ClientAuthentication = config.Optional
	for _, c := range []struct {
		command, beside string
		want            bool
	}{
		{"[]", "", true},
		{"[/bin/elasticsearch_exporter]", "", true},
		{"[]", "      - {name: proxy, image: proxy}\n", false},
		{"[sh, -c, 'exec elasticsearch_exporter --es.uri=https://elsewhere.example:9200']", "", false},
		{"[/start.sh]", "", false},
	} {
		_, told, err := transform([]byte(mentionServer+exporterOfFaults(c.command, c.beside)), s)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(fmt.Sprint(told.Todo), "where no address is set"); got != c.want {
			t.Errorf("%s beside %q: the user is told: %t, want %t", c.command, c.beside, got, c.want)
		}
	}
}

// TestAllFaults holds that one run names all that is wrong, each with what it is about, and a name in a settings file that cannot be used
// not once more.
func TestAllFaults(t *testing.T) {
	probe := "        readinessProbe: {httpGet: {host: search, port: 9200, scheme: HTTPS}}\n"
	for _, c := range []struct {
		name, input string
		secret      string
		want        []string // the beginnings of the lines
	}{
		{"a token by hand", mentionServer + kibanaOfFaults("    elasticsearch.serviceAccountToken: ${TOKEN}\n", probe), "", []string{
			"Deployment/desk: elasticsearch.serviceAccountToken is set by hand",
			"Deployment/desk: the credentials that may create service tokens are not known",
			`Deployment/desk: container "kibana": readinessProbe.httpGet.host names Elasticsearch`,
		}},
		{"a file with a key twice", mentionServer + kibanaOfFaults("    server.port: 5601\n    server.port: 5602\n", probe), "", []string{
			`ConfigMap/desk: kibana.yml of container "kibana": line 39: the key ["server.port"] is there already`,
			`Deployment/desk: container "kibana": readinessProbe.httpGet.host names Elasticsearch`,
		}},
		{"two containers, each with two faults", mentionServer + beatOfFaults, "search-tls", []string{
			`Deployment/beat: container "one": output.elasticsearch.ssl.verification_mode is "bogus"`,
			`Deployment/beat: container "two": output.elasticsearch.ssl.verification_mode is "bogus"`,
		}},
		{"an exporter that is told no address", mentionServer + exporterOfFaults("[]", ""), "", []string{
			`Deployment/metrics: container "e" runs elasticsearch_exporter, which calls http://localhost:9200 where no address is set, and nothing else runs`,
		}},
		{"neither kind nor name", mentionServer + "spec: {containers: [{name: a, command: [x, 'https://search:9200']}]}\n", "", []string{
			"line 30 of the input names Elasticsearch (\"search\") in an object that has neither kind nor name",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settingsOf(t, "")
			s.Certificates.SecretName = c.secret
			_, _, err := transform([]byte(c.input), s)
			if err == nil {
				t.Fatal("it is taken")
			}
			var lines []string
			for _, p := range problem.All(err) {
				lines = append(lines, p.Line())
			}
			if !slices.EqualFunc(lines, c.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", err, strings.Join(c.want, "\n"))
			}
		})
	}
}
