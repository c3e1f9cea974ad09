package plugin

import "strings"

const (
	stageSetting = httpSSL + "client_authentication"
	stageOfFile  = "            client_authentication: optional   # raised to required by elk-mtls\n"
	ofNode       = ` of container "elasticsearch"`
)

// nodeEnv adds variables to the node of the fixture, nodeArgs arguments.
func nodeEnv(pairs ...string) []string {
	text := esEnv
	for i := 0; i+1 < len(pairs); i += 2 {
		text += "          - name: " + pairs[i] + "\n            value: \"" + pairs[i+1] + "\"\n"
	}
	return []string{esEnv, text}
}

func nodeArgs(words string) []string {
	return []string{esImage, esImage + "        args: [" + words + "]\n"}
}

// mountedScript is a Job that runs a script of a ConfigMap.
func mountedScript(script string) string {
	return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: seed}\ndata:\n  seed.sh: |\n    " + script + `
---
apiVersion: batch/v1
kind: Job
metadata: {name: seed}
spec:
  template:
    spec:
      restartPolicy: Never
      volumes: [{name: s, configMap: {name: seed}}]
      containers:
      - name: seed
        image: curl
        command: [sh, /s/seed.sh]
        env: [{name: URL, value: "https://elasticsearch-master:9200"}]
        volumeMounts: [{name: s, mountPath: /s}]
`
}

// kibanaRuns gives the Kibana of the fixture a command.
func kibanaRuns(words string) []string {
	return []string{kibanaImage, strings.Replace(kibanaImage, "        env:", "        command: ["+words+"]\n        env:", 1)}
}

// undoneValues are settings that would undo what is planned: in a channel that wins over the one that the plan writes
// to, or once more in the same channel. Each is refused by both places.
func undoneValues() []variant {
	const (
		spelling = "ES_SETTING_XPACK_SECURITY_HTTP_SSL_CLIENT__AUTHENTICATION"
		twice    = stageSetting + ` is "required" in env "` + stageSetting + `"` + ofNode +
			`, and "none" in env "` + spelling + `"`
		argument = `is "none" in an argument` + ofNode
		off      = "          - name: xpack.security.enabled\n            value: \"false\"\n"
	)
	both := func(one, other []string) []string { return append(one, other...) }
	return append(undoneLayoutValues(), []variant{
		{name: "one setting in both spellings", replace: nodeEnv(stageSetting, "required", spelling, "none"), refused: twice},
		{name: "and in the other order", replace: nodeEnv(spelling, "none", stageSetting, "required"), refused: twice},
		{name: "both spellings that would have to be changed", refused: "remove one of them",
			replace: nodeEnv(stageSetting, "optional", spelling, "optional")},
		{name: "both spellings that agree", output: "CURL_HOME",
			replace: nodeEnv(stageSetting, "required", spelling, "required")},
		{name: "https in both spellings", replace: nodeEnv("ES_SETTING_XPACK_SECURITY_HTTP_SSL_ENABLED", "false"),
			refused: httpSSL + `enabled is "true" in env "`},
		{name: "a setting of a file in both spellings",
			replace: []string{stageOfFile, stageOfFile + "    " + stageSetting + ": none\n"},
			refused: stageSetting + ` is "optional" in data[elasticsearch.yml] > xpack.security.http.ssl`},
		{name: "a variable wins over an argument",
			replace: both(nodeEnv(stageSetting, "none"), nodeArgs("-E"+stageSetting+"=required")),
			refused: `is "none" in env "` + stageSetting + `"` + ofNode + `, which wins over "required" in an argument`},
		{name: "and an argument that says otherwise is idle", output: "CURL_HOME",
			replace: both(nodeEnv(stageSetting, "required"), nodeArgs("-E"+stageSetting+"=none"))},
		{name: "an argument wins over the file", replace: nodeArgs("-E, " + stageSetting + "=none"),
			refused: argument + ` (args 2), which wins over "optional" in elasticsearch.yml of ConfigMap`},
		{name: "an argument with two signs", replace: nodeArgs("--E, " + stageSetting + "=none"), refused: argument},
		{name: "an argument behind an equals sign", replace: nodeArgs("-E=" + stageSetting + "=none"), refused: argument},
		{name: "an argument in a script", refused: argument,
			replace: nodeArgs("bash, -c, 'exec elasticsearch -d -E \"" + stageSetting + "=none\"'")},
		{name: "s04: a script that sets the variable", refused: `comes from elsewhere in the command of container "elasticsearch" (` + spelling + `)`,
			replace: nodeArgs("bash, -c, 'export " + spelling + "=none; exec docker-entrypoint.sh'")},
		{name: "s05: env that sets the variable", refused: `(` + stageSetting + `), so that it cannot be read`,
			replace: nodeArgs("env, " + stageSetting + "=none, docker-entrypoint.sh")},
		{name: "s06: a script that takes a variable of ours away", refused: `takes ELASTICSEARCH_SSL_KEY out of the environment`,
			replace: kibanaRuns("bash, -c, 'unset ELASTICSEARCH_SSL_KEY; exec kibana-docker'")},
		{name: "F8: a mounted script that calls by curl", extra: mountedScript(`curl -sk "$URL"`), output: "name: CURL_HOME"},
		{name: "F8: a mounted script with curl -q", extra: mountedScript(`curl -q -sk "$URL"`), refused: "runs curl with -q"},
		{name: "a script that takes another one away", output: "ELASTICSEARCH_SSL_KEY",
			replace: kibanaRuns("bash, -c, 'unset PROXY; exec kibana-docker'")},
		{name: "the same argument twice", replace: nodeArgs("-E" + stageSetting + "=none, -E" + stageSetting + "=required"),
			refused: `(args 2), and "none" in an argument` + ofNode + ` (args 1)`},
		{name: "security off by a variable over an argument",
			replace: both([]string{esEnv, off}, nodeArgs("-Expack.security.enabled=true")),
			refused: `is false in env "xpack.security.enabled"` + ofNode + `, which wins over "true" in an argument`},
	}...)
}

