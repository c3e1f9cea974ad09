package plugin

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// filebeatOf is a Filebeat, with these settings.
func filebeatOf(name, settings string) string {
	return strings.ReplaceAll(`---
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME}
data:
  filebeat.yml: |
    `, "NAME", name) + strings.ReplaceAll(settings, "\n", "\n    ") + strings.ReplaceAll(`
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: NAME}
spec:
  template:
    spec:
      containers:
      - name: filebeat
        image: filebeat:8.19.4
        volumeMounts: [{name: conf, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]
      volumes: [{name: conf, configMap: {name: NAME}}]
`, "NAME", name)
}

// drip is a Fluent Bit with an output for Elasticsearch and one of another type, to these hosts.
func drip(kind, here, there string) string {
	return `---
apiVersion: v1
kind: ConfigMap
metadata: {name: drip}
data:
  fluent-bit.conf: |
    [OUTPUT]
        Name es
        Host ` + here + `
        tls On
    [OUTPUT]
        Name ` + kind + `
        Host ` + there + `
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: drip}
spec:
  template:
    spec:
      containers:
      - name: fluent-bit
        image: fluent/fluent-bit:3.2.2
        volumeMounts: [{name: conf, mountPath: /fluent-bit/etc/conf}]
      volumes: [{name: conf, configMap: {name: drip}}]
`
}

// TestWhichServer holds which servers are meant where the input has none (P2): the one that its clients call, else those that
// elasticsearch.url names, else the user is asked. Others stay as they are.
func TestWhichServer(t *testing.T) {
	const two = "output.elasticsearch:\n  hosts: [\"https://search:9200\"]\nmonitoring.elasticsearch:\n  hosts: [\"http://far.example.org:9200\"]"
	const asked = "the input holds no Elasticsearch, and its clients call several: search (DaemonSet/a/filebeat); far.example.org (DaemonSet/a/filebeat); " +
		"it is not known which of them is meant\nhint: name the one in elasticsearch.url, or all that are, with commas [EMR016]"
	const secret, search = "certificates: {secretName: corp}", `, elasticsearch: {url: "https://search:9200"}`
	one := func(host string) string { return "output.elasticsearch.hosts: [\"" + host + "\"]" }
	for _, test := range []struct{ name, input, spec, refused, output, not string }{
		{name: "two servers of one program", input: filebeatOf("a", two), spec: secret, refused: asked},
		{name: "the configuration names one", input: filebeatOf("a", two), spec: secret + search, output: `hosts: ["http://far.example.org:9200"]`, not: "https://far"},
		{name: "the configuration names both", input: filebeatOf("a", two), spec: secret + `, elasticsearch: {url: "https://search:9200, https://far.example.org:9200"}`,
			output: `hosts: ["https://far.example.org:9200"]`},
		{name: "the configuration names another", input: filebeatOf("a", two), spec: secret + `, elasticsearch: {url: "https://third:9200"}`, refused: asked},
		{name: "no client gets anything", input: filebeatOf("a", two), spec: "mode: token", output: `hosts: ["http://far.example.org:9200"]`},
		{name: "two programs, two servers", input: filebeatOf("a", one("https://search:9200")) + filebeatOf("b", one("https://other.example.org:9200")), spec: secret,
			refused: "search (DaemonSet/a/filebeat); other.example.org (DaemonSet/b/filebeat)"},
		{name: "two names of one Service", input: filebeatOf("a", one("https://search:9200")) + filebeatOf("b", one("https://search.logging.svc:9200")), spec: secret, output: "elk-mtls-client"},
		{name: "two forms of one name, the short one first", input: filebeatOf("a", one("https://search.logging:9200")) +
			filebeatOf("b", one("https://search.logging.svc.cluster.local:9200")), spec: secret, output: "elk-mtls-client"},
		{name: "one is listed", input: filebeatOf("a", one("https://search:9200")) + filebeatOf("b", one("https://other.example.org:9200")),
			spec: secret + ", unmanaged: [{ref: DaemonSet/b, reason: another cluster}, {ref: ConfigMap/b, reason: another cluster}]", output: "elk-mtls-client", not: `other.example.org:9200"]\n    ssl`},
		{name: "OpenSearch is none", input: drip("opensearch", "search", "audit-store"), spec: secret, output: "Host audit-store\n---"},
		{name: "its Elasticsearch elsewhere is one", input: drip("es", "search", "audit-store"), spec: secret, refused: "search (DaemonSet/drip/fluent-bit); audit-store (DaemonSet/drip/fluent-bit)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {" + test.spec + "}"))
			if err != nil {
				t.Fatal(err)
			}
			s = s.WithDefaults()
			output, _, err := transform([]byte(test.input), s)
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Errorf("refused with\n%v\nwant\n%s", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(output, []byte(test.output)) || test.not != "" && bytes.Contains(output, []byte(test.not)) {
				t.Errorf("%q is not in the output, or %q is:\n%s", test.output, test.not, output)
			}
			twiceIsOnce(t, output, s)
			if g := verified(t, output, s); s.Certs() && g.Verdict == verify.NotProven {
				t.Errorf("verify: %v", codes(g))
			}
		})
	}
}

