package manifest

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Need gives the mapping or sequence at name in the mapping m, made in place where it is absent or null. Unlike kyaml's LookupCreate it
// never puts children into a null, and unlike its errors its own quote no values.
func Need(m *yaml.RNode, kind yaml.Kind, name string) (*yaml.RNode, error) {
	if m.IsNil() || m.YNode().Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: its parent is no mapping", name)
	}
	tag := yaml.NodeTagMap
	if kind == yaml.SequenceNode {
		tag = yaml.NodeTagSeq
	}
	parent := m.YNode()
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i].Value != name {
			continue
		}
		value := parent.Content[i+1]
		switch {
		case isNull(value):
			*value = yaml.Node{Kind: kind, Tag: tag, Anchor: value.Anchor}
		case value.Kind != kind:
			return nil, fmt.Errorf("%s: it is a %s, not a %s", name, kindName(value.Kind), kindName(kind))
		case len(value.Content) == 0:
			value.Style &^= yaml.FlowStyle // "volumes: []" becomes a list of lines, not [{…}]
		}
		return yaml.NewRNode(value), nil
	}
	value := &yaml.Node{Kind: kind, Tag: tag}
	parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: name}, value)
	return yaml.NewRNode(value), nil
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
