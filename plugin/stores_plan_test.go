package plugin

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// TestPasswordOfAStore holds that a client whose store its password does not open is refused where the input shows both: it does not start.
func TestPasswordOfAStore(t *testing.T) {
	ca := pki.NewCA("node's")
	store := func(name string) string {
		return base64.StdEncoding.EncodeToString(storeFor(name, "right", ca.Cert, ca.Leaf(pki.Options{CN: "client"})))
	}
	logstash := func(pass string) string {
		return `---
apiVersion: v1
kind: Secret
metadata: {name: stores}
data: {own.p12: ` + store("own.p12") + `}
---
apiVersion: v1
kind: Secret
metadata: {name: pass}
stringData: {right: right, wrong: wrong}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ship}
data:
  a.conf: |
    output { elasticsearch { hosts => ["https://search:9200"] ssl_certificate_authorities => "/ca/ca.crt"
      ssl_keystore_path => "/s/own.p12" ssl_keystore_password => "` + pass + `" user => "a" password => "b" } }
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ship}
spec:
  template:
    spec:
      containers:
      - name: ship
        image: logstash:8.19.1
        env:
        - {name: RIGHT, valueFrom: {secretKeyRef: {name: pass, key: right}}}
        - {name: WRONG, valueFrom: {secretKeyRef: {name: pass, key: wrong}}}
        - {name: HIDDEN, valueFrom: {secretKeyRef: {name: elsewhere, key: a}}}
        volumeMounts: [{name: c, mountPath: /usr/share/logstash/pipeline}, {name: s, mountPath: /s}, {name: ca, mountPath: /ca}]
      volumes: [{name: c, configMap: {name: ship}}, {name: s, secret: {secretName: stores}}, {name: ca, secret: {secretName: es-certs}}]
`
	}
	for pass, refused := range map[string]bool{"right": false, "wrong": true, "${RIGHT}": false, "${WRONG}": true, "${HIDDEN}": false} {
		s := realSettings(config.ModeCertToken, config.Required)
		output, _, err := transform([]byte(logstash(pass)+"---\n"+mentionServer), s)
		switch {
		case refused && (err == nil || !strings.Contains(err.Error(), "is a store that its password does not open")):
			t.Errorf("%s: not refused for its password: %v", pass, err)
		case !refused && err != nil && strings.Contains(err.Error(), "does not open"):
			t.Errorf("%s: %v", pass, err)
		case err == nil:
			if g := verified(t, output, s); g.Verdict == verify.NotProven {
				t.Errorf("%s: %s", pass, g.Text())
			}
		}
		if err != nil && strings.Contains(err.Error(), "wrong\"") {
			t.Errorf("the message holds the password: %v", err)
		}
	}
}
