package main

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// nodeOf is an Elasticsearch whose certificates come from volumes, with lines for its pod.
func nodeOf(volumes string) string {
	return `apiVersion: v1
kind: Service
metadata: {name: es}
spec: {selector: {app: es}, ports: [{port: 9200}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: es}
spec:
  template:
    metadata: {labels: {app: es}}
    spec:
` + volumes + `      containers:
      - name: elasticsearch
        image: elasticsearch:8.19.2
        env:
        - {name: discovery.type, value: single-node}
        - {name: xpack.security.http.ssl.enabled, value: "true"}
        - {name: xpack.security.http.ssl.certificate, value: tls/node.crt}
        - {name: xpack.security.http.ssl.key, value: tls/node.key}
        - {name: xpack.security.http.ssl.certificate_authorities, value: tls/ca.crt}
        volumeMounts:
        - {name: tls, mountPath: /usr/share/elasticsearch/config/tls}
`
}

// fromSecret mounts the certificates from a Secret.
const fromSecret = "      volumes: [{name: tls, secret: {secretName: pair, items: [{key: tls.crt, path: node.crt}, {key: tls.key, path: node.key}, {key: ca.crt, path: ca.crt}]}}]\n"

// answerTo gives what becomes of a stream: the output, or the error.
func answerTo(text string, change func(*config.Settings)) (string, error) {
	s := realSettings(config.ModeCertToken, config.Required)
	if change != nil {
		change(&s)
	}
	output, _, err := transform([]byte(text), s)
	return string(output), err
}

// TestF6 holds that a pair which an init container makes is no key of the Secret that it reads: the user is asked, and can answer.
func TestF6(t *testing.T) {
	text := nodeOf(`      volumes: [{name: tls, emptyDir: {}}, {name: ca, secret: {secretName: ca}}]
      initContainers:
      - name: make
        image: elasticsearch:8.19.2
        command: [sh, -c, "cd /tls && elasticsearch-certutil cert --ca-cert /ca/ca.crt --ca-key /ca/ca.key --out c.zip; unzip c.zip; cp /ca/ca.crt ca.crt"]
        volumeMounts: [{name: tls, mountPath: /tls}, {name: ca, mountPath: /ca}]
`)
	_, err := answerTo(text, nil)
	if err == nil || !strings.Contains(err.Error(), `(the container "make" makes or changes it (elasticsearch-certutil), which is not followed): name the Secret in certificates.secretName`) {
		t.Error(err)
	}
	output, err := answerTo(text, func(s *config.Settings) { s.Certificates.SecretName = "pair" })
	if err != nil || strings.Contains(output, "key: node.key") {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestQ5 holds that a Secret which a controller fills is one whose keys are not shown.
func TestQ5(t *testing.T) {
	const secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair"
	for name, c := range map[string]struct{ more, refused string }{
		"no data yet":             {secret + "}\n", ""},
		"reflected":               {secret + ", annotations: {reflector.v1.k8s.emberstack.com/reflects: a/b}}\nstringData: {x: y}\n", ""},
		"by a SealedSecret":       {secret + "}\nstringData: {x: y}\n---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: pair}\n", ""},
		"by a Certificate":        {secret + "}\nstringData: {x: y}\n---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\nspec: {secretName: pair}\n", ""},
		"a key that is not there": {secret + "}\nstringData: {x: y}\n", `Secret/pair has no key "tls.crt", only "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answerTo(nodeOf(fromSecret)+c.more, nil)
			if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
				t.Error(err)
			}
		})
	}
}

// TestTwice holds that of two objects with one name and different content none is taken.
func TestTwice(t *testing.T) {
	const one = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair}\nstringData: {tls.crt: a, tls.key: b, ca.crt: c}\n"
	_, err := answerTo(nodeOf(fromSecret)+one+strings.Replace(one, "tls.crt: a", "tls.crt: z", 1), nil)
	if err == nil || !strings.Contains(err.Error(), "Secret/pair is there twice, with different content (lines 25 and 30): the one that is applied last counts; remove the other") {
		t.Error(err)
	}
	if _, err = answerTo(nodeOf(fromSecret)+one+one, nil); err != nil {
		t.Errorf("twice the same: %v", err)
	}
}
