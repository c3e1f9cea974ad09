package plan

import (
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const linkBeats = "https://www.elastic.co/guide/en/beats/filebeat/8.19/configuration-ssl.html"

// beatKeys are the settings of every connection of a Beat. An address without a scheme takes it from protocol; ssl.enabled: false
// makes a Beat ignore all the others.
var beatKeys = tlsKeys{
	hosts: "hosts", scheme: "protocol", enable: "ssl.enabled", on: "true",
	ca: "ssl.certificate_authorities", caIsList: true, cert: "ssl.certificate", key: "ssl.key",
	link: linkBeats,
}

// beat reads the file of a Beat: its output, its monitoring where that has an address of its own, and modules and monitors that are
// clients by themselves.
func beat(name string) func(*planner, *recognise.Workload) ([]*connection, error) {
	return func(p *planner, w *recognise.Workload) ([]*connection, error) {
		files, err := p.files(w, configFlag(w.Main, "-c", "/usr/share/"+name+"/"+name+".yml")...)
		if err != nil {
			return nil, err
		}
		var all []*connection
		for _, f := range files {
			for _, prefix := range []string{"output.elasticsearch", "monitoring.elasticsearch", "xpack.monitoring.elasticsearch"} {
				all = append(all, &connection{name: prefix, store: yamlStore{file: f, prefix: prefix + "."}, keys: beatKeys, dir: "/usr/share/" + name})
			}
			for _, list := range []struct{ name, field, value string }{{"metricbeat.modules", "module", "elasticsearch"}, {"heartbeat.monitors", "type", "http"}} {
				all = append(all, listed(f, list.name, list.field, list.value, beatKeys)...)
			}
		}
		return all, nil
	}
}

// listed gives the elements of a list that are connections of their own: those in which a field has a value.
func listed(f *embedded, list, field, value string, keys tlsKeys) []*connection {
	at, node := lookup(f.root, list)
	if node == nil || node.YNode().Kind != yaml.SequenceNode {
		return nil
	}
	var all []*connection
	for i, item := range object.Items(node) {
		if object.Text(item, field) != value {
			continue
		}
		all = append(all, &connection{
			name:  fmt.Sprintf("%s[%d] (%s)", list, i, value),
			store: yamlStore{file: f, at: append(append(patch.Path(nil), at...), patch.Path(nil).Index(fmt.Sprint(i))...)},
			keys:  keys,
		})
	}
	return all
}

// configFlag gives the files that a flag of a command names, or the default.
func configFlag(c object.Container, flag, fallback string) []string {
	var files []string
	words := c.Command()
	for i, word := range words {
		value, ok := strings.CutPrefix(word, flag+"=")
		if word == flag && i+1 < len(words) {
			value, ok = words[i+1], true
		}
		if ok && !path.IsAbs(value) {
			value = path.Join(path.Dir(fallback), value)
		}
		if ok {
			files = append(files, value)
		}
	}
	if len(files) == 0 {
		return []string{fallback}
	}
	return files
}
