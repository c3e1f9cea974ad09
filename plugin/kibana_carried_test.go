package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestCarriedPairOfKibana holds that Kibana's own key pair is used where a volume of its pod brings it, by elk-mtls-init too. One that is not there
// while an init container runs is asked for.
func TestCarriedPairOfKibana(t *testing.T) {
	kibana := func(volume, more string) string {
		return `apiVersion: apps/v1
kind: Deployment
metadata: {name: kibana}
spec:
  template:
    metadata: {annotations: {` + more + `}}
    spec:
      containers:
      - name: kibana
        image: kibana:8.19.4
        env:
        - {name: ELASTICSEARCH_HOSTS, value: "https://search:9200"}
        - {name: ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES, value: /certs/ca.crt}
        - {name: ELASTICSEARCH_SSL_CERTIFICATE, value: /certs/tls.crt}
        - {name: ELASTICSEARCH_SSL_KEY, value: /certs/tls.key}
        volumeMounts: [{name: certs, mountPath: /certs, subPath: pki}]
      volumes: [{name: certs, ` + volume + `}]
---
`
	}
	const csi = "csi: {driver: secrets-store.csi.k8s.io, readOnly: true, volumeAttributes: {secretProviderClass: kb}}"
	const issued = "projected: {sources: [{podCertificate: {signerName: example.com/elk, keyType: ECDSAP256, keyPath: pki/tls.key, certificateChainPath: pki/tls.crt}}, " +
		"{clusterTrustBundle: {name: elk, path: pki/ca.crt}}]}"
	const mounts = "- name: certs\n          mountPath: /certs\n          readOnly: true\n          subPath: pki\n"
	for _, test := range []struct {
		name, volume, more string
		used               bool
	}{
		{"a CSI driver", csi, "", true},
		{"podCertificate", issued, "", true},
		{"a claim", "persistentVolumeClaim: {claimName: kb}", "", true},
		{"an empty folder", "emptyDir: {}", "", false},
		{"Vault's injector", "emptyDir: {}", `vault.hashicorp.com/agent-inject: "true", vault.hashicorp.com/secret-volume-path: /certs`, false},
	} {
		for _, server := range []string{"", mentionServer} {
			for _, w := range agreementModes {
				s := realSettings(w.mode, w.stage)
				s.Minter.SecretName, s.Password.SecretName = "minter", "login"
				if !s.Certs() {
					continue
				}
				name := test.name + " " + w.mode + " " + w.stage
				output, report, err := transform([]byte(kibana(test.volume, test.more)+server), s)
				if !test.used {
					if err == nil || !strings.Contains(err.Error(), "certificates.") {
						t.Errorf("%s: it is not asked for, but %v", name, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				twiceIsOnce(t, output, s)
				for _, want := range []string{"- --cert=/certs/tls.crt\n        - --key=/certs/tls.key\n", mounts} {
					if !strings.Contains(string(output), want) {
						t.Errorf("%s: no %q in\n%s", name, want, output)
					}
				}
				if text := report.Text(); !strings.Contains(text, "for Kibana and elk-mtls-init: the files must be there") {
					t.Errorf("%s: it is not assumed:\n%s", name, text)
				}
				if g := verified(t, output, s); g.Verdict == verify.NotProven {
					t.Errorf("%s: %s", name, g.Text())
				}
			}
		}
	}
}

// TestServersCarriers holds that a volume of a server's own pod is given to nobody: its clients are asked for theirs.
func TestServersCarriers(t *testing.T) {
	server := strings.Replace(mentionServer, "secret: {secretName: es-certs}", "csi: {driver: csi.cert-manager.io, readOnly: true}", 1)
	if server == mentionServer {
		t.Fatal("the server has another volume")
	}
	_, _, err := transform([]byte(server), realSettings(config.ModeCertToken, config.Required))
	if err == nil || !strings.Contains(err.Error(), "name the Secret in certificates.secretName") {
		t.Errorf("it is not asked for, but %v", err)
	}
}
