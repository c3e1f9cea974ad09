package plan

import "github.com/elk-mtls/elk-mtls/plugin/internal/recognise"

const linkQueryExporter = "https://github.com/braedon/prometheus-es-exporter#usage"

// queryExporter is prometheus-es-exporter, which makes metrics of queries: flags, and variables of the same names. Without a CA it verifies
// nothing, and stops where it is given a pair.
func queryExporter() program {
	return program{
		app: recognise.QueryExporter, sign: "-",
		flags: &tlsKeys{
			hosts: "--es-cluster", hostsToo: "-e", ca: "--ca-certs", cert: "--client-cert", key: "--client-key", link: linkQueryExporter,
		},
		env: &tlsKeys{
			hosts: "ES_EXPORTER_ES_CLUSTER", ca: "ES_EXPORTER_CA_CERTS", cert: "ES_EXPORTER_CLIENT_CERT", key: "ES_EXPORTER_CLIENT_KEY", link: linkQueryExporter,
		},
	}
}
