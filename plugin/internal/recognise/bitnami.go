package recognise

import "strings"

// The images of Bitnami, by the entry scripts of versions 8 and 9. The scripts turn variables of their own into settings and write
// them into the configuration file; they know no variable for a setting as such.
// https://github.com/bitnami/containers/tree/main/bitnami/elasticsearch

// security is on, and so are TLS of the HTTP layer and PEM files, when these say so.
func bitnamiSwitches() (security, rest, transport, restPEM, transportPEM Switch) {
	return Switch{Env: []string{"ELASTICSEARCH_ENABLE_SECURITY"}, Is: true},
		Switch{Env: []string{"ELASTICSEARCH_ENABLE_REST_TLS"}, Default: true, Is: true},
		Switch{Env: []string{"ELASTICSEARCH_SKIP_TRANSPORT_TLS"}},
		Switch{Env: []string{"ELASTICSEARCH_HTTP_TLS_USE_PEM", "ELASTICSEARCH_TLS_USE_PEM"}, Is: true},
		Switch{Env: []string{"ELASTICSEARCH_TRANSPORT_TLS_USE_PEM", "ELASTICSEARCH_TLS_USE_PEM"}, Is: true}
}

// bitnamiElasticsearch is Bitnami's image. my_elasticsearch.yml is merged into what the script makes of its variables, and what the
// script writes about TLS comes after that and wins; an elasticsearch.yml of the user's own switches the script off.
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
		Port:     "rest-api",
		Written:  bitnamiWritten(),
		Scripts:  "/docker-entrypoint-initdb.d",
		images:   []string{"elasticsearch"},
		env: func(name string) bool {
			return name == "ELASTICSEARCH_CLUSTER_NAME" || name == "ELASTICSEARCH_CLUSTER_HOSTS" || name == "ELASTICSEARCH_ENABLE_SECURITY"
		},
		mounts: func(at, _ string) bool {
			return below(at, "/bitnami/elasticsearch") || below(at, "/opt/bitnami/elasticsearch")
		},
	}
}

// bitnamiWritten are the settings that the script writes.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/9/debian-12/rootfs/opt/bitnami/scripts/libelasticsearch.sh
func bitnamiWritten() []Written {
	const certs = "/opt/bitnami/elasticsearch/config/certs/"
	security, rest, transport, restPEM, transportPEM := bitnamiSwitches()
	written := []Written{
		{Key: "http.port", Env: []string{"ELASTICSEARCH_HTTP_PORT_NUMBER"}, Weak: true},
		{Key: "network.bind_host", Env: []string{"ELASTICSEARCH_BIND_ADDRESS"}, Default: "0.0.0.0", Weak: true},
		{Key: "discovery.type", Default: "single-node", Unless: "ELASTICSEARCH_CLUSTER_HOSTS", Weak: true},
		{Key: "xpack.security.enabled", Env: []string{"ELASTICSEARCH_ENABLE_SECURITY"}, Truth: true},
		{Key: "xpack.security.http.ssl.enabled", Env: []string{"ELASTICSEARCH_ENABLE_REST_TLS"}, Default: "true", Truth: true, When: []Switch{security}},
		{Key: "xpack.security.transport.ssl.enabled", Env: []string{"ELASTICSEARCH_ENABLE_SECURITY"}, Truth: true, When: []Switch{security, transport}},
		{Key: "xpack.security.transport.ssl.verification_mode", Env: []string{"ELASTICSEARCH_TLS_VERIFICATION_MODE"}, Default: "full", When: []Switch{security, transport}},
	}
	for _, layer := range []struct {
		key, env string
		on, pem  Switch
	}{{"http", "HTTP", rest, restPEM}, {"transport", "TRANSPORT", transport, transportPEM}} {
		stores := layer.pem
		stores.Is = false
		for _, f := range []struct {
			key, env, file string
			format         Switch
		}{
			{"certificate", "NODE_CERT_LOCATION", certs + "tls.crt", layer.pem},
			{"key", "NODE_KEY_LOCATION", certs + "tls.key", layer.pem},
			{"certificate_authorities", "CA_CERT_LOCATION", certs + "ca.crt", layer.pem},
			{"secure_key_passphrase", "KEY_PASSWORD", "", layer.pem},
			{"keystore.path", "KEYSTORE_LOCATION", certs + "elasticsearch.keystore.jks", stores},
			{"truststore.path", "TRUSTSTORE_LOCATION", certs + "elasticsearch.truststore.jks", stores},
		} {
			written = append(written, Written{
				Key: "xpack.security." + layer.key + ".ssl." + f.key, Default: f.file, Moved: "ELASTICSEARCH_CERTS_DIR",
				Env: []string{"ELASTICSEARCH_" + layer.env + "_TLS_" + f.env, "ELASTICSEARCH_" + f.env}, When: []Switch{security, layer.on, f.format},
			})
		}
	}
	return written
}

