package plugin

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// clusterOf is a node with a certificate of a CA of its own; more is put beside its settings.
func clusterOf(name, more string) string {
	return strings.ReplaceAll(fmt.Sprintf(`---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {selector: {app: NAME}, ports: [{port: 9200}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: NAME}
spec:
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers:
      - name: elasticsearch
        image: elasticsearch:8.19.4
        env:
        - {name: cluster.name, value: NAME}
        - {name: xpack.security.enabled, value: "true"}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.certificate, value: certs/tls.crt}
        - {name: xpack.security.http.ssl.key, value: certs/tls.key}
        - {name: xpack.security.http.ssl.certificate_authorities, value: certs/ca.crt}
%s        readinessProbe: {exec: {command: [curl, -fsk, "https://localhost:9200"]}}
        volumeMounts: [{name: certs, mountPath: /usr/share/elasticsearch/config/certs}]
      volumes: [{name: certs, secret: {secretName: NAME-tls}}]
`, more), "NAME", name)
}

// clusters are two of them, ledger and attic, without their Secrets.
func clusters() string {
	return clusterOf("ledger", "") + clusterOf("attic", "")
}

// pairsOf gives the Secrets of both, of different CAs.
func pairsOf() string {
	var b strings.Builder
	for _, name := range []string{"ledger", "attic"} {
		ca := pki.NewCA("root of " + name)
		pair := ca.Leaf(pki.Options{CN: name, SANs: []string{name, "localhost"}})
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s-tls}\nstringData: {ca.crt: %q, tls.crt: %q, tls.key: %q}\n", name, ca.Cert, pair.Cert, pair.Key)
	}
	return b.String()
}

// pipelineToBoth is a Logstash with an output to each; ca is the setting of the CA, with NAME for the cluster.
func pipelineToBoth(ca string) string {
	output := func(name string) string {
		return `elasticsearch { hosts => ["https://` + name + `:9200"] ` + strings.ReplaceAll(ca, "NAME", name) + ` }`
	}
	return `---
apiVersion: v1
kind: ConfigMap
metadata: {name: sorter}
data:
  main.conf: 'output { ` + output("ledger") + ` ` + output("attic") + ` }'
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: sorter}
spec:
  template:
    spec:
      containers:
      - name: logstash
        image: logstash:8.19.4
        volumeMounts:
        - {name: pipeline, mountPath: /usr/share/logstash/pipeline}
        - {name: ledger, mountPath: /etc/ledger}
        - {name: attic, mountPath: /etc/attic}
      volumes:
      - {name: pipeline, configMap: {name: sorter}}
      - {name: ledger, secret: {secretName: ledger-tls, items: [{key: ca.crt, path: ca.crt}]}}
      - {name: attic, secret: {secretName: attic-tls, items: [{key: ca.crt, path: ca.crt}]}}
`
}

const exportersOfBoth = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: metrics}
spec:
  template:
    spec:
      containers:
      - {name: ledger, image: "prometheuscommunity/elasticsearch-exporter:v1.7.0", args: ["--es.uri=https://ledger:9200"]}
      - {name: attic, image: "prometheuscommunity/elasticsearch-exporter:v1.7.0", args: ["--es.uri=https://attic:9200", "--web.listen-address=:9115"]}
`

const bothByOwnCA = `ssl_certificate_authorities => "/etc/NAME/ca.crt"`

// TestTwoClusters holds that a pair is judged by every server that it is presented to (F2, Q4): where the input shows that one does not accept
// it, an error names what helps, and that helps; where it does not, the report says what must hold.
func TestTwoClusters(t *testing.T) {
	const refused = `Secret/ledger-tls key "tls.crt" was not signed by a CA that Elasticsearch accepts (StatefulSet/attic): x509: certificate signed by unknown authority` + "\nhint: " +
		"name its CA in certificates.clientCA, or a Secret with a key pair that is accepted there in certificates.clients (ref: "
	const trusted = "certificates: {clientCA: {secretName: ledger-tls, key: ca.crt}}"
	monitoring := `        - {name: xpack.monitoring.exporters.far.type, value: http}
        - {name: xpack.monitoring.exporters.far.host, value: "https://attic:9200"}
        - {name: xpack.monitoring.exporters.far.ssl.certificate_authorities, value: certs/far.crt}
`
	monitored := clusterOf("ledger", monitoring) + clusterOf("attic", "")
	for _, test := range []struct{ name, input, spec, refused, output, report string }{
		{name: "two outputs", input: clusters() + pairsOf() + pipelineToBoth(bothByOwnCA), refused: "StatefulSet/sorter: " + refused + "StatefulSet/sorter) [EMR012]"},
		{name: "two outputs, and each cluster trusts the CA", input: clusters() + pairsOf() + pipelineToBoth(bothByOwnCA), spec: trusted, output: `kind: StatefulSet\nmetadata: {name: sorter`},
		{name: "two outputs that name no CA", input: clusters() + pairsOf() + pipelineToBoth(""), spec: trusted, output: `ssl_certificate_authorities => \["/etc/elk-mtls/ca-attic.crt"\]`},
		{name: "two outputs, Secrets elsewhere", input: clusters() + pipelineToBoth(bothByOwnCA),
			report: `StatefulSet/sorter: Secret/ledger-tls key "tls.crt" must be signed by a CA that StatefulSet/attic accepts`},
		{name: "two exporters in a pod", input: clusters() + pairsOf() + exportersOfBoth, refused: "Deployment/metrics: " + refused + "Deployment/metrics/attic) [EMR012]"},
		{name: "two exporters in a pod, a pair for one of them", input: clusters() + pairsOf() + exportersOfBoth,
			spec: "certificates: {clients: [{ref: Deployment/metrics/attic, secretName: attic-tls}]}", output: `(?s)name: elk-mtls-client-attic\n +projected:.*name: attic-tls`},
		{name: "two exporters in a pod, a pair for a container that is not there", input: clusters() + exportersOfBoth,
			spec: "certificates: {clients: [{ref: Deployment/metrics/cellar, secretName: attic-tls}]}", report: "Deployment/metrics/cellar is none of the clients"},
		{name: "a node that monitors the other", input: monitored + pairsOf(), refused: "StatefulSet/ledger: " + refused + "StatefulSet/ledger) [EMR012]"},
		{name: "a node that monitors the other, Secrets elsewhere", input: monitored,
			report: `StatefulSet/ledger: Secret/ledger-tls key "tls.crt" must be signed by a CA that StatefulSet/attic accepts`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {" + test.spec + "}"))
			if err != nil {
				t.Fatal(err)
			}
			s.InitContainer.Image = testImage
			s = s.WithDefaults()
			output, outcome, err := transform([]byte(test.input), s)
			if test.refused != "" {
				if err == nil || err.Error() != test.refused {
					t.Errorf("refused with\n%v\nwant\n%s", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			twiceIsOnce(t, output, s)
			if !regexp.MustCompile(test.output).Match(output) {
				t.Errorf("%s is not in\n%s", test.output, output)
			}
			if !strings.Contains(outcome.Text(), test.report) {
				t.Errorf("%q is not in\n%s", test.report, outcome.Text())
			}
			if g := verified(t, output, s); g.Verdict == verify.NotProven {
				t.Errorf("verify: %v", codes(g))
			}
		})
	}
}
