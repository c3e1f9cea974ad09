package verify

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// withFile mounts a file into the container of a node, from a ConfigMap of that name.
func withFile(stream, name, path, text string) string {
	stream = strings.Replace(stream, "        volumeMounts:\n",
		"        volumeMounts:\n        - {name: "+name+", mountPath: "+path+", subPath: file}\n", 1)
	stream = strings.Replace(stream, "      volumes:\n", "      volumes:\n      - {name: "+name+", configMap: {name: "+name+"}}\n", 1)
	return stream + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  file: |\n" + indented(text, 4)
}

// withYML gives a node with that elasticsearch.yml, whose further settings are right.
func withYML(text string) string {
	n := node{env: map[string]string{"network.host": "0.0.0.0", ssl + "client_authentication": "", ssl + "enabled": ""}}
	return withFile(n.String(), "settings", "/usr/share/elasticsearch/config/elasticsearch.yml", text)
}

type serverCase struct{ name, stream, codes string }

func runServerCases(t *testing.T, all []serverCase) {
	t.Helper()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			g := judged(t, c.stream, Options{})
			if got := codesOf(g); got != c.codes || len(g.Servers) == 0 {
				t.Errorf("got %q, expected %q\n%s\n%s", got, c.codes, g.Text(), c.stream)
			}
		})
	}
}

// TestOwnYAML holds how Elasticsearch 8.19.21 and 9.5.3 read elasticsearch.yml: each was tried with their own code.
func TestOwnYAML(t *testing.T) {
	const on, stage = ssl + "enabled: true\n", ssl + "client_authentication: "
	const stops, open = string(NotStarted), string(ServerStage)
	runServerCases(t, []serverCase{
		{"right", withYML(on + stage + "required"), ""},
		{"in capitals", withYML(on + stage + "REQUIRED"), ""},
		{"quoted, behind a marker", withYML("---\n" + on + stage + "\"required\"\n...\n"), ""},
		{"nested", withYML("xpack.security.http:\n  ssl.enabled: true\n  ssl:\n    client_authentication: required"), ""},
		{"an alias", withYML("node.attr.a: &a required\n" + on + stage + "*a"), "EMT002 EMT029"},
		{"an anchor", withYML(on + stage + "&a required"), ""},
		{"a merge key", withYML("node.attr: &a\n  x: y\n<<: *a\n" + on + stage + "required"), stops},
		{"twice", withYML(on + stage + "required\n" + stage + "required"), stops},
		{"twice, nested", withYML(on + stage + "required\nnode.attr:\n  a: b\n  a: c"), stops},
		{"dotted, then nested", withYML(on + stage + "required\nxpack.security:\n  http.ssl.client_authentication: none"), open},
		{"nested, then dotted", withYML(on + "xpack.security:\n  http.ssl.client_authentication: none\n" + stage + "required"), ""},
		{"no value", withYML(on + stage + "required\nnode.attr.a:"), stops},
		{"an empty value", withYML(on + stage + "required\n" + ssl + "keystore.path: \"\""), ""},
		{"an empty value that must be there", withYML(on + stage + "\"\""), open},
		{"two documents", withYML(on + stage + "required\n---\n" + stage + "none"), stops},
		{"a marker at the end", withYML(on + stage + "required\n---\n"), stops},
		{"no mapping", withYML("- a"), "EMT001 EMT002 EMT029"},
		{"no YAML", withYML(on + "  x: ["), "EMT001 EMT002 EMT029"},
		{"True", withYML(ssl + "enabled: True\n" + stage + "required"), ""},
		{"yes", withYML(ssl + "enabled: yes\n" + stage + "required"), ""},
		{"a text that is no truth value", withYML(ssl + "enabled: \"True\"\n" + stage + "required"), stops},
		{"a number", withYML(ssl + "enabled: 1\n" + stage + "required"), "EMT001 EMT029"},
		{"a list of one", withYML(on + stage + "[required]"), stops},
		{"a line behind it", withYML(on + stage + "|\n  required"), "EMT002 EMT029"},
		{"a list of nothing", withYML(on + stage + "required\nnode.roles: [~]"), stops},
		{"elements one by one", withYML(on + stage + "required\nnode.roles.0: master\nnode.roles.1: data"), ""},
		{"a misspelt name", withYML(on + stage + "required\n" + ssl + "client_authentification: required"), stops},
		{"a misspelt name elsewhere", withYML(on + stage + "required\nnetwork.hosts: 0.0.0.0"), stops},
		{"a name in capitals", withYML(on + stage + "required\nXpack.security.enabled: true"), stops},
		{"a setting of the keystore", withYML(on + stage + "required\n" + ssl + "secure_key_passphrase: x"), stops},
		{"force", withYML(on + stage + "required\nforce." + stage + "none"), open},
		{"a default", withYML(on + stage + "${MODE:required}"), ""},
		{"a default of a shell", withYML(on + stage + "${MODE:-required}"), "EMT002 EMT029"},
		{"a variable of a shell", withYML(on + stage + "$MODE"), "EMT002 EMT029"},
		{"a default in a default, which is not read", withYML(on + stage + "${A:${B:required}}"), ""},
	})
}

