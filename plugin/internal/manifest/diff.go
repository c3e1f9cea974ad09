package manifest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// differ turns the differences between a snapshot and the changed tree into text edits. The first thing that it cannot
// do ends it.
type differ struct {
	*snapshot
	printer printer
	edits   []edit
	path    []string
	failed  error
}

// diff gives the edits that make the text of a snapshot say what the tree says.
func diff(s *snapshot, root *yaml.Node) ([]edit, error) {
	d := &differ{snapshot: s}
	known := sync.OnceValue(func() map[*yaml.Node]bool { return nodes(s.root) })
	d.printer = printer{eol: s.eol, moved: func(n *yaml.Node) bool { return known()[n] }, refuse: d.fail}
	if s.root == nil {
		d.appendAll(root)
	} else {
		d.printer.wide = prefersWide(s.root)
		d.printer.json = s.root.isFlow()
		d.node(s.root, root, place{})
	}
	return d.edits, d.failed
}

// fail notes the first reason why the tree cannot be written, with the place.
func (d *differ) fail(reason string) {
	if d.failed == nil {
		d.failed = fmt.Errorf("cannot edit %s without rewriting it: %s", joinPath(d.path), reason)
	}
}

// nodes gives the nodes that were in the tree when it was parsed.
func nodes(root *old) map[*yaml.Node]bool {
	all := map[*yaml.Node]bool{}
	var walk func(o *old)
	walk = func(o *old) {
		all[o.node] = true
		for i := range o.children {
			walk(&o.children[i])
		}
	}
	if root != nil {
		walk(root)
	}
	return all
}

// prefersWide tells whether most lists of the document stand to the right of their key. Without lists they go under the
// key.
func prefersWide(root *old) bool {
	wide, compact := 0, 0
	var walk func(o *old)
	walk = func(o *old) {
		for i := range o.children {
			child := &o.children[i]
			if o.kind == yaml.MappingNode && child.kind == yaml.SequenceNode && !child.isFlow() &&
				len(child.children) > 0 {
				if child.column > o.column {
					wide++
				} else {
					compact++
				}
			}
			walk(child)
		}
	}
	walk(root)
	return wide > compact
}

// appendAll writes a mapping into a document that held nothing.
func (d *differ) appendAll(n *yaml.Node) {
	if n == nil || len(n.Content) == 0 {
		return
	}
	if n.Kind != yaml.MappingNode || bytes.Contains(d.text, []byte("\n...")) {
		d.fail("an empty document can only become a mapping, and needs an open end")
		return
	}
	d.insert(len(d.text), d.printer.write(func(b *strings.Builder) {
		if d.printer.accept(n) {
			d.printer.entries(b, n, 0, false)
		}
	}))
}

// node compares one node. What says the same is left alone, collections of one kind are compared entry by entry, the
// rest is replaced.
func (d *differ) node(o *old, n *yaml.Node, p place) {
	switch {
	case d.failed != nil:
	case n.Anchor != o.anchor:
		d.fail("an anchor was changed")
	case n.Kind == yaml.ScalarNode && len(n.Content) > 0:
		d.fail("children were put into a scalar")
	case n.Kind == yaml.AliasNode || o.kind == yaml.AliasNode:
		if n.Kind != o.kind || n.Value != o.value {
			d.fail("an alias was changed")
		}
	case n.Kind == o.kind && o.kind == yaml.ScalarNode:
		d.scalar(o, n, p)
	case n.Kind == o.kind && n.ShortTag() != o.tag:
		d.fail("a tag was changed")
	case n.Kind == o.kind && len(n.Content)%step(n.Kind) != 0:
		d.fail("a mapping has a key without a value")
	case n.Kind == o.kind && len(n.Content) > 0 && len(o.children) > 0:
		d.entriesOf(o, n, p)
	case n.Kind == o.kind && len(n.Content) == 0 && len(o.children) == 0:
	default:
		d.replace(o, n, n.Style, p)
	}
}

// scalar gives a scalar its new value, line by line where that is possible.
func (d *differ) scalar(o *old, n *yaml.Node, p place) {
	if sameScalar(o, n) {
		return
	}
	edits := d.literalEdits(o, n)
	if edits == nil {
		d.replace(o, n, o.style, p)
	}
	d.edits = append(d.edits, edits...)
}

// entriesOf compares two collections of one kind: entries that stay are compared in turn, new ones are inserted below
// their predecessor, old ones without a partner lose their lines.
func (d *differ) entriesOf(o *old, n *yaml.Node, p place) {
	size := step(o.kind)
	if sameNodes(o, n) {
		for i := range o.entries() {
			d.entryOf(o, i, n.Content[i*size:(i+1)*size])
		}
		return
	}
	pairs := match(o, n)
	stay := 0
	for _, j := range pairs {
		if j >= 0 {
			stay++
		}
	}
	if stay == 0 {
		d.replace(o, n, n.Style, p)
		return
	}
	if (stay < len(pairs) || stay < o.entries()) && !d.canRestructure(o) {
		return
	}
	last := -1
	for i, j := range pairs {
		nodes := n.Content[i*size : (i+1)*size]
		if j < 0 {
			d.insertEntry(o, last, nodes)
			continue
		}
		d.remove(o, last+1, j, last, j)
		d.entryOf(o, j, nodes)
		last = j
	}
	d.remove(o, last+1, o.entries(), last, -1)
}

// entryOf compares an entry that stays.
func (d *differ) entryOf(o *old, i int, nodes []*yaml.Node) {
	if o.kind == yaml.SequenceNode {
		d.path = append(d.path, strconv.Itoa(i))
	} else {
		d.path = append(d.path, o.children[2*i].value)
		d.renameKey(o, i, nodes[0])
	}
	d.node(o.entryValue(i), nodes[len(nodes)-1], place{parent: o, i: i})
	d.path = d.path[:len(d.path)-1]
}

// renameKey changes the key of an entry that stays.
func (d *differ) renameKey(parent *old, i int, n *yaml.Node) {
	o := &parent.children[2*i]
	where := asKey
	if parent.isFlow() {
		where = inFlow
	}
	switch {
	case equal(o, n):
	case o.kind != yaml.ScalarNode || n.Kind != yaml.ScalarNode || len(n.Content) > 0:
		d.fail("a key that is no scalar was changed")
	case n.Anchor != o.anchor || o.isBlockScalar() || o.isEmptyNull() || d.hasTag(o):
		d.fail("a key of this style cannot be renamed")
	default:
		d.replaceToken(o, d.printer.write(func(b *strings.Builder) { d.printer.scalar(b, n, o.style, where) }))
	}
}

// joinPath writes a path as people do: spec.template, data["kibana.yml"], containers.0.
func joinPath(path []string) string {
	if len(path) == 0 {
		return "the document"
	}
	var b strings.Builder
	for i, name := range path {
		switch {
		case name == "" || strings.ContainsAny(name, ". []\"\n"):
			fmt.Fprintf(&b, "[%q]", name)
		case i > 0:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}
