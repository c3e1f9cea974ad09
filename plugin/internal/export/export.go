// Package export turns what the post-renderer does into patches of kustomize, for those who may run no program of ours: objects before
// and after come in, patches and additional objects go out. Applied to the same objects by plain kustomize they give the same result;
// applied to others, whose places they do not fit, they fail.
package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Change is what has to be done to one object of the chart.
type Change struct {
	object.ID
	Hook        string
	Delete      bool
	Annotations map[string]any // to be added to an object that has none
	Operations  []Operation
}

// Operation is one of JSON Patch, see https://www.rfc-editor.org/rfc/rfc6902. A test of null holds where nothing is.
type Operation struct {
	Op, From, Path string
	Value          any
}

// Compare gives a change for every object that is not the same afterwards, and the objects that are new. Tests of the chart are left out,
// and named: many have another name at every rendering.
func Compare(before, after []*object.Object) (changes []Change, added []*object.Object, tests []object.ID, err error) {
	was, err := byID(before)
	if err != nil {
		return nil, nil, nil, err
	}
	is, err := byID(after)
	if err != nil {
		return nil, nil, nil, err
	}
	var problems []error
	for _, o := range before {
		now, stays := is[key(o.ID)]
		c := Change{ID: o.ID, Hook: o.Hook, Delete: !stays}
		if stays {
			if err := c.compare(was[key(o.ID)], now); err != nil {
				problems = append(problems, err)
				continue
			}
		}
		switch {
		case !c.Delete && len(c.Operations) == 0 && len(c.Annotations) == 0:
		case o.Hook == "test" || o.Hook == "test-success":
			tests = append(tests, o.ID)
		default:
			changes = append(changes, c)
		}
	}
	for _, o := range after {
		if _, old := was[key(o.ID)]; !old {
			added = append(added, o)
		}
	}
	return changes, added, tests, errors.Join(problems...)
}

func key(id object.ID) string {
	return id.APIVersion + " " + id.Kind + " " + id.Namespace + " " + id.Name
}

// byID gives the objects as plain data, as kustomize reads them.
func byID(all []*object.Object) (map[string]map[string]any, error) {
	data := map[string]map[string]any{}
	for _, o := range all {
		if data[key(o.ID)] != nil {
			return nil, fmt.Errorf("%s is in the stream twice: kustomize cannot tell the two apart", o.ID)
		}
		text, err := o.Node.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
		var plain map[string]any
		if err := json.Unmarshal(text, &plain); err != nil {
			return nil, fmt.Errorf("%s: %w", o.ID, err)
		}
		data[key(o.ID)] = plain
	}
	return data, nil
}

func (c *Change) compare(was, is map[string]any) error {
	if reflect.DeepEqual(was, is) {
		return nil
	}
	if c.Kind == "Secret" {
		return fmt.Errorf("%s: a patch of it would hold a part of its content in clear: give this setting a place outside of the Secret", c.ID)
	}
	metadata, _ := was["metadata"].(map[string]any)
	if annotations, _ := metadata["annotations"].(map[string]any); len(annotations) == 0 {
		// kustomize takes an empty mapping away, so that no operation could tell what is there.
		wanted, _ := is["metadata"].(map[string]any)
		c.Annotations, _ = wanted["annotations"].(map[string]any)
		was, is = without(was), without(is)
	}
	var d differ
	d.compare("", was, is)
	if len(d.operations) > 0 {
		c.Operations = append(sameContainers("", was), d.operations...)
	}
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

// sameContainers are operations that fail where a pod has another number of containers: one more may be a client without a certificate.
// JSON Patch has no test for a length. So a copy of the list is emptied, one by one, and nothing may be left.
func sameContainers(at string, value any) []Operation {
	var all []Operation
	fields, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	if _, pod := fields["containers"].([]any); pod && fields["initContainers"] == nil {
		all = append(all, Operation{Op: "test", Path: at + "/initContainers"})
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		list, ok := fields[name].([]any)
		if !ok || name != "containers" && name != "initContainers" {
			all = append(all, sameContainers(at+"/"+escape(name), fields[name])...)
			continue
		}
		spare := at + "/elk-mtls"
		all = append(all, Operation{Op: "copy", From: at + "/" + name, Path: spare})
		for range list {
			all = append(all, Operation{Op: "remove", Path: spare + "/0"})
		}
		all = append(all, Operation{Op: "test", Path: spare, Value: []any{}}, Operation{Op: "remove", Path: spare})
	}
	return all
}
