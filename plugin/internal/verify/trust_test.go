package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// board is a Kibana that presents the pair of its own Secret.
const board = `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: board
spec:
  template:
    spec:
      containers:
      - name: kibana
        image: kibana:8.19.2
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://search:9200"}
        - {name: ELASTICSEARCH_USERNAME, value: kibana_system}
        - {name: ELASTICSEARCH_PASSWORD, valueFrom: {secretKeyRef: {name: board, key: password}}}
        - {name: ELASTICSEARCH_SSL_CERTIFICATE, value: /tls/tls.crt}
        - {name: ELASTICSEARCH_SSL_KEY, value: /tls/tls.key}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /tls/ca.crt}
        - {name: ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE, value: "true"}
        volumeMounts:
        - {name: tls, mountPath: /tls}
      volumes:
      - {name: tls, secret: {secretName: pair}}
`

// shipped is a Logstash that presents the same pair.
const shipped = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: pipeline}
data:
  out.conf: |
    output { elasticsearch {
      hosts => ["https://search:9200"]
      ssl_certificate_authorities => ["/tls/ca.crt"]
      ssl_certificate => "/tls/tls.crt"
      ssl_key => "/tls/tls.key"
    } }
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ship}
spec:
  template:
    spec:
      containers:
      - name: logstash
        image: logstash:8.19.2
        volumeMounts:
        - {name: pipeline, mountPath: /usr/share/logstash/pipeline}
        - {name: tls, mountPath: /tls}
      volumes:
      - {name: pipeline, configMap: {name: pipeline}}
      - {name: tls, secret: {secretName: pair}}
