package recognise

import (
	"bytes"
	"maps"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// index holds the objects of one kind. A stream of many releases asks for them as often as it has workloads: they are
// read once, and each is looked at only by those that share a key with it.
type index struct {
	objects []*object.Object
	places  map[string][]int // in objects, by key
	broken  []screened       // documents that cannot be read
}

// indexed reads the objects of a kind, the first time. A document with none of values is left unparsed; nil is for
// all. keys gives those of each object.
func (r *Input) indexed(kind string, values func() *words.Set, keys func([]*object.Object) [][]string) *index {
	if x, ok := r.indexes[kind]; ok {
		return x
	}
	x := &index{places: map[string][]int{}}
	for _, s := range r.ofKind(kind, values()) {
		objects, err := r.In(s.doc)
		if err != nil {
			x.broken = append(x.broken, s)
			continue
		}
		x.objects = append(x.objects, ofBuiltIn(kind, objects)...)
	}
	for i, all := range keys(x.objects) {
		for _, key := range all {
			x.places[key] = append(x.places[key], i)
		}
	}
	r.indexes[kind] = x
	return x
}

// with gives the objects that have one of the keys, in the order of the stream. It fails where a document cannot be
// read that has one of values; nil is for any.
func (x *index) with(r *Input, values *words.Set, keys []string) ([]*object.Object, error) {
	for _, s := range x.broken {
		if values == nil || s.mentions(values) {
			_, err := r.In(s.doc)
			return nil, err
		}
	}
	var places []int
	for _, key := range keys {
		places = append(places, x.places[key]...)
	}
	slices.Sort(places)
	var found []*object.Object
	for _, i := range slices.Compact(places) {
		found = append(found, x.objects[i])
	}
	return found, nil
}

// ofKind gives the documents that may hold objects of a kind, but for those with none of values; nil is for all.
func (r *Input) ofKind(kind string, values *words.Set) []screened {
	var found []screened
	for _, i := range slices.Concat(r.byKind[kind], r.byKind[""]) {
		s := r.screened[i]
		if values != nil && s.mentions(values) ||
			values == nil && (s.kind != "" || bytes.Contains(s.doc.Text(), []byte(kind)) || hasEscape(s.doc.Text())) {
			found = append(found, s)
		}
	}
	return found
}

// ofBuiltIn gives those of a kind that is Kubernetes' own.
func ofBuiltIn(kind string, objects []*object.Object) []*object.Object {
	var found []*object.Object
	for _, o := range objects {
		if o.Kind == kind && isBuiltIn(o) {
			found = append(found, o)
		}
	}
	return found
}

// rarest gives, for the selector that each object has at path, the one label that the fewest others want: whoever fits
// has it. It is no label where nothing is wanted.
func rarest(objects []*object.Object, path ...string) [][]string {
	counts := map[string]int{}
	selectors := make([][]string, len(objects))
	for i, o := range objects {
		selector := object.Pairs(o.Node, path...)
		// no template has them
		maps.DeleteFunc(selector, func(name, _ string) bool { return name == podNameLabel || name == podIndexLabel })
		selectors[i] = pairs(selector)
		for _, pair := range selectors[i] {
			counts[pair]++
		}
	}
	for i, all := range selectors {
		if len(all) == 0 {
			all = []string{""}
		}
		selectors[i] = []string{slices.MinFunc(all, func(a, b string) int { return counts[a] - counts[b] })}
	}
	return selectors
}

// pairs gives labels, each as one word, in order.
func pairs(labels map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, name+"="+labels[name])
	}
	return all
}
