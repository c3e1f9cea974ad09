package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// documented are the settings of programs that no test runs, read in their documentation, and not in the code that this test is for:
// addresses, CA, certificate, key, and what turns TLS on.
var documented = []struct {
	program, link                  string
	keys                           tlsKeys
	hosts, ca, cert, key, password string
	enable                         string
}{
	{"Elastic Agent", "https://www.elastic.co/guide/en/fleet/8.19/elastic-agent-ssl-configuration.html", placeOf(recognise.Agent, "outputs.*"),
		"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "", "ssl.enabled"},
	{"APM Server", "https://www.elastic.co/guide/en/apm/server/7.17/configuration-ssl.html", placeOf(recognise.APMServer, "output.elasticsearch"),
		"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "", "ssl.enabled"},
	{"Heartbeat", "https://www.elastic.co/guide/en/beats/heartbeat/8.19/configuration-ssl.html", placeOf(recognise.Heartbeat, "output.elasticsearch"),
		"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "", "ssl.enabled"},
	{"Journalbeat", "https://www.elastic.co/guide/en/beats/journalbeat/7.15/configuration-ssl.html", placeOf(recognise.Journalbeat, "output.elasticsearch"),
		"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "", "ssl.enabled"},
	{"Logstash 8.8 and later", "https://www.elastic.co/guide/en/logstash/8.19/plugins-outputs-elasticsearch.html", plugged(true, "output"),
		"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_keystore_password", "ssl_enabled"},
	{"its filter", "https://www.elastic.co/guide/en/logstash/8.19/plugins-filters-elasticsearch.html", plugged(true, "filter"),
		"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_keystore_password", "ssl_enabled"},
	{"its input", "https://www.elastic.co/guide/en/logstash/8.19/plugins-inputs-elasticsearch.html", plugged(true, "input"),
		"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_keystore_password", "ssl_enabled"},
	{"Logstash before 8.8", "https://www.elastic.co/guide/en/logstash/7.17/plugins-outputs-elasticsearch.html", plugged(false, "output"),
		"hosts", "cacert", "keystore", "keystore_password", "keystore_password", "ssl"},
	{"its filter then", "https://www.elastic.co/guide/en/logstash/7.17/plugins-filters-elasticsearch.html", plugged(false, "filter"),
		"hosts", "ca_file", "", "", "", "ssl"},
	{"its input then", "https://www.elastic.co/guide/en/logstash/7.17/plugins-inputs-elasticsearch.html", plugged(false, "input"),
		"hosts", "ca_file", "", "", "", "ssl"},
	{"prometheus-es-exporter", "https://github.com/braedon/prometheus-es-exporter/blob/master/prometheus_es_exporter/__init__.py", *queryExporter().flags,
		"--es-cluster", "--ca-certs", "--client-cert", "--client-key", "", ""},
	{"Fluent Bit", "https://docs.fluentbit.io/manual/administration/transport-security", fluentBitKeys(),
		"host", "tls.ca_file", "tls.crt_file", "tls.key_file", "", "tls"},
	{"Fluentd", "https://github.com/uken/fluent-plugin-elasticsearch/blob/master/README.md", fluentdKeys(),
		"hosts", "ca_file", "client_cert", "client_key", "", ""},
}

func TestDocumentedKeys(t *testing.T) {
	for _, d := range documented {
		want := []string{d.hosts, d.ca, d.cert, d.key, d.enable}
		k := d.keys
		got := []string{k.hosts, k.ca, k.cert, k.key, k.enable}
		if k.cert == "" && k.keystore != "" {
			got[2], got[3] = k.keystore, k.password
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (%s):\n%s", d.program, d.link, diff)
		}
		if d.password != "" && k.password != d.password {
			t.Errorf("%s: the password of a keystore is %q, not %q", d.program, k.password, d.password)
		}
		if !strings.HasPrefix(k.link, "https://") {
			t.Errorf("%s: changes bring no link", d.program)
		}
	}
}

func placeOf(app recognise.App, path string) tlsKeys {
	all := programs()
	known := all[slices.IndexFunc(all, func(k program) bool { return k.app == app })]
	return known.files.places[slices.IndexFunc(known.files.places, func(at place) bool { return at.path == path })].keys
}

func plugged(pem bool, section string) tlsKeys {
	return *logstashPlugin(pem)(pipeline.Plugin{Section: section, Name: "elasticsearch"})
}
