package plan

import (
	"errors"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Servers are clients too, where they monitor: a node sends to what xpack.monitoring.exporters names, and Kibana reads
// from what monitoring.ui.elasticsearch names.

var (
	exporterPrefix     = strings.TrimSuffix(catalog.NodeMonitoring().At, "*")
	monitoringUIPrefix = catalog.KibanaMonitoring().At + "."
)

// serverStore holds the settings of a connection among those of its server.
type serverStore struct {
	conf   *configuration
	prefix string
	beside string // a setting that is there: new ones go where it stands
}

func (s serverStore) get(key string) *setting {
	if key == "" {
		return nil
	}
	return s.conf.get(s.prefix + key)
}

func (s serverStore) all(key string) []*setting { return s.conf.strongest(s.prefix + key) }

func (s serverStore) put(key string, value *yaml.Node) (*object.Object, patch.Edit) {
	old := s.get(key)
	inFile := s.conf.file != nil && (s.conf.envNames == nil || s.conf.file.get(s.prefix+s.beside) != nil)
	switch {
	case old != nil && old.edit.Inside != nil:
		return old.object, old.with(value)
	case old != nil:
		return old.object, old.with(patch.Str(old.prefix + strings.Join(scalars(value), ",")))
	case inFile:
		return yamlStore{file: s.conf.file, prefix: s.prefix}.put(key, value)
	}
	name := s.conf.envNames(s.prefix + key)[0]
	return s.conf.w.Object, patch.Edit{Path: s.conf.pathBase.Field("env").Item("name", name),
		Value: patch.Map(patch.F("name", patch.Str(name)),
			patch.F("value", patch.Str(strings.Join(scalars(value), ","))))}
}

// planExporters plans the monitoring of a node that sends to this stream's Elasticsearch by HTTP. A node may read
// files below its configuration folder only, so that the pair is mounted there once more.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/monitoring-settings.html#http-exporter-settings
func planExporters(p step, w *recognise.Workload, conf *configuration, id identity) error {
	var problems []error
	for _, c := range exporters(w, conf) {
		if reaches(p.In, w, c) {
			coverAddresses(p, w, c)
			problems = append(problems, connect(p, w, c, id))
		}
	}
	return errors.Join(problems...)
}

// exporters gives the connections by which a node sends its monitoring.
func exporters(w *recognise.Workload, conf *configuration) []*connection {
	at := catalog.NodeMonitoring()
	var all []*connection
	for _, name := range conf.below(exporterPrefix) {
		prefix := exporterPrefix + name + "."
		if kind := conf.get(prefix + at.Field); kind != nil && !kind.Hidden && kind.Value() != at.Is {
			continue
		}
		all = append(all, &connection{
			name: strings.TrimSuffix(prefix, "."), store: serverStore{conf, prefix, "host"}, keys: at.Settings,
			link: catalog.LinkNodeMonitoring,
			dir:  w.Layout.Home, folder: w.Layout.Abs("elk-mtls-client"), expands: catalog.ElasticsearchVariables(),
		})
	}
	return all
}

// monitoringUI plans Kibana's own client for monitoring data, where it has one. The image of Elastic takes no variable
// for its pair.
// https://www.elastic.co/guide/en/kibana/8.19/monitoring-settings-kb.html
func monitoringUI(p step, w *recognise.Workload, conf *configuration, id identity) error {
	c := &connection{
		name:  strings.TrimSuffix(monitoringUIPrefix, "."),
		store: serverStore{conf: conf, prefix: monitoringUIPrefix, beside: "hosts"}, dir: w.Layout.Home,
		keys: catalog.KibanaMonitoring().Settings, link: catalog.LinkKibanaMonitoring,
		expands: catalog.KibanaVariables(),
	}
	hosts := c.store.get("hosts")
	if hosts == nil || !reaches(p.In, w, c) {
		return nil
	}
	coverSetting(p, w, hosts)
	if p.settings.Certs() && (conf.file == nil || conf.file.get(monitoringUIPrefix+"hosts") == nil) {
		return problem.New(problem.NoAddress, "%shosts is set in %s, and the image takes the certificate of that "+
			"connection from kibana.yml only", monitoringUIPrefix, hosts.Place).At(monitoringUIPrefix + "hosts").
			Do("set the hosts there")
	}
	if err := errors.Join(id.lacksPair(w, c.name), connect(p, w, c, id)); err != nil || !p.settings.Certs() {
		return err
	}
	p.put(w, c, catalog.KibanaAlwaysPresents, patch.Bool(true), "requests of Kibana's users carry the certificate too")
	return nil
}

// mountAgain plans the pair in a second place. Lists in a pod are told apart by names, so that it is a second volume.
func mountAgain(p step, w *recognise.Workload, id identity, dir string) {
	pod := podOf(w.Object)
	volume := id.volume(fileMode(pod))
	volume.Content[1] = patch.Str(monitoringVolume) // its name, which comes first
	p.set(w.Object, patch.Fields(pod.Path("spec", "volumes")...).Item("name", monitoringVolume), volume,
		"the key pair for monitoring, where the program may read files", "")
	mountIn(p, w.Object, w.Main, monitoringVolume, dir)
}

// below lists the names that follow a prefix in the settings: of "xpack.monitoring.exporters.a.host" it is "a".
func (c *configuration) below(prefix string) []string {
	var keys []string
	for _, v := range c.seen.Env.All() {
		keys = append(keys, v.Name)
	}
	if c.file != nil {
		keys = append(keys, dotted(c.file.root, "")...)
	}
	var names []string
	for _, key := range keys {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			name, _, _ := strings.Cut(rest, ".")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// dotted lists the settings of a file by their full names.
func dotted(node *yaml.Node, prefix string) []string {
	if node == nil || node.Kind != yaml.MappingNode {
		return []string{strings.TrimSuffix(prefix, ".")}
	}
	var keys []string
	content := node.Content
	for i := 0; i+1 < len(content); i += 2 {
		keys = append(keys, dotted(content[i+1], prefix+content[i].Value+".")...)
	}
	return keys
}
