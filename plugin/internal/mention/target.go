package mention

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Target is a server that the clients of an input call which does not hold it: by hosts that stand in one setting, or
// are forms of one name.
type Target struct {
	Hosts []string
	By    []string // who calls it

	at   int     // its place among all
	same *Target // the one that it turned out to be
}

// Targets are the servers that the clients of an input call.
type Targets struct {
	all   []*Target          // in the order of their first hosts
	kept  map[form]*Target   // by the forms of their hosts that Names keep
	asked map[form][]*Target // by those that Names ask for
}

// Add adds the hosts of one setting: to a server that is known by one of them, else as a further one. Those of the own
// machine, and those that only a run knows, are none.
func (t *Targets) Add(hosts []string, by string) {
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(host string) bool {
		return keptAs(host) == form{} || strings.Contains(host, "#")
	})
	if len(hosts) == 0 {
		return
	}
	if t.kept == nil {
		t.kept, t.asked = map[form]*Target{}, map[form][]*Target{}
	}
	known := t.called(hosts)
	if len(known) == 0 {
		known = []*Target{{at: len(t.all)}}
		t.all = append(t.all, known[0])
	}
	one := known[0]
	for _, other := range known[1:] {
		one.Hosts, one.By, other.same = append(one.Hosts, other.Hosts...), append(one.By, other.By...), one
	}
	one.Hosts, one.By = append(one.Hosts, hosts...), append(one.By, by)
	for _, host := range hosts {
		f := keptAs(host)
		t.kept[f], t.asked[f] = one, []*Target{one} // whoever asks for it is this one by now
		for _, f := range askedAs(host) {
			if all := t.asked[f]; f.text != "" && (len(all) == 0 || all[len(all)-1].root() != one) {
				t.asked[f] = append(all, one)
			}
		}
	}
}

// called gives the servers that are called by one of some hosts, in any of its forms, in order: es.logs.svc is one of
// es.logs.
func (t *Targets) called(hosts []string) []*Target {
	var found []*Target
	add := func(all ...*Target) {
		for _, one := range all {
			if one = one.root(); !slices.Contains(found, one) {
				found = append(found, one)
			}
		}
	}
	for _, host := range hosts {
		add(t.asked[keptAs(host)]...)
		for _, f := range askedAs(host) {
			if one := t.kept[f]; one != nil {
				add(one)
			}
		}
	}
	slices.SortFunc(found, func(a, b *Target) int { return a.at - b.at })
	return found
}

func (one *Target) root() *Target {
	for one.same != nil {
		one = one.same
	}
	return one
}

// List gives the servers, in the order of the first hosts of each.
func (t *Targets) List() []Target {
	var all []Target
	for _, one := range t.all {
		if one.same == nil {
			all = append(all, Target{Hosts: once(one.Hosts), By: once(one.By)})
		}
	}
	return all
}

// Meant gives the names of the servers that some addresses name; none where they name none of them.
func (t *Targets) Meant(addresses []string) *Names {
	ours := None()
	for _, one := range t.called(shell.Hosts(addresses)) {
		for _, host := range one.Hosts {
			ours.Add(host)
		}
	}
	return ours
}

// once drops repeated texts and keeps the order of the first ones.
func once(all []string) []string {
	known := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(text string) bool {
		was := known[text]
		known[text] = true
		return was
	})
}
