package mention

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Target is a server that the clients of an input call which does not hold it: by hosts that stand in one setting, or are names of one
// Service.
type Target struct {
	Hosts []string
	By    []string // who calls it
}

// AddTarget adds the hosts of one setting: to a server that is known by one of them, else as a further one. Those of the own machine,
// and those that only a run knows, are none.
func AddTarget(all []Target, hosts []string, by string) []Target {
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(host string) bool {
		return host == "" || route.IsLocal(host) || strings.ContainsAny(host, "$#{}()*")
	})
	if len(hosts) == 0 {
		return all
	}
	whole := Target{Hosts: hosts, By: []string{by}}
	rest := all[:0:0]
	for _, t := range all {
		if !t.isOneOf(hosts) {
			rest = append(rest, t)
			continue
		}
		whole.Hosts, whole.By = append(slices.Clone(t.Hosts), whole.Hosts...), append(slices.Clone(t.By), whole.By...)
	}
	whole.Hosts, whole.By = once(whole.Hosts), once(whole.By)
	return append(rest, whole)
}

// isOneOf tells whether a server is called by one of some hosts.
func (t Target) isOneOf(hosts []string) bool {
	return oneIsCalled(t.Hosts, hosts) || oneIsCalled(hosts, t.Hosts)
}

// oneIsCalled tells whether one of some hosts is another form of one that is known: es.logs.svc of es.logs.
func oneIsCalled(known, hosts []string) bool {
	names := None()
	for _, host := range known {
		names.Add(host)
	}
	return slices.ContainsFunc(hosts, func(host string) bool { return names.Called(host) != "" })
}

// Meant gives the names of the servers among several that some addresses name; none where they name none of them.
func Meant(all []Target, addresses []string) *Names {
	var hosts []string
	for _, address := range addresses {
		hosts = append(hosts, shell.Host(address))
	}
	ours := None()
	for _, t := range all {
		if t.isOneOf(hosts) {
			for _, host := range t.Hosts {
				ours.Add(host)
			}
		}
	}
	return ours
}

// once drops repeated texts and keeps the order of the first ones.
func once(all []string) []string {
	var kept []string
	for _, text := range all {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}