func undoneLayoutValues() []variant {
	const (
		bitnami = "            - name: ELASTICSEARCH_ENABLE_SECURITY\n"
		flags   = "            - name: DB_EXTRA_FLAGS\n              value: -Ea=b -E" + stageSetting + "=none\n"
		hosts   = "          - name: ELASTICSEARCH_HOSTS\n"
		present = "          - name: ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE\n            value: \"true\"\n"
	)
	return []variant{
		{name: "words that Bitnami's script adds", base: "bitnami-release", replace: []string{bitnami, flags + bitnami},
			refused: stageSetting + ` is "none" in env "DB_EXTRA_FLAGS"` + ofNode},
		{name: "an option of Kibana over its variable", replace: []string{"        env:\n" + hosts,
			"        args: [--elasticsearch.ssl.alwaysPresentCertificate=false]\n        env:\n" + present + hosts},
			refused: `is false in an argument of container "kibana" (args 1), which wins over "true" in env "`},
		{name: "the addresses of Kibana twice in its file", base: "kibana-config",
			spec:    "{certificates: {secretName: corporate-pem, verificationMode: certificate}, minter: {secretName: m}}",
			replace: []string{"    elasticsearch:\n", "    elasticsearch.hosts: [\"https://other:9200\"]\n    elasticsearch:\n"},
			refused: "elasticsearch.hosts is \"https://other:9200\" in data[kibana.yml] > [elasticsearch.hosts], and "},
	}
}

// unverifiedValues are nodes that ask for certificates and would take any.
func unverifiedValues() []variant {
	const (
		key    = httpSSL + "verification_mode"
		inFile = `client_authentication ("required", in elasticsearch.yml of ConfigMap/`
	)
	file := func(value string) []string {
		return []string{stageOfFile, stageOfFile + "            verification_mode: " + value + "\n"}
	}
	return []variant{
		{name: "no certificate is verified, by a variable", replace: nodeEnv(key, "none"),
			refused: key + ` is "none" in env "` + key + `"` + ofNode + `, so that the node takes any certificate`},
		{name: "in its other spelling", refused: inFile,
			replace: nodeEnv("ES_SETTING_XPACK_SECURITY_HTTP_SSL_VERIFICATION__MODE", "none")},
		{name: "by an argument", replace: nodeArgs("-E" + key + "=none"), refused: inFile},
		{name: "by the file", replace: file("none"), refused: inFile},
		{name: "by what cannot be read", replace: file("${MODE}"), refused: inFile},
		{name: "in the stage before", replace: nodeEnv(key, "none"), spec: "{clientAuthentication: optional}",
			refused: `client_authentication ("optional", in `},
		{name: "verified without the host name", replace: nodeEnv(key, "certificate"), output: "CURL_HOME"},
	}
}

