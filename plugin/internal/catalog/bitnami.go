package catalog

import "strings"

// The images of Bitnami, by the entry scripts of versions 8 and 9. The scripts turn variables of their own into
// settings and write them into the configuration file; they know no variable for a setting as such.
// https://github.com/bitnami/containers/tree/main/bitnami/elasticsearch

// security is on, and so are TLS of the HTTP layer and PEM files, when these say so.
func bitnamiConditiones() (security, rest, transport, restPEM, transportPEM Condition) {
	return Condition{Env: []string{"ELASTICSEARCH_ENABLE_SECURITY"}, Is: true},
		Condition{Env: []string{"ELASTICSEARCH_ENABLE_REST_TLS"}, Default: true, Is: true},
		Condition{Env: []string{"ELASTICSEARCH_SKIP_TRANSPORT_TLS"}},
		Condition{Env: []string{"ELASTICSEARCH_HTTP_TLS_USE_PEM", "ELASTICSEARCH_TLS_USE_PEM"}, Is: true},
		Condition{Env: []string{"ELASTICSEARCH_TRANSPORT_TLS_USE_PEM", "ELASTICSEARCH_TLS_USE_PEM"}, Is: true}
}

// bitnamiElasticsearch is Bitnami's image. my_elasticsearch.yml is merged into what the script makes of its variables,
// and what the script writes about TLS comes after that and wins; an elasticsearch.yml of the user's own switches the
// script off.
func bitnamiElasticsearch() Layout {
	return Layout{
		Name:    "bitnami-elasticsearch",
		App:     Elasticsearch,
		Folder:  "/opt/bitnami/elasticsearch/config",
		Files:   []File{{Path: "elasticsearch.yml", Alone: true}, {Path: "my_elasticsearch.yml"}},
		NewFile: "my_elasticsearch.yml",
		Nested:  true,
		Flags: Flags{
			Prefix: "-E", Script: "/opt/bitnami/scripts/elasticsearch/run.sh",
			Env: []string{"DB_EXTRA_FLAGS", "ELASTICSEARCH_EXTRA_FLAGS"},
		},
		Password: "ELASTICSEARCH_PASSWORD",
		PortName: "rest-api",
		Written:  bitnamiWritten(),
		Scripts:  "/docker-entrypoint-initdb.d",
		Unset:    []Value{{SecurityEnabled, "false"}}, // its script has security off, Elasticsearch itself has it on
		Images:   []string{"elasticsearch"},
		Starters: []string{"run.sh"},
		Wrapper:  "entrypoint.sh",
		Vars: func(name string) bool {
			return name == "ELASTICSEARCH_CLUSTER_NAME" || name == "ELASTICSEARCH_CLUSTER_HOSTS" ||
				name == "ELASTICSEARCH_ENABLE_SECURITY"
		},
		Mounts: func(at, _ string) bool {
			return below(at, "/bitnami/elasticsearch") || below(at, "/opt/bitnami/elasticsearch")
		},
	}
}

// bitnamiWritten are the settings that the script writes.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/9/debian-12/rootfs/opt/bitnami/scripts/libelasticsearch.sh
func bitnamiWritten() []Written {
	const certs = "/opt/bitnami/elasticsearch/config/certs/"
	security, rest, transport, restPEM, transportPEM := bitnamiConditiones()
	written := []Written{
		{Key: HTTPPort, Env: []string{"ELASTICSEARCH_HTTP_PORT_NUMBER"}, Weak: true},
		{Key: "network.bind_host", Env: []string{"ELASTICSEARCH_BIND_ADDRESS"}, Default: "0.0.0.0", Weak: true},
		{Key: DiscoveryType, Default: SingleNode, Unless: "ELASTICSEARCH_CLUSTER_HOSTS", Weak: true},
		{Key: SecurityEnabled, Env: []string{"ELASTICSEARCH_ENABLE_SECURITY"}, Truth: true},
		{Key: HTTPLayer + LayerEnabled, Env: []string{"ELASTICSEARCH_ENABLE_REST_TLS"}, Default: "true", Truth: true,
			When: []Condition{security}},
		{Key: TransportLayer + LayerEnabled, Env: []string{"ELASTICSEARCH_ENABLE_SECURITY"}, Truth: true,
			When: []Condition{security, transport}},
		{Key: TransportLayer + LayerVerification, Env: []string{"ELASTICSEARCH_TLS_VERIFICATION_MODE"}, Default: "full",
			When: []Condition{security, transport}},
	}
	for _, layer := range []struct {
		key, env string
		on, pem  Condition
	}{{HTTPLayer, "HTTP", rest, restPEM}, {TransportLayer, "TRANSPORT", transport, transportPEM}} {
		stores := layer.pem
		stores.Is = false
		for _, f := range []struct {
			key, env, file string
			format         Condition
		}{
			{LayerCert, "NODE_CERT_LOCATION", certs + "tls.crt", layer.pem},
			{LayerKey, "NODE_KEY_LOCATION", certs + "tls.key", layer.pem},
			{LayerCAs, "CA_CERT_LOCATION", certs + "ca.crt", layer.pem},
			{LayerSecureKeyPass, "KEY_PASSWORD", "", layer.pem},
			{LayerKeystore, "KEYSTORE_LOCATION", certs + "elasticsearch.keystore.jks", stores},
			{LayerTruststore, "TRUSTSTORE_LOCATION", certs + "elasticsearch.truststore.jks", stores},
		} {
			written = append(written, Written{
				Key: layer.key + f.key, Default: f.file, Moved: "ELASTICSEARCH_CERTS_DIR",
				Env:  []string{"ELASTICSEARCH_" + layer.env + "_TLS_" + f.env, "ELASTICSEARCH_" + f.env},
				When: []Condition{security, layer.on, f.format},
			})
		}
	}
	return written
}

