package catalog

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
)

// Programs that make metrics, and jobs.
const (
	Exporter      App = "elasticsearch_exporter"
	QueryExporter App = "prometheus-es-exporter"
	Curator       App = "Curator"
	Jaeger        App = "Jaeger"
	JaegerV1      App = "Jaeger 1"
	Init          App = contract.Init // our own
)

func init() { describe(exporter, queryExporter, curator, jaeger, jaegerV1) }

// exporter describes prometheus-community/elasticsearch_exporter. A flag given twice stops it. Until 1.4 it reads a
// variable for each flag, later on for credentials only.
// https://github.com/prometheus-community/elasticsearch_exporter/blob/master/CHANGELOG.md
func exporter() Program {
	return Program{
		App: Exporter, Link: "https://github.com/prometheus-community/elasticsearch_exporter#configuration",
		Runtime: Go(),
		Renewals: []Renewal{{Since: Version{1, 2, 0}, CAOnce: true,
			Link: "https://github.com/prometheus-community/elasticsearch_exporter/pull/414"}},
		Signs: Signs{Images: []string{"elasticsearch-exporter", "elasticsearch_exporter"},
			Words: []string{"--es.uri", "-es.uri"}},
		Flag: dashed, Env: func(flag string, v Version) string {
			isCredential := slices.Contains([]string{"es.username", "es.password", "es.api-key"}, flag)
			if old := v != (Version{}) && !v.AtLeast(1, 4); !old && !isCredential {
				return ""
			}
			return variable(flag, v)
		},
		Line: &Settings{
			Hosts: []string{"es.uri"}, Default: "http://localhost:9200", CA: "es.ca", Cert: "es.client-cert",
			Key:    "es.client-private-key",
			Verify: Verify{Name: "es.ssl-skip-verify", Off: []string{"true"}, Blind: true},
			User:   "es.username", Password: "es.password", Token: "es.api-key",
		},
		Cases: exporterCases,
	}
}

func exporterCases() []Case {
	line := func(more ...string) []string { return append([]string{"--es.uri={url}", "--es.ca={ca}"}, more...) }
	login := []string{"ES_USERNAME=keeper", "ES_PASSWORD=change-me"}
	pair := []string{"--es.client-cert={cert}", "--es.client-private-key={key}"}
	const image = "example/elasticsearch-exporter:v1.7.0"
	return []Case{
		{Name: "by flags", Image: image, Args: line(pair...), Env: login},
		{Name: "in another image", Image: "example/other:1", Args: line(pair...), Env: login},
		{Name: "an API key", Image: image, Args: line(append(pair, "--es.api-key=id:key")...)},
		{Name: "a login by flags", Image: image,
			Args: line(append(pair, "--es.username=keeper", "--es.password=change-me")...)},
		{Name: "an address alone", Image: image, Args: []string{"--es.uri={url}"}, Env: login, Want: NeedsPair},
		{Name: "nothing is verified", Image: image,
			Args: append([]string{"--es.uri={url}", "--es.ssl-skip-verify"}, pair...), Env: login, Want: Assumes},
		{Name: "variables of an old version", Image: "example/elasticsearch-exporter:1.3.0",
			Args: []string{"--es.uri={url}"},
			Env:  append(login, "ES_CA={ca}", "ES_CLIENT_CERT={cert}", "ES_CLIENT_PRIVATE_KEY={key}"), Touched: true},
		{Name: "an old version by variables alone", Image: "example/elasticsearch-exporter:1.3.0",
			Env: append(login, "ES_URI={url}", "ES_CA={ca}", "ES_CLIENT_CERT={cert}", "ES_CLIENT_PRIVATE_KEY={key}")},
		{Name: "which later ones do not read", Image: image, Args: []string{"--es.uri={url}"},
			Env: append(login, "ES_CA={ca}", "ES_CLIENT_CERT={cert}", "ES_CLIENT_PRIVATE_KEY={key}"), Want: NeedsPair},
	}
}

