package main

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
