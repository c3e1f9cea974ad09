package plugin

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// shipper is a Deployment with one file, and the Secret of its certificate.
func shipper(image, file, text, secret string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: ConfigMap
metadata:
  name: pipeline
data:
  %[2]s: |
    %[3]s
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ship
spec:
  template:
    metadata: {}
    spec:
      containers:
      - name: ship
        image: %[1]s
        volumeMounts:
        - {name: pipeline, mountPath: /pipeline}
      volumes:
      - name: pipeline
        configMap: {name: pipeline}
---
apiVersion: v1
kind: Secret
metadata:
  name: certs
data:
%[4]s`, image, file, strings.ReplaceAll(text, "\n", "\n    "), secret)
}

func pairSecret(rsa bool) string {
	ca := pki.NewCA("ca")
	pair := ca.Leaf(pki.Options{CN: "ship", ClientAuth: true, RSA: rsa})
	for rsa && !certificate.LogstashReads(pair.Key) { // 7 in 256 end in what Logstash takes for white space
		pair = ca.Leaf(pki.Options{CN: "ship", ClientAuth: true, RSA: rsa})
	}
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("  ca.crt: %s\n  tls.crt: %s\n  tls.key: %s\n", encode(ca.Cert), encode(pair.Cert), encode(pair.Key))
}

// TestPipelines holds which form of the pair a shipper gets, and what is refused.
func TestPipelines(t *testing.T) {
	const output = `output { elasticsearch { hosts => ["https://es:9200"] %s } }`
	for _, test := range []struct {
		name, image, file, text string
		rsa                     bool
		want, never             string // in the output, or of the error
		refused                 bool
	}{
		{name: "Logstash 8.8 reads an RSA key as it is", image: "x/logstash:8.8.0", text: fmt.Sprintf(output, ""), rsa: true,
			want: `ssl_certificate => "/etc/elk-mtls/tls.crt" ssl_key => "/etc/elk-mtls/tls.key"`, never: "keystore"},
		{name: "and takes an EC key from a keystore", image: "x/logstash:8.19.1", text: fmt.Sprintf(output, ""),
			want: `ssl_keystore_path => "/etc/elk-mtls-keystore/client.p12" ssl_keystore_password => "changeit"`, never: "ssl_certificate =>"},
		{name: "older ones know a keystore only", image: "x/logstash:8.7.1", text: fmt.Sprintf(output, ""), rsa: true,
			want: `cacert => "/etc/elk-mtls/ca.crt" keystore => "/etc/elk-mtls-keystore/client.p12"`, never: "ssl_"},
		{name: "an older name keeps its one value", image: "x/logstash:8.19.1", text: fmt.Sprintf(output, `cacert => "/a.crt"`), rsa: true,
			want: `cacert => "/etc/elk-mtls/ca.crt" ssl_certificate =>`, never: "ssl_certificate_authorities"},
		{name: "the user's own keystore stays", image: "x/logstash:8.5.1", text: fmt.Sprintf(output, `keystore => "/own.p12" keystore_password => "a"`),
			want: `keystore => "/own.p12" keystore_password => "a"`, never: "client.p12"},
		{name: "a truststore contradicts the CA", image: "x/logstash:9.0.0", text: fmt.Sprintf(output, `ssl_truststore_path => "/t.p12"`),
			want: "ssl_truststore_path is set in", refused: true},
		{name: "a Cloud ID contradicts addresses", image: "x/logstash:9.0.0", text: fmt.Sprintf(output, `cloud_id => "a:b"`),
			want: "beside addresses, and Logstash does not start with both\nhint: remove one", refused: true},
		{name: "an old filter has no certificate", image: "x/logstash:8.5.1", text: `filter { elasticsearch { hosts => "https://es:9200" } }`,
			want: "filter.elasticsearch[0] cannot present a certificate in this version of Logstash", refused: true},
		{name: "a pipeline that cannot be read is named with its line", image: "x/logstash:8.5.1", text: "output {\n  elasticsearch { hosts => }\n}",
			want: "ship.conf of ConfigMap/pipeline, which it reads at /pipeline/ship.conf: line 2 of the pipeline: expected a value", refused: true},
		{name: "half a pair", image: "fluent-bit", text: "[OUTPUT]\n  Name es\n  Host es\n  tls on\n  tls.crt_file /a.crt",
			want: "tls.crt_file is set in ship.conf of ConfigMap/pipeline without tls.key_file", refused: true},
		{name: "an upstream's nodes have settings of their own", image: "fluent-bit", text: "[UPSTREAM]\n  Name up\n[NODE]\n  Name one\n  Host es\n  Port 9200",
			want: "Port 9200\n      tls on\n      tls.ca_file /etc/elk-mtls/ca.crt"},
		{name: "variables in Ruby are followed", image: "fluentd", text: "<match a>\n  @type elasticsearch\n  host \"#{ENV['ES'] || 'es'}\"\n</match>",
			want: "host \"#{ENV['ES'] || 'es'}\"\n      scheme https\n      ca_file /etc/elk-mtls/ca.crt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := realSettings(config.ModeCertToken, config.Required)
			settings.Certificates.SecretName = "certs"
			input := shipper(test.image, "ship.conf", test.text, pairSecret(test.rsa))
			out, _, err := transform([]byte(input), settings)
			if test.refused {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("want a refusal with %q, got %v", test.want, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(out), test.want) || test.never != "" && strings.Contains(string(out), test.never) {
				t.Errorf("want %q, and never %q:\n%s", test.want, test.never, out)
			}
			twiceIsOnce(t, out, settings)
		})
	}
}
