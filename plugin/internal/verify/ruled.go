package verify

import "strings"

// ruledPrograms are those that `as` of a rule may name, each as its documentation has it.
// https://vector.dev/docs/reference/configuration/sinks/elasticsearch/,
// https://github.com/open-telemetry/opentelemetry-collector/blob/main/config/configtls/README.md,
// https://grafana.com/docs/grafana/latest/administration/provisioning/, https://docs.datadoghq.com/integrations/elastic/,
// https://elastalert2.readthedocs.io/en/latest/configuration.html
func ruledPrograms() map[string]program {
	collector := names{
		hosts: []string{"endpoints", "endpoint"}, ca: "tls.ca_file", cert: "tls.cert_file", key: "tls.key_file",
		verify: "tls.insecure_skip_verify", off: []string{"true"}, user: "user", password: "password", token: "api_key",
	}
	return map[string]program{
		"datadog-agent": {files: []string{"/etc/datadog-agent/conf.d/elastic.yaml", "/etc/datadog-agent/conf.d/elastic.d"}, every: true, spots: []spot{{at: "*.instances.*", names: names{
			hosts: []string{"url"}, ca: "tls_ca_cert", cert: "tls_cert", key: "tls_private_key", verify: "tls_verify", off: []string{"false"}, user: "username", password: "password",
		}}}},
		"elastalert2": {options: []string{"config"}, files: []string{"/opt/elastalert/config.yaml"}, env: elastalertVariable, spots: []spot{{names: names{
			hosts: []string{"es_host"}, enabled: "use_ssl", mustEnable: true, ca: "ca_certs", cert: "client_cert", key: "client_key",
			verify: "verify_certs", off: []string{"false"}, needsCheck: true, user: "es_username", password: "es_password", token: "es_api_key",
		}}}},
		"grafana": {files: []string{"/etc/grafana/provisioning/datasources"}, every: true, spots: []spot{{at: "*.datasources.*", field: "type", is: "elasticsearch", names: names{
			hosts: []string{"url"}, ca: "secureJsonData.tlsCACert", caWith: "jsonData.tlsAuthWithCACert",
			cert: "secureJsonData.tlsClientCert", key: "secureJsonData.tlsClientKey", certWith: "jsonData.tlsAuth", verify: "jsonData.tlsSkipVerify", off: []string{"true"},
			user: "basicAuthUser", password: "secureJsonData.basicAuthPassword",
		}}}},
		"otel-collector": {options: []string{"config"}, files: []string{"/etc/otelcol-contrib", "/etc/otelcol", "/conf"}, every: true, spots: []spot{
			{at: "*.exporters.elasticsearch*", names: collector}, {at: "*.receivers.elasticsearch*", names: collector},
		}},
		"vector": {
			options: []string{"config", "c", "config-yaml", "config-dir", "C"}, files: []string{"/etc/vector"}, every: true,
			spots: []spot{{at: "*.sinks.*", field: "type", is: "elasticsearch", names: names{
				hosts: []string{"endpoints", "endpoint"}, ca: "tls.ca_file", cert: "tls.crt_file", key: "tls.key_file", verify: "tls.verify_certificate", off: []string{"false"},
				user: "auth.user", password: "auth.password",
			}}},
		},
	}
}

// elastalertVariable gives the variable that wins over a setting of ElastAlert 2.
func elastalertVariable(key string) string {
	return "ES_" + strings.ToUpper(strings.TrimPrefix(key, "es_"))
}
