package setups

// metricbeat has two connections: the one that is tried is that of its module, whose settings stand in file.
func metricbeat(name, file, around string, fill func(c *container)) Program {
	p := Program{
		Name: name, Part: "metricbeat", Image: "docker.elastic.co/beats/metricbeat:7.17.29", Kind: "Deployment", Path: "metricbeat", Dir: "/usr/share/metricbeat",
		Spelled: beatSpelling(), ListedCA: true, Off: "none", On: "full", Locked: "encrypted of old",
		Channels: []Channel{InFile, InSecret, FileVariable, FileDefault}, Usual: InFile,
		File: file, Around: around, Indent: 2,
		fill: func(c *container) {
			podIP(c)
			password(c, "WRITER")
			fill(c)
		},
	}
	delete(p.Spelled, Scheme) // protocol is one of outputs
	return p
}

const (
	module = "- module: elasticsearch\n  metricsets: [node_stats]\n  period: 1s\n  timeout: 10m\n  username: elastic\n  password: ${WRITER}\n  %s\n"
	// its own output, which is let in
	written = "tags: [\"${POD_IP}\"]\noutput.elasticsearch:\n  hosts: [\"" + rightURL + "\"]\n  username: elastic\n  password: ${WRITER}\n" +
		"  ssl.certificate_authorities: [/right/ca.crt]\n  ssl.certificate: /right/tls.crt\n  ssl.key: /right/tls.key\n"
)

func metricbeats() []Program {
	const dir = "/usr/share/metricbeat/"
	right := func(c *container) { c.secret("/right", "right-tls") }
	return []Program{
		metricbeat("metricbeat", dir+"metricbeat.yml", "metricbeat.modules:\n"+module+written, right),
		metricbeat("metricbeat-modules", dir+"modules.d/search.yml", module, func(c *container) {
			right(c)
			c.file("ConfigMap", "client-main", dir+"metricbeat.yml", "metricbeat.config.modules.path: ${path.config}/modules.d/*.yml\n"+written)
		}),
	}
}

// heartbeat has two connections, too: the one that is tried is that of its monitor.
func heartbeat() Program {
	const dir = "/usr/share/heartbeat"
	monitor := "heartbeat.monitors:\n- type: http\n  id: search\n  schedule: '@every 1s'\n  timeout: 10m\n  username: elastic\n  password: ${WRITER}\n  %s\n"
	p := metricbeat("heartbeat", dir+"/heartbeat.yml", monitor+written, func(c *container) { c.secret("/right", "right-tls") })
	p.Part, p.Image, p.Path, p.Dir = "heartbeat", "docker.elastic.co/beats/heartbeat:7.17.29", "heartbeat", dir
	return p
}

// auditbeat writes what it sees of files.
func auditbeat() Program {
	const dir = "/usr/share/auditbeat"
	p := filebeat()
	p.Name, p.Part, p.Image, p.Path, p.Dir, p.File = "auditbeat", "auditbeat", "docker.elastic.co/beats/auditbeat:7.17.29", "auditbeat", dir, dir+"/auditbeat.yml"
	p.Around = "tags: [\"${POD_IP}\"]\nauditbeat.modules:\n- module: file_integrity\n  paths: [/logs]\noutput.elasticsearch:\n  username: elastic\n  password: ${WRITER}\n  %s\n"
	p.fill = func(c *container) {
		podIP(c)
		password(c, "WRITER")
	}
	return p
}

func podIP(c *container) {
	c.env = append(c.env, object{"name": "POD_IP", "valueFrom": object{"fieldRef": object{"fieldPath": "status.podIP"}}})
}

// cleaner is the job of Jaeger that deletes old indices.
func cleaner() Program {
	return Program{
		Name: "jaeger-es-index-cleaner", Part: "jaeger-es-index-cleaner", Image: "jaegertracing/jaeger-es-index-cleaner:1.76.0", Kind: "CronJob",
		Path: "/go/bin/es-index-cleaner",
		Spelled: map[Role]Spelling{
			Address: {Flag: "--es.server-urls"}, CA: {Flag: "--es.tls.ca", Env: "ES_TLS_CA"}, Cert: {Flag: "--es.tls.cert", Env: "ES_TLS_CERT"},
			Key: {Flag: "--es.tls.key", Env: "ES_TLS_KEY"}, Switch: {Flag: "--es.tls.enabled", Env: "ES_TLS_ENABLED"},
			Verify: {Flag: "--es.tls.skip-host-verify", Env: "ES_TLS_SKIP_HOST_VERIFY"},
		},
		Channels: []Channel{FlagJoined, FlagByKube, InShell, ShellLocal, ShellEnv, InScript, Variable, FromMap, FromKey}, Usual: FlagJoined, Bare: true, NeedsSwitch: true,
		fill: func(c *container) {
			c.args = append(c.args, "--timeout=600", "10000")
			c.set("ES_USERNAME", "elastic")
			password(c, "ES_PASSWORD")
		},
	}
}

