package plugin

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
	if err == nil || !strings.Contains(err.Error(), `(the container "make" makes or changes it (elasticsearch-certutil), which is not followed)`+"\nhint: "+`name the Secret in certificates.secretName`) {
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

// TestReflectedFile holds that a file which a controller fills is refused with the true reason where a certificate belongs into it.
func TestReflectedFile(t *testing.T) {
	text := nodeOf(fromSecret) + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: beat, annotations: {reflector.v1.k8s.emberstack.com/reflects: a/b}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: beat}
spec:
  template:
    spec:
      containers: [{name: beat, image: "filebeat:8.19.2", volumeMounts: [{name: c, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]}]
      volumes: [{name: c, configMap: {name: beat}}]
`
	_, err := answerTo(text, nil)
	if err == nil || !strings.Contains(err.Error(), `ConfigMap/beat key "filebeat.yml", which is not shown (it has reflector.v1.k8s.emberstack.com/reflects), so that it cannot be given a certificate`) {
		t.Error(err)
	}
}

// TestTwice holds that of two objects with one name and different content none is taken.
func TestTwice(t *testing.T) {
	const one = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair}\nstringData: {tls.crt: a, tls.key: b, ca.crt: c}\n"
	_, err := answerTo(nodeOf(fromSecret)+one+strings.Replace(one, "tls.crt: a", "tls.crt: z", 1), nil)
	if err == nil || !strings.Contains(err.Error(), "Secret/pair is there twice, with different content (lines 25 and 30): the one that is applied last counts\nhint: remove the other") {
		t.Error(err)
	}
	if _, err = answerTo(nodeOf(fromSecret)+one+one, nil); err != nil {
		t.Errorf("twice the same: %v", err)
	}
}

// asList makes a typed list of the only document of a stream that is of a kind, as an API server writes it: its items name no kind.
func asList(text, kind, apiVersion string) string {
	before, rest, _ := strings.Cut(text, "apiVersion: "+apiVersion+"\nkind: "+kind+"\n")
	one, after, more := strings.Cut(rest, "---\n")
	var b strings.Builder
	for line := range strings.Lines(one) {
		b.WriteString("  " + line)
	}
	list := before + "apiVersion: " + apiVersion + "\nkind: " + kind + "List\nitems:\n-" + b.String()[1:]
	if more {
		list += "---\n" + after
	}
	return list
}

// TestF18 holds that a server is patched whatever the kind of its workload, and its object in a list of any kind; that the second run
// changes nothing; and that what only OpenShift can read is refused.
func TestF18(t *testing.T) {
	node := nodeOf(fromSecret)
	kind := func(apiVersion, kind string) string {
		return strings.Replace(node, "apiVersion: apps/v1\nkind: StatefulSet", "apiVersion: "+apiVersion+"\nkind: "+kind, 1)
	}
	const template = "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: t}\nobjects: []\n# elasticsearch\n"
	for name, c := range map[string]struct{ text, refused string }{
		"a StatefulSet":             {node, ""},
		"a StatefulSetList":         {asList(node, "StatefulSet", "apps/v1"), ""},
		"a SecretList":              {asList(node+"---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair}\nstringData: {tls.crt: a, tls.key: b, ca.crt: c}\n", "Secret", "v1"), ""},
		"and what is not in it":     {asList(node+"---\napiVersion: v1\nkind: Secret\nmetadata: {name: pair}\nstringData: {ca.crt: c}\n", "Secret", "v1"), `Secret/pair has no key "tls.crt"`},
		"a StatefulSet of Kruise":   {kind("apps.kruise.io/v1beta1", "StatefulSet"), ""},
		"a CloneSet":                {kind("apps.kruise.io/v1alpha1", "CloneSet"), ""},
		"a Rollout":                 {kind("argoproj.io/v1alpha1", "Rollout"), ""},
		"a DeploymentConfig":        {kind("apps.openshift.io/v1", "DeploymentConfig"), ""},
		"a Job of another group":    {kind("keda.sh/v1alpha1", "ScaledJob"), "which is patched where it is kept running only"},
		"a Template":                {node + "---\n" + template, "Template/t: OpenShift makes the objects of a Template, which are not in the input\nhint: render it first (oc process"},
		"a workload twice":          {node + "---\n" + node[strings.Index(node, "apiVersion: apps/v1"):] + "        tty: true\n", "StatefulSet/es is there twice, with different content (lines 5 and 25)"},
		"the same name, two groups": {node + "---\napiVersion: apps.kruise.io/v1beta1\nkind: StatefulSet\nmetadata: {name: es}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := answerTo(c.text, nil)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Error(err)
				}
				return
			}
			if err != nil || !strings.Contains(output, "name: elk-mtls-client") {
				t.Fatalf("%v\n%s", err, output)
			}
			if again, err := answerTo(output, nil); err != nil || again != output {
				t.Errorf("the second run: %v\n%s", err, again)
			}
		})
	}
}
