package verify

import (
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// logstash has plugins in its pipelines, and connections of its own in logstash.yml or the environment.
// https://www.elastic.co/guide/en/logstash/8.19/plugins-outputs-elasticsearch.html,
// https://www.elastic.co/guide/en/logstash/8.19/monitoring-internal-collection-legacy.html
func logstash() program {
	own := names{
		hosts: []string{"elasticsearch.hosts"}, ca: "elasticsearch.ssl.certificate_authority", trust: "elasticsearch.ssl.truststore.path",
		cert: "elasticsearch.ssl.certificate", key: "elasticsearch.ssl.key", store: "elasticsearch.ssl.keystore.path",
		verify: "elasticsearch.ssl.verification_mode", off: []string{"none"}, chain: []string{"certificate"},
		user: "elasticsearch.username", password: "elasticsearch.password", token: "elasticsearch.api_key",
	}
	return program{
		app: recognise.Logstash, home: "/usr/share/logstash",
		files:    []string{"/usr/share/logstash/config/logstash.yml", "/bitnami/logstash/config/logstash.yml"},
		env:      func(key string) string { return strings.ToUpper(strings.ReplaceAll(key, ".", "_")) },
		language: pipeline.Logstash, plugin: logstashPlugin,
		spots: []spot{
			{at: "xpack.monitoring", field: "enabled", is: "true", names: own},
			{at: "xpack.management", field: "enabled", is: "true", names: own},
		},
	}
}

// logstashPlugin gives the names that a plugin has in the version of the container: new ones since 8.8, and none but these from 9.0 on.
func logstashPlugin(c caller, p pipeline.Plugin) (names, bool) {
	if p.Name != "elasticsearch" && p.Name != "elastic_integration" {
		return names{}, false
	}
	n := names{
		hosts: []string{"hosts"}, enabled: "ssl_enabled", bare: true, ca: "ssl_certificate_authorities", trust: "ssl_truststore_path",
		cert: "ssl_certificate", key: "ssl_key", store: "ssl_keystore_path", verify: "ssl_verification_mode", off: []string{"none"},
		user: "user", password: "password", token: "api_key",
	}
	if p.Name == "elastic_integration" {
		n.user = "username"
		return n, true
	}
	has := func(name string) bool { _, ok := p.Get(name); return ok }
	older := func(name, before string, inputs string) string {
		if p.Section != "output" {
			before = inputs
		}
		switch major, minor := c.version(); {
		case major > 8, major == 8 && minor >= 8 && !has(before), major == 0 && !has(before):
			return name
		}
		return before
	}
	n.enabled = older(n.enabled, "ssl", "ssl")
	n.ca = older(n.ca, "cacert", "ca_file")
	n.trust = older(n.trust, "truststore", "")
	n.store = older(n.store, "keystore", "")
	n.cert, n.key = older(n.cert, "", ""), older(n.key, "", "")
	if n.verify = older(n.verify, "ssl_certificate_verification", ""); n.verify == "ssl_certificate_verification" {
		n.off = []string{"false"}
	}
	return n, true
}

// version gives the first two numbers of the image's tag, 0 where it does not say them.
func (c caller) version() (major, minor int) {
	_, tag := c.Image()
	first, rest, _ := strings.Cut(tag, ".")
	second, _, _ := strings.Cut(rest, ".")
	major, _ = strconv.Atoi(first)
	minor, _ = strconv.Atoi(second)
	return major, minor
}

// fluentBit has outputs, and nodes of upstream files, in its own language or in YAML.
// https://docs.fluentbit.io/manual/administration/transport-security
func fluentBit() program {
	n := names{
		hosts: []string{"host"}, enabled: "tls", mustEnable: true, ca: "tls.ca_file", cert: "tls.crt_file", key: "tls.key_file",
		verify: "tls.verify", off: []string{"off", "false", "no"}, user: "http_user", password: "http_passwd",
	}
	isBulk := func(name string) bool { return name == "es" || name == "opensearch" }
	return program{
		app: recognise.FluentBit, home: "/fluent-bit/etc", files: []string{"/"}, every: true, // one file includes another
		language: pipeline.FluentBit, plugin: func(_ caller, p pipeline.Plugin) (names, bool) {
			return n, p.Section == "NODE" || p.Section == "OUTPUT" && isBulk(p.Name)
		},
		spots: []spot{
			{at: "*.pipeline.outputs.*", field: "name", is: "es", names: n},
			{at: "*.pipeline.outputs.*", field: "name", is: "opensearch", names: n},
		},
	}
}

// fluentd has outputs and an input by fluent-plugin-elasticsearch.
// https://github.com/uken/fluent-plugin-elasticsearch#configuration
func fluentd() program {
	n := names{
		hosts: []string{"hosts", "host"}, first: true, scheme: "scheme", ca: "ca_file", cert: "client_cert", key: "client_key",
		verify: "ssl_verify", off: []string{"false"}, user: "user", password: "password", token: "api_key",
	}
	types := []string{"elasticsearch", "elasticsearch_dynamic", "elasticsearch_data_stream"}
	return program{app: recognise.Fluentd, language: pipeline.Fluentd, plugin: func(_ caller, p pipeline.Plugin) (names, bool) {
		return n, slices.Contains(types, p.Name)
	}}
}
