package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// ready is a rule for a well-known program: what a user would have to find out in its documentation.
type ready struct {
	name  string
	link  string            // page that names these settings
	flags []string          // of its command line that name its files or their folder
	paths []string          // where they are else; a folder ends in "/"
	files []config.RuleFile // what to set there: Path is empty. Settings of the pair alone are one of their own: modes without certificates leave it out
	curl  bool              // the container calls by curl
}

// readyRules are those that `as` of a rule may name, each by a page that documents its options.
func readyRules() []ready {
	openTelemetry := map[string]any{"tls.ca_file": placeCA, "tls.cert_file": placeCert, "tls.key_file": placeKey}
	return []ready{
		{
			name: "curl", link: linkCurl, curl: true,
		},
		{
			name: "datadog-agent", link: "https://docs.datadoghq.com/integrations/elastic/",
			paths: []string{"/etc/datadog-agent/conf.d/elastic.yaml", "/etc/datadog-agent/conf.d/elastic.d/"},
			files: []config.RuleFile{{At: "instances.*", Set: map[string]any{"tls_ca_cert": placeCA, "tls_cert": placeCert, "tls_private_key": placeKey}}},
		},
		{
			// Its Python client takes no CA where it does not verify.
			name: "elastalert2", link: "https://elastalert2.readthedocs.io/en/latest/configuration.html",
			flags: []string{"config"}, paths: []string{"/opt/elastalert/config.yaml"},
			files: []config.RuleFile{{Set: map[string]any{"use_ssl": true, "verify_certs": true, "ca_certs": placeCA, "client_cert": placeCert, "client_key": placeKey}}},
		},
		{
			// The values are file contents, which Grafana reads by $__file{}.
			name: "grafana", link: "https://grafana.com/docs/grafana/latest/administration/provisioning/",
			paths: []string{"/etc/grafana/provisioning/datasources/"},
			files: []config.RuleFile{
				{At: "datasources.*", Is: map[string]string{"type": "elasticsearch"}, Set: map[string]any{
					"jsonData.tlsAuthWithCACert": true, "secureJsonData.tlsCACert": "$__file{" + placeCA + "}",
				}},
				{At: "datasources.*", Is: map[string]string{"type": "elasticsearch"}, Set: map[string]any{
					"jsonData.tlsAuth": true, "secureJsonData.tlsClientCert": "$__file{" + placeCert + "}", "secureJsonData.tlsClientKey": "$__file{" + placeKey + "}",
				}},
			},
		},
		{
			name: "otel-collector", link: "https://github.com/open-telemetry/opentelemetry-collector/blob/main/config/configtls/README.md",
			flags: []string{"config"}, paths: []string{"/etc/otelcol-contrib/", "/etc/otelcol/", "/conf/"},
			files: []config.RuleFile{{At: "exporters.elasticsearch*", Set: openTelemetry}, {At: "receivers.elasticsearch*", Set: openTelemetry}},
		},
		{
			name: "vector", link: "https://vector.dev/docs/reference/configuration/sinks/elasticsearch/",
			flags: []string{"config", "c", "config-yaml", "config-dir", "C"}, paths: []string{"/etc/vector/"},
			files: []config.RuleFile{{At: "sinks.*", Is: map[string]string{"type": "elasticsearch"}, Set: map[string]any{
				"tls.ca_file": placeCA, "tls.crt_file": placeCert, "tls.key_file": placeKey,
			}}},
		},
	}
}

// readyRule finds the ready rule of a name; none for "".
func readyRule(name string) (ready, error) {
	var names []string
	all := readyRules()
	i := slices.IndexFunc(all, func(r ready) bool { names = append(names, r.name); return r.name == name })
	if name == "" {
		return ready{}, nil
	}
	if i < 0 {
		return ready{}, fmt.Errorf("as: %q is no ready rule: %s are; for other programs give env, args or files", name, strings.Join(names, ", "))
	}
	return all[i], nil
}
