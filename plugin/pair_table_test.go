package plugin

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// A client of the table below: how it is written with a CA, and with a pair of its own; SETTINGS stands where its settings do.
type tableClient struct {
	name, ref, manifest, ca, pair string
}

// volumeOf stands for what the client's folder /tls is; where nothing is, the client names no CA.
const volumeOf = "VOLUME"

func tableClients() []tableClient {
	workload := func(kind, name, container, config string) string {
		more, volumes := "", ""
		if config != "" {
			more, volumes = "{name: conf, mountPath: "+config+"}, ", "{name: conf, configMap: {name: "+name+"}}, "
		}
		return "---\napiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec:\n  template:\n    spec:\n      containers:\n      - {" + container +
			", volumeMounts: [" + more + "{name: tls, mountPath: /tls}]}\n      volumes: [" + volumes + "{name: tls, " + volumeOf + "}]\n"
	}
	file := func(name, key, text string) string {
		return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata:\n  " + key + ": |\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
	}
	return []tableClient{
		{"Kibana", "Deployment/kibana", workload("Deployment", "kibana", `name: kibana, image: "kibana:8.19.4", env: [{name: ELASTICSEARCH_HOSTS, value: "https://search:9200"}SETTINGS]`, ""),
			`, {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /tls/ca.crt}`,
			`, {name: ELASTICSEARCH_SSL_CERTIFICATE, value: /tls/tls.crt}, {name: ELASTICSEARCH_SSL_KEY, value: /tls/tls.key}`},
		{"Filebeat", "DaemonSet/filebeat", file("filebeat", "filebeat.yml", "output.elasticsearch:\n  hosts: [\"https://search:9200\"]SETTINGS") +
			workload("DaemonSet", "filebeat", `name: filebeat, image: "filebeat:8.19.4"`, "/usr/share/filebeat/filebeat.yml, subPath: filebeat.yml"),
			"\n      ssl.certificate_authorities: [/tls/ca.crt]", "\n      ssl.certificate: /tls/tls.crt\n      ssl.key: /tls/tls.key"},
		{"Fluent Bit", "DaemonSet/bit", file("bit", "fluent-bit.conf", "[OUTPUT]\n    Name es\n    Host search\n    tls OnSETTINGS") +
			workload("DaemonSet", "bit", `name: bit, image: "fluent/fluent-bit:3.2.2"`, "/fluent-bit/etc"),
			"\n        tls.ca_file /tls/ca.crt", "\n        tls.crt_file /tls/tls.crt\n        tls.key_file /tls/tls.key"},
		{"the exporter", "Deployment/exporter", workload("Deployment", "exporter",
			`name: exporter, image: "quay.io/prometheuscommunity/elasticsearch-exporter:v1.8.0", args: ["--es.uri=https://search:9200"SETTINGS]`, ""),
			`, "--es.ca=/tls/ca.crt"`, `, "--es.client-cert=/tls/tls.crt", "--es.client-private-key=/tls/tls.key"`},
	}
}

// What the input knows of the Secret out of which the client mounts its files, and what the rules of which key pair say then:
//
//	node in the input    certificate of the client's own    its CA                                         the pair
//	yes                  no                                 any but one that did not sign the node's       the node's
//	yes                  no                                 one that did not sign the node's               an error
//	no                   no                                 ca.crt of a Secret that the pod sees whole     that Secret's
//	no                   no                                 a key of a Secret of which it sees only that   a question
//	no                   no                                 of a CSI driver, or none                       a question
//	any                  yes                                any                                            its own: nothing changes
//	yes                  yes, of another CA                 the node's                                     an error once the node looks at it
//
// In mode pki Kibana is who presents its certificate: there one that others present, too, is an error.
type tableCase struct {
	name   string
	volume string
	secret string // in the input: "", "the node's CA", "another CA", "another's pair"
	node   bool
	ca     bool // the client names a CA
	own    bool // and presents a pair
	want   string
}

// refusedIfAsked is wanted of a key pair that its server does not accept.
const refusedIfAsked = "own, and refused once the node looks at it"

func tableCases() []tableCase {
	const whole, only = "secret: {secretName: client}", "secret: {secretName: client, items: [{key: ca.crt, path: ca.crt}]}"
	const csi = "csi: {driver: csi.cert-manager.io, readOnly: true, volumeAttributes: {csi.cert-manager.io/issuer-name: i}}"
	return []tableCase{
		{"same CA, Secret outside", whole, "", true, true, false, "node"},
		{"same CA, in the input", whole, "the node's CA", true, true, false, "node"},
		{"another CA than the node's, in the input", whole, "another CA", true, true, false, "refused"},
		{"CA only", only, "", true, true, false, "node"},
		{"no CA", whole, "", true, false, false, "node"},
		{"CSI beside a node", csi, "", true, true, false, "node"},
		{"own pair, outside", whole, "", true, true, true, "own"},
		{"own pair, in the input", whole, "the node's CA", true, true, true, "own"},
		{"own pair of another CA, in the input", whole, "another CA", true, true, true, "refused"},
		{"own pair that another CA signed, in the input", whole, "another's pair", true, true, true, refusedIfAsked},
		{"the node elsewhere, the Secret whole", whole, "", false, true, false, "client"},
		{"the node elsewhere, CA only", only, "", false, true, false, "asked"},
		{"the node elsewhere, no CA", whole, "", false, false, false, "asked"},
		{"the node elsewhere, own pair", whole, "", false, true, true, "own"},
		{"the node elsewhere, CSI", csi, "", false, true, false, "asked"},
	}
}

