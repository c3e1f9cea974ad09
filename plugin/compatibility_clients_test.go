package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
)

const (
	cluster = "elasticsearch-8.5.1-default"
	// A hook of Jaeger's runs before the Secrets of the release are there.
	needsHook = "{certificates: {clients: [{ref: Job/jaeger-es-rollover-init, secretName: jaeger}]}}"
)

// clientRenderings are the charts of clients, each with the Elasticsearch that it calls. What they call by another name is called so.
func clientRenderings() []rendering {
	alone := []rendering{
		{name: "apm-server-7.17.3-oss"},
		{name: "apm-server-7.17.3-security"},
		{name: "apm-server-8.5.1-default"},
		{name: "bitnami-logstash-7.0.12-es-output"},
		{name: "elastic-agent-9.6.0-eck"},
		{name: "elastic-agent-9.6.0-fleet-managed"},
		{name: "elastic-agent-9.6.0-kubernetes-standalone"},
		{name: "filebeat-7.17.3-security"},
		{name: "filebeat-8.5.1-default"},
		{name: "filebeat-8.5.1-default.helm4-stream"},
		{name: "filebeat-8.5.1-deployment"},
		{name: "filebeat-8.5.1-security"},
		{name: "fluent-bit-0.58.1-default"},
		{name: "fluent-bit-0.58.1-tls"},
		{name: "fluentd-0.6.0-default"},
		{name: "fluentd-0.6.0-https"},
		{name: "jaeger-4.11.1-elasticsearch", refuse: "calls Elasticsearch in a hook (pre-install,pre-upgrade)", hooked: true},
		{name: "jaeger-4.11.1-elasticsearch", needs: needsHook},
		{name: "jaeger-4.11.1-elasticsearch.helm4-stream", needs: needsHook},
		{name: "logstash-7.17.3-security"},
		{name: "logstash-8.5.1-default"},
		{name: "logstash-8.5.1-elasticsearch"},
		{name: "logstash-8.5.1-pipelines", refuse: "cannot present a certificate in this version of Logstash"},
		{name: "logstash-8.5.1-pipelines", needs: "{unmanaged: [{ref: StatefulSet/logstash-logstash, reason: to be upgraded}]}"},
		{name: "metricbeat-7.17.3-default"},
		{name: "metricbeat-8.5.1-default"},
		{name: "opensearch-3.6.0-default"},
		{name: "prometheus-elasticsearch-exporter-7.4.0-ca-only"},
		{name: "prometheus-elasticsearch-exporter-7.4.0-default"},
		{name: "prometheus-elasticsearch-exporter-7.4.0-skip-verify-extraargs"},
		{name: "stable-cerebro-1.9.5-es", refuse: "data[application.conf] line 43, which Deployment/cerebro/cerebro reads, names Elasticsearch"},
		{name: "stable-cerebro-1.9.5-es", needs: "{rules: [{ref: Deployment/cerebro, mountPath: /etc/elk-mtls}]}"},
		{name: "stable-elasticsearch-curator-2.2.3-https", refuse: `client.ssl_no_validate is "True"`},
		{name: "stable-elasticsearch-exporter-3.7.1-default"},
		{name: "stable-kibana-3.2.8", refuse: "data[kibana.yml] line 1, which Deployment/kibana/kibana reads, names Elasticsearch"},
		{name: "stable-kibana-3.2.8", needs: "{unmanaged: [{ref: Deployment/kibana, reason: version 6}]}"},
	}
	for i := range alone {
		alone[i].beside = cluster
	}
	return append(alone, rendering{name: everything, beside: cluster, needs: needsHook})
}

// everything is the clients of the newest charts in one stream, with Kibana.
const everything = "all of the newest clients in one stream"

// oneStream makes it: as an umbrella chart would.
func oneStream(t *testing.T, dir string) []byte {
	t.Helper()
	var stream []byte
	for _, name := range []string{
		cluster, "kibana-8.5.1-default", "apm-server-8.5.1-default", "elastic-agent-9.6.0-kubernetes-standalone", "filebeat-8.5.1-default", "fluent-bit-0.58.1-tls",
		"fluentd-0.6.0-https", "jaeger-4.11.1-elasticsearch", "logstash-8.5.1-elasticsearch", "metricbeat-8.5.1-default", "prometheus-elasticsearch-exporter-7.4.0-ca-only",
	} {
		stream = append(append(stream, read(t, filepath.Join(dir, name+".yaml"))...), '\n')
	}
	return stream
}

// besideOf gives the Elasticsearch that a client calls: the rendering, with its Service called as the client calls it.
func besideOf(elasticsearch, client string) []byte {
	for _, name := range []string{"security-master", "exporter-es", "elasticsearch-master", "elasticsearch"} {
		if strings.Contains(client, name+":9200") {
			return []byte(strings.ReplaceAll(elasticsearch, "elasticsearch-master", name))
		}
	}
	return []byte(elasticsearch)
}

