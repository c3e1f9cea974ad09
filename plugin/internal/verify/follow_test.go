package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// filebeat is a Filebeat that presents a pair; volumes and init containers stand with its volumes.
func filebeat(volumes string) string {
	return `---
apiVersion: v1
kind: ConfigMap
metadata: {name: beat}
data:
  filebeat.yml: |
    output.elasticsearch:
      hosts: ["https://search:9200"]
      username: u
      password: p
      ssl: {certificate_authorities: [/tls/ca.crt], certificate: /tls/tls.crt, key: /tls/tls.key}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: beat}
spec:
  template:
    spec:
      containers:
      - name: filebeat
        image: filebeat:8.19.2
        volumeMounts:
        - {name: config, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}
        - {name: tls, mountPath: /tls}
      volumes:
      - {name: config, configMap: {name: beat}}
` + indented(volumes, 6)
}

const (
	wholeSecret  = "- {name: tls, secret: {secretName: pair}}\n"
	twoPairs     = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair, namespace: a}\nstringData: {tls.crt: a}\n"
	sameElse     = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair, namespace: b}\nstringData: {tls.crt: b}\n"
	emptyWith    = "- {name: tls, emptyDir: {}}\n- {name: from, secret: {secretName: pair}}\ninitContainers:\n- name: prep\n  image: x\n"
	prepMounts   = "  volumeMounts: [{name: tls, mountPath: /tls}, {name: from, mountPath: /from}]\n"
	sourcesOfOne = "- name: tls\n  projected: {sources: [{secret: {name: pair}}, {secret: {name: stranger}}]}\n"
	stranger     = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: stranger}\nstringData: {tls.crt: x, tls.key: x}\n"
)

// TestFollow holds what becomes of files that were followed wrongly: each was PROVEN, or refused with a reason that is not so.
func TestFollow(t *testing.T) {
	for _, test := range []struct {
		name, text string
		codes      string // of the findings
		says       string // a finding or an assumption
	}{
		{"s29: the last source of a projected volume wins", node{}.String() + filebeat(sourcesOfOne) + stranger, "",
			`Secret/stranger key "tls.key" holds the key of the certificate in Secret/stranger key "tls.crt"`},
		{"g02: the pair is made by an init container", node{}.String() + filebeat(emptyWith+
			"  command: [sh, -c, cp /from/ca.crt /tls/; openssl req -x509 -keyout /tls/tls.key -out /tls/tls.crt]\n"+prepMounts), "EMT022",
			`/tls/tls.crt could not be followed: the container "prep" makes or changes it (openssl)`},
		{"a copy is followed", node{}.String() + filebeat(emptyWith+"  command: [sh, -c, cp /from/* /tls/]\n"+prepMounts), "",
			`an init container copies Secret/pair key "tls.crt" to /tls/tls.crt, readable`},
		{"Q5: the Secret is filled by a controller", node{}.String() + filebeat(wholeSecret) +
			"---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair, annotations: {replicator.v1.mittwald.de/replicate-from: a/b}}\nstringData: {other: x}\n", "",
			`Secret/pair holds the key "tls.crt" (it has replicator.v1.mittwald.de/replicate-from)`},
		{"Q5: an ExternalSecret fills it", node{}.String() + filebeat(wholeSecret) +
			"---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair}\nstringData: {other: x}\n" +
			"---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e}\nspec: {target: {name: pair}}\n", "",
			`Secret/pair holds the key "tls.crt" (ExternalSecret/e has it filled)`},
		{"the key is not there", node{}.String() + filebeat(wholeSecret) + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair}\nstringData: {other: x}\n", "EMT016",
			`Secret/pair is in the input and has no key "tls.crt"`},
		{"c17: a Secret is there twice, in one namespace and in none", node{}.String() + filebeat(wholeSecret) + twoPairs + strings.Replace(sameElse, ", namespace: b", "", 1), "EMT022",
			"Secret/pair is there twice, with different content (line"},
		{"c18: a Secret is there twice in one namespace", node{}.String() + filebeat(wholeSecret) + twoPairs + strings.Replace(sameElse, "namespace: b", "namespace: a", 1), "EMT022",
			"the one that is applied last counts"},
		{"a Secret is there twice, and the same", node{}.String() + filebeat(wholeSecret) + twoPairs + twoPairs, "EMT016", `has no key "ca.crt"`},
		{"s33: subPathExpr leads to nothing", strings.ReplaceAll(node{}.String(), "mountPath: /usr/share/elasticsearch/config/tls",
			"mountPath: /usr/share/elasticsearch/config/tls\n          subPathExpr: $(discovery.type)"), "EMT015", `the volume "tls" has no single-node/tls.crt`},
		{"a45: Vault's injector writes them", node{}.String() + strings.NewReplacer("    spec:\n      containers:\n      - name: filebeat",
			"    metadata: {annotations: {vault.hashicorp.com/agent-inject: \"true\"}}\n    spec:\n      containers:\n      - name: filebeat", "/tls/", "/vault/secrets/").
			Replace(filebeat(wholeSecret)), "", "/vault/secrets/tls.crt is there, and is what its name says (Vault's injector"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := judged(t, test.text, Options{})
			if codesOf(g) != test.codes || g.Verdict == Proven || !strings.Contains(g.Text(), test.says) {
				t.Errorf("findings %q, want %q, and %s\n%s", codesOf(g), test.codes, test.says, g.Text())
			}
		})
	}
}

