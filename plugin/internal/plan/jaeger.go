package plan

import "github.com/elk-mtls/elk-mtls/plugin/internal/recognise"

const (
	linkJaeger   = "https://www.jaegertracing.io/docs/latest/storage/elasticsearch/"
	linkJaegerV1 = "https://www.jaegertracing.io/docs/1.76/deployment/cli/"
)

// jaeger is Jaeger 2: backends in the file of its collector.
func jaeger() program {
	keys := tlsKeys{hosts: "server_urls", ca: "tls.ca_file", cert: "tls.cert_file", key: "tls.key_file", nested: true, link: linkJaeger}
	return program{app: recognise.Jaeger, dir: "/", files: files{
		flags: []string{"config"},
		sets:  []string{"set"},
		names: []string{"/etc/jaeger/"},
		places: []place{
			{path: "extensions.jaeger_storage.backends.*.elasticsearch", keys: keys},
			{path: "extensions.jaeger_storage.metric_backends.*.elasticsearch", keys: keys},
		},
	}}
}

// jaegerV1 are the programs of Jaeger 1 and the jobs that keep indices in order: flags, and variables of the same
// names. Their TLS settings count only with tls.enabled, whatever the address says. The chart sets ES_NODES for all
// of them; only Jaeger's Spark job reads it.
// https://github.com/jaegertracing/spark-dependencies#elasticsearch
func jaegerV1() program {
	return program{
		app: recognise.JaegerV1, sign: "--es.", words: true, unread: []string{"ES_NODES"},
		flags: &tlsKeys{
			hosts: "--es.server-urls", enable: "--es.tls.enabled", on: "true", mustEnable: true,
			ca: "--es.tls.ca", cert: "--es.tls.cert", key: "--es.tls.key", link: linkJaegerV1,
		},
		env: &tlsKeys{
			hosts: "ES_SERVER_URLS", enable: "ES_TLS_ENABLED", on: "true", mustEnable: true,
			ca: "ES_TLS_CA", cert: "ES_TLS_CERT", key: "ES_TLS_KEY", link: linkJaegerV1,
		},
	}
}
