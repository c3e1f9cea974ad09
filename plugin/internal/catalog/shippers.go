package catalog

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
)

// Programs with a language of their own.
const (
	Logstash  App = "Logstash"
	FluentBit App = "Fluent Bit"
	Fluentd   App = "Fluentd"
)

func init() { describe(logstash, fluentBit, fluentd) }

const logstashHome = "/usr/share/logstash"

// logstash describes Logstash: the plugins of its pipelines, and what logstash.yml or the environment says of
// monitoring and management. A store serves there in all versions.
// https://www.elastic.co/guide/en/logstash/8.19/monitoring-internal-collection-legacy.html
func logstash() Program {
	own := Settings{
		Hosts: []string{"elasticsearch.hosts"}, Ports: Ports{Default: "9200"},
		CA: "elasticsearch.ssl.certificate_authority", Trust: "elasticsearch.ssl.truststore.path",
		TrustPass: "elasticsearch.ssl.truststore.password",
		Store:     "elasticsearch.ssl.keystore.path", StorePass: "elasticsearch.ssl.keystore.password",
		StoreAlso: []string{"elasticsearch.ssl.truststore.path"},
		Verify: Verify{Name: "elasticsearch.ssl.verification_mode", Off: []string{"none"},
			Chain: []string{"certificate"}},
		User: "elasticsearch.username", Password: "elasticsearch.password", Token: "elasticsearch.api_key",
	}
	return Program{
		App: Logstash, Link: "https://www.elastic.co/guide/en/logstash/8.19/plugins-outputs-elasticsearch.html#plugins-outputs-elasticsearch-ssl_certificate", Runtime: JRuby(),
		Signs: Signs{Images: []string{"logstash", "logstash-oss", "logstash-wolfi"},
			Mounts: []string{"logstash.yml", "pipelines.yml", "logstash.conf"}},
		Dir: logstashHome, WorkDir: logstashHome, Expands: logstashVariables,
		Renewals: logstashRenewals(),
		Files: Files{Paths: []string{logstashHome + "/config/logstash.yml",
			"/bitnami/logstash/config/logstash.yml"}},
		Env: func(setting string,
			_ Version) string {
			return strings.ToUpper(strings.ReplaceAll(setting, ".", "_"))
		},
		Places: []Place{
			{At: "xpack.monitoring", Field: "enabled", Is: "true", Settings: own},
			{At: "xpack.management", Field: "enabled", Is: "true", Settings: own},
		},
		Language: pipeline.Logstash, Plugin: logstashPlugin,
		Pipelines: Pipelines{
			Paths: []string{logstashHome + "/pipeline"}, Options: []string{"f", "path.config"},
			Texts: []string{"e", "config.string"},
			List:  logstashHome + "/config/pipelines.yml",
		},
		Cases: logstashCases,
	}
}

func logstashCases() []Case {
	const file, output = logstashHome + "/pipeline/logstash.conf", "output {\n  elasticsearch {\n    %s\n  }\n}"
	pair := "ssl_certificate => \"{cert}\"\nssl_key => \"{key}\""
	login := "user => \"keeper\"\npassword => \"change-me\""
	block := "hosts => [\"{url}\"]\nssl_certificate_authorities => [\"{ca}\"]\n" + pair + "\n" + login
	key := "hosts => [\"{url}\"]\nssl_certificate_authorities => [\"{ca}\"]\n" + pair + "\napi_key => \"id:key\""
	alone := lacking("an address alone", file, output, "hosts => [\"{url}\"]\n"+login)
	bare := lacking("a host alone", file, output, "hosts => [\"{host}:9200\"]\n"+login)
	all := casesAt("an output", file, output, block, "ssl_enabled => false", "~ssl_verification_mode => \"none\"",
		"ssl_verification_mode => \"most\"")
	settings := casesAt("other settings", file, output, block, "~ssl_supported_protocols => [\"${NOBODY}\"]",
		"~ssl_cipher_suites => [\"${NOBODY}\"]", "~proxy => \"http://proxy:3128\"", "~sniffing => true",
		"cloud_id => \"lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg==\"")
	print := casesAt("the fingerprint of a CA", file, output, strings.Replace(block, "ssl_certificate_authorities => "+
		"[\"{ca}\"]", "ca_trusted_fingerprint => \"{print}\"", 1))
	print[0].Touched = true // by the CA that it need not name
	words := casesAt("words of the command line", "", output, block)
	words[0].Args, words[0].Text = []string{"-e", words[0].Text}, ""
	named := casesAt("a file that a flag names", "/p/a.txt", output, block)
	named[0].Args = []string{"-f", "/p/*.txt"}
	return slices.Concat(
		all, settings, print, casesAt("no port", file, output, replaced(block, "hosts => [\"https://{host}\"]")),
		logstashOwnCases(),
		byVariable(all, "{cert}", "${SAID}", Holds), words, named,
		casesAt("another file of its folder", logstashHome+"/pipeline/main.cfg", output, block),
		casesAt("a list of pipelines", logstashHome+"/config/pipelines.yml",
			"- config.string: |\n    "+strings.ReplaceAll(output, "\n", "\n    "), block),
		casesAt("a host, with TLS switched on", file, output,
			replaced(block, "hosts => [\"{host}:9200\"]")+"\nssl_enabled => true"),
		casesAt("an API key", file, output, key), alone, bare,
	)
}