// bitnamiKibana is Bitnami's image: it copies /bitnami/kibana/conf over its own configuration and writes into the copy
// what its variables say. ${NAME} in kibana.yml is Kibana's own: the variable of that name at its start.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html
func bitnamiKibana() Layout {
	tls := Condition{Env: []string{"KIBANA_ELASTICSEARCH_ENABLE_TLS"}, Is: true}
	pem := Condition{Env: []string{"KIBANA_ELASTICSEARCH_TLS_USE_PEM"}, Is: true}
	stores := pem
	stores.Is = false
	const certs = "/opt/bitnami/kibana/config/certs/"
	to := KibanaConnection()
	return Layout{
		Name:   "bitnami-kibana",
		App:    Kibana,
		Folder: "/opt/bitnami/kibana/config",
		Home:   "/opt/bitnami/kibana",
		Files:  []File{{Path: "kibana.yml", Alone: true}, {Path: "/bitnami/kibana/conf/kibana.yml"}},
		Flags:  Flags{Prefix: "--"},
		Written: []Written{
			{Key: to.Name(to.Hosts[0]), Env: []string{"KIBANA_ELASTICSEARCH_URL"}, Weak: true},
			{Key: to.Name(to.User), Env: []string{"KIBANA_PASSWORD"}, Value: KibanaSystem},
			{Key: to.Name(to.Password), Env: []string{"KIBANA_PASSWORD"}},
			{Key: to.Name(to.Verify.Name), Env: []string{"KIBANA_ELASTICSEARCH_TLS_VERIFICATION_MODE"}, Default: "full",
				Idle: true, When: []Condition{tls}},
			{Key: to.Name(to.CA), Env: []string{"KIBANA_ELASTICSEARCH_CA_CERT_LOCATION"},
				Default: certs + "elasticsearch/ca.crt", Idle: true, When: []Condition{tls, pem}},
			{Key: to.Name(to.Trust), Env: []string{"KIBANA_ELASTICSEARCH_TRUSTSTORE_LOCATION"},
				Default: certs + "elasticsearch/elasticsearch.truststore.p12", Idle: true,
				When: []Condition{tls, stores}},
			{Key: "server.ssl.certificate", Env: []string{"KIBANA_SERVER_CERT_LOCATION"},
				Default: certs + "server/tls.crt", When: bitnamiServer(true)},
			{Key: "server.ssl.key", Env: []string{"KIBANA_SERVER_KEY_LOCATION"}, Default: certs + "server/tls.key",
				When: bitnamiServer(true)},
		},
		Login:    []string{"KIBANA_PASSWORD", "KIBANA_CREATE_USER", "KIBANA_ELASTICSEARCH_PASSWORD"},
		Images:   []string{"kibana"},
		Starters: []string{"run.sh"},
		Wrapper:  "entrypoint.sh",
		Vars:     func(name string) bool { return strings.HasPrefix(name, "KIBANA_ELASTICSEARCH_") },
		Mounts:   func(at, _ string) bool { return below(at, "/bitnami/kibana") || below(at, "/opt/bitnami/kibana") },
	}
}

// bitnamiServer holds when Kibana itself speaks HTTPS with PEM files.
func bitnamiServer(on bool) []Condition {
	return []Condition{{Env: []string{"KIBANA_SERVER_ENABLE_TLS"}, Is: on},
		{Env: []string{"KIBANA_SERVER_TLS_USE_PEM"}, Is: on}}
}
