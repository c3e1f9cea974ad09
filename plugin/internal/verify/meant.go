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

// meantBy gives the names of the servers that the configuration means among several which are called and not in the
// manifests; nil where any is meant.
func (r *reader) meantBy(all []*connection) *mention.Names {
	if len(r.servers) > 0 {
		return nil
	}
	var targets mention.Targets
	for _, c := range all {
		var hosts []string
		for _, a := range c.addresses() {
			hosts = append(hosts, a.host)
		}
		targets.Add(hosts, "")
	}
	ours := targets.Meant(r.options.Elasticsearch)
	if len(targets.List()) < 2 || ours.Empty() {
		return nil
	}
	return ours
}
