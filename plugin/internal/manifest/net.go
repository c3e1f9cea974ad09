package manifest

import (
	"fmt"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// verify is the net below all editing: it parses a text and compares it with the tree that the text is to say. It sees
// whatever the editing got wrong, and trees that no text can say.
func verify(text []byte, want *yaml.Node) error {
	got, err := parse(text)
	if err != nil {
		return fmt.Errorf("cannot edit the document without rewriting it: the edited text does not parse: %w", err)
	}
	n := net{anchors: map[*yaml.Node]*yaml.Node{}}
	if got == nil || !n.same(want, got) {
		return fmt.Errorf("cannot edit %s without rewriting it: the edited text would say something else",
			joinPath(n.path))
	}
	return nil
}

type net struct {
	anchors map[*yaml.Node]*yaml.Node // nodes of the tree that carry an anchor, with their partners in the text
	path    []string                  // of the first difference
}

// same compares what nodes say: kind, tag, value, anchors and children. Style and comments say nothing.
func (n *net) same(want, got *yaml.Node) bool {
	if want.Kind != got.Kind || want.Anchor != got.Anchor || len(want.Content) != len(got.Content) ||
		want.ShortTag() != got.ShortTag() {
		return false
	}
	if want.Value != got.Value && !isNull(want) {
		return false
	}
	if want.Anchor != "" {
		n.anchors[want] = got
	}
	if want.Kind == yaml.AliasNode && n.anchors[want.Alias] != got.Alias {
		return false
	}
	size := step(want.Kind)
	for i := range want.Content {
		if n.same(want.Content[i], got.Content[i]) {
			continue
		}
		n.path = append([]string{entryName(want, i/size)}, n.path...)
		return false
	}
	return true
}
