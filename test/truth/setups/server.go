package setups

import "strings"

// ConfigDir is where the official image has its configuration, OtherConfigDir where some set-ups have theirs.
const (
	ConfigDir      = "/usr/share/elasticsearch/config"
	OtherConfigDir = "/usr/share/elasticsearch/other"
)

// nodeSettings are those of the node that all clients call.
func nodeSettings() []string {
	const ssl = "xpack.security.http.ssl."
	lines := []string{
		"cluster.name: lab", "network.host: 0.0.0.0", "discovery.type: single-node", "xpack.security.enabled: true",
		ssl + "enabled: true", ssl + "client_authentication: required",
	}
	for _, part := range []string{"transport", "http"} {
		for _, line := range []string{"certificate: tls/tls.crt", "key: tls/tls.key", "certificate_authorities: tls/ca.crt"} {
			lines = append(lines, "xpack.security."+part+".ssl."+line)
		}
	}
	return append(lines, "xpack.security.transport.ssl.enabled: true")
}

// NodeConfig is its elasticsearch.yml.
func NodeConfig() string { return strings.Join(nodeSettings(), "\n") + "\n" }

// node is its container.
func (w *world) node() *container {
	c := &container{name: "elasticsearch", image: "docker.elastic.co/elasticsearch/elasticsearch:8.19.2", more: object{
		"ports":          list{object{"name": "https", "containerPort": 9200}},
		"readinessProbe": object{"tcpSocket": object{"port": 9200}},
	}}
	c.file("ConfigMap", "search-config", ConfigDir+"/elasticsearch.yml", NodeConfig())
	c.secret(ConfigDir+"/tls", "search-tls")
	return c
}

// nodeObjects are the manifests of a node, and its Secrets.
func (w *world) nodeObjects(c *container) []object {
	return append(append(services(), c.objects...), workload("StatefulSet", "search", object{"app": "search"}, c))
}

func (w *world) nodeSecrets() []object { return []object{secret("search-tls", w.serverKeys)} }
