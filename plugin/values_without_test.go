package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestProgramsWithoutPEM holds that a program which takes no certificate in PEM files is named, with what its user can do: a rule would not
// help. Listed, it passes.
func TestProgramsWithoutPEM(t *testing.T) {
	const nodes = "testdata/charts/elasticsearch-default/input.yaml"
	const openCTI = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: opencti-server}
spec:
  selector: {matchLabels: {app: opencti}}
  template:
    metadata: {labels: {app: opencti}}
    spec:
      containers:
      - name: opencti-server
        image: IMAGE
        env:
        - {name: ELASTICSEARCH__URL, value: "https://search-master:9200"}
        - {name: ELASTICSEARCH__SSL__REJECT_UNAUTHORIZED, value: "false"}
`
	const camunda = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: camunda}
data:
  application.yaml: |
    camunda:
      data:
        secondary-storage: {type: elasticsearch, elasticsearch: {url: "https://search-master:9200"}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: camunda-zeebe}
spec:
  serviceName: camunda-zeebe
  selector: {matchLabels: {app: camunda}}
  template:
    metadata: {labels: {app: camunda}}
    spec:
      containers:
      - name: orchestration
        image: IMAGE
        volumeMounts: [{name: config, mountPath: /usr/local/camunda/config/application.yaml, subPath: application.yaml}]
      volumes: [{name: config, configMap: {name: camunda}}]
`
	const rule = "elk-mtls does not know how to give it a certificate"
	for name, c := range map[string]struct{ stream, image, says, hint, ref string }{
		"OpenCTI":                        {openCTI, "opencti/platform:6.9.0", "OpenCTI takes no client certificate", "put a proxy", "Deployment/opencti-server"},
		"OpenCTI from another registry":  {openCTI, "registry.example:5000/mirror/opencti/platform@sha256:0", "OpenCTI takes no client certificate", "put a proxy", "Deployment/opencti-server"},
		"a platform of somebody else":    {openCTI, "example/platform:1", rule, "give the container a rule", "Deployment/opencti-server"},
		"Camunda":                        {camunda, "camunda/camunda:8.9.17", "Camunda takes a key store of Java only", "mount a PKCS#12 store", "ConfigMap/camunda"},
		"Camunda's image by a long path": {camunda, "registry.example/camunda/zeebe:8.7", "Camunda takes a key store of Java only", "mount a PKCS#12 store", "ConfigMap/camunda"},
	} {
		t.Run(name, func(t *testing.T) {
			input := append(read(t, nodes), strings.Replace(c.stream, "IMAGE", c.image, 1)...)
			s := realSettings(config.ModeCertToken, config.Required)
			_, _, err := transform(input, s)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "hint: "+c.hint) {
				t.Fatalf("want %q and the hint %q, got %v", c.says, c.hint, err)
			}
			optional := realSettings(config.ModeCertToken, config.Optional)
			if _, outcome, err := transform(input, optional); err != nil || !strings.Contains(outcome.Text(), c.says) {
				t.Errorf("under optional: %v\n%s", err, outcome.Text())
			}
			s.Unmanaged = []config.Unmanaged{{Ref: c.ref, Reason: "a proxy presents its certificate"}}
			if g := verified(t, mustTransform(t, input, s), s); g.Verdict == verify.NotProven {
				t.Errorf("listed as unmanaged:\n%s", g.Text())
			}
		})
	}
}