// queryExporter describes prometheus-es-exporter, which makes metrics of queries. Without a CA it verifies nothing,
// and stops where it is given a pair.
// https://github.com/braedon/prometheus-es-exporter/blob/master/prometheus_es_exporter/__init__.py
func queryExporter() Program {
	return Program{
		App: QueryExporter, Link: "https://github.com/braedon/prometheus-es-exporter#usage", Runtime: Python(),
		Renewals: pythonRenewals(),
		Signs:    Signs{Images: []string{"prometheus-es-exporter"}, Words: []string{"--es-cluster"}},
		Flag:     dashed, Env: func(flag string, v Version) string { return "ES_EXPORTER_" + variable(flag, v) },
		Line: &Settings{
			Hosts: []string{"es-cluster", "e"}, Default: "localhost:9200", CA: "ca-certs", Cert: "client-cert",
			Key: "client-key", User: "basic-user", Password: "basic-password",
		},
		Cases: queryExporterCases,
	}
}

func queryExporterCases() []Case {
	line := []string{"--ca-certs={ca}", "--client-cert={cert}", "--client-key={key}"}
	login := []string{"--basic-user=keeper", "--basic-password=change-me"}
	return []Case{
		{Name: "by flags", Args: slices.Concat([]string{"--es-cluster={url}"}, line, login)},
		{Name: "by a short flag", Args: slices.Concat([]string{"-e", "{url}"}, line, login)},
		{Name: "in another image", Image: "example/other:1",
			Args: slices.Concat([]string{"--es-cluster={url}"}, line, login)},
		{Name: "an address alone", Args: append(login, "--es-cluster={url}"), Want: NeedsPair},
		{Name: "by variables", Env: []string{
			"ES_EXPORTER_ES_CLUSTER={url}", "ES_EXPORTER_CA_CERTS={ca}", "ES_EXPORTER_CLIENT_CERT={cert}",
			"ES_EXPORTER_CLIENT_KEY={key}",
			"ES_EXPORTER_BASIC_USER=keeper", "ES_EXPORTER_BASIC_PASSWORD=change-me",
		}},
		{Name: "an address alone in a variable", Args: login, Env: []string{"ES_EXPORTER_ES_CLUSTER={url}"},
			Want: NeedsPair},
	}
}

// curator describes Elasticsearch Curator: version 8 has its settings below elasticsearch.client, older ones below
// client, under other names. Its Python client loads the pair only where it verifies the server.
// https://www.elastic.co/guide/en/elasticsearch/client/curator/5.8/configfile.html
func curator() Program {
	return Program{
		App: Curator, Link: "https://www.elastic.co/guide/en/elasticsearch/client/curator/8.0/configfile.html",
		Runtime: Python(), Renewals: pythonRenewals(),
		Signs: Signs{Images: []string{"curator", "elasticsearch-curator", "docker-elasticsearch-curator"},
			Mounts: []string{"curator.yml"}},
		Dir: "/", Expands: curatorVariables,
		Files: Files{Options: []string{"config"},
			Paths: []string{"/.curator/curator.yml", "/etc/es-curator/config.yml"}},
		Places: []Place{
			{At: "elasticsearch.client", Settings: Settings{
				Hosts: []string{"hosts"}, Cloud: Cloud{Name: "cloud_id", Alone: true}, Default: "http://127.0.0.1:9200",
				CA: "ca_certs", Cert: "client_cert", Key: "client_key",
				Verify: Verify{Name: "verify_certs", Off: []string{"false", "no", "off"}, Idle: true}, User: "username",
				Password: "password",
			}},
			{At: "client", Settings: Settings{
				Hosts: []string{"hosts"}, Ports: Ports{"port", "9200", true}, Default: "127.0.0.1:9200",
				Switch: Switch{"use_ssl", "true", Decides}, CA: "certificate", Cert: "client_cert",
				Key:    "client_key",
				Verify: Verify{Name: "ssl_no_validate", Off: []string{"true", "yes", "on"}, Idle: true},
				User:   "http_auth", Password: "http_auth",
			}},
		},
		Cases: curatorCases,
	}
}

