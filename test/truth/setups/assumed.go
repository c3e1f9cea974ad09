package setups

import (
	"maps"
	"slices"
)

// assumed are clients that are right but for what is in a Secret. Without the Secrets verify has to name what has to be in them.
func (w *world) assumed() []SetUp {
	var all []SetUp
	for _, p := range []Program{curl(), exporter("elasticsearch_exporter", "v1.10.0"), filebeat(), kibana(), curator()} {
		for _, ca := range slices.Sorted(maps.Keys(w.cas)) {
			all = append(all, w.assuming(p, ca, "good"))
		}
		for _, pair := range slices.Sorted(maps.Keys(w.pairs)) {
			all = append(all, w.assuming(p, "root", pair))
		}
	}
	return all
}

func (w *world) assuming(p Program, ca, pair string) SetUp {
	s := w.setUp(p, usual(p), ca, pair)
	s.Kind, s.Name = Assumed, p.Name+"/in the Secret/CA "+ca+", pair "+pair
	return s
}
