package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// TestEarlyHooksWaitForNothing holds that no hook which runs before anything of the release is there mounts what comes with it: its pod would wait
// for ever.
func TestEarlyHooksWaitForNothing(t *testing.T) {
	hook := func(when string) string {
		return `---
apiVersion: batch/v1
kind: Job
metadata: {name: early, annotations: {helm.sh/hook: "` + when + `"}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: exporter, image: "quay.io/prometheuscommunity/elasticsearch-exporter:v1.8.0", args: ["--es.uri=https://search:9200", "--es.ca=/tls/ca.crt"],
         volumeMounts: [{name: tls, mountPath: /tls}]}
      volumes: [{name: tls, secret: {secretName: mine}}]
`
	}
	ca := pki.NewCA("node's")
	secret := func(name string) string {
		return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: " + name + "}\nstringData: {ca.crt: \"" + strings.ReplaceAll(string(ca.Cert), "\n", `\n`) + "\"}\n"
	}
	ofRelease := secret("mine")
	asHook := strings.Replace(ofRelease, "{name: mine}", "{name: mine, annotations: {helm.sh/hook: pre-install}}", 1)
	const external = "---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: mine}\nspec: {target: {name: mine}}\n"
	own := config.Client{Ref: "Job/early", SecretName: "own"}
	for _, test := range []struct {
		name, input, ca, refused string
	}{
		{"the CA comes with the release", hook("pre-install") + ofRelease, "mine", `would wait for ever for Secret/mine key "ca.crt": it comes with the release`},
		{"after it is gone", hook("post-delete") + ofRelease, "mine", "would wait for ever"},
		{"somebody brings it later", hook("pre-install") + external, "mine", "ExternalSecret/mine, which has it filled, comes with the release"},
		{"the CA comes after it", hook("pre-install") + strings.Replace(asHook, "helm.sh/hook:", `helm.sh/hook-weight: "1", helm.sh/hook:`, 1), "mine", "would wait for ever"},
		{"the CA comes when all is gone", hook("pre-install") + strings.Replace(asHook, "pre-install", "post-delete", 1), "mine", "would wait for ever"},
		{"it is left from before", hook("post-delete") + asHook, "mine", ""},
		{"the CA comes before", hook("pre-install,pre-upgrade") + asHook, "mine", ""},
		{"the CA is that of the pair", hook("pre-install") + ofRelease, "", ""},
		{"it is there from the release before", hook("pre-upgrade") + ofRelease, "mine", ""},
		{"it is in the cluster", hook("pre-install"), "mine", ""},
	} {
		for _, stage := range []string{config.Optional, config.Required} {
			t.Run(test.name+"/"+stage, func(t *testing.T) {
				s := realSettings(config.ModeCertToken, stage)
				s.Certificates.Clients = []config.Client{own}
				s.Certificates.CA.SecretName = test.ca
				output, _, err := transform([]byte(test.input+"---\n"+mentionServer), s)
				switch {
				case test.refused == "" && err != nil:
					t.Error(err)
				case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
					t.Errorf("refused with %v, want %q\n%s", err, test.refused, output)
				}
			})
		}
	}
}
