package verify

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// addNamed adds the servers that the configuration names.
func (r *reader) addNamed() {
	for _, url := range r.options.Elasticsearch {
		r.names.Add(shell.Host(url))
	}
}

// meantBy gives the names of the servers that the configuration means among several which are called and not in the manifests; nil where
// any is meant.
func (r *reader) meantBy(all []*connection) *mention.Names {
	var targets []mention.Target
	for _, c := range all {
		var hosts []string
		for _, a := range c.addresses() {
			hosts = append(hosts, a.host)
		}
		targets = mention.AddTarget(targets, hosts, "")
	}
	ours := mention.Meant(targets, r.options.Elasticsearch)
	if len(r.servers) > 0 || len(targets) < 2 || ours.Empty() {
		return nil
	}
	return ours
}