// TestPairTable holds the rules above for every client, in every mode and stage. Modes without certificates give nobody a pair and ask for
// none; before certificates are required, what is asked is the same, for the stage after is prepared.
func TestPairTable(t *testing.T) {
	ca, other := pki.NewCA("node's"), pki.NewCA("another")
	node := ca.Leaf(pki.Options{CN: "node", SANs: []string{"search", "localhost"}})
	secretOf := func(name string, by *pki.CA, pair pki.Pair) string {
		return fmt.Sprintf("---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {ca.crt: %q, tls.crt: %q, tls.key: %q}\n", name, by.Cert, pair.Cert, pair.Key)
	}
	server := strings.NewReplacer("node.crt", "tls.crt", "node.key", "tls.key").Replace(pairsServer) + secretOf("node", ca, node)
	for _, client := range tableClients() {
		for _, c := range tableCases() {
			for _, w := range agreementModes {
				t.Run(client.name+"/"+c.name+"/"+w.mode+" "+w.stage, func(t *testing.T) {
					settings := ""
					if c.ca {
						settings += client.ca
					}
					if c.own {
						settings += client.pair
					}
					stream := strings.NewReplacer("SETTINGS", settings, volumeOf, c.volume).Replace(client.manifest)
					written := stream
					switch c.secret {
					case "the node's CA":
						stream += secretOf("client", ca, ca.Leaf(pki.Options{CN: "client"}))
					case "another's pair":
						stream += secretOf("client", ca, other.Leaf(pki.Options{CN: "client"}))
					case "another CA":
						stream += secretOf("client", other, other.Leaf(pki.Options{CN: "client"}))
					}
					if c.node {
						stream += server
					}
					s := realSettings(w.mode, w.stage)
					s.Certificates.OnRenewal = config.None
					s.Password.SecretName = "login"
					judgePair(t, stream, written, client, c, s)
				})
			}
		}
	}
}

// agreementModes are the modes and stages of the table.
var agreementModes = []struct{ mode, stage string }{
	{config.ModeToken, config.None}, {config.ModePassword, config.None}, {config.ModeCertToken, config.None},
	{config.ModeCertToken, config.Optional}, {config.ModeCertToken, config.Required}, {config.ModeCertPassword, config.Required},
	{config.ModePKI, config.Required},
}

func judgePair(t *testing.T, stream, written string, client tableClient, c tableCase, s config.Settings) {
	t.Helper()
	output, report, err := transform([]byte(stream), s)
	given := map[string]bool{}
	if err == nil {
		for key, who := range keysGiven(t, output) {
			secret, _, _ := strings.Cut(key, " ")
			for _, ref := range who {
				given[secret] = given[secret] || ref == client.ref
			}
		}
	}
	isKibana := client.name == "Kibana"
	switch isAsked := s.ClientAuthentication != config.None; {
	case c.want == refusedIfAsked && isAsked:
		c.want = "refused"
	case c.want == refusedIfAsked:
		c.want = "own"
		if s.Certs() && err == nil && !strings.Contains(report.Text(), "as soon as clientAuthentication is optional") {
			t.Errorf("it is not reported:\n%s", report.Text())
		}
	case slices.Contains([]string{"node", "client"}, c.want) && isKibana && s.Mode == config.ModePKI:
		c.want = "refused" // anybody who has it would be Kibana
	}
	switch {
	case !s.Certs():
		if given["node"] || given["client"] || err != nil && !isKibana {
			t.Errorf("a mode without certificates gives %v, and says %v", given, err)
		}
		return
	case c.want == "asked" || c.want == "refused":
		if err == nil || !strings.Contains(err.Error(), client.ref) || !strings.Contains(err.Error(), "certificates.") {
			t.Errorf("want a question about %s, got %v, and gives %v", client.ref, err, given)
		}
		return
	case err != nil:
		t.Errorf("refused: %v", err)
		return
	}
	for _, secret := range []string{"node", "client"} {
		// Kibana's own pair is mounted for elk-mtls-init, which presents the same.
		want := secret == c.want || isKibana && c.want == "own" && secret == "client"
		if given[secret] != want {
			t.Errorf("the key of Secret/%s is given: %v, want %v\n%s", secret, given[secret], want, output)
		}
	}
	if c.want == "own" && !isKibana && !strings.Contains(string(output), written) {
		t.Errorf("it has a pair of its own, and changes:\n%s", output)
	}
	if g := verified(t, output, s); g.Verdict == verify.NotProven {
		t.Error(g.Text())
	}
}