// bitnamiKibana is Bitnami's image: it copies /bitnami/kibana/conf over its own configuration and writes into the copy what its
// variables say. ${NAME} in kibana.yml is Kibana's own: the variable of that name at its start.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html
func bitnamiKibana() Layout {
	tls := Switch{Env: []string{"KIBANA_ELASTICSEARCH_ENABLE_TLS"}, Is: true}
	pem := Switch{Env: []string{"KIBANA_ELASTICSEARCH_TLS_USE_PEM"}, Is: true}
	stores := pem
	stores.Is = false
	const certs = "/opt/bitnami/kibana/config/certs/"
	return Layout{
		Name:   "bitnami-kibana",
		App:    Kibana,
		Folder: "/opt/bitnami/kibana/config",
		Home:   "/opt/bitnami/kibana",
		Files:  []File{{Path: "kibana.yml", Alone: true}, {Path: "/bitnami/kibana/conf/kibana.yml"}},
		Flags:  Flags{Prefix: "--"},
		Written: []Written{
			{Key: "elasticsearch.hosts", Env: []string{"KIBANA_ELASTICSEARCH_URL"}, Weak: true},
			{Key: "elasticsearch.username", Env: []string{"KIBANA_PASSWORD"}, Value: "kibana_system"},
			{Key: "elasticsearch.password", Env: []string{"KIBANA_PASSWORD"}},
			{Key: "elasticsearch.ssl.verificationMode", Env: []string{"KIBANA_ELASTICSEARCH_TLS_VERIFICATION_MODE"}, Default: "full", Idle: true, When: []Switch{tls}},
			{Key: "elasticsearch.ssl.certificateAuthorities", Env: []string{"KIBANA_ELASTICSEARCH_CA_CERT_LOCATION"}, Default: certs + "elasticsearch/ca.crt", Idle: true, When: []Switch{tls, pem}},
			{Key: "elasticsearch.ssl.truststore.path", Env: []string{"KIBANA_ELASTICSEARCH_TRUSTSTORE_LOCATION"}, Default: certs + "elasticsearch/elasticsearch.truststore.p12", Idle: true, When: []Switch{tls, stores}},
			{Key: "server.ssl.certificate", Env: []string{"KIBANA_SERVER_CERT_LOCATION"}, Default: certs + "server/tls.crt", When: bitnamiServer(true)},
			{Key: "server.ssl.key", Env: []string{"KIBANA_SERVER_KEY_LOCATION"}, Default: certs + "server/tls.key", When: bitnamiServer(true)},
		},
		Login:  []string{"KIBANA_PASSWORD", "KIBANA_CREATE_USER", "KIBANA_ELASTICSEARCH_PASSWORD"},
		images: []string{"kibana"},
		env:    func(name string) bool { return strings.HasPrefix(name, "KIBANA_ELASTICSEARCH_") },
		mounts: func(at, _ string) bool { return below(at, "/bitnami/kibana") || below(at, "/opt/bitnami/kibana") },
	}
}

// bitnamiServer holds when Kibana itself speaks HTTPS with PEM files.
func bitnamiServer(on bool) []Switch {
	return []Switch{{Env: []string{"KIBANA_SERVER_ENABLE_TLS"}, Is: on}, {Env: []string{"KIBANA_SERVER_TLS_USE_PEM"}, Is: on}}
}
