package verify

import (
	"strings"
	"testing"
)

// client is a Pod that runs a program, whose files are mounted in a folder, and the Secret of the node at /tls.
type client struct {
	image string
	dir   string            // where its files are
	files map[string]string // by their names
	lines string            // of its container
	more  string            // further objects
}

func (c client) String() string {
	data, mounts := "", ""
	for name, text := range c.files {
		key := strings.ReplaceAll(name, "/", "..")
		data += "  " + key + ": |\n    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
		mounts += "    - {name: c, mountPath: " + c.dir + "/" + name + ", subPath: " + key + "}\n"
	}
	lines := ""
	if c.lines != "" {
		lines = "    " + strings.ReplaceAll(strings.TrimSpace(c.lines), "\n", "\n    ") + "\n"
	}
	return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: client}\ndata:\n  none: ''\n" + data +
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: client}\nspec:\n  containers:\n  - name: client\n    image: " + c.image + "\n" + lines +
		"    volumeMounts:\n    - {name: tls, mountPath: /tls}\n" + mounts +
		"  volumes:\n  - {name: c, configMap: {name: client}}\n  - {name: tls, secret: {secretName: search-tls}}\n" + c.more
}

// beatPair names the pair as Beats do.
const beatPair = "  ssl.certificate_authorities: [/tls/ca.crt]\n  ssl.certificate: /tls/tls.crt\n  ssl.key: /tls/tls.key\n"

const beatOutput = "output.elasticsearch:\n  hosts: [\"https://search:9200\"]\n" + beatPair

func beatWith(text, lines string) client {
	return client{image: "filebeat:8.19.2", dir: "/usr/share/filebeat", files: map[string]string{"filebeat.yml": text}, lines: lines}
}

