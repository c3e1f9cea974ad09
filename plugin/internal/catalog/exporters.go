package catalog

import "slices"

// Programs that make metrics, and jobs.
const (
	Exporter      App = "elasticsearch_exporter"
	QueryExporter App = "prometheus-es-exporter"
	Curator       App = "Curator"
	Jaeger        App = "Jaeger"
	JaegerV1      App = "Jaeger 1"
	Init          App = "elk-mtls-init" // our own
)

func init() { describe(exporter, queryExporter, curator, jaeger, jaegerV1) }

// exporter describes prometheus-community/elasticsearch_exporter. A flag given twice stops it. Until 1.4 it reads a variable for each
// flag, later on for credentials only.
// https://github.com/prometheus-community/elasticsearch_exporter/blob/master/CHANGELOG.md
func exporter() Program {
	return Program{
		App: Exporter, Link: "https://github.com/prometheus-community/elasticsearch_exporter#configuration",
		Signs: Signs{Words: []string{"--es.uri", "-es.uri"}},
		Flag:  dashed, Env: func(flag string, v Version) string {
			isCredential := slices.Contains([]string{"es.username", "es.password", "es.api-key"}, flag)
			if old := v != (Version{}) && !v.AtLeast(1, 4); !old && !isCredential {
				return ""
			}
			return variable(flag, v)
		},
		Line: &Settings{
			Hosts: []string{"es.uri"}, CA: "es.ca", Cert: "es.client-cert", Key: "es.client-private-key",
			Verify: Verify{Name: "es.ssl-skip-verify", Off: []string{"true"}, Blind: true},
			User:   "es.username", Password: "es.password", Token: "es.api-key",
		},
	}
}

// queryExporter describes prometheus-es-exporter, which makes metrics of queries. Without a CA it verifies nothing, and stops where it is
// given a pair.
// https://github.com/braedon/prometheus-es-exporter/blob/master/prometheus_es_exporter/__init__.py
func queryExporter() Program {
	return Program{
		App: QueryExporter, Link: "https://github.com/braedon/prometheus-es-exporter#usage",
		Signs: Signs{Images: []string{"prometheus-es-exporter"}, Words: []string{"--es-cluster"}},
		Flag:  dashed, Env: func(flag string, v Version) string { return "ES_EXPORTER_" + variable(flag, v) },
		Line: &Settings{
			Hosts: []string{"es-cluster", "e"}, CA: "ca-certs", Cert: "client-cert", Key: "client-key", User: "basic-user", Password: "basic-password",
		},
	}
}

// curator describes Elasticsearch Curator: version 8 has its settings below elasticsearch.client, older ones below client, under other
// names. Its Python client loads the pair only where it verifies the server.
// https://www.elastic.co/guide/en/elasticsearch/client/curator/5.8/configfile.html
func curator() Program {
	return Program{
		App: Curator, Link: "https://www.elastic.co/guide/en/elasticsearch/client/curator/8.0/configfile.html",
		Signs: Signs{Images: []string{"curator", "elasticsearch-curator", "docker-elasticsearch-curator"}, Mounts: []string{"curator.yml"}},
		Dir:   "/",
		Files: Files{Options: []string{"config"}, Paths: []string{"/.curator/curator.yml", "/etc/es-curator/config.yml"}},
		Places: []Place{
			{At: "elasticsearch.client", Settings: Settings{
				Hosts: []string{"hosts"}, CA: "ca_certs", Cert: "client_cert", Key: "client_key",
				Verify: Verify{Name: "verify_certs", Off: []string{"false", "no", "off"}, Idle: true}, User: "username", Password: "password",
			}},
			{At: "client", Settings: Settings{
				Hosts: []string{"hosts"}, Switch: Switch{"use_ssl", "true", Decides}, CA: "certificate", Cert: "client_cert", Key: "client_key",
				Verify: Verify{Name: "ssl_no_validate", Off: []string{"true", "yes", "on"}, Idle: true}, User: "http_auth", Password: "http_auth",
			}},
		},
	}
}

// jaeger describes Jaeger 2: backends in the file of its collector.
func jaeger() Program {
	s := Settings{
		Hosts: []string{"server_urls"}, CA: "tls.ca_file", Cert: "tls.cert_file", Key: "tls.key_file", Nested: true,
		Verify: Verify{Name: "tls.insecure_skip_verify", Off: []string{"true"}}, User: "auth.basic.username", Password: "auth.basic.password",
	}
	return Program{
		App: Jaeger, Link: "https://www.jaegertracing.io/docs/latest/storage/elasticsearch/",
		Signs: Signs{Images: []string{"jaeger"}},
		Dir:   "/",
		Files: Files{Options: []string{"config"}, Sets: []string{"set"}, Paths: []string{"/etc/jaeger/"}},
		Places: []Place{
			{At: "extensions.jaeger_storage.backends.*.elasticsearch", Settings: s},
			{At: "extensions.jaeger_storage.metric_backends.*.elasticsearch", Settings: s},
		},
	}
}

// jaegerV1 describes the programs of Jaeger 1 and the jobs that keep indices in order. Their TLS settings count only with tls.enabled,
// whatever the address says. The chart sets ES_NODES for all of them; only Jaeger's Spark job reads it.
// https://github.com/jaegertracing/spark-dependencies#elasticsearch
func jaegerV1() Program {
	return Program{
		App: JaegerV1, Link: "https://www.jaegertracing.io/docs/1.76/deployment/cli/",
		Signs: Signs{
			Images: []string{"jaeger-collector", "jaeger-query", "jaeger-ingester", "jaeger-es-index-cleaner", "jaeger-es-rollover"},
			Words:  []string{"--es.server-urls"},
		},
		Flag: dashed, Env: variable, Words: true, Unread: []string{"ES_NODES"},
		Line: &Settings{
			Hosts: []string{"es.server-urls"}, Switch: Switch{"es.tls.enabled", "true", Decides}, CA: "es.tls.ca", Cert: "es.tls.cert", Key: "es.tls.key",
			Verify: Verify{Name: "es.tls.skip-host-verify", Off: []string{"true"}}, User: "es.username", Password: "es.password",
		},
	}
}

// OwnInit describes our own init container, as its command line has it.
func OwnInit() Program {
	return Program{App: Init, Flag: dashed, Repeated: []string{"elasticsearch-url"}, Line: &Settings{
		Hosts: []string{"elasticsearch-url"}, CA: "ca", Cert: "cert", Key: "key", Credentials: []string{"username-file", "password-file"},
	}}
}
