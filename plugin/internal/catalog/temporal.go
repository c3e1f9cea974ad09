package catalog

import (
	"slices"
	"strings"
)

// Temporal is the server of Temporal, whose visibility store may be Elasticsearch. Its chart makes the index there by
// TemporalTool.
const (
	Temporal     App = "Temporal"
	TemporalTool App = "temporal-elasticsearch-tool"
)

func init() { describe(temporal, temporalTool) }

// temporal describes the stores of Temporal's server. The settings of TLS count where tls.enabled says so; the scheme
// is one of its own. Its chart makes a template of the file: {{ env "PASSWORD" }}.
// https://github.com/temporalio/temporal/blob/v1.29.0/common/persistence/visibility/store/elasticsearch/client/config.go
// https://github.com/temporalio/temporal/blob/v1.29.0/common/auth/tls.go
func temporal() Program {
	return Program{
		App: Temporal, Link: "https://docs.temporal.io/references/configuration#persistence", Runtime: Go(),
		Signs: Signs{Mounts: []string{"config_template.yaml"}},
		Dir:   "/etc/temporal",
		Files: Files{Once: true, Paths: []string{"/etc/temporal/config/config_template.yaml"}},
		Places: []Place{{At: "persistence.datastores.*.elasticsearch", Settings: Settings{
			Hosts: []string{"url.host"}, Scheme: "url.scheme", CA: "tls.caFile", Cert: "tls.certFile",
			Key: "tls.keyFile", Switch: Switch{"tls.enabled", "true", Decides},
			Verify: Verify{Name: "tls.enableHostVerification", Off: []string{"false"}, Unset: "false", On: "true"},
			User:   "username", Password: "password", Nested: true,
		}}},
		Cases: temporalCases,
	}
}

func temporalCases() []Case {
	const file, around = "/etc/temporal/config/config_template.yaml", "persistence:\n  datastores:\n    " +
		"visibility:\n      elasticsearch:\n        %s"
	login := "url: {scheme: https, host: '{host}:9200'}\nusername: keeper\npassword: change-me"
	block := login + "\ntls: {enabled: true, caFile: {ca}, certFile: {cert}, keyFile: {key}, enableHostVerification: " +
		"true}"
	templated := casesAt("a password by the chart's template", file, around,
		strings.Replace(block, "password: change-me", `password: {{ env "PASSWORD" | quote }}`, 1))
	templated[0].Want = Assumes
	return slices.Concat(
		casesAt("a store", file, around, block, "url: {scheme: http, host: '{host}:9200'}",
			"tls: {enabled: false, caFile: {ca}, certFile: {cert}, keyFile: {key}, enableHostVerification: true}",
			"~tls: {enabled: true, caFile: {ca}, certFile: {cert}, keyFile: {key}, enableHostVerification: false}"),
		lacking("an address alone", file, around, login), twice(file, around, block), templated,
	)
}

// temporalTool describes the program that makes indices for Temporal. Nothing of TLS counts without --tls.
// https://github.com/temporalio/temporal/blob/v1.30.0/tools/elasticsearch/main.go
func temporalTool() Program {
	variables := map[string]string{
		"endpoint": "ES_SERVER", "user": "ES_USER", "password": "ES_PWD", "tls": "ES_TLS",
		"tls-ca-file": "ES_TLS_CA_FILE", "tls-cert-file": "ES_TLS_CERT_FILE",
		"tls-key-file": "ES_TLS_KEY_FILE", "tls-disable-host-verification": "ES_TLS_DISABLE_HOST_VERIFICATION",
	}
	return Program{
		App: TemporalTool, Link: "https://github.com/temporalio/temporal/blob/v1.30.0/tools/elasticsearch/main.go",
		Runtime: Go(),
		Signs:   Signs{Words: []string{string(TemporalTool)}},
		Flag:    dashed, Env: func(flag string, _ Version) string { return variables[flag] },
		Unread: []string{"ES_HOST"},
		Line: &Settings{
			Hosts: []string{"endpoint"}, Default: "http://127.0.0.1:9200", Switch: Switch{"tls", "true", Decides},
			CA: "tls-ca-file", Cert: "tls-cert-file", Key: "tls-key-file",
			Verify: Verify{Name: "tls-disable-host-verification", Off: []string{"true"}}, User: "user",
			Password: "password",
		},
		Cases: temporalToolCases,
	}
}

func temporalToolCases() []Case {
	args := []string{string(TemporalTool), "ping"}
	login := []string{"ES_SERVER={url}", "ES_USER=keeper", "ES_PWD=change-me"}
	pair := []string{"ES_TLS_CA_FILE={ca}", "ES_TLS_CERT_FILE={cert}", "ES_TLS_KEY_FILE={key}"}
	all := slices.Concat(login, pair, []string{"ES_TLS=true"})
	flags := []string{string(TemporalTool), "--endpoint={url}", "--user=keeper", "--password=change-me", "--tls=true",
		"--tls-ca-file={ca}", "--tls-cert-file={cert}", "--tls-key-file={key}", "ping"}
	script := []string{"sh", "-c", "temporal-elasticsearch-tool create-index && temporal-elasticsearch-tool " +
		"update-schema --index \"$ES_VISIBILITY_INDEX\""}
	return []Case{
		{Name: "by variables", Args: args, Env: append(all, "ES_HOST={host}")},
		{Name: "by flags", Args: flags},
		{Name: "in a script", Args: script, Env: append(all, "ES_HOST={host}", "ES_VISIBILITY_INDEX=visibility")},
		{Name: "TLS is off", Args: args, Env: slices.Concat(login, pair, []string{"ES_TLS=false"}), Want: Breaks},
		{Name: "TLS is not switched on", Args: args, Env: slices.Concat(login, pair), Want: NeedsPair},
		{Name: "nothing is verified", Args: args, Env: append(all, "ES_TLS_DISABLE_HOST_VERIFICATION=true"),
			Want: Assumes},
		{Name: "an address alone", Args: args, Env: append(login, "ES_HOST={host}"), Want: NeedsPair},
	}
}