// TestWhatBeatsRead holds what Beats make of their files, by the names of the faults.
func TestWhatBeatsRead(t *testing.T) {
	elsewhere := func(args string) client {
		c := beatWith(beatOutput, args)
		c.files["../../../alt/filebeat.yml"] = "output.elasticsearch.hosts: ['https://search:9200']"
		return c
	}
	key := func(text string) string { return strings.Replace(beatOutput, "/tls/tls.key", text, 1) }
	for _, test := range []struct {
		name   string
		client client
		codes  string
	}{
		{"as it is", beatWith(beatOutput, ""), ""},
		{"c02b: another folder", elsewhere("args: [--path.config, /alt]"), "EMT007 EMT008 EMT021"},
		{"another folder, by a setting", elsewhere("args: [-E, path.config=/alt]"), "EMT007 EMT008 EMT021"},
		{"another folder, and a file in it", elsewhere("args: [-c, filebeat.yml, --path.home=/alt]"), "EMT007 EMT008 EMT021"},
		{"another folder without a file", beatWith(beatOutput, "args: [--path.config=/none]"), "EMT021"},
		{"c03: a default that begins with a sign", beatWith(key("${NONE:-/tls/tls.key}"), ""), "EMT015"},
		{"a default", beatWith(key("${NONE:/tls/tls.key}"), ""), ""},
		{"c04b: a variable without braces", beatWith(key("$DIR/tls.key"), "env: [{name: DIR, value: /tls}]"), "EMT015"},
		{"a variable in braces", beatWith(key("${DIR}/tls.key"), "env: [{name: DIR, value: /tls}]"), ""},
		{"c14: a merge key", beatWith("off: &off {ssl.enabled: false}\n"+strings.Replace(beatOutput, ":\n", ":\n  <<: *off\n", 1), ""), "EMT006"},
		{"a merge key below what stands there", beatWith("off: &off {ssl.key: /none}\n"+strings.Replace(beatOutput, ":\n", ":\n  <<: *off\n", 1), ""), ""},
		{"an anchor that names itself", beatWith(beatOutput+"x: &a {b: *a}\n", ""), "EMT022"},
		{"a key twice", beatWith(beatOutput+"  ssl.key: /none\n", ""), "EMT015"},
		{"no address, which is the Beat's own pod then", beatWith("output.elasticsearch:\n"+beatPair, ""), "EMT031"},
		{"a monitor", beatWith("heartbeat.monitors:\n- type: http\n  urls: https://search:9200\n"+beatPair, ""), ""},
		{"a monitor without an address", beatWith("heartbeat.monitors:\n- type: http\n"+beatPair, ""), "EMT031"},
		{"no output", beatWith("filebeat.inputs: []\noutput.elasticsearch:\n", ""), ""},
		{"monitoring without an address, which is the output's then", beatWith(beatOutput+"monitoring.elasticsearch: {username: a}\n", ""), ""},
		{"a mode of verification that there is not", beatWith(beatOutput+"  ssl.verification_mode: most\n", ""), "EMT022"},
		{"the strictest mode", beatWith(beatOutput+"  ssl.verification_mode: strict\n", ""), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := judged(t, node{}.String()+test.client.String(), Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}

// TestModulesOfBeats holds where a Beat has the files of its modules.
func TestModulesOfBeats(t *testing.T) {
	const module = "- module: elasticsearch\n  hosts: ['https://search:9200']\n"
	for _, test := range []struct{ name, said, file, args, codes string }{
		{"the usual folder", "", "modules.d/a.yml", "", "EMT007 EMT008"},
		{"c12: another folder", "metricbeat.config.modules.path: /mods/*.yml", "../../../mods/a.yml", "", "EMT007 EMT008"},
		{"below its configuration", "metricbeat.config.modules: {path: '${path.config}/m/*.yml'}", "m/a.yml", "", "EMT007 EMT008"},
		{"below another one", "metricbeat.config.modules: {path: '${path.config}/m/*.yml'}", "../../../alt/m/a.yml",
			"args: [-c, /usr/share/metricbeat/metricbeat.yml, --path.config, /alt]", "EMT007 EMT008"},
		{"protocol, which is one of outputs", "", "modules.d/p.yml", "", "EMT006"},
		{"a file that the pattern does not mean", "metricbeat.config.modules.path: /mods/*.yml", "../../../mods/a.yaml", "", "EMT021"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := module
			if test.file == "modules.d/p.yml" {
				text = "- module: elasticsearch\n  protocol: https\n  hosts: ['search:9200']\n  ssl: {certificate_authorities: [/tls/ca.crt], certificate: /tls/tls.crt, key: /tls/tls.key}\n"
			}
			c := client{image: "metricbeat:8.19.2", dir: "/usr/share/metricbeat", lines: test.args, files: map[string]string{
				"metricbeat.yml": beatOutput + test.said, test.file: text,
			}}
			g := judged(t, node{}.String()+c.String(), Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}

// TestWhatKibanaReads holds what Kibana makes of its file and its variables.
func TestWhatKibanaReads(t *testing.T) {
	const file = "elasticsearch.hosts: https://search:9200\nelasticsearch.username: kibana_system\nelasticsearch.password: change-me\n" +
		"elasticsearch.ssl: {certificateAuthorities: /tls/ca.crt, certificate: /tls/tls.crt, key: /tls/tls.key, alwaysPresentCertificate: true}\n"
	const two = "https://search:9200,https://search:9200"
	for _, test := range []struct{ name, text, lines, codes string }{
		{"as it is", file, "", ""},
		{"c06: addresses in one text", strings.Replace(file, "https://search:9200", two, 1), "", "EMT022"},
		{"in one variable", file, "env: [{name: ELASTICSEARCH_HOSTS, value: '" + two + "'}]", "EMT022"},
		{"a list in one variable", file, `env: [{name: ELASTICSEARCH_HOSTS, value: '["https://search:9200","https://search:9200"]'}]`, ""},
		{"c06b: a key twice", file + "elasticsearch.username: other\n", "", "EMT022"},
		{"a18: an address for people", file + "elasticsearch.publicBaseUrl: https://search:9200\n", "", ""},
		{"a18b: an address for agents, with a certificate", file + "xpack.fleet.outputs: [{hosts: ['https://search:9200'], config: {ssl.certificate: /c}}]\n", "", ""},
		{"an address for agents", file + "xpack.fleet.outputs: [{hosts: ['https://search:9200']}]\n", "", "EMT021"},
		{"c24: a variable without a value", file, "env: [{name: ELASTICSEARCH_SSL_KEY, value: ''}]", ""},
		{"monitoring elsewhere, by a variable", file, "env: [{name: MONITORING_UI_ELASTICSEARCH_HOSTS, value: 'https://search:9200'}]", "EMT007 EMT008 EMT019"},
		{"monitoring by a variable without a value", file, "env: [{name: MONITORING_UI_ELASTICSEARCH_HOSTS, value: ''}]", ""},
		{"a setting of TLS that it does not know", file + "elasticsearch.ssl.certificateAuthority: /tls/ca.crt\n", "", "EMT022"},
		{"another setting that it does not know", file + "elasticsearch.flavour: x\n", "", ""},
		{"settings that change nothing", file + "elasticsearch.healthCheck.delay: 1s\nelasticsearch.customHeaders: {a: b}\n", "", ""},
		{"a mode of verification that there is not", file + "elasticsearch.ssl.verificationMode: strict\n", "", "EMT022"},
		{"a further file, by an option", file, "args: [kibana-docker, -c, /tls/none.yml, -c, /usr/share/kibana/config/kibana.yml]", ""},
		{"a default with other signs", strings.Replace(file, "/tls/tls.key", "'${NONE:-/tls/tls.key}'", 1), "", "EMT015"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := client{image: "kibana:8.19.2", dir: "/usr/share/kibana/config", files: map[string]string{"kibana.yml": test.text}, lines: test.lines}
			g := judged(t, node{}.String()+c.String(), Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}

// TestFurtherFilesOfKibana holds that files that its command line and a variable name are read behind kibana.yml, of whose settings they change some.
func TestFurtherFilesOfKibana(t *testing.T) {
	const file = "elasticsearch.hosts: https://search:9200\nelasticsearch.username: kibana_system\nelasticsearch.password: change-me\n" +
		"elasticsearch.ssl: {certificateAuthorities: /tls/ca.crt, certificate: /tls/tls.crt, key: /tls/tls.key, alwaysPresentCertificate: true}\n"
	const off, on = "elasticsearch.ssl.alwaysPresentCertificate: false\n", "elasticsearch.ssl.alwaysPresentCertificate: true\n"
	for _, test := range []struct{ name, lines, codes, assumes string }{
		{"nobody names them", "", "", ""},
		{"an option", "args: [kibana-docker, -c, config/off.yml]", "EMT020", ""},
		{"a longer one", "args: [kibana-docker, --config=/usr/share/kibana/config/off.yml]", "EMT020", ""},
		{"two, of which the last counts", "args: [kibana-docker, -c, config/off.yml, -c, config/on.yml]", "", ""},
		{"a variable", "env: [{name: KBN_CONFIG_PATHS, value: 'config/on.yml,config/off.yml'}]", "EMT020", ""},
		{"an option behind the variable", "env: [{name: KBN_CONFIG_PATHS, value: config/off.yml}]\nargs: [kibana-docker, -c, config/on.yml]", "", ""},
		{"one that nothing shows", "args: [kibana-docker, -c, /opt/mine.yml]", "", "/opt/mine.yml sets nothing"},
		{"one that a run names", "args: [kibana-docker, -c, $(NOBODY)]\nenv: [{name: NOBODY, valueFrom: {secretKeyRef: {name: none, key: a}}}]", "", "only a run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := client{image: "kibana:8.19.2", dir: "/usr/share/kibana/config", lines: test.lines, files: map[string]string{"kibana.yml": file, "off.yml": off, "on.yml": on}}
			g := judged(t, node{}.String()+c.String(), Options{})
			if got := codesOf(g); got != test.codes || !strings.Contains(g.Text(), test.assumes) {
				t.Errorf("got %q, expected %q and %q\n%s", got, test.codes, test.assumes, g.Text())
			}
		})
	}
}

// TestWhereLogstashHasPipelines holds where the language of Logstash is read: an output in it without a pair is seen, and one with a pair is
// proven.
func TestWhereLogstashHasPipelines(t *testing.T) {
	const output = `output { elasticsearch { hosts => ["https://search:9200"] ssl_certificate_authorities => ["/tls/ca.crt"] PAIR } }`
	const pair = `ssl_certificate => "/tls/tls.crt" ssl_key => "/tls/tls.key"`
	logstash := func(lines string, files map[string]string) client {
		return client{image: "logstash:8.19.2", dir: "/usr/share/logstash", files: files, lines: lines}
	}
	for _, test := range []struct {
		name   string
		client client
		codes  string // of the output without a pair
	}{
		{"a13b: any file of its folder", logstash("", map[string]string{"pipeline/main.cfg": output}), "EMT008"},
		{"another file", logstash("", map[string]string{"other/main.cfg": output}), "EMT021"},
		{"a13c: a word of the command line", logstash("args:\n- -e\n- '"+output+"'", nil), "EMT008"},
		{"a file that the command line names", logstash("args: [-f, /usr/share/logstash/p/*.txt]", map[string]string{"p/a.txt": output}), "EMT008"},
		{"a13d: a list of pipelines", logstash("", map[string]string{"config/pipelines.yml": "- pipeline.id: main\n  config.string: |\n    " + output}), "EMT008"},
		{"a file that the list names", logstash("", map[string]string{
			"config/pipelines.yml": "- {pipeline.id: main, path.config: /usr/share/logstash/p}", "p/a": output}), "EMT008"},
		{"a variable that it does not read", logstash("env: [{name: ES_HOST, value: search}]", map[string]string{"pipeline/a.conf": output}), "EMT008"},
		{"an output without an address beside it", logstash("", map[string]string{"pipeline/a.conf": output + " output { elasticsearch { index => a } }"}), "EMT008 EMT031"},
		{"beside another program", logstash("command: [sh, -c, 'load & logstash']\nenv: [{name: ES_HOST, value: search}]",
			map[string]string{"pipeline/a.conf": output}), "EMT008 EMT021"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := node{}.String() + test.client.String()
			g := judged(t, strings.Replace(text, "PAIR", "", 1), Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
			want := strings.TrimSpace(strings.Replace(test.codes, "EMT008", "", 1))
			g = judged(t, strings.Replace(text, "PAIR", pair, 1), Options{})
			if got := codesOf(g); got != want {
				t.Errorf("with a pair: got %q, expected %q\n%s", got, want, g.Text())
			}
		})
	}
}

// TestVariablesThatAClientDoesNotRead holds when a variable that names a server is no call: the files of a known program say which ones it
// reads, all of them are shown, and nothing else runs.
func TestVariablesThatAClientDoesNotRead(t *testing.T) {
	const env = "env: [{name: ES_URL, value: 'https://search:9200'}]"
	const pipeline = `output { elasticsearch { hosts => ["https://search:9200"] ssl_certificate_authorities => ["/tls/ca.crt"] ` +
		`ssl_certificate => "/tls/tls.crt" ssl_key => "/tls/tls.key" } }`
	const fluentd = "<match **>\n  @type elasticsearch\n  host search\n  scheme https\n  ca_file /tls/ca.crt\n  client_cert /tls/tls.crt\n" +
		"  client_key /tls/tls.key\n</match>\n"
	in := func(image, dir, name, text, lines string) client {
		return client{image: image, dir: dir, files: map[string]string{name: text}, lines: lines}
	}
	logstash := func(text, lines string) client {
		return in("logstash:8.19.2", "/usr/share/logstash", "pipeline/a.conf", text, lines)
	}
	fluentWith := func(text, lines string) client {
		return in("fluentd-kubernetes-daemonset:v1.16-debian-elasticsearch8-1", "/fluentd/etc", "fluent.conf", text, lines)
	}
	fluent := func(text string) client { return fluentWith(text, env) }
	other := beatWith(beatOutput, env)
	other.image = "registry.example/agent:1"
	for _, test := range []struct {
		name   string
		client client
		found  bool
	}{
		{"its image's own program", beatWith(beatOutput, env), false},
		{"with options", beatWith(beatOutput, "args: [-e]\n"+env), false},
		{"by its name", beatWith(beatOutput, "command: [filebeat, -e]\n"+env), false},
		{"by its name in a script", beatWith(beatOutput, "command: [sh, -c, 'exec filebeat -e']\n"+env), false},
		{"a program that is not known", beatWith(beatOutput, "command: [/scripts/start.sh]\n"+env), true},
		{"one that a shell runs", beatWith(beatOutput, "command: [sh, /scripts/start.sh]\n"+env), true},
		{"one of another language", beatWith(beatOutput, "command: [python3, /app/run.py]\n"+env), true},
		{"one from a volume, called as it is", beatWith(beatOutput, "command: [/tls/filebeat]\n"+env), true},
		{"one that a probe runs", beatWith(beatOutput, "readinessProbe: {exec: {command: [/check]}}\n"+env), true},
		{"another image", other, true},
		{"a second file, which is not shown", beatWith(beatOutput, "args: [-c, filebeat.yml, -c, /etc/more.yml]\n"+env), true},
		{"inputs in other files", beatWith(beatOutput+"filebeat.config.inputs.path: /extra/*.yml\n", env), true},
		{"inputs in other files, by an option", beatWith(beatOutput, "args: [-e, -E, filebeat.config.inputs.path=/extra/*.yml]\n"+env), true},
		{"options that name no file", beatWith(beatOutput, "args: [-e, -c, filebeat.yml, -E, 'logging.level=info']\n"+env), false},
		{"Logstash", logstash(pipeline, env), false},
		{"Logstash, with a script on its command line", logstash(pipeline, "args: [-e, \"filter { ruby { code => 'x' } }\"]\n"+env), true},
		{"Logstash, with a variable for them", logstash(pipeline, strings.Replace(env, "[", "[{name: PATH_CONFIG, value: /other}, ", 1)), true},
		{"Logstash, with options for Java", logstash(pipeline, strings.Replace(env, "[", "[{name: LS_JAVA_OPTS, value: -Xmx1g -Dfile=/a}, ", 1)), false},
		{"Logstash, by a text", logstash("input { stdin {} }", "args:\n- -e\n- '"+pipeline+"'\n"+env), false},
		{"Logstash, by another program", logstash(pipeline, "command: [/scripts/start.sh]\n"+env), true},
		{"Logstash, with a script", logstash("filter { ruby { code => 'x(ENV[\"ES_URL\"])' } }\n"+pipeline, env), true},
		{"a pipeline of Logstash", logstash(pipeline, "env: [{name: CONFIG_STRING, value: 'output { elasticsearch { hosts => [\"https://search:9200\"] } }'}]"), true},
		{"Fluentd", fluent(fluentd), false},
		{"Fluentd, with a variable for another file", fluentWith(fluentd, strings.Replace(env, "[", "[{name: FLUENTD_CONF, value: other.conf}, ", 1)), true},
		{"Fluentd, with a variable for its file", fluentWith(fluentd, strings.Replace(env, "[", "[{name: FLUENTD_CONF, value: fluent.conf}, ", 1)), false},
		{"Fluentd, with an option for another file", fluentWith(fluentd, "args: [fluentd, -c, /extra/fluent.conf]\n"+env), true},
		{"Fluentd, with other files", fluent(fluentd + "@include /extra/*.conf\n"), true},
		{"Fluentd, with a script", fluent("<filter **>\n  @type record_transformer\n  enable_ruby\n</filter>\n" + fluentd), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := judged(t, node{}.String()+test.client.String(), Options{})
			if found := strings.Contains(codesOf(g), "EMT021"); found != test.found {
				t.Errorf("found: %t, want %t\n%s", found, test.found, g.Text())
			}
		})
	}
}

// TestFleetServerAlone holds that a Fleet Server says nothing of what the agent does besides.
func TestFleetServerAlone(t *testing.T) {
	g := judged(t, node{}.String()+client{image: "elastic-agent:9.0.0", lines: "env:\n- {name: FLEET_SERVER_ENABLE, value: '1'}\n" +
		"- {name: FLEET_SERVER_ELASTICSEARCH_HOST, value: 'https://search:9200'}\n- {name: FLEET_SERVER_ELASTICSEARCH_CA, value: /tls/ca.crt}\n" +
		"- {name: FLEET_SERVER_ES_CERT, value: /tls/tls.crt}\n- {name: FLEET_SERVER_ES_CERT_KEY, value: /tls/tls.key}"}.String(), Options{})
	if assumed := strings.Join(g.Assumptions, "\n"); !strings.Contains(assumed, "the configuration of Elastic Agent, which is not in these manifests") {
		t.Errorf("got %s\n%s", assumed, g.Text())
	}
}

// TestWordsOfJaeger holds that an address on the command line by itself is one, in place of the address that is called else.
func TestWordsOfJaeger(t *testing.T) {
	const flags = `"--es.tls.enabled=true", "--es.tls.ca=/tls/ca.crt", "--es.tls.cert=/tls/tls.crt", "--es.tls.key=/tls/tls.key"`
	plain := strings.NewReplacer(`"`, "", ",", "").Replace(flags)
	for _, test := range []struct{ name, args, codes string }{
		{"an address", `args: ["14", "https://search:9200", ` + flags + `]`, ""},
		{"none", `args: ["14", ` + flags + `]`, "EMT031"},
		{"in a shell line", "command: [sh, -c, 'exec es-index-cleaner 14 " + plain + " https://search:9200']", ""},
		{"a variable of that", "command: [sh, -c, 'A=https://search:9200; exec es-index-cleaner 14 " + plain + " \"$A\"']", ""},
		{"a slash too many", `args: ["14", "https://search:9200/", ` + flags + `]`, "EMT031"},
		{"and without https", "command: [sh, -c, 'A=http://search:9200; exec es-index-cleaner 14 " + plain + " \"$A\"']", "EMT006"},
	} {
		c := client{image: "jaegertracing/jaeger-es-index-cleaner:1.76.0", lines: test.args}
		if g := judged(t, node{}.String()+c.String(), Options{}); codesOf(g) != test.codes {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, codesOf(g), test.codes, g.Text())
		}
	}
}

// TestQuotesOfCurator holds that Curator puts no variables into a text in quotes.
func TestQuotesOfCurator(t *testing.T) {
	const file = "elasticsearch:\n  client:\n    hosts: https://search:9200\n    ca_certs: /tls/ca.crt\n    client_cert: /tls/tls.crt\n    client_key: %\n"
	for text, codes := range map[string]string{"${KEY}": "", "${NONE:/tls/tls.key}": "", `"${KEY}"`: "EMT015", `'${NONE:/tls/tls.key}'`: "EMT015", `"/tls/tls.key"`: "", "${NONE:/tls:/tls.key}": "EMT015 EMT022"} {
		c := client{image: "untergeek/curator:8.0.21", dir: "/etc/es-curator", files: map[string]string{"config.yml": strings.Replace(file, "%", text, 1)},
			lines: "env: [{name: KEY, value: /tls/tls.key}]"}
		if g := judged(t, node{}.String()+c.String(), Options{}); codesOf(g) != codes {
			t.Errorf("%s: got %q, expected %q\n%s", text, codesOf(g), codes, g.Text())
		}
	}
}