// TestG01 holds that a node whose settings an init container edits is not judged by the file that was edited.
func TestG01(t *testing.T) {
	settings := map[string]string{"xpack.security.enabled": "", ssl + "enabled": "", ssl + "client_authentication": ""}
	text := strings.ReplaceAll(node{env: settings}.String(), "        volumeMounts:\n", "        volumeMounts:\n        - {name: made, mountPath: /usr/share/elasticsearch/config}\n") +
		`      - {name: made, emptyDir: {}}
      - {name: config, configMap: {name: search}}
      initContainers:
      - name: prep
        image: x
        command: [sh, -c, "sed s/required/none/ /from/elasticsearch.yml >/to/elasticsearch.yml"]
        volumeMounts: [{name: config, mountPath: /from}, {name: made, mountPath: /to}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: search}
data: {elasticsearch.yml: "xpack.security: {enabled: true, http.ssl: {enabled: true, client_authentication: required}}"}
`
	g := judged(t, text, Options{})
	if codesOf(g) != "EMT022" || !strings.Contains(g.Text(), `the container "prep" makes or changes it (sed)`) {
		t.Errorf("findings %q\n%s", codesOf(g), g.Text())
	}
}

// TestF05 holds that of two Secrets that further files bring for two namespaces none is taken, where nothing says the namespace.
func TestF05(t *testing.T) {
	var streams []*manifest.Stream
	for _, text := range []string{node{}.String() + filebeat(wholeSecret), twoPairs + sameElse} {
		stream, err := manifest.Split([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, stream)
	}
	g, err := Manifests(streams[0], streams[1:], Options{ClientAuthentication: "required", Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(g.Text(), "Secret/pair is there twice, with different content (line 1, namespace a; line 6, namespace b)") {
		t.Error(g.Text())
	}
}

// TestP7b holds that serviceAccount is an account of the pod as serviceAccountName is: the binding for it lets elk-mtls-init write.
func TestP7b(t *testing.T) {
	text := func(account string) string {
		return `apiVersion: apps/v1
kind: Deployment
metadata: {name: dash}
spec:
  template:
    spec:
      serviceAccount: runner
      initContainers:
      - {name: elk-mtls-init, image: i, args: [ensure, --secret, token, --elasticsearch-url, "https://es:9200"]}
      containers:
      - name: kibana
        image: kibana:8.19.2
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://es:9200"}
        - {name: ELASTICSEARCH_SERVICEACCOUNTTOKEN, valueFrom: {secretKeyRef: {name: token, key: token}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [token], verbs: [get, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r}
roleRef: {kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: ` + account + `}]
`
	}
	for account, refused := range map[string]bool{"runner": false, "default": true} {
		g := judged(t, text(account), Options{})
		if got := strings.Contains(g.Text(), "ServiceAccount/runner may not get and patch Secret/token"); got != refused || strings.Contains(g.Text(), "ServiceAccount/default") {
			t.Errorf("bound to %s\n%s", account, g.Text())
		}
	}
}

// TestSettingsElsewhere holds that of settings in a file that nothing here shows none is said to be missing.
func TestSettingsElsewhere(t *testing.T) {
	kibana := `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dash}
spec:
  template:
    spec:
      containers:
      - {name: kibana, image: "kibana:8.19.2", env: [{name: ELASTICSEARCH_SSL_VERIFICATIONMODE, value: full}], volumeMounts: [{name: c, mountPath: /usr/share/kibana/config}]}
      volumes: [{name: c, configMap: {name: elsewhere}}]
`
	settings := map[string]string{}
	for _, key := range []string{"xpack.security.enabled", ssl + "enabled", ssl + "client_authentication", ssl + "certificate", ssl + "key", ssl + "certificate_authorities"} {
		settings[key] = ""
	}
	server := strings.ReplaceAll(node{env: settings}.String(), "        volumeMounts:\n", "        volumeMounts:\n        - {name: c, mountPath: /usr/share/elasticsearch/config}\n") +
		"      - {name: c, configMap: {name: elsewhere}}\n"
	for _, says := range []string{
		`ConfigMap/elsewhere holds the key "elasticsearch.yml"`, `ConfigMap/elsewhere holds the key "kibana.yml"`,
		`container "elasticsearch": ` + ssl + "client_authentication is required", `/usr/share/kibana/config/kibana.yml says how Kibana logs in`,
	} {
		if g := judged(t, server+kibana, Options{}); codesOf(g) != "" || !strings.Contains(g.Text(), says) {
			t.Fatalf("lacks %s\n%s", says, g.Text())
		}
	}
	claim := strings.ReplaceAll(server+kibana, "configMap: {name: elsewhere}", "persistentVolumeClaim: {claimName: c}")
	const says = "/usr/share/elasticsearch/config/elasticsearch.yml says nothing else, if it is there (PersistentVolumeClaim/c holds what somebody has put there)"
	if g := judged(t, claim, Options{}); codesOf(g) != "" || !strings.Contains(g.Text(), says) {
		t.Errorf("lacks %s\n%s", says, g.Text())
	}
}