func curatorCases() []Case {
	const file = "/etc/es-curator/config.yml"
	const now, then = "elasticsearch:\n  client:\n    %s\n  other_settings: {}", "client:\n  %s"
	pair := "client_cert: {cert}\nclient_key: {key}"
	block := "hosts: ['{url}']\nca_certs: {ca}\nusername: keeper\npassword: change-me\n" + pair
	older := "hosts: ['{url}']\nuse_ssl: true\ncertificate: {ca}\nhttp_auth: keeper:change-me\n" + pair
	alone := lacking("an address alone", file, now, "hosts: ['{url}']\nusername: keeper\npassword: change-me")
	before := lacking("an address alone, before version 8", file, then, "hosts: ['{url}']\nhttp_auth: keeper:change-me")
	flag := casesAt("a file that a flag names", "/etc/c.yml", now, block)
	flag[0].Args = []string{"--config", "/etc/c.yml"}
	mounted := casesAt("another image", "/.curator/curator.yml", now, block)
	mounted[0].Image = "example/other:1"
	return slices.Concat(
		casesAt("version 8", file, now, block, "verify_certs: false", "cloud_id: lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg=="),
		casesAt("before", file, then, older, "use_ssl: false", "ssl_no_validate: true"),
		casesAt("before, with a port", file, then, replaced(older, "hosts: ['{far}']")+"\nport: 9443"),
		casesAt("before, without a port", file, then, replaced(older, "hosts: ['{host}']")),
		casesAt("before, the port of the scheme", file, then, replaced(older, "hosts: ['https://{tls}']")),
		casesAt("the older place", "/.curator/curator.yml", then, older),
		casesAt("files from the root", file, now, relative(block, "..")),
		alone, before, flag, mounted, byVariable(flag, "{cert}", "${SAID}", Holds))
}

// jaeger describes Jaeger 2: backends in the file of its collector.
func jaeger() Program {
	s := Settings{
		Hosts: []string{"server_urls"}, CA: "tls.ca_file", Cert: "tls.cert_file", Key: "tls.key_file", Nested: true,
		Versions: Versions{Min: "tls.min_version", Max: "tls.max_version"}, Ciphers: "tls.cipher_suites",
		Verify: Verify{Name: "tls.insecure_skip_verify", Off: []string{"true"}}, User: "auth.basic.username",
		Password: "auth.basic.password",
	}
	return Program{
		App: Jaeger, Link: "https://www.jaegertracing.io/docs/latest/storage/elasticsearch/", Runtime: Go(),
		Signs: Signs{Images: []string{"jaeger"}},
		Dir:   "/", Expands: collectorVariables,
		Files: Files{Once: true, Options: []string{"config"}, Sets: []string{"set"}, Paths: []string{"/etc/jaeger/"}},
		Places: []Place{
			{At: "extensions.jaeger_storage.backends.*.elasticsearch", Settings: s},
			{At: "extensions.jaeger_storage.metric_backends.*.elasticsearch", Settings: s},
		},
		Cases: jaegerCases,
	}
}

func jaegerCases() []Case {
	const file = "/etc/jaeger/config.yaml"
	const backend = "extensions:\n  jaeger_storage:\n    backends:\n      main:\n        elasticsearch:\n          %s"
	metrics := strings.Replace(backend, "backends", "metric_backends", 1)
	block := "server_urls: ['{url}']\ntls: {ca_file: {ca}, cert_file: {cert}, key_file: {key}}\nauth: {basic: " +
		"{username: keeper, password: change-me}}"
	loose := "tls: {ca_file: {ca}, cert_file: {cert}, key_file: {key}, insecure_skip_verify: true}"
	alone := "server_urls: ['{url}']\nauth: {basic: {username: keeper, password: change-me}}"
	open := func(setting string) string {
		return "~" + strings.Replace(loose, "insecure_skip_verify: true", setting, 1)
	}
	settings := []string{"~" + loose, open("min_version: $NOBODY"), open("max_version: $NOBODY"),
		open("cipher_suites: [$NOBODY]")}
	all := slices.Concat(casesAt("a backend", file, backend, block, settings...),
		casesAt("a backend for metrics", file, metrics, block, settings...),
		casesAt("files from the root", file, backend, relative(block, "..")))
	for _, around := range []string{backend, metrics} {
		all = append(all, lacking(around+", an address alone", file, around, alone)...)
	}
	named := casesAt("a file that a flag names", "/etc/j.yaml", backend, block)
	named[0].Args = []string{"--config", "/etc/j.yaml"}
	against := casesAt("a flag against the file", file, backend, block)
	against[0].Args = []string{"--config", file, "--set",
		"extensions.jaeger_storage.backends.main.elasticsearch.tls.cert_file=/other.crt"}
	against[0].Want = Breaks
	return slices.Concat(all, named, against, twice(file, backend, block),
		byVariable(all, "{cert}", "'${env:SAID}'", Holds), byVariable(all, "{cert}", "/x/$SAID", Assumes))
}

