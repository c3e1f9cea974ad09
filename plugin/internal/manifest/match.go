package manifest

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// match finds, for every entry of the changed collection, the entry of the old one that it was, or -1 for a new one.
// The answers only grow: an entry that was moved over others counts as deleted and inserted.
//
// An entry is known by its node: who edits keeps the nodes of what stays. Between two known neighbours the rest is
// matched by key in mappings, and in sequences by being equal, from both ends, then by position.
func match(o *old, n *yaml.Node) []int {
	size := step(o.kind)
	pairs := make([]int, len(n.Content)/size)
	places := make(map[*yaml.Node]int, len(o.children))
	for i := range o.children {
		places[o.children[i].node] = i / size
	}
	last := -1
	for i := range pairs {
		pairs[i] = -1
		for _, node := range n.Content[i*size : (i+1)*size] {
			if place, known := places[node]; known && place > last {
				pairs[i], last = place, place
				break
			}
		}
	}
	gaps(pairs, o.entries(), func(from, to, oldFrom, oldTo int) {
		if o.kind == yaml.MappingNode {
			matchKeys(pairs, o, n, from, to, oldFrom, oldTo)
		} else {
			matchItems(pairs, o, n, from, to, oldFrom, oldTo)
		}
	})
	return pairs
}

// sameNodes tells whether a collection has the entries that it had, changed inside or not.
func sameNodes(o *old, n *yaml.Node) bool {
	if len(o.children) != len(n.Content) {
		return false
	}
	for i := range o.children {
		if o.children[i].node != n.Content[i] {
			return false
		}
	}
	return true
}

// gaps calls do for each run of entries without a partner that has old entries without a partner beside it.
func gaps(pairs []int, oldCount int, do func(from, to, oldFrom, oldTo int)) {
	from, oldFrom := 0, 0
	for i := 0; i <= len(pairs); i++ {
		oldTo := oldCount
		if i < len(pairs) {
			if pairs[i] < 0 {
				continue
			}
			oldTo = pairs[i]
		}
		if from < i && oldFrom < oldTo {
			do(from, i, oldFrom, oldTo)
		}
		from, oldFrom = i+1, oldTo+1
	}
}

func matchKeys(pairs []int, o *old, n *yaml.Node, from, to, oldFrom, oldTo int) {
	places := make(map[string]int, oldTo-oldFrom)
	for i := oldTo - 1; i >= oldFrom; i-- {
		if key := &o.children[2*i]; key.kind == yaml.ScalarNode {
			places[key.value] = i // of duplicate keys the first
		}
	}
	last := oldFrom - 1
	for i := from; i < to; i++ {
		key := n.Content[2*i]
		if place, known := places[key.Value]; known && key.Kind == yaml.ScalarNode && place > last {
			pairs[i], last = place, place
		}
	}
}

func matchItems(pairs []int, o *old, n *yaml.Node, from, to, oldFrom, oldTo int) {
	for from < to && oldFrom < oldTo && equal(&o.children[oldFrom], n.Content[from]) {
		pairs[from] = oldFrom
		from, oldFrom = from+1, oldFrom+1
	}
	for from < to && oldFrom < oldTo && equal(&o.children[oldTo-1], n.Content[to-1]) {
		to, oldTo = to-1, oldTo-1
		pairs[to] = oldTo
	}
	for ; from < to && oldFrom < oldTo; from, oldFrom = from+1, oldFrom+1 {
		pairs[from] = oldFrom
	}
}

// equal tells whether a node says what the old one said.
func equal(o *old, n *yaml.Node) bool {
	if o.kind != n.Kind || o.anchor != n.Anchor || len(o.children) != len(n.Content) || !sameScalar(o, n) {
		return false
	}
	for i := range o.children {
		if !equal(&o.children[i], n.Content[i]) {
			return false
		}
	}
	return true
}

// sameScalar compares tag and value. All spellings of null are the same.
func sameScalar(o *old, n *yaml.Node) bool {
	tag := n.ShortTag()
	return o.tag == tag && (o.value == n.Value || tag == yaml.NodeTagNull)
}
