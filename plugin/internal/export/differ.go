package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// differ collects the operations that lead from one value to another. What they change is tested before: a value that
// is replaced, a field that must not be there yet, and the whole of a list, since nothing else tells what was added to
// it.
type differ struct {
	operations []Operation
	tested     map[string]bool // whether what is at this path, and all below it, is known to be as it was
	copied     map[string]bool // lists of containers, of which a copy was tested
}

func newDiffer() *differ { return &differ{tested: map[string]bool{}, copied: map[string]bool{}} }

func (d *differ) do(op, path string, value any) {
	d.operations = append(d.operations, Operation{Op: op, Path: path, Value: value})
}

func (d *differ) copy(from, to string) {
	d.operations = append(d.operations, Operation{Op: "copy", From: from, Path: to})
}

// test holds for null where nothing is.
func (d *differ) test(path string, was any) {
	for above := path; above != ""; above = above[:strings.LastIndex(above, "/")] {
		if known, ok := d.tested[above]; known {
			return
		} else if ok {
			break
		}
	}
	d.tested[path] = true
	if !hasNull(was) {
		d.do("test", path, was)
		return
	}
	at := path[:strings.LastIndex(path, "/")] + spare
	d.copy(path, at)
	d.do("test", at, d.unify(at, was))
	d.do("remove", at, nil)
}

func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func (d *differ) compare(path string, was, is any) {
	if reflect.DeepEqual(was, is) {
		return
	}
	switch old := was.(type) {
	case map[string]any:
		if fresh, ok := is.(map[string]any); ok {
			d.fields(path, old, fresh)
			return
		}
	case []any:
		if fresh, ok := is.([]any); ok {
			d.elements(path, old, fresh)
			return
		}
	}
	d.test(path, was)
	d.do("add", path, is) // in a mapping it replaces
}

func (d *differ) fields(path string, was, is map[string]any) {
	names := slices.Concat(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		at := path + "/" + escape(name)
		old, fresh := was[name], is[name]
		if _, stays := is[name]; !stays {
			if old != nil { // null may not be there at all
				d.test(at, old)
				d.do("remove", at, nil)
			}
			continue
		}
		d.compare(at, old, fresh)
	}
}

// elements goes through two lists side by side. at counts in the list as it is after the operations so far.
func (d *differ) elements(path string, was, is []any) {
	d.test(path, was)
	at := 0
	for _, s := range align(was, is) {
		place := fmt.Sprintf("%s/%d", path, at)
		switch {
		case s.is < 0:
			d.do("remove", place, nil)
			continue
		case s.was < 0:
			d.do("add", place, is[s.is])
		case reflect.DeepEqual(was[s.was], is[s.is]):
		case named(was[s.was]) != "":
			if d.copied[path] { // no test has seen what a copy leaves open
				for _, name := range mayChange {
					d.tested[place+"/"+name] = false
				}
			}
			d.compare(place, was[s.was], is[s.is])
		default:
			d.do("replace", place, is[s.is])
		}
		at++
	}
}

// step pairs an element of one list with one of another; -1 where it has no partner.
type step struct{ was, is int }

// align finds the longest common part of two lists, by what identifies their elements.
func align(was, is []any) []step {
	a, b := identities(was), identities(is)
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var steps []step
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			steps = append(steps, step{i, j})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			steps = append(steps, step{i, -1})
			i++
		default:
			steps = append(steps, step{-1, j})
			j++
		}
	}
	return steps
}

// identities tell elements apart: by their name, mounts by their place as well, others by all that they are.
func identities(list []any) []string {
	var all []string
	for _, e := range list {
		if name := named(e); name != "" {
			all = append(all, fmt.Sprint(name, " ", e.(map[string]any)["mountPath"]))
			continue
		}
		all = append(all, text(e))
	}
	return all
}

func text(value any) string {
	text, err := json.Marshal(value)
	if err != nil { // what came out of JSON goes back into it
		panic(err)
	}
	return string(text)
}

func named(element any) string {
	fields, _ := element.(map[string]any)
	name, _ := fields["name"].(string)
	return name
}
