package recognise

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// The clients. Each is a program of its own; a pod may run several, also beside a server.
const (
	Filebeat      App = "Filebeat"
	Metricbeat    App = "Metricbeat"
	Heartbeat     App = "Heartbeat"
	Auditbeat     App = "Auditbeat"
	Packetbeat    App = "Packetbeat"
	Journalbeat   App = "Journalbeat"
	APMServer     App = "APM Server"
	Agent         App = "Elastic Agent"
	Curator       App = "Curator"
	Jaeger        App = "Jaeger"
	JaegerV1      App = "Jaeger 1"
	Exporter      App = "elasticsearch_exporter"
	Logstash      App = "Logstash"
	FluentBit     App = "Fluent Bit"
	Fluentd       App = "Fluentd"
	QueryExporter App = "prometheus-es-exporter"
)

// clientLayout says how the container of a client is known. One sign is enough: a client without an address of Elasticsearch in its
// configuration is none, and that is looked at next.
type clientLayout struct {
	app    App
	images []string // last path element of the image
	files  []string // name of a configuration file that is mounted and that only this program reads
	flags  []string // how a word of its command starts
}

func clientLayouts() []clientLayout {
	return []clientLayout{
		{app: Filebeat, images: []string{"filebeat", "filebeat-oss", "filebeat-wolfi"}, files: []string{"filebeat.yml"}},
		{app: Metricbeat, images: []string{"metricbeat", "metricbeat-oss", "metricbeat-wolfi"}, files: []string{"metricbeat.yml"}},
		{app: Heartbeat, images: []string{"heartbeat", "heartbeat-oss", "heartbeat-wolfi"}, files: []string{"heartbeat.yml"}},
		{app: Auditbeat, images: []string{"auditbeat", "auditbeat-oss", "auditbeat-wolfi"}, files: []string{"auditbeat.yml"}},
		{app: Packetbeat, images: []string{"packetbeat", "packetbeat-oss", "packetbeat-wolfi"}, files: []string{"packetbeat.yml"}},
		{app: Journalbeat, images: []string{"journalbeat", "journalbeat-oss"}, files: []string{"journalbeat.yml"}},
		{app: APMServer, images: []string{"apm-server", "apm-server-oss", "apm"}, files: []string{"apm-server.yml"}},
		{app: Agent, images: []string{"elastic-agent", "elastic-agent-complete", "elastic-agent-wolfi"}, files: []string{"agent.yml", "elastic-agent.yml"}},
		{app: Curator, images: []string{"curator", "elasticsearch-curator", "docker-elasticsearch-curator"}, files: []string{"curator.yml"}},
		{app: Jaeger, images: []string{"jaeger"}},
		{app: JaegerV1, images: []string{"jaeger-collector", "jaeger-query", "jaeger-ingester", "jaeger-es-index-cleaner", "jaeger-es-rollover"}, flags: []string{"--es.server-urls"}},
		{app: Logstash, images: []string{"logstash", "logstash-oss", "logstash-wolfi"}, files: []string{"logstash.yml", "pipelines.yml", "logstash.conf"}},
		{app: FluentBit, images: []string{"fluent-bit", "aws-for-fluent-bit"}, files: []string{"fluent-bit.conf", "fluent-bit.yaml"}, flags: []string{"--config=/fluent-bit/"}},
		{app: Fluentd, images: []string{"fluentd", "fluentd-kubernetes-daemonset", "fluentd-elasticsearch", "fluentd_elasticsearch"}, files: []string{"fluent.conf", "fluentd.conf"}},
		{app: QueryExporter, images: []string{"prometheus-es-exporter"}, flags: []string{"--es-cluster"}},
		{app: Exporter, flags: []string{"--es.uri", "-es.uri"}},
	}
}

// words gives what at least one of occurs in every document that runs a client.
func clientWords(layouts []clientLayout) []string {
	var words []string
	for _, l := range layouts {
		words = append(words, l.images...)
		words = append(append(words, l.files...), l.flags...)
	}
	return words
}

func (l clientLayout) signs(c object.Container) []string {
	var signs []string
	if repository, _ := c.Image(); slices.Contains(l.images, repository) {
		signs = append(signs, fmt.Sprintf("image %q", repository))
	}
	for _, m := range c.Mounts() {
		if slices.Contains(l.files, path.Base(m.Path)) {
			signs = append(signs, fmt.Sprintf("mount at %q", m.Path))
		}
	}
	for _, word := range c.Command() {
		if slices.ContainsFunc(l.flags, func(flag string) bool { return strings.HasPrefix(word, flag) }) {
			flag, _, _ := strings.Cut(word, "=") // what follows may hold a password
			signs = append(signs, fmt.Sprintf("flag %q", flag))
			break
		}
	}
	return signs
}

// clients gives the clients among the containers of a pod, init containers included, but for the server that it runs.
func clients(o *object.Object, pod object.Pod, server *Workload, layouts []clientLayout) []*Workload {
	var found []*Workload
	for _, c := range pod.All() {
		if server != nil && c.Name == server.Main.Name && c.List == server.Main.List {
			continue
		}
		for _, l := range layouts {
			if signs := l.signs(c); len(signs) > 0 {
				found = append(found, &Workload{Object: o, App: l.app, Pod: pod, Main: c, Signs: signs})
				break
			}
		}
	}
	return found
}
