package manifest

import (
	"fmt"
	"strconv"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// DuplicateKeyError tells of a key that a mapping has twice. Readers take the last one or fail, and here the first is
// found: an edit of such a mapping says one thing here and another there.
type DuplicateKeyError struct {
	Path        []string // to the key, indices for items
	First, Line int      // lines of the stream with the first and the second of the two
}

// Error names the key and both lines, but no value.
func (e *DuplicateKeyError) Error() string {
	return fmt.Sprintf("line %d: the key %s is there already, on line %d: remove one of them", e.Line, joinPath(e.Path),
		e.First)
}

// DuplicateKey gives a *DuplicateKeyError for the first key that stands twice in a mapping on the way to path or below
// it, nil when none does. Without a path it looks at the whole document. Call it before Edit, for all that the edit
// relies on.
func (d *Document) DuplicateKey(path ...string) error {
	if _, err := d.Root(); err != nil || d.root == nil {
		return err
	}
	if e := duplicateIn(d.root, path); e != nil {
		e.First, e.Line = e.First+d.line-1, e.Line+d.line-1
		return e
	}
	return nil
}

// duplicateIn looks along path, and everywhere once that is used up. Its lines are those of the document.
func duplicateIn(n *yaml.Node, path []string) *DuplicateKeyError {
	size := step(n.Kind)
	var seen map[string]int // line of each key
	if size == 2 {
		seen = make(map[string]int, len(n.Content)/2)
	}
	for i := 0; i+size <= len(n.Content); i += size {
		name := entryName(n, i/size)
		below := path
		if len(path) > 0 {
			if path[0] != name {
				continue
			}
			below = path[1:]
		}
		key := n.Content[i]
		if first, twice := seen[name]; twice && key.Kind == yaml.ScalarNode {
			return &DuplicateKeyError{Path: []string{name}, First: first, Line: key.Line}
		}
		if size == 2 && key.Kind == yaml.ScalarNode {
			seen[name] = key.Line
		}
		if e := duplicateIn(n.Content[i+size-1], below); e != nil {
			e.Path = append([]string{name}, e.Path...)
			return e
		}
	}
	return nil
}

// entryName names an entry of a collection as paths do: by its key, or by its index.
func entryName(n *yaml.Node, i int) string {
	if n.Kind == yaml.MappingNode {
		return n.Content[2*i].Value
	}
	return strconv.Itoa(i)
}
