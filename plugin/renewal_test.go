package plugin

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// renewing is a client with one file, and what it calls.
func renewing(image, path, text, subPath string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  file: |
    %s
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: client
spec:
  template:
    metadata: {}
    spec:
      containers:
      - name: client
        image: %s
        volumeMounts:
        - {name: conf, mountPath: %s, subPath: file}%s
      volumes:
      - {name: conf, configMap: {name: conf}}
      - {name: own, secret: {secretName: own}}
      - {name: trust, configMap: {name: trust}}
`, strings.ReplaceAll(text, "\n", "\n    "), image, path, subPath)
}

const (
	renewedBeat     = "output.elasticsearch:\n  hosts: [\"https://search:9200\"]"
	renewedAgent    = "outputs:\n  default:\n    type: elasticsearch\n    hosts: [\"https://search:9200\"]"
	renewedFluent   = "[OUTPUT]\n    Name es\n    Host search\n    Port 9200\n    tls On"
	renewedExporter = "quay.io/prometheuscommunity/elasticsearch-exporter"
	renewedLogstash = "output { elasticsearch { hosts => [\"https://search:9200\"] } }"
)

var renewedFiles = map[string][2]string{
	"filebeat":                            {"/usr/share/filebeat/filebeat.yml", renewedBeat},
	"elastic-agent":                       {"/usr/share/elastic-agent/elastic-agent.yml", renewedAgent},
	"fluent/fluent-bit":                   {"/fluent-bit/etc/fluent-bit.conf", renewedFluent},
	"docker.elastic.co/logstash/logstash": {"/usr/share/logstash/pipeline/logstash.conf", renewedLogstash},
	"mirror.example/logstash":             {"/usr/share/logstash/pipeline/logstash.conf", renewedLogstash},
	renewedExporter:                       {"/unread", "x"},
}

func renewSettings(t *testing.T, certificates string) config.Settings {
	t.Helper()
	s, err := config.Parse([]byte("apiVersion: elk-mtls.dev/v1alpha1\nkind: MutualTLS\nspec: {certificates: {" + certificates + "}}"))
	if err != nil {
		t.Fatal(err)
	}
	s.InitContainer.Image = testImage
	return s.WithDefaults()
}

const (
	bySecret      = "clients: [{ref: Deployment/client, secretName: pair}]"
	byCertManager = "source: cert-manager, issuer: {name: ca}"
)

var aboutRenewal = regexp.MustCompile(`certificate_reload|RELOAD_AUTOMATIC|reload\.automatic|ssl_certificate =|ssl_keystore_path|reads-once|stakater`)

// shownRenewal gives the lines of an output that are about renewal.
func shownRenewal(output []byte) string {
	var lines []string
	for _, line := range strings.Split(string(output), "\n") {
		if aboutRenewal.MatchString(line) {
			lines = append(lines, "  "+strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// TestRenewalBoundaries holds what each version gets around those from which a program takes up a renewed pair, and where the form of the
// key is ours to choose.
func TestRenewalBoundaries(t *testing.T) {
	const elastic, mirror = "docker.elastic.co/logstash/logstash", "mirror.example/logstash"
	var got strings.Builder
	for _, c := range []struct {
		image, certificates string
		tags                []string
	}{
		{"filebeat", bySecret, []string{":7.17.29", ":8.8.0", ":8.19.20", ":9.3.5", ":9.3.6", ":9.3.7-arm64", ":9.4.0", ":9.4.9", ":9.5.0", ":10.0.0", ":latest", "@sha256:" + strings.Repeat("a", 64)}},
		{"elastic-agent", bySecret, []string{":9.3.5", ":9.3.6", ":9.4.0", ":9.5.0", ":latest"}},
		{"fluent/fluent-bit", bySecret, []string{":5.0.9", ":5.1.0", ":latest"}},
		{renewedExporter, bySecret, []string{":v1.1.0", ":v1.2.0", ":v1.2.1", ":v1.10.0", ":latest"}},
		{elastic, byCertManager, []string{":8.7.1", ":8.8.0", ":8.9.2", ":8.10.0", ":8.18.9", ":8.19.0", ":9.0.8", ":9.1.0", ":9.4.2", ":9.5.0", ":latest"}},
		{elastic, bySecret, []string{":9.4.2", ":9.5.0"}},
		{mirror, byCertManager, []string{":9.5.0"}},
	} {
		for _, tag := range c.tags {
			file := renewedFiles[c.image]
			s := renewSettings(t, c.certificates)
			more := ""
			if c.image == renewedExporter {
				more = "\n        args: [\"--es.uri=https://search:9200\"]"
			}
			output, _, err := transform([]byte(renewing(c.image+tag, file[0], file[1], more)), s)
			if err != nil {
				t.Fatalf("%s%s: %v", c.image, tag, err)
			}
			twiceIsOnce(t, output, s)
			source, _, _ := strings.Cut(c.certificates, ":")
			fmt.Fprintf(&got, "%s%s, %s\n%s", c.image, tag, source, shownRenewal(output))
		}
	}
	const golden = "testdata/renewal.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, golden)), got.String()); diff != "" {
		t.Errorf("make golden writes it (-want +got):\n%s", diff)
	}
}

// TestRenewalByHand holds what users' own settings make of it.
func TestRenewalByHand(t *testing.T) {
	const marked, own = "reads-once", "\n        - {name: own, mountPath: /own/tls.crt, subPath: tls.crt}\n        - {name: own, mountPath: /own/tls.key, subPath: tls.key}"
	const logstash = "docker.elastic.co/logstash/logstash:9.5.0"
	const trusting, trust = "\n  ssl.certificate_authorities: [/trust/ca.crt]", "\n        - {name: trust, mountPath: /trust}"
	pair := "\n  ssl.certificate: /own/tls.crt\n  ssl.key: /own/tls.key"
	with := func(variable string) string { return "\n        env: [{name: " + variable + ", value: \"false\"}]" }
	for _, test := range []struct{ name, image, path, text, mounts, certificates, holds, lacks, refused, reports string }{
		{name: "a Beat that is told not to", image: "filebeat:9.5.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat + "\n  ssl.certificate_reload.enabled: false",
			certificates: bySecret, holds: marked},
		{name: "a pair of its own by subPath", image: "filebeat:9.5.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat + pair, mounts: own, certificates: bySecret, holds: "own/tls.crt"},
		{name: "a pair of its own in a folder", image: "filebeat:9.5.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat + pair,
			mounts: "\n        - {name: own, mountPath: /own}", certificates: bySecret, lacks: marked},
		{name: "a CA of its own in a ConfigMap", image: "filebeat:8.19.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat + trusting,
			mounts: trust, certificates: bySecret, holds: "elk-mtls.dev/reads-once: ConfigMap/trust/ca.crt,pair/tls.crt,pair/tls.key", reports: "renew.secretNames={pair} and renew.configMapNames={trust}"},
		{name: "Reloader, for a ConfigMap", image: "filebeat:8.19.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat + trusting, mounts: trust,
			certificates: bySecret + ", onRenewal: reloader", holds: "configmap.reloader.stakater.com/reload: trust", lacks: marked},
		{name: "a CA of its own in a ConfigMap, read again", image: "filebeat:9.5.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat + trusting,
			mounts: trust, certificates: bySecret, lacks: marked},
		{name: "Logstash with one switch off", image: logstash, path: "/usr/share/logstash/pipeline/logstash.conf", text: renewedLogstash, mounts: with("CONFIG_RELOAD_AUTOMATIC"),
			certificates: byCertManager, refused: `config.reload.automatic is "false" in env`},
		{name: "Logstash with the other one off", image: logstash, path: "/usr/share/logstash/pipeline/logstash.conf", text: renewedLogstash, mounts: with("SSL_RELOAD_AUTOMATIC"),
			certificates: byCertManager, refused: `ssl.reload.automatic is "false" in env`},
		{name: "Reloader", image: "filebeat:8.19.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat, certificates: bySecret + ", onRenewal: reloader",
			holds: "secret.reloader.stakater.com/reload: pair", lacks: marked, reports: "Reloader of Stakater must watch"},
		{name: "nothing restarts it", image: "filebeat:8.19.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat, certificates: bySecret + ", onRenewal: none",
			lacks: marked, reports: "it is locked out when the certificate ends that it started with, of Secret/pair"},
		{name: "nothing restarts it, by cert-manager", image: "filebeat:8.19.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat,
			certificates: byCertManager + ", duration: 1128h, onRenewal: none", lacks: marked, reports: "it is locked out 1128h after its certificate was issued"},
		{name: "who runs renew, and with which rights", image: "filebeat:8.19.0", path: "/usr/share/filebeat/filebeat.yml", text: renewedBeat, certificates: bySecret,
			holds: marked, reports: "renew.workloads={Deployment/client} and renew.secretNames={pair}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, outcome, err := transform([]byte(renewing(test.image, test.path, test.text, test.mounts)), renewSettings(t, test.certificates))
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Errorf("%v, want %q", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			shown := shownRenewal(output)
			if !strings.Contains(shown, test.holds) || test.lacks != "" && strings.Contains(shown, test.lacks) || !strings.Contains(outcome.Text(), test.reports) {
				t.Errorf("want %q and not %q, reported %q:\n%s\n%s", test.holds, test.lacks, test.reports, shown, outcome.Text())
			}
		})
	}
}

// A Job starts anew each time, and a bare ReplicaSet is replaced by nobody: neither is marked, and the second is reported.
func TestRenewalOfOtherKinds(t *testing.T) {
	for kind, reported := range map[string]bool{"ReplicaSet": true, "Rollout": false} {
		file := renewedFiles["filebeat"]
		input := strings.Replace(renewing("filebeat:8.19.0", file[0], file[1], ""), "apiVersion: apps/v1\nkind: Deployment", "apiVersion: apps/v1\nkind: "+kind, 1)
		if kind == "Rollout" {
			input = strings.Replace(input, "apiVersion: apps/v1\nkind: Rollout", "apiVersion: argoproj.io/v1alpha1\nkind: Rollout", 1)
		}
		output, outcome, err := transform([]byte(input), renewSettings(t, "secretName: pair"))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		told := strings.Contains(outcome.Text(), "restart its pods when")
		if marked := strings.Contains(string(output), "reads-once"); marked == reported || told != reported {
			t.Errorf("%s: marked %v, told %v: %s", kind, marked, told, outcome.Text())
		}
	}
}

// TestRenewalInFile holds that Logstash's switches stand in its own file where one is mounted, which its script cannot change.
func TestRenewalInFile(t *testing.T) {
	const file = "\n        - {name: conf, mountPath: /usr/share/logstash/config/logstash.yml, subPath: logstash.yml}"
	for settings, want := range map[string]string{
		"http.host: 0.0.0.0":                  "config.reload.automatic: true\n  ssl.reload.automatic: true",
		"config: {reload: {automatic: true}}": "ssl.reload.automatic: true",
		"ssl.reload.automatic: false":         "",
	} {
		input := renewing("docker.elastic.co/logstash/logstash:9.5.0", "/usr/share/logstash/pipeline/logstash.conf", renewedLogstash, file)
		input = strings.Replace(input, "  file: |", "  logstash.yml: |\n    "+settings+"\n  file: |", 1)
		s := renewSettings(t, byCertManager)
		output, _, err := transform([]byte(input), s)
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), `ssl.reload.automatic is "false" in logstash.yml of ConfigMap/conf`) {
				t.Errorf("%s: %v", settings, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", settings, err)
		}
		twiceIsOnce(t, output, s)
		if shown := shownRenewal(output); !strings.Contains(shown, want) || strings.Contains(shown, "reads-once") || strings.Contains(shown, "RELOAD_AUTOMATIC") {
			t.Errorf("%s: want %q:\n%s", settings, want, shown)
		}
	}
}
