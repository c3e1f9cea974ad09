package catalog

import (
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
)

// documented are settings of programs that no test runs, read in their documentation and not in the descriptions that this test is for:
// addresses, CA, certificate, key, and what turns TLS on.
func documented() []documentedSettings {
	return []documentedSettings{
		{"Elastic Agent", "https://www.elastic.co/guide/en/fleet/8.19/elastic-agent-ssl-configuration.html", at(Agent, "outputs.*"),
			"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "ssl.enabled", ""},
		{"APM Server", "https://www.elastic.co/guide/en/apm/server/7.17/configuration-ssl.html", at(APMServer, "output.elasticsearch"),
			"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "ssl.enabled", ""},
		{"Heartbeat", "https://www.elastic.co/guide/en/beats/heartbeat/8.19/configuration-ssl.html", at(Heartbeat, "output.elasticsearch"),
			"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "ssl.enabled", ""},
		{"Journalbeat", "https://www.elastic.co/guide/en/beats/journalbeat/7.15/configuration-ssl.html", at(Journalbeat, "output.elasticsearch"),
			"hosts", "ssl.certificate_authorities", "ssl.certificate", "ssl.key", "ssl.enabled", ""},
		{"Logstash 8.8 and later", "https://www.elastic.co/guide/en/logstash/8.19/plugins-outputs-elasticsearch.html", plugin("output", "", 8, 8),
			"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_enabled", "ssl_keystore_path"},
		{"its filter", "https://www.elastic.co/guide/en/logstash/8.19/plugins-filters-elasticsearch.html", plugin("filter", "", 8, 8),
			"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_enabled", "ssl_keystore_path"},
		{"its input", "https://www.elastic.co/guide/en/logstash/8.19/plugins-inputs-elasticsearch.html", plugin("input", "", 8, 8),
			"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_enabled", "ssl_keystore_path"},
		{"Logstash 8.19 with an older name", "https://www.elastic.co/guide/en/logstash/8.19/plugins-outputs-elasticsearch.html", plugin("output", `cacert => "a"`, 8, 19),
			"hosts", "cacert", "ssl_certificate", "ssl_key", "ssl_enabled", "ssl_keystore_path"},
		{"Logstash 9, which takes none", "https://www.elastic.co/guide/en/logstash/9.0/plugins-outputs-elasticsearch.html", plugin("output", `cacert => "a"`, 9, 0),
			"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_enabled", "ssl_keystore_path"},
		{"Logstash of an unknown version", "https://www.elastic.co/guide/en/logstash/8.19/plugins-outputs-elasticsearch.html", plugin("output", `keystore => "a"`, 0, 0),
			"hosts", "ssl_certificate_authorities", "ssl_certificate", "ssl_key", "ssl_enabled", "keystore"},
		{"Logstash before 8.8", "https://www.elastic.co/guide/en/logstash/7.17/plugins-outputs-elasticsearch.html", plugin("output", "", 8, 7),
			"hosts", "cacert", "", "", "ssl", "keystore"},
		{"its filter then", "https://www.elastic.co/guide/en/logstash/7.17/plugins-filters-elasticsearch.html", plugin("filter", "", 7, 17),
			"hosts", "ca_file", "", "", "ssl", ""},
		{"its input then", "https://www.elastic.co/guide/en/logstash/7.17/plugins-inputs-elasticsearch.html", plugin("input", "", 7, 17),
			"hosts", "ca_file", "", "", "ssl", ""},
		{"prometheus-es-exporter", "https://github.com/braedon/prometheus-es-exporter/blob/master/prometheus_es_exporter/__init__.py", line(QueryExporter),
			"es-cluster", "ca-certs", "client-cert", "client-key", "", ""},
		{"Fluent Bit", "https://docs.fluentbit.io/manual/administration/transport-security", at(FluentBit, "pipeline.outputs.*"),
			"host", "tls.ca_file", "tls.crt_file", "tls.key_file", "tls", ""},
		{"Fluentd", "https://github.com/uken/fluent-plugin-elasticsearch/blob/master/README.md", fluentdMatch("elasticsearch"),
			"hosts", "ca_file", "client_cert", "client_key", "", ""},
	}
}

type documentedSettings struct {
	program, link                       string
	settings                            Settings
	hosts, ca, cert, key, enable, store string
}

// TestLayouts holds what the images of servers make of variables, as their documentation has it.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docker.html#docker-configuration-methods
func TestLayouts(t *testing.T) {
	official, kibana := elasticElasticsearch(), elasticKibana()
	for variable, want := range map[string]string{
		"xpack.security.enabled": "xpack.security.enabled", "ES_SETTING_XPACK_SECURITY_ENABLED": "xpack.security.enabled",
		"ES_SETTING_HTTP_MAX__CONTENT__LENGTH": "http.max_content_length", "ELASTIC_PASSWORD": "", "Http.port": "", "http_port": "",
	} {
		if key, is := official.Setting(variable); is != (want != "") || is && key != want {
			t.Errorf("%s is %q (%v), want %q", variable, key, is, want)
		}
		if is := slices.Contains(official.Env(want), variable); is != (want != "") {
			t.Errorf("%s: Setting and Env differ", variable)
		}
	}
	for key, variable := range map[string]string{
		"elasticsearch.hosts": "ELASTICSEARCH_HOSTS", "elasticsearch.ssl.keyPassphrase": "ELASTICSEARCH_SSL_KEYPASSPHRASE",
		"elasticsearch.ssl.alwaysPresentCertificate": "ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", "elasticsearch.serviceAccountToken": "ELASTICSEARCH_SERVICEACCOUNTTOKEN",
		"monitoring.ui.elasticsearch.hosts": "MONITORING_UI_ELASTICSEARCH_HOSTS", "monitoring.ui.elasticsearch.ssl.certificate": "",
	} {
		if is := slices.Contains(kibana.Keys, key); is != (variable != "") || is && kibana.Env(key)[0] != variable {
			t.Errorf("%s: is a variable: %v, want %q", key, is, variable)
		}
	}
	if got := Starters(Kibana); !slices.Contains(got, "kibana-docker") || !slices.Contains(got, "run.sh") || slices.Contains(got, "eswrapper") {
		t.Errorf("Kibana is started by %v", got)
	}
	for _, l := range Layouts() {
		if l.Name == "" || len(l.Images) == 0 || len(l.Files) == 0 || len(l.Starters) == 0 || (l.Env == nil) == (len(l.Written) == 0) {
			t.Errorf("%s lacks something", l.Name)
		}
	}
}

func TestDocumentedSettings(t *testing.T) {
	for _, d := range documented() {
		s := d.settings
		got := []string{s.Hosts[0], s.CA, s.Cert, s.Key, s.Switch.Name, s.Store}
		if diff := cmp.Diff([]string{d.hosts, d.ca, d.cert, d.key, d.enable, d.store}, got); diff != "" {
			t.Errorf("%s (%s):\n%s", d.program, d.link, diff)
		}
	}
}

// TestDescriptions holds what every description must have.
func TestDescriptions(t *testing.T) {
	var names, signs []string
	for _, p := range All() {
		names = append(names, string(p.App))
		signs = slices.Concat(signs, p.Images, p.Mounts, p.Signs.Words)
		if page, err := url.Parse(p.Link); err != nil || page.Scheme != "https" {
			t.Errorf("%s: %q is no page", p.App, p.Link)
		}
		if known := len(p.Images) + len(p.Mounts) + len(p.Signs.Words); (known == 0) != (p.As != "") {
			t.Errorf("%s: it is known by signs, or by a rule", p.App)
		}
		if len(p.Places) == 0 && p.Line == nil && p.Plugin == nil {
			t.Errorf("%s: nothing says where it has a connection", p.App)
		}
		if p.Line != nil && (p.Flag == nil || p.Env == nil) || (p.Plugin == nil) != (p.Language == nil) {
			t.Errorf("%s: one half of a description is missing", p.App)
		}
	}
	slices.Sort(signs)
	if once := slices.Compact(slices.Clone(signs)); len(once) != len(signs) {
		t.Errorf("two programs have one sign: %v", signs)
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a program stands there twice: %v", names)
	}
}

// A type that nothing here shows may be Elasticsearch's.
func TestUnknownPlugin(t *testing.T) {
	for name, want := range map[string]bool{"elasticsearch": true, "#{ENV['X']}": true, "${x}": true, "stdout": false, "": false} {
		if got := len(fluentdMatch(name).Hosts) > 0; got != want {
			t.Errorf("%q is a connection: %v, want %v", name, got, want)
		}
	}
}

func TestExporterVariables(t *testing.T) {
	p := of(Exporter)
	for _, test := range []struct {
		flag    string
		version Version
		want    string
	}{
		{"es.uri", Version{1, 3, 0}, "ES_URI"}, {"es.uri", Version{1, 4, 0}, ""}, {"es.uri", Version{}, ""}, {"es.client-cert", Version{1, 1, 0}, "ES_CLIENT_CERT"},
		{"es.username", Version{1, 7, 0}, "ES_USERNAME"}, {"es.api-key", Version{}, "ES_API_KEY"},
	} {
		if got := p.Env(test.flag, test.version); got != test.want {
			t.Errorf("%s in %v is the variable %q, want %q", test.flag, test.version, got, test.want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]Version{"8.19.21": {8, 19, 21}, "v1.9.0": {1, 9, 0}, "8.8": {8, 8, 0}, "latest": {}, "": {}, "8": {}, "7.17.3-oss": {7, 17, 3}, "-1.2": {}} {
		if got := ParseVersion(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func of(app App) Program {
	all := All()
	return all[slices.IndexFunc(all, func(p Program) bool { return p.App == app })]
}

func at(app App, path string) Settings {
	p := of(app)
	return p.Places[slices.IndexFunc(p.Places, func(at Place) bool { return at.At == path })].Settings
}

func line(app App) Settings {
	return *of(app).Line
}

func plugin(section, settings string, major, minor int) Settings {
	plugins, err := pipeline.Logstash().Plugins(section + " { elasticsearch { " + settings + " } }")
	if err != nil {
		panic(err)
	}
	return *logstashPlugin(plugins[0], Version{major, minor, 0})
}

func fluentdMatch(name string) Settings {
	p := of(Fluentd)
	if s := p.Plugin(pipeline.Plugin{Section: "match", Name: name}, Version{}); s != nil {
		return *s
	}
	return Settings{}
}
