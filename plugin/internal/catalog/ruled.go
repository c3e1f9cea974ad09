package catalog

import (
	"slices"
	"strings"
)

// Programs that nothing but a rule tells: `as` names them.

// RulesField is the field of the configuration that holds the rules.
const RulesField = "spec.rules"

func init() { describe(datadogAgent, elastAlert2, grafana, otelCollector, vector) }

func datadogAgent() Program {
	return Program{
		App: "datadog-agent", As: "datadog-agent", Link: "https://docs.datadoghq.com/integrations/elastic/",
		Runtime: Python(),
		Files: Files{Paths: []string{"/etc/datadog-agent/conf.d/elastic.yaml", "/etc/datadog-agent/conf.d/elastic.d/"},
			Each: true},
		Places: []Place{{At: "instances.*", Settings: Settings{
			Hosts: []string{"url"}, CA: "tls_ca_cert", Cert: "tls_cert", Key: "tls_private_key",
			Verify: Verify{Name: "tls_verify", Off: []string{"false"}}, User: "username", Password: "password",
		}}},
		Cases: datadogCases,
	}
}

func datadogCases() []Case {
	const file, around = "/etc/datadog-agent/conf.d/elastic.yaml", "instances:\n- %s"
	block := "url: {url}\ntls_ca_cert: {ca}\ntls_cert: {cert}\ntls_private_key: {key}\nusername: keeper\npassword: " +
		"change-me"
	alone := lacking("an address alone", file, around, "url: {url}\nusername: keeper\npassword: change-me")
	return slices.Concat(casesAt("by its file", file, around, block, "~tls_verify: false"), alone)
}

// elastAlert2 describes ElastAlert 2. Its Python client takes no CA where it does not verify; a variable wins over its
// setting.
func elastAlert2() Program {
	return Program{
		App: "elastalert2", As: "elastalert2", Expands: pythonVariables,
		Link: "https://elastalert2.readthedocs.io/en/latest/configuration.html", Runtime: Python(),
		Renewals: pythonRenewals(),
		Files:    Files{Options: []string{"config"}, Paths: []string{"/opt/elastalert/config.yaml"}},
		Env: func(setting string, _ Version) string {
			return "ES_" + strings.ToUpper(strings.TrimPrefix(setting, "es_"))
		},
		Places: []Place{{Settings: Settings{
			Hosts: []string{"es_host"}, Needs: true, Ports: Ports{Name: "es_port"},
			Switch: Switch{"use_ssl", "true", Decides},
			CA:     "ca_certs", Cert: "client_cert", Key: "client_key",
			Verify: Verify{Name: "verify_certs", Off: []string{"false"}, Idle: true, On: "true"},
			User:   "es_username", Password: "es_password", Token: "es_api_key",
		}}},
		Cases: elastAlertCases,
	}
}

func elastAlertCases() []Case {
	const file, around = "/opt/elastalert/config.yaml", "%s"
	block := "es_host: {host}\nes_port: 9200\nuse_ssl: true\nverify_certs: true\nca_certs: {ca}\nclient_cert: " +
		"{cert}\nclient_key: {key}\nes_username: keeper\nes_password: change-me"
	alone := lacking("an address alone", file, around, "es_host: {host}\nes_port: 9200\nes_username: "+
		"keeper\nes_password: change-me")
	all := casesAt("by its file", file, around, block, "use_ssl: false", "verify_certs: false")
	return slices.Concat(all, alone, byVariable(all, "{cert}", "$SAID", Holds))
}

// grafana describes Grafana's data sources. The values are file contents, which it reads by $__file{}.
func grafana() Program {
	return Program{
		App: "grafana", As: "grafana", Expands: grafanaVariables,
		Link: "https://grafana.com/docs/grafana/latest/administration/provisioning/", Runtime: Go(),
		Files: Files{Once: true, Paths: []string{"/etc/grafana/provisioning/datasources/"}, Each: true},
		Places: []Place{{At: "datasources.*", Field: "type", Is: "elasticsearch", Settings: Settings{
			Hosts: []string{"url"}, CA: "secureJsonData.tlsCACert", CAWith: "jsonData.tlsAuthWithCACert",
			Cert: "secureJsonData.tlsClientCert", Key: "secureJsonData.tlsClientKey", PairWith: "jsonData.tlsAuth",
			Value:  "$__file{%s}",
			Verify: Verify{Name: "jsonData.tlsSkipVerify", Off: []string{"true"}}, User: "basicAuthUser",
			Password: "secureJsonData.basicAuthPassword",
		}}},
		Cases: grafanaCases,
	}
}

func grafanaCases() []Case {
	const file, around = "/etc/grafana/provisioning/datasources/d.yaml", "datasources:\n- type: elasticsearch\n  %s"
	block := "url: {url}\nbasicAuthUser: keeper\njsonData: {tlsAuth: true, tlsAuthWithCACert: " +
		"true}\nsecureJsonData:\n  basicAuthPassword: change-me\n  tlsCACert: $__file{{ca}}\n  tlsClientCert: " +
		"$__file{{cert}}\n  tlsClientKey: $__file{{key}}"
	alone := lacking("an address alone", file, around, "url: {url}\nbasicAuthUser: keeper\nsecureJsonData: "+
		"{basicAuthPassword: change-me}")
	all := casesAt("by its file", file, around, block, "jsonData: {tlsAuth: false, tlsAuthWithCACert: true}",
		"~jsonData: {tlsAuth: true, tlsAuthWithCACert: true, tlsSkipVerify: true}")
	return slices.Concat(all, alone, twice(file, around, block), byVariable(all, "{url}", "$SAID", Holds),
		byVariable(all, "{cert}", "/x/$__vault{y}", Assumes))
}