// TestOverrides holds how Elasticsearch 8.19.21 and 9.5.3 read variables and -E: as lines of YAML, into which no variables are put.
func TestOverrides(t *testing.T) {
	const stage, stops = ssl + "client_authentication", string(NotStarted)
	with := func(name, value string) string { return node{env: map[string]string{name: value}}.String() }
	mode := func(text, value string) string {
		n := node{env: map[string]string{"network.host": "0.0.0.0", stage: "", "MODE": value}}
		return withFile(n.String(), "settings", "/usr/share/elasticsearch/config/elasticsearch.yml", text)
	}
	runServerCases(t, []serverCase{
		{"True", with(ssl+"enabled", "True"), ""},
		{"yes", with(ssl+"enabled", "yes"), ""},
		{"a number", with(ssl+"enabled", "1"), "EMT001 EMT029"},
		{"quoted", with(stage, "'required'"), ""},
		{"with a comment", with(stage, "required # of all"), ""},
		{"a list", with(ssl+"certificate_authorities", `["tls/ca.crt", "tls/tls.crt"]`), ""},
		{"by commas", with(ssl+"certificate_authorities", "tls/ca.crt, tls/tls.crt"), ""},
		{"with nothing", node{lines: "- {name: node.attr.a, value: \"\"}"}.String(), stops},
		{"a tilde", with("node.attr.a", "~"), stops},
		{"no YAML, which is an assumption", with("node.attr.a", "b: c"), ""},
		{"a colon", with("node.attr.a", "b:c"), ""},
		{"a further line", node{env: map[string]string{"node.attr.a": "b\n" + stage + ": none", stage: ""}}.String(), string(ServerStage)},
		{"a further line that is there", with("node.attr.a", "b\n"+stage+": none"), stops},
		{"a variable in it", with("node.name", "${HOSTNAME}"), stops},
		{"a default in it", with(stage, "${MODE:required}"), ""},
		{"version 7 puts variables in", node{image: "elasticsearch:7.17.3", env: map[string]string{"node.name": "${HOSTNAME}"}}.String(), ""},
		{"a variable in the file", mode(stage+": ${MODE}", "required"), ""},
		{"a default that is not taken everywhere", mode(stage+": ${MODE:required}", "none"), string(NotJudged)},
		{"a default that is the variable", mode(stage+": ${MODE:required}", "required"), ""},
		{"a variable of several lines", mode("node.attr.a: ${MODE}\n"+stage+": required", "b\n"+stage+": none"), string(NotJudged)},
	})
}

