package verify

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
)

// meantBy gives the names of the servers that the configuration means among several which are called and not in the
// manifests; nil where any is meant.
func meantBy(all []*connection, named []string) *mention.Names {
	var targets mention.Targets
	for _, c := range all {
		var hosts []string
		for _, a := range c.addresses() {
			hosts = append(hosts, a.host)
		}
		targets.Add(hosts, "")
	}
	ours := targets.Meant(named)
	if len(targets.List()) < 2 || ours.Empty() {
		return nil
	}
	return ours
}