func otelCollector() Program {
	s := Settings{
		Hosts: []string{"endpoints", "endpoint"}, CA: "tls.ca_file", Cert: "tls.cert_file", Key: "tls.key_file",
		Versions: Versions{Min: "tls.min_version", Max: "tls.max_version"}, Ciphers: "tls.cipher_suites",
		Verify: Verify{Name: "tls.insecure_skip_verify", Off: []string{"true"}}, User: "user", Password: "password",
		Token: "api_key",
	}
	return Program{
		App: "otel-collector", As: "otel-collector", Expands: collectorVariables,
		Link:    "https://github.com/open-telemetry/opentelemetry-collector/blob/main/config/configtls/README.md",
		Runtime: Go(),
		Files: Files{Once: true, Options: []string{"config"},
			Paths: []string{"/etc/otelcol-contrib/", "/etc/otelcol/", "/conf/"}, Each: true},
		Places: []Place{{At: "exporters.elasticsearch*", Settings: s}, {At: "receivers.elasticsearch*", Settings: s}},
		Cases: func() []Case {
			return slices.Concat(collectorCases("exporters:\n  elasticsearch:\n    %s"),
				collectorCases("receivers:\n  elasticsearch/b:\n    %s"))
		},
	}
}

func collectorCases(around string) []Case {
	const file = "/etc/otelcol-contrib/config.yaml"
	block := "endpoint: {url}\ntls: {ca_file: {ca}, cert_file: {cert}, key_file: {key}}\nuser: keeper\npassword: " +
		"change-me"
	alone := lacking(around+", an address alone", file, around, "endpoint: {url}\nuser: keeper\npassword: change-me")
	all := casesAt(around, file, around, block, "~tls: {ca_file: {ca}, cert_file: {cert}, key_file: {key}, "+
		"insecure_skip_verify: true}")
	versions := casesAt(around, file, around, block, "~tls: {ca_file: {ca}, cert_file: {cert}, key_file: {key}, "+
		"min_version: $NOBODY}",
		"~tls: {ca_file: {ca}, cert_file: {cert}, key_file: {key}, max_version: $NOBODY}",
		"~tls: {ca_file: {ca}, cert_file: {cert}, key_file: {key}, cipher_suites: [$NOBODY]}")
	return slices.Concat(
		all, versions, twice(file, around, block), byVariable(all, "{cert}", "'${env:SAID}'", Holds),
		byVariable(all, "{cert}", "/x/$SAID", Assumes),
		casesAt(around+", an API key", file, around,
			strings.Replace(block, "user: keeper\npassword: change-me", "api_key: key", 1)), alone,
	)
}

func vector() Program {
	return Program{
		App: "vector", As: "vector", Expands: vectorVariables,
		Link:    "https://vector.dev/docs/reference/configuration/sinks/elasticsearch/",
		Runtime: Runtime{Name: "Vector", Keys: openSSL},
		Files: Files{Once: true, Options: []string{"config", "c", "config-yaml", "config-dir", "C"},
			Paths: []string{"/etc/vector/"}, Each: true},
		Places: []Place{{At: "sinks.*", Field: "type", Is: "elasticsearch", Settings: Settings{
			Hosts: []string{"endpoints", "endpoint"}, CA: "tls.ca_file", Cert: "tls.crt_file", Key: "tls.key_file",
			KeyPass: "tls.key_pass",
			Verify:  Verify{Name: "tls.verify_certificate", Off: []string{"false"}}, User: "auth.user",
			Password: "auth.password",
		}}},
		Cases: vectorCases,
	}
}

func vectorCases() []Case {
	const file, around = "/etc/vector/vector.yaml", "sinks:\n  search:\n    type: elasticsearch\n    %s"
	block := "endpoints: ['{url}']\ntls: {ca_file: {ca}, crt_file: {cert}, key_file: {key}}\nauth: {user: keeper, " +
		"password: change-me}"
	alone := lacking("an address alone", file, around,
		"endpoints: ['{url}']\nauth: {user: keeper, password: change-me}")
	all := casesAt("by its file", file, around, block, "~tls: {ca_file: {ca}, crt_file: {cert}, key_file: {key}, "+
		"verify_certificate: false}")
	passphrase := casesAt("a key with a passphrase", file, around,
		strings.Replace(locked(block), "{locked}}", "{locked}, key_pass: open}", 1))
	inJSON := Case{
		Name: "an address alone in JSON", File: "/etc/vector/vector.json", Want: NeedsPair,
		Text: `{"sinks": {"search": {"type": "elasticsearch", "endpoints": ["{url}"], ` +
			`"auth": {"user": "keeper", "password": "change-me"}}}}`,
	}
	return slices.Concat(all, passphrase, alone, []Case{inJSON}, twice(file, around, block),
		byVariable(all, "{cert}", "'${SAID}'", Holds),
		byVariable(all, "{cert}", "'/x/${SAID:?x}'", Assumes))
}