// TestOverridesThatAreNoYAML holds that they are named.
func TestOverridesThatAreNoYAML(t *testing.T) {
	if g := judged(t, node{env: map[string]string{"network.host": "::"}}.String(), Options{}); !strings.Contains(g.Text(), "network.host, which is no YAML") {
		t.Errorf("nothing says so\n%s", g.Text())
	}
}

func TestServerLetsInOthers(t *testing.T) {
	with := func(name, value string) string { return node{env: map[string]string{name: value}}.String() }
	const other = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: other\nspec:\n  template:\n    metadata:\n" +
		"      labels: {app: search, more: x}\n    spec:\n      containers:\n      - {name: any, image: any}\n"
	const remote = "remote_cluster_server.enabled"
	remotely := func(more map[string]string) string {
		env := map[string]string{remote: "true", remoteSSL + "certificate": "tls/tls.crt", remoteSSL + "key": "tls/tls.key"}
		for name, value := range more {
			env[name] = value
		}
		return node{env: env}.String()
	}
	runServerCases(t, []serverCase{
		{"s03: without verification", with(ssl+"verification_mode", "none"), string(ServerStage)},
		{"s03b: by the other spelling", with("ES_SETTING_XPACK_SECURITY_HTTP_SSL_VERIFICATION__MODE", "None"), string(ServerStage)},
		{"with verification", with(ssl+"verification_mode", "certificate"), ""},
		{"a verification that does not exist", with(ssl+"verification_mode", "off"), string(NotStarted)},
		{"s24: some names only", with(ssl+"trust_restrictions.path", "tls/names.yml"), string(NotJudged)},
		{"s27: the port for other clusters", remotely(nil), string(ServerStage)},
		{"that port, with certificates", remotely(map[string]string{remoteSSL + "client_authentication": "required"}), ""},
		{"that port, without verification", remotely(map[string]string{remoteSSL + "client_authentication": "required", remoteSSL + "verification_mode": "none"}),
			string(ServerStage)},
		{"that port, without TLS", remotely(map[string]string{remoteSSL + "enabled": "false"}), string(ServerStage)},
		{"that port, closed", with(remote, "false"), ""},
		{"s30: others behind its Service", node{}.String() + other, string(NotJudged)},
		{"others, in another namespace", strings.ReplaceAll(node{}.String(), "metadata:\n  name: search\n", "metadata:\n  name: search\n  namespace: a\n") +
			strings.Replace(other, "name: other\n", "name: other\n  namespace: b\n", 1), ""},
		{"others, without the port that it names", strings.Replace(node{lines: "ports: [{name: http, containerPort: 9200}]"}.String(),
			"    app: search\n", "    app: search\n  ports: [{port: 9200, targetPort: http}]\n", 1) + other, ""},
		{"others, of another label", node{}.String() + strings.Replace(other, "app: search", "app: other", 1), ""},
	})
}

func TestServerThatNobodyReaches(t *testing.T) {
	with := func(name, value string) string { return node{env: map[string]string{name: value}}.String() }
	const hidden = string(NotReached)
	pod := "- {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}\n- {name: network.host, value: $(IP)}"
	own := withFile(node{}.String(), "settings", "/usr/share/elasticsearch/config/elasticsearch.yml", "node.attr.a: b")
	runServerCases(t, []serverCase{
		{"s16: its own machine", with("http.host", "_local_"), hidden},
		{"s17: an address of its own", with("network.host", "127.0.0.1"), hidden},
		{"IPv6", with("network.host", "::1"), hidden},
		{"a name", with("network.host", "localhost"), hidden},
		{"an interface", with("network.host", "_lo_"), hidden},
		{"two of its own", with("network.host", "_local_, ::1"), hidden},
		{"one of two", with("network.host", "_local_, _site_"), ""},
		{"all", with("network.host", "'::'"), ""},
		{"http wins", node{env: map[string]string{"network.host": "127.0.0.1", "http.host": "0.0.0.0"}}.String(), ""},
		{"what is bound wins", node{env: map[string]string{"network.host": "0.0.0.0", "network.bind_host": "127.0.0.1"}}.String(), hidden},
		{"all, in short", with("network.host", "0"), ""},
		{"the name of the pod", withFile(node{}.String(), "settings", "/usr/share/elasticsearch/config/elasticsearch.yml", "network.host: ${HOSTNAME}"), ""},
		{"the address of the pod", node{lines: pod}.String(), ""},
		{"a file that does not say it", own, hidden},
		{"no version of TLS", with(ssl+"supported_protocols", "TLSv1.1,TLSv1"), hidden},
		{"a version of TLS", with(ssl+"supported_protocols", "TLSv1.1, TLSv1.2"), ""},
	})
}

