//go:build integration

package wiring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

// TestVerdictsAgreeWithReality changes one thing in the patched manifests, asks elk-mtls verify, and runs the real program: what is
// proven works, what is not does not.
func TestVerdictsAgreeWithReality(t *testing.T) {
	l := newLab(t, stock{
		text: readAll(t, "../../examples/release/rendered.yaml", "testdata/clients.yaml"), certs: "elasticsearch-master-certs", service: "elasticsearch-master",
		server: "StatefulSet/elasticsearch-master", kibana: "Deployment/elk-kibana",
	})
	status, body, err := l.node.Call(t.Context(), http.MethodPut, "/_cluster/settings", map[string]any{"persistent": map[string]any{"action.destructive_requires_name": false}})
	if err != nil || status != http.StatusOK {
		t.Fatalf("status %d: %s: %v", status, body, err)
	}
	for _, group := range []struct {
		client    string
		documents []string // by the names of their objects
		cases     []variation
		works     func(l *lab, r *pod.Release) bool
	}{
		{"elasticsearch_exporter", []string{"elk-exporter"}, exporterVariations(), (*lab).exporterWorks},
		{"filebeat", []string{"elk-filebeat", "elk-filebeat-config"}, filebeatVariations(), (*lab).filebeatWorks},
		{"a probe by curl", []string{"elasticsearch-master", "elasticsearch-master-elk-mtls-curl"}, probeVariations(), (*lab).probeWorks},
	} {
		for _, v := range group.cases {
			t.Run(group.client+"/"+v.name, func(t *testing.T) {
				l := l.in(t)
				stream, other := l.vary(group.documents, v)
				proven, findings := l.verdict(stream, other)
				if proven != v.works {
					t.Errorf("proven: %v, want %v\n%s", proven, v.works, findings)
				}
				release := l.release([]byte(stream))
				release.Put("Secret", "other-pair", other)
				if works := group.works(l, release); works != v.works {
					t.Errorf("the real program works: %v, want %v", works, v.works)
				}
			})
		}
	}
}

// variation changes one thing.
type variation struct {
	name     string
	old, new string // in the documents of the client
	// pair is what the Secret "other-pair" holds; the client takes its pair from there.
	pair  func(l *lab) (ca []byte, pair pki.Pair)
	works bool
}

const pairMount = `
        - name: elk-mtls-client
          mountPath: /etc/elk-mtls
          readOnly: true`

// pairVariations are the same for every client.
func pairVariations() []variation {
	day := 24 * time.Hour
	leaf := func(o pki.Options) func(l *lab) ([]byte, pki.Pair) {
		return func(l *lab) ([]byte, pki.Pair) {
			o.CN = "other"
			return l.ca.Cert, l.ca.Leaf(o)
		}
	}
	return []variation{
		{name: "another pair of the same CA", pair: leaf(pki.Options{ClientAuth: true}), works: true},
		{name: "a pair with an RSA key", pair: leaf(pki.Options{ClientAuth: true, RSA: true}), works: true},
		{name: "a certificate that ended yesterday", pair: leaf(pki.Options{ClientAuth: true, NotBefore: time.Now().Add(-2 * day), NotAfter: time.Now().Add(-day)})},
		{name: "a certificate that begins tomorrow", pair: leaf(pki.Options{ClientAuth: true, NotBefore: time.Now().Add(day), NotAfter: time.Now().Add(2 * day)})},
		{name: "a certificate for servers only", pair: leaf(pki.Options{ServerAuth: true})},
		{name: "a certificate of another CA", pair: func(l *lab) ([]byte, pki.Pair) {
			return l.ca.Cert, pki.NewCA("other").Leaf(pki.Options{CN: "other", ClientAuth: true})
		}},
		{name: "an intermediate that is not in the file", pair: func(l *lab) ([]byte, pki.Pair) {
			return l.ca.Cert, l.ca.Intermediate("between").Leaf(pki.Options{CN: "other", ClientAuth: true})
		}},
		{name: "an intermediate that is in the file", works: true, pair: func(l *lab) ([]byte, pki.Pair) {
			between := l.ca.Intermediate("between")
			pair := between.Leaf(pki.Options{CN: "other", ClientAuth: true})
			pair.Cert = slices.Concat(pair.Cert, between.Cert)
			return l.ca.Cert, pair
		}},
		{name: "the key of another certificate", pair: func(l *lab) ([]byte, pki.Pair) {
			pair, other := l.ca.Leaf(pki.Options{CN: "a", ClientAuth: true}), l.ca.Leaf(pki.Options{CN: "b", ClientAuth: true})
			pair.Key = other.Key
			return l.ca.Cert, pair
		}},
		{name: "certificate and key exchanged", pair: func(l *lab) ([]byte, pki.Pair) {
			pair := l.ca.Leaf(pki.Options{CN: "a", ClientAuth: true})
			pair.Cert, pair.Key = pair.Key, pair.Cert
			return l.ca.Cert, pair
		}},
	}
}

