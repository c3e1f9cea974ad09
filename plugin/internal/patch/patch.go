// Package patch makes changes to parsed documents: an Edit, which says what shall stand at a path, and the object come
// in, the object with that edit goes out. Applying an edit twice equals applying it once.
package patch

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Path leads from an object's root to a place in it.
type Path = object.Path

// Step leads from one node to a node below it.
type Step = object.Step

// Fields makes a path of mapping fields.
func Fields(names ...string) Path { return object.Fields(names...) }

// Edit says what shall stand at a place. A nil Value means that nothing shall stand there.
type Edit struct {
	Path   Path
	Inside Path // further path inside the text that the scalar at Path holds; nil for the object itself
	Syntax Syntax
	Value  *yaml.Node
}

// Syntax is a language of configuration files that is no YAML. nil stands for YAML.
type Syntax interface {
	// Set makes values stand at paths inside a text, in their order, and changes no other line.
	Set(text string, edits []Edit) (fresh string, outcomes []Outcome, err error)
}

// String gives the whole place: data[elasticsearch.yml] > xpack.security.http.ssl.client_authentication.
func (e Edit) String() string {
	if e.Inside == nil {
		return e.Path.String()
	}
	return e.Path.String() + " > " + e.Inside.String()
}

// Name gives the name of the setting or variable at a place: the last one that leads to it.
func (e Edit) Name() string {
	for _, step := range slices.Backward(slices.Concat(e.Path, e.Inside)) {
		if step.By == "name" {
			return step.Is
		}
		if step.Field != "" && step.Field != "value" {
			return step.Field
		}
	}
	return ""
}

// Outcome says what became of an edit.
type Outcome struct {
	Before  *yaml.Node // what stood there, nil for nothing
	Changed bool
}

// Apply makes edits of an object, and gives the outcome of each. A text that is no YAML is read once for all edits
// inside it.
func Apply(o *object.Object, edits []Edit) ([]Outcome, error) {
	outcomes := make([]Outcome, len(edits))
	together := map[string][]int{} // edits inside a text that is no YAML, by its path
	for i, e := range edits {
		if e.Syntax != nil {
			at := e.Path.String()
			together[at] = append(together[at], i)
		}
	}
	for i, e := range edits {
		batch := []int{i}
		if e.Syntax != nil {
			batch = together[e.Path.String()]
		}
		if batch[0] < i {
			continue
		}
		if err := apply(o, edits, batch, outcomes); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", o.ID, e, err)
		}
	}
	return outcomes, nil
}

// apply makes one edit, or several inside one text.
func apply(o *object.Object, edits []Edit, batch []int, outcomes []Outcome) error {
	e, outcome := edits[batch[0]], &outcomes[batch[0]]
	inside := func(root *yaml.Node) (err error) {
		outcome.Before, outcome.Changed, err = set(root, e.Inside, e.Value)
		return err
	}
	return o.Doc.Edit(func(*yaml.Node) (err error) {
		if e.Inside == nil {
			outcome.Before, outcome.Changed, err = set(o.Node, e.Path, e.Value)
			return err
		}
		at, err := find(o.Node, e.Path)
		if err != nil {
			return err
		}
		if e.Syntax != nil {
			return rewrite(o, at, edits, batch, outcomes)
		}
		file, err := embedded(o, at)
		if err != nil {
			return err
		}
		return file.Edit(inside)
	})
}

// rewrite makes the edits of a batch in a text that is no YAML.
func rewrite(o *object.Object, at *yaml.Node, edits []Edit, batch []int, outcomes []Outcome) error {
	text := at.Value
	if inData(o, at) {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("the value is not base64: %w", err)
		}
		text = string(raw)
	}
	mine := make([]Edit, len(batch))
	for i, nth := range batch {
		mine[i] = edits[nth]
	}
	fresh, made, err := mine[0].Syntax.Set(text, mine)
	if err != nil {
		return err
	}
	for i, nth := range batch {
		outcomes[nth] = made[i]
	}
	if fresh == text {
		return nil
	}
	if inData(o, at) {
		fresh = base64.StdEncoding.EncodeToString([]byte(fresh))
	}
	at.Value = fresh
	return nil
}

// embedded opens the YAML that a scalar of an object holds; the values under a Secret's data are base64.
func embedded(o *object.Object, at *yaml.Node) (*manifest.Document, error) {
	if inData(o, at) {
		return o.Doc.InsideBase64(at)
	}
	return o.Doc.Inside(at)
}

// inData tells whether a node is a value under data of a Secret.
func inData(o *object.Object, at *yaml.Node) bool {
	data := object.Get(o.Node, "data")
	return o.Kind == "Secret" && data != nil && slices.Contains(data.Content, at)
}

// Embedded opens the YAML that the scalar at path holds.
func Embedded(o *object.Object, path Path) (*manifest.Document, error) {
	at, err := find(o.Node, path)
	if err != nil {
		return nil, err
	}
	return embedded(o, at)
}

// At gives the node at a path below a node, nil when there is none.
func At(node *yaml.Node, path Path) *yaml.Node { return object.At(node, path) }

func find(node *yaml.Node, path Path) (*yaml.Node, error) {
	if at := At(node, path); at != nil {
		return at, nil
	}
	return nil, fmt.Errorf("no %s", path)
}

func set(node *yaml.Node, path Path, value *yaml.Node) (before *yaml.Node, changed bool, err error) {
	for i, step := range path[:len(path)-1] {
		at := step.In(node)
		if value == nil && at < 0 {
			return nil, false, nil
		}
		if step.Field == "" {
			if at < 0 {
				return nil, false, fmt.Errorf("no element with %s %q", step.By, step.Is)
			}
			node = node.Content[at]
			continue
		}
		kind := yaml.MappingNode
		if path[i+1].Field == "" {
			kind = yaml.SequenceNode
		}
		if node, err = manifest.Need(node, kind, step.Field); err != nil {
			return nil, false, err
		}
	}
	n, last := node, path[len(path)-1]
	at := last.In(n)
	switch {
	case value == nil:
		return remove(n, last, at)
	case at >= 0:
		return replace(n, at, value)
	case last.Field != "":
		n.Content = append(n.Content, Str(last.Field), clone(value))
	default:
		n.Content = append(n.Content, clone(value))
	}
	return nil, true, nil
}

func remove(n *yaml.Node, last Step, at int) (*yaml.Node, bool, error) {
	if at < 0 {
		return nil, false, nil
	}
	before, first := n.Content[at], at
	if last.Field != "" {
		first--
	}
	n.Content = append(n.Content[:first:first], n.Content[at+1:]...)
	return before, true, nil
}

// replace keeps the node of a scalar, and with it the way it is quoted.
func replace(n *yaml.Node, at int, value *yaml.Node) (*yaml.Node, bool, error) {
	old := n.Content[at]
	if Equal(old, value) {
		return old, false, nil
	}
	before := *old
	if old.Kind == yaml.ScalarNode && value.Kind == yaml.ScalarNode && old.ShortTag() == value.ShortTag() {
		old.Value = value.Value
		return &before, true, nil
	}
	n.Content[at] = clone(value)
	return &before, true, nil
}