func TestServerThatDoesNotStart(t *testing.T) {
	const stops, pair = string(NotStarted), string(ServerPair)
	with := func(env map[string]string) string { return node{env: env}.String() }
	outside := node{mount: "/certs", env: map[string]string{
		ssl + "certificate": "/certs/tls.crt", ssl + "key": "/certs/tls.key", ssl + "certificate_authorities": "/certs/ca.crt",
	}}
	data := outside
	data.mount = "/usr/share/elasticsearch/data/tls"
	data.env = map[string]string{ssl + "certificate": data.mount + "/tls.crt", ssl + "key": data.mount + "/tls.key", ssl + "certificate_authorities": data.mount + "/ca.crt"}
	runServerCases(t, []serverCase{
		{"s26: no TLS between nodes", with(map[string]string{transportSSL + "enabled": "false", "discovery.type": ""}), stops},
		{"s26: a whole file without it", withFile(node{env: map[string]string{"network.host": "0.0.0.0", "discovery.type": ""}}.String(), "settings",
			"/usr/share/elasticsearch/config/elasticsearch.yml", "node.attr.a: b"), stops},
		{"one node needs none", with(map[string]string{transportSSL + "enabled": "false"}), ""},
		{"TLS between nodes", with(map[string]string{transportSSL + "enabled": "true", transportSSL + "certificate": "tls/tls.crt", transportSSL + "key": "tls/tls.key"}), ""},
		{"TLS between nodes without a pair", with(map[string]string{transportSSL + "enabled": "true"}), pair},
		{"TLS between nodes with half a pair", with(map[string]string{transportSSL + "enabled": "true", transportSSL + "key": "tls/tls.key"}), pair},
		{"TLS between nodes from elsewhere", with(map[string]string{transportSSL + "enabled": "true", transportSSL + "keystore.path": "/certs/node.p12"}), stops},
		{"d14: certificates from elsewhere", outside.String(), stops},
		{"certificates among its data", data.String(), ""},
		{"-E without a value", node{lines: "args: [-Enode.attr.a=]"}.String(), stops},
		{"-E with another name", node{lines: "args: [-Enode.atr.a=b]"}.String(), stops},
		{"flags of its own", node{lines: "args: [elasticsearch, -q, -p, /tmp/pid]"}.String(), ""},
		{"a variable that is no setting", node{lines: "- {name: app.owner.team, value: x}"}.String(), ""},
	})
}

