package plugin

import (
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// pairsClients are a Kibana and a Filebeat that take their CA from a volume called ca.
const pairsClients = `apiVersion: apps/v1
kind: Deployment
metadata: {name: kibana}
spec:
  template:
    spec:
      containers:
      - name: kibana
        image: kibana:8.19.4
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://search:9200"}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /ca/ca.pem}
        volumeMounts: [{name: ca, mountPath: /ca}]
      volumes: [{name: ca, secret: VOLUME}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: filebeat}
data:
  filebeat.yml: |
    output.elasticsearch:
      hosts: ["https://search:9200"]
      ssl.certificate_authorities: ["/ca/ca.pem"]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: filebeat}
spec:
  template:
    spec:
      containers:
      - name: filebeat
        image: filebeat:8.19.4
        volumeMounts:
        - {name: config, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}
        - {name: ca, mountPath: /ca}
      volumes: [{name: config, configMap: {name: filebeat}}, {name: ca, secret: VOLUME}]
`

const pairsServer = `---
apiVersion: v1
kind: Service
metadata: {name: search}
spec: {selector: {app: search}, ports: [{port: 9200}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: search}
spec:
  template:
    metadata: {labels: {app: search}}
    spec:
      containers:
      - name: elasticsearch
        image: elasticsearch:8.19.4
        env:
        - {name: xpack.security.enabled, value: "true"}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.certificate, value: certs/node.crt}
        - {name: xpack.security.http.ssl.key, value: certs/node.key}
        - {name: xpack.security.http.ssl.certificate_authorities, value: certs/ca.crt}
        readinessProbe: {exec: {command: [curl, -fsk, "https://localhost:9200"]}}
        volumeMounts: [{name: certs, mountPath: /usr/share/elasticsearch/config/certs}]
      volumes: [{name: certs, secret: {secretName: node}}]
`

// TestWhichPair holds where the key pair of a client comes from: the node's where the node is in the input, else the Secret of its CA where
// that is kept as ca.crt; never the key of a CA.
func TestWhichPair(t *testing.T) {
	const (
		unknown = `no Secret with a client certificate is known (the CA is Secret/`
		whole   = "{secretName: bundle, items: [{key: ca.crt, path: ca.pem}, {key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]}"
		only    = "{secretName: bundle, items: [{key: ca.crt, path: ca.pem}]}"
		ofCA    = "{secretName: bundle, items: [{key: tls.crt, path: ca.pem}]}"
		isCA    = "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: root}\nspec: {secretName: bundle, isCA: true}\n"
		issuer  = "---\napiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: root}\nspec: {ca: {secretName: bundle}}\n"
		servers = "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: n}\nspec: {secretName: NAME, usages: [server auth]}\n"
	)
	for _, test := range []struct{ name, volume, more, spec, pair, refused string }{
		{name: "the Secret of the CA, which keeps it as ca.crt", volume: whole, pair: "bundle tls.crt"},
		{name: "another key of that Secret is the CA", volume: "{secretName: bundle}", refused: unknown + `bundle key "ca.pem"`},
		{name: "the CA's own certificate is the CA", volume: ofCA, refused: unknown + `bundle key "tls.crt"`},
		{name: "the pod is shown no key pair", volume: only, refused: unknown + `bundle key "ca.crt"`},
		{name: "the configuration names one", volume: ofCA, spec: "clients: [{ref: Deployment/kibana, secretName: own}, {ref: DaemonSet/filebeat, secretName: own}]", pair: "own tls.crt"},
		{name: "the Secret belongs to an issuer", volume: whole, more: issuer, refused: "the key in Secret/bundle is that of a CA (ClusterIssuer/root names it as spec.ca.secretName)"},
		{name: "the Secret holds a CA by its Certificate", volume: whole, more: isCA, refused: "the key in Secret/bundle is that of a CA (Certificate/root sets isCA)"},
		{name: "the configuration names a CA's", volume: ofCA, more: isCA, spec: "secretName: bundle", refused: "the key in Secret/bundle is that of a CA"},
		{name: "the Secret is for servers only", volume: whole, more: strings.Replace(servers, "NAME", "bundle", 1),
			refused: "the certificate in Secret/bundle is for servers only (Certificate/n sets usages (server auth) without client auth)"},
		{name: "the node's, where the CA's Secret has one too", volume: whole, more: pairsServer, pair: "node node.crt"},
		{name: "the node's, where only the CA is known", volume: ofCA, more: pairsServer + isCA + issuer, pair: "node node.crt"},
		{name: "the node's is for servers only", volume: ofCA, more: pairsServer + strings.Replace(servers, "NAME", "node", 1), refused: "the certificate in Secret/node is for servers only"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := "minter: {secretName: m}"
			if test.spec != "" {
				spec += ", certificates: {" + test.spec + "}"
			}
			s, err := config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {" + spec + "}"))
			if err != nil {
				t.Fatal(err)
			}
			s.InitContainer.Image, s.Certificates.OnRenewal = testImage, config.None // a mark names Secrets too
			output, _, err := transform([]byte(strings.ReplaceAll(pairsClients, "VOLUME", test.volume)+test.more), s.WithDefaults())
			for _, client := range []string{"Deployment/kibana", "DaemonSet/filebeat"} {
				if test.refused != "" && (err == nil || !strings.Contains(err.Error(), client+": "+test.refused)) {
					t.Errorf("%s: refused with %v, expected %q", client, err, test.refused)
				}
			}
			if test.refused != "" {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			secret, cert, _ := strings.Cut(test.pair, " ")
			key := strings.Replace(cert, ".crt", ".key", 1)
			for _, kind := range []string{"Deployment", "DaemonSet"} {
				document := between(t, string(output), "kind: "+kind+"\n")
				shown := strings.Join(strings.Fields(document), " ")
				for _, want := range []string{"name: " + secret, "key: " + cert, "key: " + key} {
					if !strings.Contains(shown, want) {
						t.Errorf("%s: does not hold %q", kind, want)
					}
				}
				if secret != "bundle" && strings.Count(shown, "bundle") > strings.Count(shown, "bundle, items: [{key: tls.crt")+2 {
					t.Errorf("%s: more than the CA of Secret/bundle:\n%s", kind, document)
				}
			}
		})
	}
}

// TestOwnPairIsKept holds that a client with a pair of its own is asked for no other, whatever its keys are called.
func TestOwnPairIsKept(t *testing.T) {
	input := strings.NewReplacer("VOLUME", "{secretName: own}", `ssl.certificate_authorities: ["/ca/ca.pem"]`,
		`ssl: {certificate_authorities: ["/ca/ca.pem"], certificate: /ca/client.pem, key: /ca/client.key}`).Replace(pairsClients[strings.Index(pairsClients, "apiVersion: v1"):])
	secret := "---\napiVersion: v1\nkind: Secret\nmetadata: {name: own}\nstringData: {ca.pem: a, client.pem: b, client.key: c}\n"
	for what, more := range map[string]string{"its Secret is elsewhere": "", "its Secret is in the input": secret} {
		settings := realSettings(config.ModeCertToken, config.Required)
		output, outcome, err := transform([]byte(input+more), settings)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if string(output) != input+more {
			t.Errorf("%s: changed", what)
		}
		if text := outcome.Text(); strings.Contains(text, "tls.crt") {
			t.Errorf("%s: the report asks for keys that nobody reads:\n%s", what, text)
		} else if mark := "elk-mtls.dev/reads-once: own/ca.pem,own/client.pem,own/client.key"; !strings.Contains(text, mark) {
			t.Errorf("%s: the report does not say how it is restarted:\n%s", what, text)
		}
	}
	issuer := "---\napiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: i}\nspec: {ca: {secretName: own}}\n"
	if _, _, err := transform([]byte(input+issuer), realSettings(config.ModeCertToken, config.Required)); err == nil || !strings.Contains(err.Error(), "is that of a CA") {
		t.Errorf("its own pair is a CA's: %v", err)
	}
}

// TestRuleKeepsNoKeyOfACA holds that a rule leaves a container no pair of a CA either.
func TestRuleKeepsNoKeyOfACA(t *testing.T) {
	const app = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    spec:
      containers:
      - name: app
        image: app:1
        env: [{name: URL, value: "https://search:9200"}, {name: CRT, value: /k/tls.crt}, {name: KEY, value: /k/tls.key}, {name: CAF, value: /k/ca.crt}]
        volumeMounts: [{name: k, mountPath: /k}]
      volumes: [{name: k, secret: {secretName: root}}]
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: i}
spec: {ca: {secretName: root}}
`
	s, err := config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\n" +
		`spec: {rules: [{ref: Deployment/app, env: {CRT: "{cert}", KEY: "{key}", CAF: "{ca}"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := transform([]byte(pairsServer+app), s.WithDefaults()); err == nil || !strings.Contains(err.Error(), "the key in Secret/root is that of a CA") {
		t.Errorf("the rule: %v", err)
	}
}

// between gives the document that holds a line.
func between(t *testing.T, stream, line string) string {
	t.Helper()
	for _, document := range strings.Split(stream, "\n---\n") {
		if strings.Contains(document+"\n", line) {
			return document
		}
	}
	t.Fatalf("no document holds %q", line)
	return ""
}

// TestKeyOfACA holds that a pair that may issue certificates is refused and never proven, however the input shows what it is.
func TestKeyOfACA(t *testing.T) {
	ca := pki.NewCA("ca")
	pair := ca.Leaf(pki.Options{CN: "issuing", SANs: []string{"elasticsearch-master"}, CA: true})
	secret := string(secretWith(ca.Cert, pair.Cert, pair.Key))
	const issuer = "---\napiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: i}\nspec: {ca: {secretName: elasticsearch-master-certs}}\n"
	s := realSettings(config.ModeCertToken, config.Required)
	input := read(t, "testdata/charts/release/input.yaml")
	output, _, err := transform(input, s)
	if err != nil {
		t.Fatal(err)
	}
	if got := codes(verified(t, output, s)); len(got) > 0 {
		t.Fatalf("the patched release has findings: %v", got)
	}
	for what, more := range map[string]string{"its certificate": secret, "an issuer": issuer} {
		if _, _, err := transform([]byte(more+string(input)), s); err == nil || !strings.Contains(err.Error(), "of a CA") {
			t.Errorf("%s: the post-renderer says %v", what, err)
		}
		for where, graph := range map[string]*verify.Graph{
			"in the input": verified(t, []byte(more+"---\n"+string(output)), s), "beside the input": verified(t, output, s, []byte(more)),
		} {
			if got := codes(graph); !slices.Contains(got, verify.AuthorityKey) {
				t.Errorf("%s %s: verify finds %v", what, where, got)
			}
		}
	}
}
