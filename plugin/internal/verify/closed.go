package verify

import (
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
)

// watched are the beginnings of the settings of a server of which each is judged, harmless or assumed to be so.
var watched = [...]string{"http.", "network.", "remote_cluster.", "remote_cluster_server.", "transport.",
	"xpack.security."}

// judgedSettings are looked at: some are named as they are, some by their beginning, with a dot or a step at the end.
var judgedSettings = [...]string{
	"http.bind_host", "http.host", catalog.HTTPPort, "network.bind_host", catalog.NetworkHost,
	"remote_cluster_server.enabled", "transport.port",
	catalog.SecurityEnabled, catalog.HTTPLayer, catalog.RemoteLayer, catalog.TransportLayer,
}

// harmlessSettings change nothing of who is let in by HTTP, whatever they say.
var harmlessSettings = [...]string{
	"http.client_stats.", "http.compression", "http.cors.", "http.detailed_errors.", "http.max_", "http.netty.",
	"http.pipelining.", "http.publish_",
	"http.read_timeout", "http.reset_cookies", "http.shutdown_", "http.tcp.", "http.tracer.", "network.breaker.",
	"network.publish_host", "network.server",
	"network.tcp.", "network.thread.", "remote_cluster.", "transport.bind_host", "transport.compress",
	"transport.connect", "transport.features.",
	"transport.host", "transport.enable_stack_protection", "transport.netty.", "transport.ping_schedule",
	"transport.profiles.", "transport.publish_",
	"transport.rst_on_close", "transport.slow_", "transport.tcp.", "transport.tracer.", "xpack.security.audit.",
	"xpack.security.authc.",
	"xpack.security.authz.", "xpack.security.autoconfiguration.", "xpack.security.automata.", "xpack.security.crypto.",
	"xpack.security.dls",
	"xpack.security.enrollment.", "xpack.security.hide_settings", "xpack.security.operator_privileges.",
	"xpack.security.profile.",
	"xpack.security.remote_cluster_client.", "xpack.security.ssl.diagnose.", "xpack.security.transport.filter.",
	"xpack.security.user",
}

// opaqueSettings may decide who is let in, and nothing here looks into them.
var opaqueSettings = [...]string{
	"http.type", "transport.type", "xpack.security.filter.", "xpack.security.fips_mode.", "xpack.security.http.filter.",
	"xpack.security.remote_cluster.filter.",
}

func beginsAny(name string, with []string) bool {
	return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(name, w) })
}

// judgeNames looks at the names of what somebody sets: Elasticsearch does not start with one that it does not know.
func (c *channels) judgeNames(set settings) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		key := strings.TrimPrefix(name, "force.")
		known := catalog.Setting(key, c.major())
		at := set[name].at
		switch {
		case !known.Known && known.Closed:
			c.tls.fail(at, NotStarted, "Elasticsearch does not know the setting %q, and does not start", key)
		case !known.Known:
			c.tls.assume("%s: a plugin of its image has the setting %q: Elasticsearch does not start without",
				c.caller, key)
		case known.Secure:
			c.tls.fail(at, NotStarted, "%s belongs into the keystore of Elasticsearch, which does not start when "+
				"it is set elsewhere", key)
		case beginsAny(key, opaqueSettings[:]):
			c.stage.assume("%s: %s keeps no client out, and lets none in without a certificate", c.caller, key)
		}
	}
}

// roles are those of the nodes of Elasticsearch.
// https://www.elastic.co/docs/deploy-manage/distributed-architecture/clusters-nodes-shards/node-roles
var roles = []string{
	"master", "data", "data_content", "data_hot", "data_warm", "data_cold", "data_frozen", "ingest", "ml",
	"remote_cluster_client", "transform", "voting_only",
	"index", "search",
}

// judgeNode looks at what a node says of itself and of those that it looks for.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/discovery/DiscoveryModule.java
func (s *server) judgeNode() {
	if s.major() < 8 {
		return
	}
	discovery, masters, own := s.set["discovery.type"], s.set["cluster.initial_master_nodes"], s.set["node.roles"]
	switch alone := discovery.text() == "single-node"; {
	case discovery.hidden || !discovery.set():
	case !alone && !slices.Contains([]string{"multi-node", "zen"}, discovery.text()): // zen: once for multi-node
		s.row.TLS.fail(discovery.at, NotStarted, "discovery.type is %q, and Elasticsearch, which takes single-node "+
			"and multi-node, does not start", discovery.text())
	case alone && masters.set():
		s.row.TLS.fail(masters.at, NotStarted, "cluster.initial_master_nodes is not allowed beside discovery.type: "+
			"single-node: Elasticsearch does not start")
	}
	if !own.hidden && slices.Contains(own.list(), "voting_only") && !slices.Contains(own.list(), "master") {
		s.row.TLS.fail(own.at, NotStarted, "node.roles has voting_only without master: Elasticsearch does not start")
	}
	for _, role := range own.list() {
		if !own.hidden && !slices.Contains(roles, role) {
			s.row.TLS.fail(own.at, NotStarted, "node.roles has %q, and Elasticsearch, which knows no such role, does "+
				"not start", role)
		}
	}
}

// judgeValues looks at values that Elasticsearch refuses.
func (s *server) judgeValues() {
	for _, key := range slices.Sorted(maps.Keys(s.set)) {
		v := s.set[key]
		if v.hidden {
			continue
		}
		text := v.text()
		if v.isList { // which Elasticsearch reads as one text, where it takes one
			text = "[" + strings.Join(v.texts, ", ") + "]"
		}
		if takes, refused := catalog.Setting(key, s.major()).Refuses(text); refused {
			s.row.TLS.fail(v.at, NotStarted, "%s is %q, and Elasticsearch, which takes %s, does not start", key, text,
				takes)
		}
	}
}