func TestHandlersOfServers(t *testing.T) {
	const refused = string(ProbeRefused)
	const port = "ports: [{name: https, containerPort: 9200}]\n"
	runServerCases(t, []serverCase{
		{"s21: a hook by HTTP", node{lines: "lifecycle: {postStart: {httpGet: {port: 9200, scheme: HTTPS}}}"}.String(), refused},
		{"another hook by HTTP", node{lines: port + "lifecycle: {preStop: {httpGet: {port: https, scheme: HTTPS}}}"}.String(), refused},
		{"a probe by wget", node{lines: "readinessProbe: {exec: {command: [wget, -qO-, --no-check-certificate, 'https://localhost:9200']}}"}.String(), refused},
		{"s22: a probe by gRPC", node{lines: "readinessProbe: {grpc: {port: 9200}}"}.String(), refused},
		{"a probe of the nodes' own port", node{lines: "startupProbe: {httpGet: {port: 9300}}"}.String(), refused},
		{"a probe by TCP of a port that is another one now", node{env: map[string]string{"http.port": "9201"}, lines: "readinessProbe: {tcpSocket: {port: 9200}}"}.String(), refused},
		{"a probe by TCP of the nodes' own port", node{lines: "startupProbe: {tcpSocket: {port: 9300}}"}.String(), ""},
		{"a probe by TCP of a port with a name", node{lines: "ports: [{name: http, containerPort: 9200}]\nreadinessProbe: {tcpSocket: {port: http}}"}.String(), ""},
		{"a probe by TCP", node{lines: "readinessProbe: {tcpSocket: {port: 9200}}"}.String(), ""},
		{"a hook that sleeps", node{lines: "lifecycle: {preStop: {sleep: {seconds: 5}}}"}.String(), ""},
		{"a probe of another port", node{lines: "startupProbe: {httpGet: {port: 8080}}"}.String(), ""},
		{"a probe of the first of several ports", node{env: map[string]string{"http.port": "9201-9300"}, lines: "startupProbe: {httpGet: {port: 9201}}"}.String(), refused},
	})
}

// TestScriptsOfBitnami holds what its scripts make of variables.
func TestScriptsOfBitnami(t *testing.T) {
	const folder, stage = "/opt/bitnami/elasticsearch/config", ssl + "client_authentication"
	with := func(env map[string]string) string {
		all := map[string]string{"ELASTICSEARCH_ENABLE_SECURITY": "true", "ELASTICSEARCH_TLS_USE_PEM": "true", "DB_EXTRA_FLAGS": "-E" + stage + "=required"}
		for name, value := range env {
			all[name] = value
		}
		return node{image: "bitnami/elasticsearch:8.19.2", mount: folder + "/certs", env: all}.String()
	}
	file := func(name, text string) string {
		return withFile(with(map[string]string{name + "_FILE": "/run/value"}), "value", "/run/value", text)
	}
	script := func(text string) string {
		return withFile(with(nil), "script", "/docker-entrypoint-initdb.d/a.sh", text)
	}
	runServerCases(t, []serverCase{
		{"right", with(nil), ""},
		{"h02: a file that says false", file("ELASTICSEARCH_ENABLE_SECURITY", "false\n"), "EMT001 EMT003 EMT004"},
		{"a file that says yes", file("ELASTICSEARCH_ENABLE_REST_TLS", "yes"), ""},
		{"a file that is not there", with(map[string]string{"ELASTICSEARCH_ENABLE_SECURITY_FILE": "/run/none"}), ""},
		{"a variable that is not set", with(map[string]string{"ELASTICSEARCH_ENABLE_SECURITY": ""}), "EMT001 EMT003 EMT004"},
		{"h03: another folder", with(map[string]string{"ELASTICSEARCH_CERTS_DIR": "/elsewhere"}), "EMT015 EMT029"},
		{"the same folder", with(map[string]string{"ELASTICSEARCH_CERTS_DIR": folder + "/certs"}), ""},
		{"s39: a script that changes its settings", script("sed -i s/required/none/ " + folder + "/elasticsearch.yml"), string(NotJudged)},
		{"a script that does something else", script("echo hello"), ""},
		{"its own machine", with(map[string]string{"ELASTICSEARCH_BIND_ADDRESS": "127.0.0.1"}), string(NotReached)},
		{"no TLS between nodes", with(map[string]string{"ELASTICSEARCH_SKIP_TRANSPORT_TLS": "true", "ELASTICSEARCH_CLUSTER_HOSTS": "a,b"}), string(NotStarted)},
		{"no TLS between nodes, which are one", with(map[string]string{"ELASTICSEARCH_SKIP_TRANSPORT_TLS": "true"}), ""},
	})
	if g := judged(t, script("echo hello"), Options{}); !strings.Contains(g.Text(), "/docker-entrypoint-initdb.d") {
		t.Errorf("nothing says that a script runs\n%s", g.Text())
	}
}