func exporterVariations() []variation {
	return append(pairVariations(), []variation{
		{name: "as patched", works: true},
		{name: "no certificate", old: ", --es.client-cert=/etc/elk-mtls/tls.crt"},
		{name: "no key", old: ", --es.client-private-key=/etc/elk-mtls/tls.key"},
		{name: "no CA", old: `"--es.ca=/certs/ca.crt",`},
		{name: "plain HTTP", old: "https://", new: "http://"},
		{name: "a CA that is not there", old: "/certs/ca.crt", new: "/certs/other.crt"},
		{name: "a certificate that is not there", old: "/etc/elk-mtls/tls.crt", new: "/etc/elk-mtls/client.crt"},
		{name: "no mount", old: pairMount},
		{name: "the key is not in the volume", old: "\n              - key: tls.key\n                path: tls.key"},
		{name: "only root may read", old: "defaultMode: 0444", new: "defaultMode: 0400"},
		{name: "without verification", old: "--es.ca=/certs/ca.crt", new: "--es.ssl-skip-verify", works: true},
		{name: "files at another place", old: "/etc/elk-mtls", new: "/etc/own", works: true},
		{name: "the Secret as it is", works: true,
			old: "projected:\n          defaultMode: 0444\n          sources:\n          - secret:\n              name: elasticsearch-master-certs\n              items:\n" +
				"              - key: ca.crt\n                path: ca.crt\n              - key: tls.crt\n                path: tls.crt\n              - key: tls.key\n                path: tls.key",
			new: "secret:\n          secretName: elasticsearch-master-certs"},
		{name: "certificate and key under each other's names", old: "key: tls.crt\n                path: tls.crt\n              - key: tls.key\n                path: tls.key",
			new: "key: tls.key\n                path: tls.crt\n              - key: tls.crt\n                path: tls.key"},
	}...)
}

func filebeatVariations() []variation {
	return append(pairVariations(), []variation{
		{name: "as patched", works: true},
		{name: "no certificate", old: "      ssl.certificate: /etc/elk-mtls/tls.crt\n"},
		{name: "no key", old: "\n      ssl.key: /etc/elk-mtls/tls.key"},
		{name: "no CA", old: "      ssl.certificate_authorities: [\"/usr/share/filebeat/certs/ca.crt\"]\n"},
		{name: "plain HTTP", old: "https", new: "http"},
		{name: "TLS switched off", old: "      ssl.key:", new: "      ssl.enabled: false\n      ssl.key:"},
		{name: "no mount", old: pairMount},
		{name: "without verification", old: "ssl.certificate_authorities: [\"/usr/share/filebeat/certs/ca.crt\"]", new: "ssl.verification_mode: none", works: true},
		{name: "the chain alone verified", old: "      ssl.key:", new: "      ssl.verification_mode: certificate\n      ssl.key:", works: true},
		{name: "by flags", old: `"http.enabled=true"`, new: `"http.enabled=true", "-E", "output.elasticsearch.ssl.key=/etc/elk-mtls/tls.key"`, works: true},
		{name: "a flag takes it back", old: `"http.enabled=true"`, new: `"http.enabled=true", "-E", "output.elasticsearch.ssl.key=/etc/other.key"`},
		{name: "nested spelling", old: "      ssl.certificate: /etc/elk-mtls/tls.crt\n      ssl.key: /etc/elk-mtls/tls.key",
			new: "      ssl:\n        certificate: /etc/elk-mtls/tls.crt\n        key: /etc/elk-mtls/tls.key", works: true},
	}...)
}

func probeVariations() []variation {
	return []variation{
		{name: "as patched", works: true},
		{name: "no CURL_HOME", old: "\n          - name: CURL_HOME\n            value: /etc/elk-mtls"},
		{name: "no key in the .curlrc", old: "\n    key = \"/etc/elk-mtls/tls.key\""},
		{name: "the .curlrc names what is not there", old: "key = \"/etc/elk-mtls/tls.key\"", new: "key = \"/etc/elk-mtls/other.key\""},
	}
}