// jaegerV1 describes the programs of Jaeger 1 and the jobs that keep indices in order. Their TLS settings count only
// with tls.enabled, whatever the address says. The chart sets ES_NODES for all of them; only Jaeger's Spark job reads
// it.
// https://github.com/jaegertracing/spark-dependencies#elasticsearch
func jaegerV1() Program {
	return Program{
		App: JaegerV1, Link: "https://www.jaegertracing.io/docs/1.76/deployment/cli/", Runtime: Go(),
		Signs: Signs{
			Images: []string{"jaeger-collector", "jaeger-query", "jaeger-ingester", "jaeger-es-index-cleaner",
				"jaeger-es-rollover"},
			Words: []string{"--es.server-urls"}, Vars: []string{"ES_SERVER_URLS"},
		},
		Flag: dashed, Env: variable, Words: true, Unread: []string{"ES_NODES"},
		Line: &Settings{
			Hosts: []string{"es.server-urls"}, Default: "http://127.0.0.1:9200",
			Switch: Switch{"es.tls.enabled", "true", Decides}, CA: "es.tls.ca", Cert: "es.tls.cert",
			Key:    "es.tls.key",
			Verify: Verify{Name: "es.tls.skip-host-verify", Off: []string{"true"}}, User: "es.username",
			Password: "es.password", CalledBy: "es.tls.server-name", Finds: []string{"es.sniffer"},
			Truths: []string{"1", "t"}, // https://pkg.go.dev/strconv#ParseBool
		},
		Cases: jaegerV1Cases,
	}
}

func jaegerV1Cases() []Case {
	line := []string{"--es.tls.enabled=true", "--es.tls.ca={ca}", "--es.tls.cert={cert}", "--es.tls.key={key}"}
	login := []string{"--es.username=keeper", "--es.password=change-me"}
	env := []string{"ES_TLS_ENABLED=true", "ES_TLS_CA={ca}", "ES_TLS_CERT={cert}", "ES_TLS_KEY={key}",
		"ES_USERNAME=keeper", "ES_PASSWORD=change-me"}
	const cleaner = "example/jaeger-es-index-cleaner:1.76"
	return []Case{
		{Name: "by flags", Args: slices.Concat([]string{"--es.server-urls={url}"}, line, login)},
		{Name: "in another image", Image: "example/other:1",
			Args: slices.Concat([]string{"--es.server-urls={url}"}, line, login)},
		{Name: "by variables", Env: append(env, "ES_SERVER_URLS={url}", "ES_NODES={url}")},
		{Name: "by variables in another image", Image: "example/other:1", Env: append(env, "ES_SERVER_URLS={url}")},
		{Name: "TLS is off", Args: slices.Concat([]string{"--es.server-urls={url}", "--es.tls.enabled=false"}, line[1:],
			login), Want: Breaks},
		{Name: "TLS is not switched on", Args: slices.Concat([]string{"--es.server-urls={url}"}, line[1:], login),
			Want: NeedsPair},
		{Name: "TLS is switched on in another way", Args: slices.Concat([]string{"--es.server-urls={url}",
			"--es.tls.enabled=1"}, line[1:], login), Touched: true},
		{Name: "nothing is verified", Args: slices.Concat([]string{"--es.server-urls={url}",
			"--es.tls.skip-host-verify=true"}, line, login), Want: Assumes},
		{Name: "the name that it verifies", Args: slices.Concat([]string{"--es.server-urls=https://{alias}:9200",
			"--es.tls.server-name={host}"}, line, login)},
		{Name: "it asks for the nodes", Args: slices.Concat([]string{"--es.server-urls={url}", "--es.sniffer=true"},
			line, login), Want: Assumes},
		{Name: "an address alone", Args: append(login, "--es.server-urls={url}"), Want: NeedsPair},
		{Name: "a bare word", Image: cleaner, Args: []string{"14", "{url}"}, Env: append(env, "ES_SERVER_URLS={url}")},
		{Name: "a bare word alone", Image: cleaner, Args: []string{"14", "{url}"}, Env: env},
		{Name: "a bare word and no TLS", Image: cleaner, Args: []string{"14", "{url}"}, Env: env[4:], Want: NeedsPair},
	}
}

// OwnInit describes our own init container, as its command line has it.
func OwnInit() Program {
	return Program{App: Init, Runtime: Go(), Flag: dashed, Repeated: []string{"elasticsearch-url"}, Line: &Settings{
		Hosts: []string{"elasticsearch-url"}, CA: "ca", Cert: "cert", Key: "key",
		Credentials: []string{"username-file", "password-file"},
	}}
}
