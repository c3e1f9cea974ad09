package plan

import "github.com/elk-mtls/elk-mtls/plugin/internal/recognise"

const linkBeats = "https://www.elastic.co/guide/en/beats/filebeat/8.19/configuration-ssl.html"

// beatKeys are the settings of every connection of a Beat. An address without a scheme takes it from protocol; ssl.enabled: false
// makes a Beat ignore all the others.
func beatKeys() tlsKeys {
	return tlsKeys{
		hosts: "hosts", scheme: "protocol", enable: "ssl.enabled", on: "true",
		ca: "ssl.certificate_authorities", caIsList: true, cert: "ssl.certificate", key: "ssl.key",
		link: linkBeats,
	}
}

// beat is a Beat, or APM Server, which is built on the same library. Its output and its monitoring are connections; modules and monitors
// that call Elasticsearch are connections of their own, which no setting of the output covers.
// https://www.elastic.co/guide/en/beats/metricbeat/8.19/metricbeat-module-elasticsearch.html
func beat(app recognise.App, name string) program {
	var places []place
	for _, at := range []string{"output.elasticsearch", "monitoring.elasticsearch", "xpack.monitoring.elasticsearch"} {
		places = append(places, place{path: at, keys: beatKeys()})
	}
	places = append(places,
		place{path: "metricbeat.modules.*", field: "module", is: "elasticsearch", keys: beatKeys()},
		place{path: "heartbeat.monitors.*", field: "type", is: "http", keys: monitorKeys()},
	)
	dir := "/usr/share/" + name
	places = append(places, place{path: "*", field: "module", is: "elasticsearch", keys: beatKeys()})
	return program{app: app, dir: dir, files: files{
		flags:  []string{"c"},
		sets:   []string{"E"},
		names:  []string{dir + "/" + name + ".yml", dir + "/modules.d/"},
		places: places,
	}}
}

// monitorKeys are those of a Heartbeat monitor of type http: it calls a list of addresses, in hosts or urls.
// https://www.elastic.co/guide/en/beats/heartbeat/8.19/monitor-http-options.html
func monitorKeys() tlsKeys {
	keys := beatKeys()
	keys.scheme = ""
	keys.hostsToo = "urls"
	return keys
}
