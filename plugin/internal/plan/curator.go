package plan

import "github.com/elk-mtls/elk-mtls/plugin/internal/recognise"

const linkCurator = "https://www.elastic.co/guide/en/elasticsearch/client/curator/8.0/configfile.html"

// curator is Elasticsearch Curator: version 8 has its settings below elasticsearch.client, older ones below client, under other names.
// Its Python client loads the pair only where it verifies the server.
// https://www.elastic.co/guide/en/elasticsearch/client/curator/5.8/configfile.html
func curator() program {
	return program{app: recognise.Curator, dir: "/", files: files{
		flags: []string{"config"},
		names: []string{"/.curator/curator.yml", "/etc/es-curator/config.yml"},
		places: []place{
			{path: "elasticsearch.client", keys: tlsKeys{
				hosts: "hosts", dropped: "verify_certs", drops: []string{"false", "no", "off"},
				ca: "ca_certs", cert: "client_cert", key: "client_key", link: linkCurator,
			}},
			{path: "client", keys: tlsKeys{
				hosts: "hosts", enable: "use_ssl", on: "true", mustEnable: true, dropped: "ssl_no_validate", drops: []string{"true", "yes", "on"},
				ca: "certificate", cert: "client_cert", key: "client_key", link: linkCurator,
			}},
		},
	}}
}