// TestEncryptedKeyOfServer holds that the passphrase of a node's key is looked at, and not asked for where its keystore may have it.
func TestEncryptedKeyOfServer(t *testing.T) {
	archive, err := txtar.ParseFile("../certificate/testdata/keys.txtar")
	if err != nil {
		t.Fatal(err)
	}
	encrypted := archive.Files[0].Data
	plain, err := certificate.Decrypted(encrypted, []byte("open"))
	if err != nil {
		t.Fatal(err)
	}
	secret := "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: search-tls\nstringData:\n"
	secret += "  tls.key: |\n" + indented(string(encrypted), 4)
	for _, name := range []string{"tls.crt", "ca.crt"} {
		secret += "  " + name + ": |\n" + indented(string(selfSigned(t, plain)), 4)
	}
	with := func(env map[string]string) string { return node{env: env}.String() + secret }
	runServerCases(t, []serverCase{
		{"a12: opened", with(map[string]string{ssl + "key_passphrase": "open"}), ""},
		{"not opened", with(map[string]string{ssl + "key_passphrase": "closed"}), string(NoMaterial)},
		{"by its keystore", with(nil), ""},
	})
	if g := judged(t, with(nil), Options{}); !strings.Contains(g.Text(), "its keystore holds the passphrase") {
		t.Errorf("nothing says where the passphrase comes from\n%s", g.Text())
	}
}

func TestPairOfServerThatDoesNotFit(t *testing.T) {
	ca := pki.NewCA("root")
	one := ca.Leaf(pki.Options{CN: "search", SANs: []string{"search"}, ServerAuth: true, ClientAuth: true})
	other := ca.Leaf(pki.Options{CN: "search", SANs: []string{"search"}, ServerAuth: true, ClientAuth: true})
	for key, want := range map[string]string{string(one.Key): "", string(other.Key): string(OtherKey)} {
		g := judgedNow(t, node{}.String()+binary("search-tls", map[string][]byte{"tls.crt": one.Cert, "tls.key": []byte(key), "ca.crt": ca.Cert}))
		if got := codesOf(g); got != want {
			t.Errorf("got %q, expected %q\n%s", got, want, g.Text())
		}
	}
}

// selfSigned gives the certificate of a key that signs itself.
func selfSigned(t *testing.T, key []byte) []byte {
	t.Helper()
	signer, err := certificate.Key(key)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestCertificatesThatNothingShows holds that each check that could not run on them is a line.
func TestCertificatesThatNothingShows(t *testing.T) {
	const client = `---
apiVersion: v1
kind: Pod
metadata:
  name: load
spec:
  containers:
  - name: load
    image: curlimages/curl:8
    command: [curl, --cacert, /tls/ca.crt, --cert, /tls/tls.crt, --key, /tls/tls.key, "https://search:9200"]
    volumeMounts:
    - {name: tls, mountPath: /tls}
  volumes:
  - {name: tls, secret: {secretName: load-tls}}
`
	text := strings.Join(judged(t, node{}.String()+client, Options{}).Assumptions, "\n") + "\n"
	for _, line := range []string{
		`the certificates in Secret/search-tls key "tls.crt" are valid on 2026-03-01`, `the certificate in Secret/search-tls key "tls.crt" may be used by a server`,
		`the certificates in Secret/search-tls key "ca.crt" are valid on 2026-03-01`,
		`the certificates in Secret/load-tls key "tls.crt" are valid on 2026-03-01`, `the certificate in Secret/load-tls key "tls.crt" may be used by a client`,
		`the certificates in Secret/load-tls key "ca.crt" are valid on 2026-03-01`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line says that %s:\n%s", line, text)
		}
	}
}