// logstashPlugin gives the settings of a plugin under the names that it has in a version. They changed in 8.8, with
// which PEM files are read; the older names are taken until 9.0. Before 8.8 an output reads a PKCS#12 file, and inputs
// and filters present nothing.
func logstashPlugin(plugin pipeline.Plugin, v Version) *Settings {
	s := Settings{
		Hosts: []string{"hosts"}, Ports: Ports{Default: "9200"}, Default: "http://localhost:9200",
		Cloud:    Cloud{Name: "cloud_id", Alone: true},
		Versions: Versions{List: "ssl_supported_protocols"}, Ciphers: "ssl_cipher_suites", Proxy: "proxy",
		Switch: Switch{"ssl_enabled", "true", Bare}, CA: "ssl_certificate_authorities", CAIsList: true,
		Trust: "ssl_truststore_path", TrustPass: "ssl_truststore_password",
		Fingerprint: "ca_trusted_fingerprint", Cert: "ssl_certificate", Key: "ssl_key", Store: "ssl_keystore_path",
		StorePass: "ssl_keystore_password",
		StoreAlso: []string{"ssl_truststore_path", "truststore"},
		Verify:    Verify{Name: "ssl_verification_mode", Off: []string{"none"}, Full: []string{"full"}},
		User:      "user", Password: "password", Token: "api_key", Finds: []string{"sniffing"},
	}
	switch plugin.Name {
	case "elastic_integration":
		s.User = "username"
		return &s
	case "elasticsearch":
	default:
		return nil
	}
	known := v != Version{}
	before := known && !v.AtLeast(8, 8)
	isOlder := func(older string) bool {
		_, has := plugin.Get(older)
		return before || has && !(known && v.AtLeast(9, 0))
	}
	older := func(setting *string, output, other string) bool {
		name := other
		if plugin.Section == "output" {
			name = output
		}
		if !isOlder(name) {
			return false
		}
		*setting = name
		return true
	}
	older(&s.Switch.Name, "ssl", "ssl")
	s.CAIsList = !older(&s.CA, "cacert", "ca_file")
	older(&s.Trust, "truststore", "")
	older(&s.TrustPass, "truststore_password", "")
	older(&s.Store, "keystore", "")
	older(&s.StorePass, "keystore_password", "")
	older(&s.Cert, "", "")
	older(&s.Key, "", "")
	if older(&s.Verify.Name, "ssl_certificate_verification", "") {
		s.Verify.Off, s.Verify.Full = []string{"false"}, []string{"true"}
	}
	return &s
}

// fluentBit describes Fluent Bit: outputs, and nodes of upstream files, in its classic language or in YAML. An address
// is a host alone; tls decides.
// https://docs.fluentbit.io/manual/pipeline/outputs/elasticsearch
func fluentBit() Program {
	s := Settings{
		Hosts: []string{"host"}, Ports: Ports{Name: "port", Default: "9200"}, Default: "127.0.0.1",
		Cloud:    Cloud{Name: "cloud_id"},
		Versions: Versions{Min: "tls.min_version", Max: "tls.max_version"}, Ciphers: "tls.ciphers",
		Switch: Switch{"tls", "on", Decides}, CA: "tls.ca_file", Cert: "tls.crt_file", Key: "tls.key_file",
		KeyPass:  "tls.key_passwd",
		Verify:   Verify{Name: "tls.verify", Off: []string{"off", "false", "no"}, Host: "tls.verify_hostname"},
		CalledBy: "tls.vhost", User: "http_user", Password: "http_passwd",
	}
	return Program{
		App: FluentBit, Link: "https://docs.fluentbit.io/manual/administration/transport-security", Runtime: OpenSSL(),
		Signs: Signs{
			Images: []string{"fluent-bit", "aws-for-fluent-bit"},
			Mounts: []string{"fluent-bit.conf", "fluent-bit.yaml"}, Words: []string{"--config=/fluent-bit/"},
		},
		Dir: "/fluent-bit/etc", Expands: fluentBitVariables,
		Renewals: anew(Version{5, 1, 0}, "https://github.com/fluent/fluent-bit/pull/11950"),
		Files:    Files{Paths: []string{"/"}, Each: true}, // one file includes another
		Places: []Place{
			{At: "pipeline.outputs.*", Field: "name", Is: "es", Settings: s},
			{At: "pipeline.outputs.*", Field: "name", Is: OpenSearch, Settings: s},
		},
		Language: pipeline.FluentBit, Plugin: func(plugin pipeline.Plugin, _ Version) *Settings {
			if plugin.Section == "NODE" || plugin.Section == "OUTPUT" &&
				isOneOf(strings.ToLower(plugin.Name), "es", OpenSearch) {
				return &s
			}
			return nil
		},
		Cases: fluentBitCases,
	}
}

