package catalog

import (
	"slices"
	"strings"
)

// Servers are clients too, where they monitor.
const (
	LinkNodeMonitoring   = "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/monitoring-settings.html#http-exporter-settings"
	LinkKibanaMonitoring = "https://www.elastic.co/guide/en/kibana/8.19/monitoring-settings-kb.html"
)

// NodeMonitoring describes where a node sends its monitoring data, to a cluster which may be its own.
func NodeMonitoring() Place {
	return Place{At: "xpack.monitoring.exporters.*", Field: "type", Is: "http", Settings: Settings{
		Hosts: []string{"host"}, Ports: Ports{Default: "9200"}, Versions: Versions{List: "ssl.supported_protocols"},
		Ciphers: "ssl.cipher_suites",
		CA:      "ssl.certificate_authorities", CAIsList: true, Cert: "ssl.certificate", Key: "ssl.key",
		KeyPass:   "ssl.key_passphrase",
		StoreAlso: []string{"ssl.keystore.path", "ssl.truststore.path"},
		Verify:    Verify{Name: "ssl.verification_mode", Off: []string{"none"}, Chain: []string{"certificate"}},
		User:      "auth.username", Password: "auth.secure_password",
	}}
}

// KibanaAlwaysPresents is the setting, below a connection of Kibana, by which requests of users carry its certificate
// too.
const KibanaAlwaysPresents = "ssl.alwaysPresentCertificate"

// KibanaSystem is the user that Elasticsearch has for Kibana; ElasticUser is the one that may do everything, which
// Kibana refuses to be.
const (
	KibanaSystem = "kibana_system"
	ElasticUser  = "elastic"
)

// KibanaConnection describes how Kibana calls Elasticsearch.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html
func KibanaConnection() Place {
	return Place{At: "elasticsearch", Settings: Settings{
		Hosts: []string{"hosts"}, Default: "http://localhost:9200",
		CA: "ssl.certificateAuthorities", CAIsList: true, Trust: "ssl.truststore.path",
		TrustPass: "ssl.truststore.password", Cert: "ssl.certificate",
		Key: "ssl.key", KeyPass: "ssl.keyPassphrase", Store: "ssl.keystore.path", StorePass: "ssl.keystore.password",
		StoreTrusts: true,
		Verify: Verify{Name: "ssl.verificationMode", Off: []string{"none"}, Chain: []string{"certificate"},
			Full: []string{"full"}},
		User: "username", Password: "password", Token: "serviceAccountToken",
		Finds: []string{"sniffOnStart", "sniffInterval", "sniffOnConnectionFault"},
	}}
}

// KibanaMonitoring describes Kibana's own client for monitoring data.
func KibanaMonitoring() Place {
	s := KibanaConnection().Settings
	return Place{At: "monitoring.ui.elasticsearch", Settings: Settings{
		Hosts: s.Hosts, CA: s.CA, Cert: s.Cert, Key: s.Key, StoreAlso: []string{s.Store, s.Trust}, User: s.User,
		Password: s.Password,
	}}
}

// KibanaFiles is the variable that names further files of Kibana, with commas between them; options of its command
// line name more.
// https://github.com/elastic/kibana/blob/v8.19.0/src/cli/serve/serve.js
const KibanaFiles = "KBN_CONFIG_PATHS"

// kibanaKnows are the settings of Kibana's connection that 8.19 or 7.17 knows.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html
var kibanaKnows = strings.Fields(`apisToRedactInLogs apiVersion compression customHeaders dnsCacheTtl healthCheck
	hosts idleSocketTimeout ignoreVersionMismatch logQueries maxIdleSockets maxResponseSize maxSockets password
	pingTimeout publicBaseUrl requestHeadersWhitelist requestTimeout serviceAccountToken shardTimeout
	skipStartupConnectionCheck sniffInterval sniffOnConnectionFault sniffOnStart ssl.alwaysPresentCertificate
	ssl.certificate ssl.certificateAuthorities ssl.key ssl.keyPassphrase ssl.keystore.password ssl.keystore.path
	ssl.truststore.password ssl.truststore.path ssl.verificationMode username`)

// KibanaKnows tells whether Kibana knows a setting of its connection. It does not start with one that it does not know.
func KibanaKnows(setting string) bool {
	return slices.ContainsFunc(kibanaKnows,
		func(known string) bool { return setting == known || strings.HasPrefix(setting, known+".") })
}

// KibanaShown names the settings of Kibana with an address that it only shows to people.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html#elasticsearch-publicbaseurl
func KibanaShown() []string { return []string{"elasticsearch.publicBaseUrl"} }

// KibanaHanded are the places of addresses that Kibana hands to agents, with the certificate that they present there.
// https://www.elastic.co/guide/en/kibana/8.19/fleet-settings-kb.html
func KibanaHanded() []Place {
	const outputs = "xpack.fleet.outputs.*"
	return []Place{
		{At: outputs, Settings: Settings{Hosts: []string{"hosts"}, Cert: "config.ssl.certificate"}},
		{At: outputs, Settings: Settings{Hosts: []string{"hosts"}, Cert: "ssl.certificate"}},
	}
}
