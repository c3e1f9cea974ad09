package verify

import (
	"strings"
	"testing"
)

const kibanaWithTwoHosts = `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: board
spec:
  template:
    spec:
      initContainers:
      - name: elk-mtls-init
        image: elk-mtls-init:1
        args:
        - ensure
        - --elasticsearch-url=https://search-http:9200
        - --elasticsearch-url=https://search:9200
        - --ca=/tls/ca.crt
        - --cert=/tls/tls.crt
        - --key=/tls/tls.key
        - --secret=board-token
        volumeMounts:
        - name: tls
          mountPath: /tls
      containers:
      - name: board
        image: any
      volumes:
      - name: tls
        secret:
          secretName: search-tls
`

// TestF4TwoAddresses holds that a flag that may stand there twice is read twice: each of its addresses is judged, and none is left to
// nobody.
func TestF4TwoAddresses(t *testing.T) {
	const other = "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: search-http\nspec:\n  selector:\n    app: search\n"
	g := judged(t, node{}.String()+other+kibanaWithTwoHosts, Options{})
	if codes := codesOf(g); codes != "" {
		t.Fatalf("findings: %s\n%s", codes, g.Text())
	}
	if len(g.Edges) != 1 || len(g.Edges[0].Addresses) != 2 {
		t.Errorf("both addresses are of one connection\n%s", g.Text())
	}
}

// TestFlagsOfServers holds what is made of flags beside their values.
func TestFlagsOfServers(t *testing.T) {
	const stage = ssl + "client_authentication"
	bitnami := func(flags string) node {
		const folder = "/opt/bitnami/elasticsearch/config/certs"
		return node{image: "bitnami/elasticsearch:8.19.2", mount: folder, env: map[string]string{
			"ELASTICSEARCH_ENABLE_SECURITY": "true", "ELASTICSEARCH_TLS_USE_PEM": "true", "DB_EXTRA_FLAGS": flags,
		}}
	}
	for _, test := range []struct {
		name  string
		node  node
		codes string
	}{
		{"d18: one setting twice", node{lines: "args: [-Enode.attr.b=c, -Enode.attr.b=c]"}, string(NotStarted)},
		{"two settings", node{lines: "args: [-Enode.attr.b=c, -Enode.attr.d=c]"}, ""},
		{"h01: flags in a variable of Bitnami", bitnami("-Enode.attr.a=b -E" + stage + "=none"), string(ServerStage)},
		{"flags in a variable of Bitnami that require", bitnami("-E" + stage + "=required"), ""},
		{"in a script, beside other programs", node{env: map[string]string{stage: ""},
			lines: "command: [bash, -c, 'test -E x; exec docker-entrypoint.sh eswrapper \"-E" + stage + "=required\"']"}, ""},
		{"by arguments that a script hands on", node{env: map[string]string{stage: ""},
			lines: "command: [bash, -c, 'exec docker-entrypoint.sh \"$@\"', x]\nargs: [-E, " + stage + "=required]"}, ""},
		{"by arguments that a script leaves unread", node{env: map[string]string{stage: ""},
			lines: "command: [bash, -c, 'exec docker-entrypoint.sh', x]\nargs: [-E, " + stage + "=required]"}, string(ServerStage)},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := judged(t, test.node.String(), Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
		})
	}
}

// TestWordsThatOnlyARunKnows holds that they are named: they may be flags.
func TestWordsThatOnlyARunKnows(t *testing.T) {
	const known, open = "command: [bash, -c, 'exec docker-entrypoint.sh eswrapper']", "command: [bash, -c, 'exec docker-entrypoint.sh $FLAGS']"
	plain, loose := judged(t, node{lines: known}.String(), Options{}), judged(t, node{lines: open}.String(), Options{})
	if len(loose.Assumptions) != len(plain.Assumptions)+1 {
		t.Errorf("it assumes no more\n%s", loose.Text())
	}
}

// TestC02SeveralFiles holds that a Beat merges all files that its command line names.
func TestC02SeveralFiles(t *testing.T) {
	const client = `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: beat
data:
  a.yml: |
    output.elasticsearch:
      hosts: ["https://search:9200"]
      ssl: {certificate_authorities: [/tls/ca.crt], certificate: /tls/tls.crt, key: /tls/tls.key}
  b.yml: |
    output.elasticsearch.ssl.enabled: false
---
apiVersion: v1
kind: Pod
metadata:
  name: beat
spec:
  containers:
  - name: filebeat
    image: filebeat:8.19.2
    args: [-c, /c/a.yml, MORE]
    volumeMounts:
    - {name: c, mountPath: /c}
    - {name: tls, mountPath: /tls}
  volumes:
  - {name: c, configMap: {name: beat}}
  - {name: tls, secret: {secretName: search-tls}}
`
	for more, want := range map[string]string{"-e": "", "-c, /c/b.yml": string(ClientPlain)} {
		t.Run(more, func(t *testing.T) {
			g := judged(t, node{}.String()+strings.Replace(client, "MORE", more, 1), Options{})
			if got := codesOf(g); got != want {
				t.Errorf("got %q, expected %q\n%s", got, want, g.Text())
			}
		})
	}
}