// TestKibanaHostsUnseen holds that a Kibana keeps the address that something outside the input may tell it: elasticsearch.url is no more than
// what elk-mtls-init calls then.
func TestKibanaHostsUnseen(t *testing.T) {
	kibana := func(container, rest string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kibana}\nspec:\n  template:\n    spec:\n      containers:\n" +
			"      - {name: kibana, image: \"kibana:8.19.4\", " + container + "}\n" + rest
	}
	const sets = "name: ELASTICSEARCH_HOSTS"
	const file, volumes = "volumeMounts: [{name: c, mountPath: /usr/share/kibana/config/kibana.yml, subPath: kibana.yml}]", "      volumes: [{name: c, "
	for _, test := range []struct {
		name, input, says string
		set               bool
	}{
		{"a whole Secret outside", kibana("envFrom: [{secretRef: {name: kb}}]", ""), "Secret/kb must name Elasticsearch by https:// in elasticsearch.hosts", false},
		{"a whole ConfigMap outside", kibana("envFrom: [{configMapRef: {name: kb}}]", ""), "ConfigMap/kb must name Elasticsearch by https:// in elasticsearch.hosts", false},
		{"a file outside", kibana(file, volumes+"configMap: {name: kb}}]\n"), `ConfigMap/kb key "kibana.yml" must name Elasticsearch by https:// in elasticsearch.hosts`, false},
		{"a file on a disk", kibana(file, volumes+"persistentVolumeClaim: {claimName: kb}}]\n"), "/usr/share/kibana/config/kibana.yml must name Elasticsearch by https://", false},
		{"a Secret in the input", kibana("envFrom: [{secretRef: {name: kb}}]", "---\napiVersion: v1\nkind: Secret\nmetadata: {name: kb}\nstringData: {LOGGING_LEVEL: info}\n"), "", true},
		{"none", kibana("env: [{name: LOGGING_LEVEL, value: info}, {name: SERVER_NAME, value: x}], envFrom: [{configMapRef: {name: kb}}]", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kb}\ndata: {A: b}\n"), "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := realSettings(config.ModeCertToken, config.Required)
			s.Certificates.SecretName, s.Minter.SecretName, s.Elasticsearch.URL = "corp", "elastic", "https://search:9200"
			output, report, err := transform([]byte(test.input), s)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(output, []byte(sets)) != test.set {
				t.Errorf("%s is set: %v, want %v\n%s", sets, !test.set, test.set, output)
			}
			if text := fmt.Sprint(report.Assumed); test.says != "" && !strings.Contains(text, test.says) {
				t.Errorf("%q is not assumed:\n%s", test.says, text)
			}
			g := verified(t, output, s)
			if g.Verdict == verify.NotProven {
				t.Error(g.Text())
			}
			if !test.set && !strings.Contains(g.Text(), "begins with https://") {
				t.Errorf("verify takes the address for known:\n%s", g.Text())
			}
		})
	}
}

// TestNamespaceOfTheRelease holds that a client of the release that calls a node by its namespace calls that node where the manifests leave the
// namespace open: all of them go into the one of the release. Who is in another calls somebody else.
func TestNamespaceOfTheRelease(t *testing.T) {
	const exporter = `---
apiVersion: v1
kind: Service
metadata: {name: search}
spec: {selector: {app: search}, ports: [{port: 9200}]}
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
        args: ["--es.uri=https://HOST:9200"]
`
	const asked = "in certificates.clients (ref: Deployment/metrics)"
	node := strings.Replace(strings.Replace(nodeByHand, "STAGE", "required", 1), "  template:\n", "  template:\n    metadata: {labels: {app: search}}\n", 1)
	for _, test := range []struct{ host, node, client, refused string }{
		{host: "search"},
		{host: "search.logs"},
		{host: "search.logs.svc"},
		{host: "search.logs.svc.cluster.local"},
		{host: "search.logs.svc", client: "logs"},
		{host: "search.logs.svc", node: "logs", client: "logs"},
		{host: "search.logs.svc", client: "apps", refused: asked},
		{host: "search.logs.svc", node: "other", refused: asked},
	} {
		in := func(object, name, namespace string) string {
			if namespace == "" {
				return object
			}
			return strings.ReplaceAll(strings.ReplaceAll(object, "{name: "+name+"}", "{name: "+name+", namespace: "+namespace+"}"),
				"  name: "+name+"\nspec:", "  name: "+name+"\n  namespace: "+namespace+"\nspec:")
		}
		input := in(node, "search", test.node) + in(in(strings.Replace(exporter, "HOST", test.host, 1), "metrics", test.client), "search", test.node)
		output, _, err := transform([]byte(input), realSettings(config.ModeCertToken, config.Required))
		switch {
		case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
			t.Errorf("%+v: expected the error %q: %v\n%s", test, test.refused, err, output)
		case test.refused == "" && err != nil:
			t.Errorf("%+v: %v", test, err)
		case test.refused == "" && strings.Count(string(output), "name: search-pki") < 2:
			t.Errorf("%+v: it has no pair:\n%s", test, output)
		}
	}
}
