package verify

import (
	"strings"
	"testing"
)

// relaxed is a folder with a configuration that asks for no certificate, and who says that it is the one.
const relaxed = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: relaxed\ndata:\n  elasticsearch.yml: |\n    network.host: 0.0.0.0\n    " + ssl +
	"client_authentication: none\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: where\ndata:\n  ES_PATH_CONF: /relaxed\n"

// TestEnvironmentOfServers holds what decides the settings of a server, by the names of the faults: all of these nodes were PROVEN.
func TestEnvironmentOfServers(t *testing.T) {
	const stage, upper = ssl + "client_authentication", "ES_SETTING_XPACK_SECURITY_HTTP_SSL_CLIENT__AUTHENTICATION"
	unset := map[string]string{stage: ""}
	script := func(text string) node {
		return node{lines: "command: [bash, -c, '" + text + "']"}
	}
	elsewhere := func(lines string) string {
		stream := node{env: unset, lines: lines}.String()
		stream = strings.Replace(stream, "        volumeMounts:\n", "        volumeMounts:\n        - {name: relaxed, mountPath: /relaxed}\n", 1)
		return strings.Replace(stream, "      volumes:\n", "      volumes:\n      - {name: relaxed, configMap: {name: relaxed}}\n", 1) + relaxed
	}
	for _, test := range []struct{ name, stream, codes string }{
		{"s04: exported by a script", script("export " + upper + "=none; exec docker-entrypoint.sh").String(), string(NotJudged)},
		{"s04: exported over nothing", node{env: unset, lines: script("export " + upper + "=none; exec docker-entrypoint.sh").lines}.String(), string(ServerStage)},
		{"exported, and right", node{env: unset, lines: script("export " + upper + "=required; exec docker-entrypoint.sh").lines}.String(), ""},
		{"s05: by env", script("exec env " + stage + "=none docker-entrypoint.sh").String(), string(ServerStage)},
		{"s05: by env without a shell", node{lines: "command: [env, " + stage + "=none, docker-entrypoint.sh]"}.String(), string(ServerStage)},
		{"nothing handed on", node{lines: "command: [env, -i, docker-entrypoint.sh]"}.String(), "EMT001 EMT002 EMT003 EMT004"},
		{"s06: taken away", node{env: map[string]string{stage: "", upper: "required"},
			lines: script("unset " + upper + "; exec docker-entrypoint.sh").lines}.String(), string(ServerStage)},
		{"s15: of a variable that stands behind", node{env: unset,
			lines: "- {name: " + upper + ", value: $(MODE)}\n- {name: MODE, value: required}"}.String(), "EMT002 EMT029"},
		{"of a variable that stands before", node{env: unset,
			lines: "- {name: MODE, value: required}\n- {name: " + upper + ", value: $(MODE)}"}.String(), ""},
		{"s08: another folder by a ConfigMap", elsewhere("envFrom: [{configMapRef: {name: where}}]"), "EMT002 EMT015 EMT029"},
		{"s09: another folder by a script", elsewhere("command: [bash, -c, 'export ES_PATH_CONF=/relaxed; docker-entrypoint.sh']"), "EMT002 EMT015 EMT029"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := judged(t, test.stream, Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}

// TestUnknownFolder holds that a folder that nothing shows is named: the settings may be there.
func TestUnknownFolder(t *testing.T) {
	g := judged(t, node{lines: "- {name: ES_PATH_CONF, valueFrom: {configMapKeyRef: {name: none, key: folder}}}"}.String(), Options{})
	if text := strings.Join(g.Assumptions, "\n"); !strings.Contains(text, "ES_PATH_CONF, which says where its configuration is: ConfigMap/none is not shown") {
		t.Errorf("not assumed\n%s", g.Text())
	}
}

// TestC05EnvironmentOfKibana holds that what the script of a Kibana says about its settings counts.
func TestC05EnvironmentOfKibana(t *testing.T) {
	kibana := strings.NewReplacer("        image: kibana:8.19.2\n", "        image: kibana:8.19.2\n        command: [bash, -c, 'SCRIPT']\n",
		"secretName: pair", "secretName: search-tls").Replace(board)
	for _, test := range []struct{ name, script, codes string }{
		{"nothing said", "exec /usr/local/bin/kibana-docker", ""},
		{"c05c: a setting", "ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE=false exec kibana-docker", string(NotAlwaysPresent)},
		{"c05d: no key", "unset ELASTICSEARCH_SSL_KEY; exec kibana-docker", string(NoCertificate)},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := judged(t, node{}.String()+strings.Replace(kibana, "SCRIPT", test.script, 1), Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}

// TestF8MountedProbe holds that a probe that is a script in a ConfigMap is judged as one that says it itself.
func TestF8MountedProbe(t *testing.T) {
	for _, test := range []struct{ script, codes string }{
		{"curl -sk https://localhost:9200", string(ProbeRefused)},
		{"curl -sk --cert /usr/share/elasticsearch/config/tls/tls.crt --key /usr/share/elasticsearch/config/tls/tls.key https://localhost:9200", ""},
		{"wget -q https://localhost:9200", string(ProbeRefused)},
		{"nc -z localhost 9200", ""},
	} {
		t.Run(test.script, func(t *testing.T) {
			stream := node{lines: "FIELDS"}.String()
			stream = strings.Replace(stream, "        FIELDS\n", "        readinessProbe: {exec: {command: [bash, /s/probe.sh]}}\n", 1)
			stream = strings.Replace(stream, "        volumeMounts:\n", "        volumeMounts:\n        - {name: s, mountPath: /s}\n", 1)
			stream = strings.Replace(stream, "      volumes:\n", "      volumes:\n      - {name: s, configMap: {name: probe}}\n", 1)
			g := judged(t, stream+"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: probe\ndata:\n  probe.sh: |\n    "+test.script+"\n", Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}

// TestA22OptionsOfCurl holds that options in a file, and a password behind a certificate, are read as curl reads them.
func TestA22OptionsOfCurl(t *testing.T) {
	const tls = "/usr/share/elasticsearch/config/tls/"
	for _, test := range []struct{ call, codes string }{
		{"curl -sk -K /s/options https://localhost:9200", ""},
		{"curl -sk -K /s/none https://localhost:9200", "EMT005 EMT022"},
		{"curl -sk --cert " + tls + "tls.crt:pw --key " + tls + "tls.key https://localhost:9200", ""},
		{"curl -sk -K /s/options --cert /other.crt https://localhost:9200", "EMT015 EMT022"},
	} {
		t.Run(test.call, func(t *testing.T) {
			stream := node{lines: "FIELDS"}.String()
			stream = strings.Replace(stream, "        FIELDS\n", "        readinessProbe: {exec: {command: [bash, -c, '"+test.call+"']}}\n", 1)
			stream = strings.Replace(stream, "        volumeMounts:\n", "        volumeMounts:\n        - {name: s, mountPath: /s}\n", 1)
			stream = strings.Replace(stream, "      volumes:\n", "      volumes:\n      - {name: s, configMap: {name: options}}\n", 1)
			stream += "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: options\ndata:\n  options: |\n    cert = \"" + tls + "tls.crt\"\n    key = " + tls + "tls.key\n"
			g := judged(t, stream, Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}