`

// secret gives a Secret with files: names and what they hold, in turn.
func secret(name string, files ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData:\n", name)
	for i := 0; i+1 < len(files); i += 2 {
		fmt.Fprintf(&b, "  %s: |\n%s", files[i], indented(files[i+1], 4))
	}
	return b.String()
}

// judgedNow is judged for certificates that have just been made.
func judgedNow(t *testing.T, text string) *Graph {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	g, err := Manifests(stream, nil, Options{ClientAuthentication: "required", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Each program ends a chain as its runtime does, and reads keys as that does.
func TestTrustByRuntime(t *testing.T) {
	root := pki.NewCA("root")
	between := root.Intermediate("between")
	own := between.Leaf(pki.Options{CN: "search", SANs: []string{"search"}})
	client, ofRSA := root.Leaf(pki.Options{CN: "client"}), root.Leaf(pki.Options{CN: "client", RSA: true})
	der := func(text []byte) []byte { b, _ := pem.Decode(text); return b.Bytes }
	print := func(text []byte) string { sum := sha256.Sum256(der(text)); return hex.EncodeToString(sum[:]) }
	pin := func(text []byte) string {
		c, err := x509.ParseCertificate(der(text))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	node := node{}.String() + secret("search-tls", "ca.crt", string(root.Cert), "tls.crt", string(slices.Concat(own.Cert, between.Cert)), "tls.key", string(own.Key))
	beat := func(old, new string) string { return strings.Replace(filebeat(wholeSecret), old, new, 1) }
	const ca = "certificate_authorities: [/tls/ca.crt]"
	for _, test := range []struct {
		name, program string
		ca            []byte
		pair          pki.Pair
		codes         string
	}{
		{"Filebeat, the root", filebeat(wholeSecret), root.Cert, client, ""},
		{"Filebeat, an intermediate alone", filebeat(wholeSecret), between.Cert, client, ""},
		{"Filebeat, the server's own", filebeat(wholeSecret), own.Cert, client, ""},
		{"Filebeat, another root", filebeat(wholeSecret), pki.NewCA("root").Cert, client, string(ClientTrust)},
		{"Filebeat, the fingerprint of a CA that is presented", beat(ca, "ca_trusted_fingerprint: "+print(between.Cert)), nil, client, ""},
		{"the same in capitals", beat(ca, "ca_trusted_fingerprint: "+strings.ToUpper(print(between.Cert))), nil, client, ""},
		{"of one that is not", beat(ca, "ca_trusted_fingerprint: "+print(root.Cert)), nil, client, string(ClientTrust)},
		{"of no CA", beat(ca, "ca_trusted_fingerprint: "+print(own.Cert)), nil, client, string(ClientTrust)},
		{"before there was such a setting", strings.Replace(beat(ca, "ca_trusted_fingerprint: "+print(between.Cert)), ":8.19.2", ":7.17.29", 1), nil, client, string(ClientTrust)},
		{"beside a CA", strings.Replace(beat(ca, ca+", ca_trusted_fingerprint: "+print(between.Cert)), ":8.19.2", ":7.17.29", 1), root.Cert, client, ""},
		{"a key that the chain has", beat(ca, ca+", ca_sha256: "+pin(root.Cert)), root.Cert, client, ""},
		{"a key that it does not have", beat(ca, ca+", ca_sha256: "+pin(client.Cert)), root.Cert, client, string(ClientTrust)},
		{"Filebeat that verifies nothing, another root", beat(ca, ca+", verification_mode: none"), pki.NewCA("root").Cert, client, ""},
		{"and a file that is not there", beat(ca, "certificate_authorities: [/tls/none.crt], verification_mode: none"), root.Cert, client, string(NoKeyInObject)},
		{"Kibana, the root", board, root.Cert, client, ""},
		{"Kibana, the whole chain", board, slices.Concat(between.Cert, root.Cert), client, ""},
		{"Kibana, an intermediate alone", board, between.Cert, client, string(ClientTrust)},
		{"Kibana, the server's own", board, own.Cert, client, string(ClientTrust)},
		{"Logstash, an intermediate alone", shipped, between.Cert, ofRSA, ""},
		{"Logstash, a key that is not RSA", shipped, root.Cert, client, string(NoMaterial)},
	} {
		text := node + test.program + secret("pair", "ca.crt", string(test.ca), "tls.crt", string(test.pair.Cert), "tls.key", string(test.pair.Key))
		if g := judgedNow(t, text); codesOf(g) != test.codes {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, codesOf(g), test.codes, g.Text())
		}
	}
}

// TestNamesThatAreVerified holds by which name a client looks for the server in the certificate, and which values of a switch its program takes.
func TestNamesThatAreVerified(t *testing.T) {
	jaeger := func(lines ...string) string {
		return holding("jaegertracing/jaeger-collector:1.57.0", "[{name: ES_SERVER_URLS, value: 'https://search:9200'}, {name: ES_TLS_CA, value: /tls/ca.crt}, "+
			"{name: ES_TLS_CERT, value: /tls/tls.crt}, {name: ES_TLS_KEY, value: /tls/tls.key}, "+strings.Join(lines, ", ")+"]")
	}
	bit := func(lines string) string {
		return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  fluent-bit.conf: |\n    [OUTPUT]\n        Name es\n        Host search\n" +
			"        tls on\n        tls.ca_file /tls/ca.crt\n        tls.crt_file /tls/tls.crt\n        tls.key_file /tls/tls.key\n" + indented(lines, 8) +
			strings.NewReplacer("volumeMounts: [", "volumeMounts: [{name: conf, mountPath: /fluent-bit/etc}, ", "volumes: [", "volumes: [{name: conf, configMap: {name: conf}}, ").
				Replace(holding("fluent/fluent-bit:3.1.0", "[]"))
	}
	const on, covers = "{name: ES_TLS_ENABLED, value: 'true'}", `covers the name "search"`
	for _, test := range []struct{ name, text, codes, says, not string }{
		{"the host", jaeger(on), "", covers, "publishes"},
		{"another name", jaeger(on, "{name: ES_TLS_SERVER_NAME, value: es.example.org}"), "", `covers the name "es.example.org"`, covers},
		{"which is that of the Service", jaeger(on, "{name: ES_TLS_SERVER_NAME, value: search}"), "", covers, "publishes"},
		{"nodes that it finds", jaeger(on, "{name: ES_SNIFFER, value: 'true'}"), "", "covers the address that each node publishes", "nothing"},
		{"which it does not look for", jaeger(on, "{name: ES_SNIFFER, value: 'false'}"), "", covers, "publishes"},
		{"a switch of Go", jaeger("{name: ES_TLS_ENABLED, value: '1'}"), "", covers, "publishes"},
		{"one that Go does not know", jaeger("{name: ES_TLS_ENABLED, value: 'yes'}"), "EMT006", "leaves its TLS settings unread", "publishes"},
		{"Fluent Bit, which verifies none", bit(""), "", "is signed by a CA", covers},
		{"unless it is told to", bit("tls.verify_hostname on\n"), "", covers, "publishes"},
		{"another", bit("tls.verify_hostname on\ntls.vhost es.example.org\n"), "", `covers the name "es.example.org"`, covers},
	} {
		g := judged(t, node{}.String()+test.text, Options{})
		said := strings.Join(strings.Fields(g.Text()), " ")
		if codesOf(g) != test.codes || !strings.Contains(said, test.says) || strings.Contains(said, test.not) {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, codesOf(g), test.codes, g.Text())
		}
	}
}

// holding gives a workload with the certificates at /tls.
func holding(image, env string) string {
	return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c}\nspec:\n  template:\n    spec:\n      containers:\n" +
		"      - {name: c, image: '" + image + "', volumeMounts: [{name: tls, mountPath: /tls}], env: " + env + "}\n" +
		"      volumes: [{name: tls, secret: {secretName: pair}}]\n"
}
