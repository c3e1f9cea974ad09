package catalog

import (
	"slices"
	"strings"
)

// Temporal is the server of Temporal, whose visibility store may be Elasticsearch.
const Temporal App = "Temporal"

func init() { describe(temporal) }

// temporal describes the stores of Temporal's server. The settings of TLS count where tls.enabled says so; the scheme is one of its own.
// Its chart makes a template of the file: {{ env "PASSWORD" }}.
// https://github.com/temporalio/temporal/blob/v1.29.0/common/persistence/visibility/store/elasticsearch/client/config.go
// https://github.com/temporalio/temporal/blob/v1.29.0/common/auth/tls.go
func temporal() Program {
	return Program{
		App: Temporal, Link: "https://docs.temporal.io/references/configuration#persistence", Runtime: Go(),
		Signs: Signs{Mounts: []string{"config_template.yaml"}},
		Dir:   "/etc/temporal",
		Files: Files{Once: true, Paths: []string{"/etc/temporal/config/config_template.yaml"}},
		Places: []Place{{At: "persistence.datastores.*.elasticsearch", Settings: Settings{
			Hosts: []string{"url.host"}, Scheme: "url.scheme", CA: "tls.caFile", Cert: "tls.certFile", Key: "tls.keyFile", Switch: Switch{"tls.enabled", "true", Decides},
			Verify: Verify{Name: "tls.enableHostVerification", Off: []string{"false"}, Unset: "false", On: "true"}, User: "username", Password: "password", Nested: true,
		}}},
		Cases: temporalCases,
	}
}

func temporalCases() []Case {
	const file, around = "/etc/temporal/config/config_template.yaml", "persistence:\n  datastores:\n    visibility:\n      elasticsearch:\n        %s"
	login := "url: {scheme: https, host: '{host}:9200'}\nusername: keeper\npassword: change-me"
	block := login + "\ntls: {enabled: true, caFile: {ca}, certFile: {cert}, keyFile: {key}, enableHostVerification: true}"
	templated := casesAt("a password by the chart's template", file, around, strings.Replace(block, "password: change-me", `password: {{ env "PASSWORD" | quote }}`, 1))
	templated[0].Want = Assumes
	return slices.Concat(
		casesAt("a store", file, around, block, "url: {scheme: http, host: '{host}:9200'}",
			"tls: {enabled: false, caFile: {ca}, certFile: {cert}, keyFile: {key}, enableHostVerification: true}",
			"~tls: {enabled: true, caFile: {ca}, certFile: {cert}, keyFile: {key}, enableHostVerification: false}"),
		lacking("an address alone", file, around, login), twice(file, around, block), templated,
	)
}