// logstashOwnCases are those of Logstash's own connections.
func logstashOwnCases() []Case {
	var all []Case
	for _, at := range []string{"xpack.monitoring", "xpack.management"} {
		block := "enabled: true\nelasticsearch.hosts: https://{host}\nelasticsearch.ssl.certificate_authority: " +
			"{ca}\nelasticsearch.ssl.keystore.path: {store}\n" +
			"elasticsearch.ssl.keystore.password: open\nelasticsearch.username: keeper\nelasticsearch.password: " +
			"change-me"
		all = append(all, casesAt(at, logstashHome+"/config/logstash.yml", at+":\n  %s", block)...)
	}
	return all
}

func fluentBitCases() []Case {
	const file, output = "/fluent-bit/etc/fluent-bit.conf", "[OUTPUT]\n  Name es\n  Match *\n  %s"
	block := "Host {host}\nPort 9200\ntls on\ntls.ca_file {ca}\ntls.crt_file {cert}\ntls.key_file {key}\nHTTP_User " +
		"keeper\nHTTP_Passwd change-me"
	alone := lacking("a host alone", file, output, "Host {host}\nPort 9200\nHTTP_User keeper\nHTTP_Passwd change-me")
	const inYAML, yaml = "/fluent-bit/etc/fluent-bit.yaml", "pipeline:\n  outputs:\n  - name: es\n    %s"
	block2 := "host: {host}\nport: 9200\ntls: on\ntls.ca_file: {ca}\ntls.crt_file: {cert}\ntls.key_file: " +
		"{key}\nhttp_user: keeper\nhttp_passwd: change-me"
	alone2 := lacking("a host alone, in YAML", inYAML, yaml,
		"host: {host}\nport: 9200\nhttp_user: keeper\nhttp_passwd: change-me")
	all := casesAt("an output", file, output, block, "tls off", "~tls.verify off")
	settings := slices.Concat(
		casesAt("other settings", file, output, block, "~tls.min_version ${NOBODY:x}", "~tls.max_version ${NOBODY:x}",
			"~tls.ciphers ${NOBODY:x}",
			"~cloud_id lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg=="),
		casesAt("a passphrase", file, output, locked(block)+"\ntls.key_passwd open"),
		casesAt("a port", file, output, replaced(replaced(block, "Host {far}"), "Port 9443")),
		casesAt("no port", file, output, strings.Replace(block, "Port 9200\n", "", 1)),
		casesAt("a name that the certificate lacks", file, output, replaced(block, "Host {alias}")),
		casesAt("the name that it verifies", file, output,
			replaced(block, "Host {alias}")+"\ntls.verify_hostname on\ntls.vhost {host}"))
	for _, name := range []string{"es", "opensearch"} {
		around := strings.Replace(yaml, "es\n", name+"\n", 1)
		settings = slices.Concat(settings,
			casesAt("other settings of "+name, inYAML, around, block2, "~tls.min_version: ${NOBODY:x}",
				"~tls.max_version: ${NOBODY:x}", "~tls.ciphers: ${NOBODY:x}",
				"~cloud_id: lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg=="),
			casesAt("a passphrase of "+name, inYAML, around, locked(block2)+"\ntls.key_passwd: open"),
			casesAt("a port of "+name, inYAML, around, replaced(replaced(block2, "host: {far}"), "port: 9443")),
			casesAt("no port of "+name, inYAML, around, strings.Replace(block2, "port: 9200\n", "", 1)),
			casesAt("a name that the certificate lacks of "+name, inYAML, around, replaced(block2, "host: {alias}")),
			casesAt("the name that it verifies of "+name, inYAML, around,
				replaced(block2, "host: {alias}")+"\ntls.verify_hostname: on\ntls.vhost: {host}"))
	}
	return slices.Concat(
		settings, all, byVariable(all, "{cert}", "${SAID}", Holds), byVariable(all, "{cert}", "${SAID:x}", Assumes),
		casesAt("for OpenSearch", file, strings.Replace(output, "es", "opensearch", 1), block), alone,
		casesAt("an output in YAML", inYAML, yaml, block2, "tls: off", "~tls.verify: off"),
		casesAt("for OpenSearch, in YAML", inYAML, strings.Replace(yaml, "es\n", "opensearch\n", 1), block2), alone2,
	)
}

