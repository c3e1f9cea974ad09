package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

const dangling = `apiVersion: v1
kind: ConfigMap
metadata: {name: beat}
data:
  filebeat.yml: |
    output.elasticsearch:
      hosts: ["https://search:9200"]
      ssl.certificate_authorities: [/usr/share/filebeat/certs/es/ca.crt]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: beat}
spec:
  selector: {matchLabels: {app: beat}}
  template:
    metadata: {labels: {app: beat}}
    spec:
      containers:
      - {name: filebeat, image: "docker.elastic.co/beats/filebeat:8.19.0", volumeMounts: [{name: c, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}, {name: c, mountPath: /usr/share/filebeat/certs}]}
      volumes: [{name: c, configMap: {name: beat}}]
---
`

const arguments = `apiVersion: apps/v1
kind: Deployment
metadata: {name: apm}
spec:
  selector: {matchLabels: {app: apm}}
  template:
    metadata: {labels: {app: apm}}
    spec:
      containers:
      - name: apm
        image: docker.elastic.co/apm/apm-server:8.19.0
        args: ["-e", "-E", "output.elasticsearch.hosts=[\"https://search:9200\"]", "-E", "output.elasticsearch.ssl.verification_mode=none"]
---
`

// TestTheFirstRemedyLeadsThere holds that what passes, once the configuration answers what was asked, is proven.
func TestTheFirstRemedyLeadsThere(t *testing.T) {
	const pem, item = "xpack.security.http.ssl.", "        - {name: "
	var kept []string // of a node that has a store in place of PEM files
	for _, line := range strings.Split(mentionServer, "\n") {
		if strings.Contains(line, pem+"key") {
			line = item + pem + "keystore.path, value: certs/http.p12}"
		}
		if !strings.Contains(line, pem+"certificate") {
			kept = append(kept, line)
		}
	}
	withStore := strings.Join(kept, "\n")
	anyone := func(*config.Settings) {}
	for _, c := range []struct {
		name, input, has string
		settings         func(s *config.Settings)
	}{
		{"a test by curl, where the node has a store and its client PEM files",
			errand(", annotations: {helm.sh/hook: test}", `"curl --fail 'search:9200'"`) + withStore, trustsCA,
			func(s *config.Settings) {
				s.Certificates.Clients = []config.Client{{Ref: "StatefulSet/node", SecretName: ownPair}}
			}},
		{"a CA in a volume that has no such file", dangling + mentionServer, "ssl.certificate_authorities: [/etc/elk-mtls/ca.crt]", anyone},
		{"an address in an argument, and no file", arguments + mentionServer, "-Eoutput.elasticsearch.ssl.key=/etc/elk-mtls/tls.key", anyone},
		{"plain HTTP in an argument, which becomes HTTPS", strings.Replace(arguments+mentionServer, "https://", "http://", 1), `hosts=[\"https://search:9200\"]`, anyone},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := realSettings(config.ModeCertToken, config.Required)
			c.settings(&s)
			output := mustTransform(t, []byte(c.input), s)
			if !strings.Contains(string(output), c.has) {
				t.Errorf("no %q in\n%s", c.has, output)
			}
			twiceIsOnce(t, output, s)
			if g := verified(t, output, s); g.Verdict == verify.NotProven {
				t.Error(g.Text())
			}
		})
	}
}

// TestBrokenDocuments holds that a document that names a server and that no parser takes is refused, as it is by Helm.
func TestBrokenDocuments(t *testing.T) {
	const broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  a: |\n    \ttab, search:9200\n---\n"
	_, _, err := transform([]byte(broken+mentionServer), realSettings(config.ModeCertToken, config.Required))
	if err == nil || !strings.Contains(err.Error(), "the document that starts on line 1 of the input is broken") {
		t.Errorf("got %v", err)
	}
}

// TestListedScripts holds that verify asks nothing of a script of a node that the user takes care of, as the post-renderer does.
func TestListedScripts(t *testing.T) {
	const script = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts}\ndata:\n  drain.sh: |\n    python3 -c 'import urllib.request; urllib.request.urlopen(\"https://localhost:9200\")'\n---\n"
	input := strings.NewReplacer("volumeMounts: [", "volumeMounts: [{name: s, mountPath: /scripts}, ", "volumes: [", "volumes: [{name: s, configMap: {name: scripts}}, ",
		"readinessProbe:", "lifecycle: {preStop: {exec: {command: [bash, /scripts/drain.sh]}}}\n        readinessProbe:").Replace(script + mentionServer)
	s := realSettings(config.ModeCertToken, config.Required)
	for _, listed := range []bool{false, true} {
		if listed {
			s.Unmanaged = []config.Unmanaged{{Ref: "ConfigMap/scripts", Reason: "it names its certificate"}}
		}
		g := verified(t, mustTransform(t, []byte(input), s), s)
		if isProven := g.Verdict != verify.NotProven; isProven != listed {
			t.Errorf("listed: %v\n%s", listed, g.Text())
		}
	}
}