// overriddenValues are settings of clients that stand once more where they win over the planned ones, or may.
func overriddenValues() []variant {
	const (
		output = "output.elasticsearch."
		off    = output + "ssl.enabled=false"
		is     = output + `ssl.enabled is "false" in `
		wins   = ", which may win over filebeat.yml of ConfigMap/logs, " +
			`where ssl.enabled of output.elasticsearch is to be "true"` + "\nhint: " + `remove the former`
		given = "ssl.certificate: /etc/elk-mtls/tls.crt"
	)
	filebeat := func(args, more string) string {
		return strings.NewReplacer("args: []", "args: ["+args+"]", "MORE", more).Replace(filebeatPod)
	}
	arg := func(name, args, place string) variant {
		return variant{name: name, extra: filebeat(args, ""), refused: is + place + ` of container "logs"` + wins}
	}
	second := strings.NewReplacer(
		"      - {name: certs, secret", "      - {name: more, configMap: {name: more}}\n      - {name: certs, secret",
		"        - {name: certs, mount", "        - {name: more, mountPath: /more}\n        - {name: certs, mount",
	).Replace(filebeat("-c, filebeat.yml, -c, /more/more.yml", "")) +
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\ndata:\n" +
		"  more.yml: |\n    output.elasticsearch.ssl.enabled: false\n"
	return append(overriddenByOthers(), []variant{
		arg("TLS of a Beat off by an argument", "-E, "+off, "args 2"),
		arg("joined", "-E"+off, "args 1"),
		{name: "the address of a Beat once more, by the same variable", output: given,
			extra: strings.NewReplacer(`"https://elasticsearch-master:9200"`, `"${ES}"`, "env: []", `env: [{name: ES, value: "https://elasticsearch-master:9200"}]`).
				Replace(filebeat("-E, 'output.elasticsearch.hosts=${ES}'", ""))},
		arg("behind an equals sign", "-E="+off, "args 1"),
		arg("with two signs", "--E, "+off, "args 2"),
		arg("with both", "--E="+off, "args 1"),
		arg("in a script", "sh, -c, 'exec filebeat -e -E \""+off+"\"'", "args 3"),
		{name: "all of the output by an argument", extra: filebeat("-E, 'output.elasticsearch.ssl={enabled: false}'", ""),
			refused: `output.elasticsearch.ssl is set in args 2 of container "logs"`},
		{name: "another certificate by an argument", extra: filebeat("-E, "+output+"ssl.certificate=/a.crt", ""),
			refused: output + `ssl.certificate is "/a.crt" in args 2 of container "logs"`},
		{name: "an argument that agrees", output: given,
			extra: filebeat("-E, "+output+"ssl.enabled=true, -E, "+output+"worker=2", "")},
		{name: "an argument about another output", output: given,
			extra: filebeat("-E, output.logstash.enabled=false", "")},
		{name: "a second file", extra: second, refused: is + "more.yml of ConfigMap/more" + wins},
		{name: "another spelling in the same file",
			extra:   filebeat("", "output: {elasticsearch: {ssl: {certificate_authorities: [/b.crt]}}}"),
			refused: output + `ssl.certificate_authorities is "/b.crt" in data[filebeat.yml] > output.elasticsearch.ssl.`},
	}...)
}

func overriddenByOthers() []variant {
	const (
		backend  = "{jaeger_storage: {backends: {main: {elasticsearch: {server_urls: ['" + coverURL + "']}}}}}"
		caFile   = "jaeger_storage::backends::main::elasticsearch::tls::ca_file=/a"
		keystore = "XPACK_MONITORING_ELASTICSEARCH_SSL_KEYSTORE_PATH"
		twice    = "[OUTPUT]\n  Name es\n  Host elasticsearch-master\n  TLS off\n  tls on\n  tls.ca_file /certs/ca.crt"
	)
	at := func(folder, text string) string { return strings.Replace(text, "/fluent-bit/etc", folder, 1) }
	collector := func(more string) string { return covered("jaeger-collector", "a", "x", more) }
	return []variant{
		{name: "an argument of Jaeger 2",
			refused: `elasticsearch.tls.ca_file is "/a" in args 1 of container "ship", which may win over`,
			extra: at("/etc/jaeger", covered("jaeger", "a.yaml", "extensions: "+backend,
				"args: ['--set=extensions::"+caFile+"'], "))},
		{name: "a flag over a variable", refused: `--es.tls.enabled is "false" in args of container "ship"`,
			extra: collector("args: [--es.tls.enabled=false], env: [{name: ES_SERVER_URLS, value: '" + coverURL + "'}], ")},
		{name: "a flag twice", refused: `--es.tls.enabled is "false" in `,
			extra: collector("args: ['--es.server-urls=" + coverURL + "', --es.tls.enabled=true, --es.tls.enabled=false], ")},
		{name: "a setting of a pipeline twice", refused: `TLS is "off" in data[a.conf] > OUTPUT.es[0].TLS`,
			extra: covered("fluent-bit", "a.conf", twice, "")},
		{name: "a variable over logstash.yml", refused: `xpack.monitoring.elasticsearch.ssl.keystore.path is "/a.p12" in env`,
			extra: at("/usr/share/logstash/config", covered("logstash:8.19.0", "logstash.yml",
				"xpack.monitoring.enabled: true\nxpack.monitoring.elasticsearch.hosts: ['"+coverURL+"']",
				"env: [{name: "+keystore+", value: /a.p12}], "))},
	}
}
