package manifest

import (
	"fmt"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Need gives the mapping or sequence at name in the mapping m, made in place where it is absent or null. It puts no
// children into a null, and its errors quote no values.
func Need(m *yaml.Node, kind yaml.Kind, name string) (*yaml.Node, error) {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: its parent is no mapping", name)
	}
	tag := yaml.NodeTagMap
	if kind == yaml.SequenceNode {
		tag = yaml.NodeTagSeq
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value != name {
			continue
		}
		value := m.Content[i+1]
		switch {
		case isNull(value):
			*value = yaml.Node{Kind: kind, Tag: tag, Anchor: value.Anchor}
		case value.Kind != kind:
			return nil, fmt.Errorf("%s: it is a %s, not a %s", name, kindName(value.Kind), kindName(kind))
		case len(value.Content) == 0:
			value.Style &^= yaml.FlowStyle // "volumes: []" becomes a list of lines, not [{…}]
		}
		return value, nil
	}
	value := &yaml.Node{Kind: kind, Tag: tag}
	m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: name}, value)
	return value, nil
}

func kindName(kind yaml.Kind) string {
	switch kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.AliasNode:
		return "YAML alias"
	}
	return "single value"
}