// TestEveryRenderingHasARow holds that no rendering of a client is left out of the table.
func TestEveryRenderingHasARow(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(renders(t), "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := clientRenderings()
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if !isServer(name) && name != "jaeger-4.11.1-elasticsearch" && !slices.ContainsFunc(all, func(r rendering) bool { return r.name == name }) {
			t.Errorf("%s has no row in clientRenderings", name)
		}
	}
}

// TestRenderings holds every rendering in every mode and stage, as Helm 4 and as Helm 3 hand it over, with what it needs and with a Secret
// for all: patched, ruled or listed, or refused by object; and whoever names the clients' Elasticsearch is in the report.
func TestRenderings(t *testing.T) {
	dir := renders(t)
	for _, r := range slices.Concat(renderings(), clientRenderings()) {
		t.Run(r.name+" "+r.needs, func(t *testing.T) {
			t.Parallel()
			stream := r.stream(t, dir)
			for form, input := range map[string][]byte{"with hooks": stream, "without hooks": withoutHooks(t, stream)} {
				for _, named := range []string{"", "certs"} {
					modes := []way{{config.ModeToken, config.None}, {config.ModeCertToken, config.None}, {config.ModeCertToken, config.Optional}, {config.ModeCertToken, config.Required}}
					if form == "with hooks" && named != "" { // for clients the others are the same
						modes = append(modes, way{config.ModePassword, config.None}, way{config.ModeCertPassword, config.Required}, way{config.ModePKI, config.Required})
					}
					for _, m := range modes {
						t.Run(strings.Join([]string{form, named, m.mode, m.stage}, "/"), func(t *testing.T) {
							s := r.settings(t)
							s.Mode, s.ClientAuthentication = m.mode, m.stage
							s.Password.SecretName = "kibana-system"
							if m.mode == config.ModePKI {
								s.Certificates.Clients = append(s.Certificates.Clients, kibanaPairs()...)
							}
							if named != "" {
								s.Certificates.SecretName, s.Minter.SecretName = named, "minter"
							}
							if refusal := patchedOrRefused(t, input, s); refusal != nil && !r.mayBeRefused(named, m.mode, m.stage) {
								t.Errorf("nothing speaks against it, and yet: %v", refusal)
							}
						})
					}
				}
			}
		})
	}
}

// way is a mode and a stage.
type way struct{ mode, stage string }

// kibanaPairs gives Kibana a pair of its own, which mode pki asks for.
func kibanaPairs() []config.Client {
	var clients []config.Client
	for _, name := range []string{"kibana-kibana", "elk-kibana", "es-kibana", "kibana", "kibana-upgrade-kibana", "helm-kibana-security-kibana"} {
		clients = append(clients, config.Client{Ref: "Deployment/" + name, SecretName: name + "-pair"})
	}
	return clients
}

// mayBeRefused holds for renderings that lack something, and for settings that contradict them.
func (r rendering) mayBeRefused(named, mode, stage string) bool {
	stores, byHand, operator := strings.Contains(r.needs, "probe"), strings.Contains(r.name, "esconfig"), strings.HasPrefix(r.name, "eck-")
	passwordFile := strings.HasSuffix(r.name, "security-kibana-metrics") && strings.HasSuffix(mode, "password")
	return r.refuse != "" || stores && named != "" || byHand && stage == config.None || operator && stage == config.Required || passwordFile
}

func patchedOrRefused(t *testing.T, input []byte, s config.Settings) error {
	t.Helper()
	output, outcome, err := transform(input, s)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			if !regexp.MustCompile(`^([A-Z][A-Za-z]+/[a-z0-9.-]+|spec\.[a-z]+): .+: .+`).MatchString(line) || output != nil {
				t.Errorf("no refusal that names object and remedy: %s", line)
			}
		}
		return err
	}
	onlyReported(t, input, output, outcome)
	twiceIsOnce(t, output, s)
	if s.ClientAuthentication == config.Required {
		callersAreReported(t, output, outcome)
	}
	return nil
}

// callersAreReported looks at an output without what the planner knows: an object that names Elasticsearch as host:9200 is in the report.
func callersAreReported(t *testing.T, output []byte, r *report.Report) {
	t.Helper()
	reported := r.Text()
	stream, err := manifest.Split(output)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range stream.Documents() {
		objects, err := object.In(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if isCaller(string(doc.Text())) && !strings.Contains(reported, o.ID.String()) {
				t.Errorf("%s names Elasticsearch, and the report has no word about it", o.ID)
			}
		}
	}
}

// isCaller tells whether a line that is no comment has the address of a Service of the cluster.
func isCaller(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && regexp.MustCompile(`(//|["' ,])(elasticsearch-master|security-master|exporter-es|elasticsearch):9200`).MatchString(line) {
			return true
		}
	}
	return false
}
