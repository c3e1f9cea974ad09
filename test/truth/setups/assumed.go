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

// referring are clients with one more variable, out of a ConfigMap that has its key, or lacks it.
func (w *world) referring() []SetUp {
	var all []SetUp
	for _, p := range []Program{curl(), exporter("elasticsearch_exporter", "v1.10.0"), cleaner()} {
		fill := p.fill
		for _, ref := range []struct {
			name, key        string
			optional, breaks bool
		}{{"a key", "there", false, false}, {"a key that is not there", "nowhere", false, true}, {"a key that need not be there", "nowhere", true, false}} {
			p.fill = func(c *container) {
				fill(c)
				c.objects = append(c.objects, texts("ConfigMap", "more", map[string]string{"there": "more"}))
				c.env = append(c.env, object{"name": "MORE", "valueFrom": object{"configMapKeyRef": object{"name": "more", "key": ref.key, "optional": ref.optional}}})
			}
			s := w.setUp(p, usual(p), "root", "good")
			s.Name, s.Meant, s.Breaks = p.Name+"/a variable/"+ref.name, true, ref.breaks
			all = append(all, s)
		}
	}
	return all
}