// vary makes a variation in the documents of those names, and the Secret that it brings.
func (l *lab) vary(names []string, v variation) (stream string, other map[string][]byte) {
	l.t.Helper()
	old, fresh := v.old, v.new
	other = map[string][]byte{"unused": nil}
	if v.pair != nil {
		ca, pair := v.pair(l)
		other = map[string][]byte{"ca.crt": ca, "tls.crt": pair.Cert, "tls.key": pair.Key}
		old, fresh = "              name: elasticsearch-master-certs\n              items:", "              name: other-pair\n              items:"
	}
	documents := strings.Split(string(l.patched), "\n---\n")
	changed := old == ""
	for i, text := range documents {
		if old != "" && slices.ContainsFunc(names, func(name string) bool { return strings.Contains(text, "\n  name: "+name+"\n") }) && strings.Contains(text, old) {
			documents[i], changed = strings.ReplaceAll(text, old, fresh), true
		}
	}
	if !changed {
		l.t.Fatalf("nothing of %v holds %q", names, old)
	}
	return strings.Join(documents, "\n---\n"), other
}

// verdict asks elk-mtls verify, with the Secrets of the cluster.
func (l *lab) verdict(stream string, other map[string][]byte) (proven bool, findings string) {
	l.t.Helper()
	var secrets bytes.Buffer
	for name, data := range map[string]map[string][]byte{
		l.certs:      {"ca.crt": l.ca.Cert, "tls.crt": l.pair.Cert, "tls.key": l.pair.Key},
		"other-pair": other,
	} {
		text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]string{"name": name}, "data": data})
		if err != nil {
			l.t.Fatal(err)
		}
		fmt.Fprintf(&secrets, "---\n%s\n", text)
	}
	file := filepath.Join(l.t.TempDir(), "secrets.yaml")
	if err := os.WriteFile(file, secrets.Bytes(), 0o600); err != nil {
		l.t.Fatal(err)
	}
	command := exec.CommandContext(l.t.Context(), filepath.Join(programs, "elk-mtls"), "verify", "-o", "json", "--with", file)
	port := l.node.URL[strings.LastIndex(l.node.URL, ":"):] // which stands for 9200, and which no manifest calls Elasticsearch's
	command.Stdin = strings.NewReader(strings.ReplaceAll(stream, port, ":9200"))
	out, _ := command.Output() // exit 1 is a verdict as well
	var graph struct {
		Verdict  string `json:"verdict"`
		Findings []any  `json:"findings"`
	}
	if err := json.Unmarshal(out, &graph); err != nil {
		l.t.Fatalf("%v: %s", err, out)
	}
	return graph.Verdict != "NOT PROVEN", fmt.Sprint(graph.Findings)
}

// exporterWorks tells whether the exporter gives metrics of the node. It asks the node anew for each scrape.
func (l *lab) exporterWorks(release *pod.Release) bool {
	r, ok := l.startOrRefused(release, exporter("elasticsearch_exporter", "Deployment/elk-exporter"))
	for ok && !r.over() {
		err := l.scraped(r)
		if err == nil {
			return true
		}
		if strings.Contains(err.Error(), "metrics of the node are missing") {
			return false
		}
		time.Sleep(100 * time.Millisecond) // it does not listen yet
	}
	return false
}

// filebeatWorks tells whether Filebeat's line arrives. What it says of its first attempt decides.
func (l *lab) filebeatWorks(release *pod.Release) bool {
	if status, body, err := l.node.Call(l.t.Context(), http.MethodDelete, "/filebeat-*", nil); err != nil || status != http.StatusOK {
		l.t.Fatalf("status %d: %s: %v", status, body, err)
	}
	p := beat("filebeat", "DaemonSet/elk-filebeat", `message:"`+logLine+`"`)
	r, ok := l.startOrRefused(release, p)
	for deadline := time.Now().Add(3 * time.Minute); ok && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		over := r.over()
		if p.works(l, r) == nil {
			return true
		}
		if over || strings.Contains(r.log(), "Failed to connect to") || strings.Contains(r.log(), "Failed to perform any bulk index operations") {
			return false
		}
	}
	if ok {
		l.t.Errorf("neither did its line arrive, nor did it say why\n%s", r.tail())
	}
	return false
}

// probeWorks runs the chart's readiness probe.
func (l *lab) probeWorks(release *pod.Release) bool {
	container := l.build(release, l.server, "elasticsearch")
	out, err := l.run(container, container.Spec.ReadinessProbe.Exec.Command...)
	if err != nil {
		l.t.Logf("%v: %s", err, out)
	}
	return err == nil
}

// startOrRefused starts a program unless the kubelet would refuse to.
func (l *lab) startOrRefused(release *pod.Release, p clientProgram) (*running, bool) {
	l.t.Helper()
	program, err := parts.Client(l.t.Context(), p.name)
	if err != nil {
		parts.SkipOrFail(l.t, err)
	}
	if _, err := release.Container(p.workload, p.container, l.t.TempDir()); err != nil {
		l.t.Log(err)
		return nil, false
	}
	return l.start(release, p, program, nil), true
}
