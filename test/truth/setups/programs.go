package setups

import "strings"

// password is the variable by which a client gets the password of the user elastic.
func password(c *container, name string) {
	c.env = append(c.env, object{"name": name, "valueFrom": object{"secretKeyRef": object{"name": "logins", "key": "password"}}})
}

// Programs are the clients that can be run here.
func Programs() []Program {
	all := []Program{curl(), exporter("elasticsearch_exporter", "v1.10.0"), exporter("elasticsearch_exporter-1.7", "v1.7.0"), filebeat()}
	return append(append(all, metricbeats()...), heartbeat(), auditbeat(), cleaner(), curator(), elastalert(), kibana())
}

func curl() Program {
	return Program{
		Name: "curl", Image: "curlimages/curl:8.10.1", Kind: "Job", Path: "curl",
		Spelled: map[Role]Spelling{
			Address: {File: "url", Flag: "--url"}, CA: {File: "cacert", Flag: "--cacert"}, Cert: {File: "cert", Flag: "--cert", Short: "-E"}, Key: {File: "key", Flag: "--key"},
			Verify: {File: "insecure", Flag: "--insecure", Short: "-k"}, Pass: {File: "pass", Flag: "--pass"},
		},
		Channels: []Channel{FlagApart, FlagShort, FlagByKube, InShell, ShellLocal, ShellEnv, InScript}, Usual: FlagApart, Bare: true, Locked: "encrypted",
		fill: func(c *container) {
			c.command = []string{"curl", "-sS", "-o", "/dev/null", "-u", "elastic:" + Password}
		},
	}
}

func exporter(part, version string) Program {
	return Program{
		Name: strings.Replace(part, "elasticsearch_", "", 1), Part: part, Image: "quay.io/prometheuscommunity/elasticsearch-exporter:" + version, Kind: "Deployment",
		Path: "/bin/elasticsearch_exporter",
		Spelled: map[Role]Spelling{
			Address: {Flag: "--es.uri", Env: "ES_URI"}, CA: {Flag: "--es.ca", Env: "ES_CA"}, Cert: {Flag: "--es.client-cert", Env: "ES_CLIENT_CERT"},
			Key: {Flag: "--es.client-private-key", Env: "ES_CLIENT_PRIVATE_KEY"}, Verify: {Flag: "--es.ssl-skip-verify"},
		},
		Channels: []Channel{FlagJoined, FlagApart, FlagByKube, InShell, ShellLocal, ShellEnv, InScript, Variable, FromMap}, Usual: FlagJoined, Deaf: map[Channel]bool{Variable: true, FromMap: true},
		fill: func(c *container) {
			podIP(c)
			c.args = append(c.args, "--web.listen-address=$(POD_IP):9114", "--es.timeout=10m")
			c.set("ES_USERNAME", "elastic")
			password(c, "ES_PASSWORD")
		},
	}
}

func filebeat() Program {
	return Program{
		Name: "filebeat", Part: "filebeat", Image: "docker.elastic.co/beats/filebeat:7.17.29", Kind: "DaemonSet", Path: "filebeat", Dir: "/usr/share/filebeat",
		Spelled: beatSpelling(), ListedCA: true, Off: "none", On: "full", Locked: "encrypted of old",
		Channels: []Channel{InFile, InSecret, FileVariable, FileDefault, Sets, SecondFile}, Usual: InFile,
		File:   "/usr/share/filebeat/filebeat.yml",
		Around: "filebeat.inputs:\n- type: log\n  paths: [/logs/*.log]\n  scan_frequency: 1s\noutput.elasticsearch:\n  username: elastic\n  password: ${WRITER}\n  %s\n",
		Indent: 2,
		fill:   func(c *container) { password(c, "WRITER") },
	}
}

func beatSpelling() map[Role]Spelling {
	return map[Role]Spelling{
		Address: {File: "hosts"}, CA: {File: "ssl.certificate_authorities"}, Cert: {File: "ssl.certificate"}, Key: {File: "ssl.key"},
		Verify: {File: "ssl.verification_mode"}, Switch: {File: "ssl.enabled"}, Pass: {File: "ssl.key_passphrase"},
		Scheme: {File: "protocol"}, Print: {File: "ssl.ca_trusted_fingerprint"}, Pin: {File: "ssl.ca_sha256"}, Version: {File: "ssl.supported_protocols"},
		Cipher: {File: "ssl.cipher_suites"},
	}
}
