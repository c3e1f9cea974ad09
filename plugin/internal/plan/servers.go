package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Which servers are meant where the input holds none:
//
//	the input's Kibana and known clients call    elasticsearch.url    meant are
//	one, by whatever of its names                any                  it
//	several                                      names some of them   these
//	several                                      anything else        nobody knows: the user is asked

// meant gives the names of the servers that are meant, nil where any is, and asks where nothing tells.
func meant(in *In) (*mention.Names, Part) {
	var part Part
	if len(in.release.Nodes)+len(in.release.Unmanaged) > 0 ||
		!in.settings.Certs() && in.settings.Certificates.SecretName == "" {
		return nil, part
	}
	called := targets(in)
	all := called.List()
	if len(all) < 2 {
		return nil, part
	}
	ours := called.Meant(in.settings.Elasticsearch.URLs())
	var said []string
	for _, t := range all {
		said = append(said, fmt.Sprintf("%s (%s)", strings.Join(t.Hosts, ", "), strings.Join(t.By, ", ")))
	}
	if ours.Empty() {
		part.fail(problem.New(problem.NoAddress, "the input holds no Elasticsearch, and its clients call several: "+
			"%s; it is not known which of them is meant", strings.Join(said, "; ")).
			Do("name the one in elasticsearch.url, or all that are, with commas"))
	}
	return ours, part
}

// targets gives the servers that the input's Kibanas and known clients call, in the order of the input.
func targets(in *In) mention.Targets {
	var all mention.Targets
	for _, w := range slices.Concat(in.release.Kibanas, in.release.Clients) {
		if w.Main.Name == initName || begin(in).listed(w.ID, w.Main.Name) {
			continue
		}
		for _, hosts := range calledBy(in, w) {
			all.Add(hosts, w.ID.String()+"/"+w.Main.Name)
		}
	}
	return all
}

// calledBy gives the hosts of each connection of a Kibana or client, as far as they can be read.
func calledBy(in *In, w *recognise.Workload) [][]string {
	p := begin(in)
	var all [][]string
	if known, ok := in.release.Program(w.App); ok {
		connections, _ := program{known}.connections(p, w)
		for _, c := range connections {
			if c.kind == catalog.OpenSearch {
				continue
			}
			all = append(all, hostsOf(in, w, c))
		}
		return all
	}
	conf, _ := configurationOf(p, w)
	if s := conf.get(kibanaHosts); s != nil && !s.Hidden {
		all = append(all, shell.Hosts(s.Values))
	}
	return all
}