// curator is a job too.
func curator() Program {
	const actions = "actions:\n  1:\n    action: delete_indices\n    options:\n      ignore_empty_list: true\n    filters:\n" +
		"    - filtertype: pattern\n      kind: prefix\n      value: curated-\n"
	return Program{
		Name: "curator", Part: "curator", Image: "untergeek/curator:8.0.21", Kind: "CronJob", Path: "curator",
		Spelled: map[Role]Spelling{
			Address: {File: "hosts"}, CA: {File: "ca_certs"}, Cert: {File: "client_cert"}, Key: {File: "client_key"}, Verify: {File: "verify_certs"},
		},
		Channels: []Channel{InFile, InSecret, FileVariable, FileDefault}, Usual: InFile, Off: "false", On: "true", Idle: true, Unquoted: true,
		File: "/etc/curator/curator.yml", Around: "elasticsearch:\n  client:\n    request_timeout: 600\n    %s\n  other_settings:\n    username: elastic\n    password: ${WRITER}\n", Indent: 4,
		fill: func(c *container) {
			password(c, "WRITER")
			c.file("ConfigMap", "client-actions", "/etc/actions.yml", actions)
			c.args = []string{"--config", "/etc/curator/curator.yml", "/etc/actions.yml"}
		},
	}
}

// elastalert makes its index, which ElastAlert does first. It has host and port apart.
func elastalert() Program {
	return Program{
		Name: "elastalert2", Part: "elastalert2", Image: "ghcr.io/jertel/elastalert2/elastalert2:2.19.0", Kind: "Deployment", Path: "elastalert-create-index",
		Spelled: map[Role]Spelling{
			Address: {File: "es_host"}, CA: {File: "ca_certs"}, Cert: {File: "client_cert"}, Key: {File: "client_key"}, Switch: {File: "use_ssl"},
			Verify: {File: "verify_certs"},
		},
		Channels: []Channel{InFile, InSecret}, Usual: InFile, Off: "false", On: "true", Idle: true, NeedsSwitch: true,
		File: "/opt/elastalert/config.yaml", Hosts: []string{service, alias, service + "." + namespace + ".svc"},
		Around: "rules_folder: /opt/elastalert/rules\nrun_every: {minutes: 1}\nes_port: 9200\nwriteback_index: elastalert_status\n",
		Config: "apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {rules: [{ref: Deployment/client, as: elastalert2}]}\n",
		fill: func(c *container) {
			c.args = []string{"--config", "/opt/elastalert/config.yaml", "--timeout", "600"}
			c.set("ES_USERNAME", "elastic")
			password(c, "ES_PASSWORD")
		},
	}
}

// kibana stands for what Kibana does with these settings: they are read as its documentation says, and Node connects.
func kibana() Program {
	const ssl = "elasticsearch.ssl."
	of := func(name, env string) Spelling { return Spelling{File: ssl + name, Env: "ELASTICSEARCH_SSL_" + env} }
	return Program{
		Name: "kibana", Image: "docker.elastic.co/kibana/kibana:8.19.2", Kind: "Deployment", Path: "kibana",
		Spelled: map[Role]Spelling{
			Address: {File: "elasticsearch.hosts", Env: "ELASTICSEARCH_HOSTS"}, CA: of("certificateAuthorities", "CERTIFICATEAUTHORITIES"),
			Cert: of("certificate", "CERTIFICATE"), Key: of("key", "KEY"), Pass: of("keyPassphrase", "KEYPASSPHRASE"),
			Verify: of("verificationMode", "VERIFICATIONMODE"), Switch: of("alwaysPresentCertificate", "ALWAYSPRESENTCERTIFICATE"),
		},
		Channels: []Channel{InFile, InSecret, FileVariable, Variable, FromMap, FromKey}, Usual: InFile, Off: "none", On: "full", NeedsSwitch: true, ListedCA: true,
		Locked: "encrypted", File: "/usr/share/kibana/config/kibana.yml",
		Around: "server.host: 0.0.0.0\nelasticsearch.username: kibana_system\nelasticsearch.password: ${WRITER}\n",
		fill:   func(c *container) { password(c, "WRITER") },
	}
}
