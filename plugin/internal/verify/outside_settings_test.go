package verify

import (
	"strings"
	"testing"
)

// TestWhatSettingsDoNotSay holds what keeps a server from starting, or a client out, though every setting of theirs is right.
func TestWhatSettingsDoNotSay(t *testing.T) {
	single := func(lines string) string { return node{lines: lines}.String() }
	mounted := func(path string) string {
		return strings.Replace(strings.Replace(node{}.String(), "        env:\n", "        - {name: settings, mountPath: "+path+"}\n        env:\n", 1),
			"      volumes:\n", "      volumes:\n      - {name: settings, configMap: {name: settings}}\n", 1) +
			"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {elasticsearch.yml: 'network.host: 0.0.0.0'}\n"
	}
	const folder = "/usr/share/elasticsearch/config"
	probe := func(options string) string {
		return single("readinessProbe:\n  exec:\n    command: [bash, -c, 'curl -s --cacert config/tls/ca.crt --cert config/tls/tls.crt --key config/tls/tls.key " + options + " https://localhost:9200']\n")
	}
	second := strings.Replace(node{}.String(), "      volumes:", "      - name: second\n        image: elasticsearch:8.19.2\n      volumes:", 1)
	for _, test := range []struct{ name, text, codes, says string }{
		{"an option that Elasticsearch does not know", single("args: [elasticsearch, --path.conf=/x]"), "EMT029", "does not start with the option --path.conf"},
		{"one that it knows", single("args: [elasticsearch, --quiet]"), "", ""},
		{"a volume over the folder of its configuration", mounted(folder), "EMT029", "hides jvm.options and log4j2.properties"},
		{"a volume over a folder of the user's", mounted(folder + "/jvm.options.d"), "", ""},
		{"another address", node{env: map[string]string{"network.host": "10.0.0.7"}}.String(), "", "10.0.0.7 is an address of its pod"},
		{"a name", node{env: map[string]string{"network.host": "search-0"}}.String(), "", "search-0 is an address of its pod"},
		{"options of its JDK", node{env: map[string]string{"ES_JAVA_OPTS": "-Xmx1g -Djdk.tls.client.protocols=TLSv1"}}.String(), "", "what ES_JAVA_OPTS tells Elasticsearch keeps TLS"},
		{"an option that no JDK knows", node{env: map[string]string{"ES_JAVA_OPTS": "-XX:+NoSuch"}}.String(), "", "knows the option -XX:+NoSuch"},
		{"a short one", node{env: map[string]string{"CLI_JAVA_OPTS": "-Xfoo"}}.String(), "", "knows the option -Xfoo"},
		{"another server in its pod", second, "EMT022", "both run a server"},
		{"a folder in place of a file", node{env: map[string]string{ssl + "certificate_authorities": "tls"}}.String(), "EMT015", "it is a folder"},
		{"curl with a pin", probe("--pinnedpubkey sha256//x="), "", "with --pinnedpubkey of curl it is let in"},
		{"curl with a list of revoked certificates", probe("--crlfile /x"), "", "with --crlfile of curl"},
		{"an option that no curl has", probe("--no-such"), "", "with --no-such of curl"},
		{"options that change nothing", probe("--no-progress-meter --retry-all-errors --max-time 5 --fail -4"), "", ""},
	} {
		g := judged(t, test.text, Options{})
		text := strings.Join(strings.Fields(g.Text()), " ")
		if got := codesOf(g); got != test.codes || !strings.Contains(text, test.says) || test.says == "" && strings.Contains(text, "of curl it is") {
			t.Errorf("%s: got %q, expected %q with %q\n%s", test.name, got, test.codes, test.says, g.Text())
		}
	}
}

// TestOptionsOfRuntimes holds which variables of a runtime may change its TLS.
func TestOptionsOfRuntimes(t *testing.T) {
	with := func(env string) string {
		return node{}.String() + strings.Replace(filebeat(wholeSecret), "        image: filebeat:8.19.2\n", "        image: filebeat:8.19.2\n        env: ["+env+"]\n", 1)
	}
	const says = "keeps TLS as its settings have it"
	for env, want := range map[string]bool{
		"{name: GODEBUG, value: tlsmaxrsasize=1024}": true, "{name: GODEBUG, value: madvdontneed=1}": false, "{name: NODE_OPTIONS, value: --tls-max-v1.1}": false,
		"{name: GODEBUG, valueFrom: {secretKeyRef: {name: x, key: y}}}": true,
	} {
		g := judged(t, with(env), Options{})
		if got := strings.Contains(strings.Join(strings.Fields(g.Text()), " "), says); got != want {
			t.Errorf("%s: %v\n%s", env, got, g.Text())
		}
	}
}

// TestAnAddressInPieces holds that a call of curl is found where no text of the input names the server.
func TestAnAddressInPieces(t *testing.T) {
	text := podNamed("shop") + "    command: [sh, -c, 'H=sea; P=rch; curl -k https://$H$P:9200']\n"
	if g := judged(t, node{}.String()+text, Options{}); !strings.Contains(codesOf(g), string(NoCertificate)) {
		t.Errorf("%s", g.Text())
	}
}
