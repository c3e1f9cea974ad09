package manifest

import (
	"fmt"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// DuplicateKeyError tells of a key that a mapping has twice. Readers take the last one or fail, kyaml changes the first: an edit of such
// a mapping says one thing here and another there.
type DuplicateKeyError struct {
	Path        []string // to the key, indices for items
	First, Line int      // lines of the stream with the first and the second of the two
}

// Error names the key and both lines, but no value.
func (e *DuplicateKeyError) Error() string {
	return fmt.Sprintf("line %d: the key %s is there already, on line %d: remove one of them", e.Line, joinPath(e.Path), e.First)
}

// DuplicateKey gives a *DuplicateKeyError for the first key that stands twice in a mapping on the way to path or below it, nil when
// none does. Without a path it looks at the whole document. Call it before Edit, for all that the edit relies on.
func (d *Document) DuplicateKey(path ...string) error {
	if _, err := d.Root(); err != nil || d.root == nil {
		return err
	}
	if e := duplicateIn(d.root, path, nil); e != nil {
		e.First, e.Line = e.First+d.line-1, e.Line+d.line-1
		return e
	}
	return nil
}

// duplicateIn looks along want, and everywhere once that is used up. Its lines are those of the document.
func duplicateIn(n *yaml.Node, want, path []string) *DuplicateKeyError {
	var seen map[string]int
	if n.Kind == yaml.MappingNode {
		seen = make(map[string]int, len(n.Content)/2)
	}
	size := step(n.Kind)
	for i := 0; i+size <= len(n.Content); i += size {
		name := strconv.Itoa(i)
		if size == 2 {
			name = n.Content[i].Value
		}
		below := want
		if len(want) > 0 {
			if want[0] != name {
				continue
			}
			below = want[1:]
		}
		here := append(path[:len(path):len(path)], name)
		if seen != nil && n.Content[i].Kind == yaml.ScalarNode {
			if first, twice := seen[name]; twice {
				return &DuplicateKeyError{Path: here, First: first, Line: n.Content[i].Line}
			}
			seen[name] = n.Content[i].Line
		}
		if e := duplicateIn(n.Content[i+size-1], below, here); e != nil {
			return e
		}
	}
	return nil
}
