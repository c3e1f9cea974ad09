package plan

import "github.com/elk-mtls/elk-mtls/plugin/internal/recognise"

// exporter reads the flags of prometheus-community/elasticsearch_exporter. A flag given twice stops it, so that each is set in its
// place; without the pair its metrics are missing in silence.
// https://github.com/prometheus-community/elasticsearch_exporter#configuration
func exporter(_ *planner, w *recognise.Workload) ([]*connection, error) {
	keys := tlsKeys{hosts: "--es.uri", ca: "--es.ca", cert: "--es.client-cert", key: "--es.client-private-key", link: linkExporter}
	store := flagStore{w: w, sign: "--es."}
	if store.get("--es.ssl-skip-verify") != nil {
		keys.ca = "" // the user's wish: no CA is read then
	}
	return []*connection{{name: "its command line", store: store, keys: keys}}, nil
}
