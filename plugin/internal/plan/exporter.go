package plan

import "github.com/elk-mtls/elk-mtls/plugin/internal/recognise"

// exporter is prometheus-community/elasticsearch_exporter. A flag given twice stops it, so that each is set in its place; without the pair
// its metrics are missing in silence.
// https://github.com/prometheus-community/elasticsearch_exporter#configuration
func exporter() program {
	return program{app: recognise.Exporter, sign: "--es.", flags: &tlsKeys{
		hosts: "--es.uri", ca: "--es.ca", cert: "--es.client-cert", key: "--es.client-private-key", unchecked: "--es.ssl-skip-verify", link: linkExporter,
	}}
}
