// Package export turns what the post-renderer does into patches of kustomize, for those who may run no program of ours:
// objects before and after come in, patches and additional objects go out. Applied to the same objects by plain
// kustomize they give the same result; applied to objects that differ where it matters, they fail.
package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Change is what has to be done to one object of the chart.
type Change struct {
	object.ID
	Delete      bool
	Annotations map[string]any // to be added to an object that has none
	Operations  []Operation
	large       bool
}

// Operation is one of JSON Patch, see https://www.rfc-editor.org/rfc/rfc6902. A test of null holds where nothing is.
type Operation struct {
	Op, From, Path string
	Value          any
}

// Result is what leads from one stream to another.
type Result struct {
	Changes []Change
	Added   []*object.Object // objects that the chart does not have
	// tests of the chart, which are left as they are: many have another name at every rendering
	Tests []object.ID
	Large []object.ID // ConfigMaps whose content is not tested
}

// Compare gives a change for every object that is not the same afterwards, and for every ConfigMap and Secret that such
// an object reads: that one must stay what it is.
func Compare(before, after []*object.Object) (Result, error) {
	var r Result
	was, err := byID(before)
	if err != nil {
		return r, err
	}
	is, err := byID(after)
	if err != nil {
		return r, err
	}
	changes, reads := map[string]*Change{}, references{}
	var problems []error
	for _, o := range before {
		old := was[key(o.ID)]
		now, stays := is[key(o.ID)]
		switch {
		case stays && reflect.DeepEqual(old, now):
			continue
		case o.IsTest():
			r.Tests = append(r.Tests, o.ID)
			continue
		case stays:
			reads.in(o.Namespace, old)
		}
		changes[key(o.ID)] = &Change{ID: o.ID, Delete: !stays}
	}
	for _, o := range before {
		c := changes[key(o.ID)]
		if c == nil && reads.has(o.ID) {
			c = &Change{ID: o.ID}
		}
		if c == nil {
			continue
		}
		if !c.Delete {
			problems = append(problems, c.compare(was[key(o.ID)], is[key(o.ID)]))
		}
		r.Changes = append(r.Changes, *c)
		if c.large {
			r.Large = append(r.Large, o.ID)
		}
	}
	for _, o := range after {
		if _, old := was[key(o.ID)]; !old {
			r.Added = append(r.Added, o)
		}
	}
	return r, errors.Join(problems...)
}

func key(id object.ID) string {
	return id.APIVersion + " " + id.Kind + " " + id.Namespace + " " + id.Name
}

// byID gives the objects as plain data.
func byID(all []*object.Object) (map[string]map[string]any, error) {
	data := map[string]map[string]any{}
	for _, o := range all {
		if data[key(o.ID)] != nil {
			return nil, fmt.Errorf("%s is in the input twice: kustomize cannot distinguish them", o.ID)
		}
		var plain map[string]any
		err := o.Node.Decode(&plain)
		text, also := json.Marshal(plain)
		if err := errors.Join(err, also, json.Unmarshal(text, &plain)); err != nil { // numbers are those of JSON then
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
		data[key(o.ID)] = plain
	}
	return data, nil
}

// compare gives the operations: first those that pin what others could use to undo the change, then those that make it.
func (c *Change) compare(was, is map[string]any) error {
	if c.Kind == "Secret" && !reflect.DeepEqual(was, is) {
		return fmt.Errorf("%s: a patch of it would hold a part of its content in clear: give this setting a place "+
			"outside of the Secret", c.ID)
	}
	metadata, _ := was["metadata"].(map[string]any)
	if annotations, _ := metadata["annotations"].(map[string]any); len(annotations) == 0 {
		// kustomize takes an empty mapping away, so that no operation could tell what is there.
		wanted, _ := is["metadata"].(map[string]any)
		c.Annotations, _ = wanted["annotations"].(map[string]any)
		was, is = without(was), without(is)
	}
	d := newDiffer()
	if was = c.merged(was); c.holds() {
		c.large = !d.content(c.Kind, was)
	}
	d.pods("", was)
	d.compare("", was, is)
	c.Operations = d.operations
	return nil
}

// without copies an object but for its annotations.
func without(o map[string]any) map[string]any {
	o = maps.Clone(o)
	if metadata, ok := o["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		delete(metadata, "annotations")
		o["metadata"] = metadata
	}
	return o
}