// fluentd describes Fluentd with fluent-plugin-elasticsearch: outputs, also inside the store of a copy, and its input.
// hosts wins over host, and the scheme in it over scheme.
func fluentd() Program {
	s := Settings{
		Hosts: []string{"hosts", "host"}, FirstHost: true, Scheme: "scheme", Ports: Ports{"port", "9200", true},
		Default: "localhost", Cloud: Cloud{Name: "cloud_id"},
		Versions: Versions{Only: "ssl_version", Min: "ssl_min_version", Max: "ssl_max_version"}, CA: "ca_file",
		Cert: "client_cert", Key: "client_key", KeyPass: "client_key_pass",
		Verify: Verify{Name: "ssl_verify", Off: []string{"false"}}, User: "user", Password: "password",
		Token: "api_key",
	}
	return Program{
		App: Fluentd, Link: "https://github.com/uken/fluent-plugin-elasticsearch#scheme", Runtime: Ruby(),
		Signs: Signs{
			Images: []string{"fluentd", "fluentd-kubernetes-daemonset", "fluentd-elasticsearch",
				"fluentd_elasticsearch"},
			Mounts: []string{"fluent.conf", "fluentd.conf"},
		},
		Expands:  fluentdVariables,
		Language: pipeline.Fluentd, Plugin: func(plugin pipeline.Plugin, _ Version) *Settings {
			isPlace := slices.Contains([]string{"match", "store", "source"}, plugin.Section)
			if isPlace && isOneOf(plugin.Name, "elasticsearch", "elasticsearch_dynamic", "elasticsearch_data_stream") {
				return &s
			}
			return nil
		},
		Cases: fluentdCases,
	}
}

func fluentdCases() []Case {
	const file, output = "/fluentd/etc/fluent.conf", "<match a>\n  @type elasticsearch\n  %s\n</match>"
	rest := "scheme https\nca_file {ca}\nclient_cert {cert}\nclient_key {key}\nuser keeper\npassword change-me"
	key := strings.Replace(rest, "user keeper\npassword change-me", "api_key key", 1)
	alone := lacking("a host alone", file, output, "host {host}\nport 9200\nuser keeper\npassword change-me")
	mounted := casesAt("another image", file, output, "host {host}\nport 9200\n"+rest)
	mounted[0].Image = "example/other:1"
	all := casesAt("a host", file, output, "host {host}\nport 9200\n"+rest, "scheme http", "~ssl_verify false")
	settings := slices.Concat(
		casesAt("other settings", file, output, "host {host}\nport 9200\n"+rest, "~ssl_version \"#{IO.read('x')}\"",
			"~ssl_min_version \"#{IO.read('x')}\"",
			"~ssl_max_version \"#{IO.read('x')}\"", "~cloud_id lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg=="),
		casesAt("a passphrase", file, output, "host {host}\nport 9200\n"+locked(rest)+"\nclient_key_pass open"),
		casesAt("a port", file, output, "host {far}\nport 9443\n"+rest),
		casesAt("no port", file, output, "host {host}\n"+rest),
		casesAt("the port of the scheme", file, output,
			"hosts https://{tls}\n"+strings.TrimPrefix(rest, "scheme https\n")))
	return slices.Concat(
		settings, all, byVariable(all, "{cert}", "\"#{ENV['SAID']}\"", Holds),
		byVariable(all, "{cert}", "\"#{IO.read('x')}\"", Assumes),
		casesAt("hosts", file, output, "hosts {url}\n"+strings.TrimPrefix(rest, "scheme https\n")),
		casesAt("hosts, which win", file, output, "hosts {url}\nhost elsewhere.example.org\n"+rest),
		casesAt("an API key", file, output, "host {host}\nport 9200\n"+key), alone, mounted,
	)
}

// isOneOf tells whether a plugin is one of those, or may be: its name is a variable that nothing here shows.
func isOneOf(name string, names ...string) bool {
	return slices.Contains(names, name) || strings.Contains(name, "${") || strings.Contains(name, "#{")
}
