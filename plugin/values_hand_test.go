package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestClientInAHook holds that a client that runs before the Secrets of its release are there is refused.
func TestClientInAHook(t *testing.T) {
	const stream = `apiVersion: v1
kind: Pod
metadata: {name: seed, annotations: {helm.sh/hook: HOOK}}
spec:
  containers:
  - name: exporter
    image: quay.io/prometheuscommunity/elasticsearch-exporter:v1.8.0
    args: ["--es.uri=https://es:9200", --es.ca=/pki/ca.crt]
    volumeMounts: [{name: pki, mountPath: /pki}]
  volumes: [{name: pki, secret: {secretName: seed-pki}}]
`
	for hook, refused := range map[string]bool{"pre-install": true, "pre-upgrade,post-upgrade": true, "post-install": false, "test": false} {
		_, _, err := transform([]byte(strings.Replace(stream, "HOOK", `"`+hook+`"`, 1)), realSettings(config.ModeCertToken, config.Required))
		if got := err != nil && strings.Contains(err.Error(), "calls Elasticsearch in a hook"); got != refused {
			t.Errorf("%s: %v", hook, err)
		}
	}
}

// TestPairWithoutVerification holds that a key pair counts for nothing where the program does not load it: Curator that verifies nothing.
func TestPairWithoutVerification(t *testing.T) {
	const file = `elasticsearch: {client: {hosts: "https://es:9200", ca_certs: /certs/ca.crt, client_cert: /certs/tls.crt, client_key: /certs/tls.key, verify_certs: VERIFY}}`
	for value, want := range map[string]verify.Code{"true": "", "false": verify.NoCertificate} {
		stream := strings.Replace(curatorJob, "FILE", strings.Replace(file, "VERIFY", value, 1), 1)
		g := verified(t, []byte(stream), realSettings(config.ModeCertToken, config.Required))
		if got := strings.Contains(g.Text(), "does not load its certificate"); got != (want != "") || got && g.Findings[0].Code != want {
			t.Errorf("verify_certs: %s\n%s", value, g.Text())
		}
	}
}

// TestVolumeMountedTwice holds that a volume with a password that leaves keeps its mount where the container mounts it a second time.
func TestVolumeMountedTwice(t *testing.T) {
	const dir, mount = "testdata/charts/bitnami-release/", "mountPath: /opt/bitnami/kibana/secrets\n"
	input, settings := string(read(t, dir+"input.yaml")), settingsOf(t, dir+"config.yaml")
	if strings.Count(input, mount) != 1 {
		t.Fatal("the fixture has no such mount")
	}
	twice := strings.Replace(input, mount, mount+"            - name: kibana-secrets\n              mountPath: /more\n", 1)
	for name, c := range map[string]struct {
		stream string
		stays  bool
	}{"once": {input, false}, "twice": {twice, true}} {
		output := string(mustTransform(t, []byte(c.stream), settings))
		if strings.Contains(output, "KIBANA_ELASTICSEARCH_PASSWORD_FILE") || strings.Contains(output, mount) != c.stays || strings.Contains(output, "/more") != c.stays {
			t.Errorf("mounted %s:\n%s", name, output)
		}
	}
}
