package manifest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

type change func(root *yaml.Node) error

// set gives the value at a path, names and indices with dots between, the meaning of a YAML text. It makes the key
// where it is absent.
func set(path, text string) change {
	return func(root *yaml.Node) error {
		parent, name, err := parentOf(root, path)
		if err != nil {
			return err
		}
		value := yaml.MustParse(text)
		if i, ok := find(parent, name); ok {
			*parent.Content[i] = *value
			return nil
		}
		parent.Content = append(parent.Content, yaml.String(name), value)
		return nil
	}
}

// text gives the scalar at a path another string, and leaves its style.
func text(path, value string) change {
	return func(root *yaml.Node) error {
		parent, name, err := parentOf(root, path)
		if err != nil {
			return err
		}
		i, _ := find(parent, name)
		parent.Content[i].Value, parent.Content[i].Tag = value, yaml.NodeTagString
		return nil
	}
}

// insert puts an item, or "key: value", at an index of the collection at path.
func insert(path string, index int, text string) change {
	return func(root *yaml.Node) error {
		parent, name, err := parentOf(root, path+".")
		if err != nil || name != "" {
			return errors.Join(err, errors.New(name))
		}
		node := yaml.MustParse(text)
		nodes := []*yaml.Node{node}
		if parent.Kind == yaml.MappingNode {
			nodes = node.Content
		}
		if len(parent.Content) == 0 {
			parent.Style &^= yaml.FlowStyle
		}
		parent.Content = slices.Insert(parent.Content, index*step(parent.Kind), nodes...)
		return nil
	}
}

// remove deletes the entry at path.
func remove(path string) change {
	return func(root *yaml.Node) error {
		parent, name, err := parentOf(root, path)
		if err != nil {
			return err
		}
		i, _ := find(parent, name)
		size := step(parent.Kind)
		parent.Content = slices.Delete(parent.Content, i+1-size, i+1)
		return nil
	}
}

// all makes several changes.
func all(changes ...change) change {
	return func(root *yaml.Node) error {
		for _, c := range changes {
			if err := c(root); err != nil {
				return err
			}
		}
		return nil
	}
}

func parentOf(root *yaml.Node, path string) (parent *yaml.Node, name string, err error) {
	names := strings.Split(strings.TrimPrefix(path, "."), ".")
	n := root
	for _, name := range names[:len(names)-1] {
		i, ok := find(n, name)
		if !ok {
			return nil, "", fmt.Errorf("no %s on the way to %s", name, path)
		}
		n = n.Content[i]
	}
	return n, names[len(names)-1], nil
}

// find gives the index of an entry's value in Content.
func find(n *yaml.Node, name string) (int, bool) {
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(name)
		return i, err == nil && i < len(n.Content)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return i + 1, true
		}
	}
	return 0, false
}

// meanings gives the documents of texts that hold something, as the encoder writes them without styles and comments; a
// text that does not parse stands for itself.
func meanings(t *testing.T, texts []string) []string {
	t.Helper()
	var all []string
	for _, text := range texts {
		decoder := yaml.NewDecoder(strings.NewReader(text))
		for {
			var value any
			err := decoder.Decode(&value)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				all = append(all, err.Error())
				break
			}
			if value == nil {
				continue
			}
			out, err := yaml.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(out))
		}
	}
	return all
}
