package manifest

import "github.com/elk-mtls/elk-mtls/plugin/internal/yaml"

// MergeKey is the key by which a mapping takes in the entries of others, in YAML 1.1. https://yaml.org/type/merge.html
const MergeKey = "<<"

// IsMerge tells whether a node is that key.
func IsMerge(key *yaml.Node) bool { return key.Value == MergeKey && key.ShortTag() == "!!merge" }

// Merged gives the mappings that a mapping takes in, of which the first one counts. What the mapping has itself counts
// more.
func Merged(n *yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	add := func(n *yaml.Node) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if n.Kind == yaml.MappingNode {
			all = append(all, n)
		}
	}
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		switch value := n.Content[i+1]; {
		case !IsMerge(n.Content[i]):
		case value.Kind == yaml.SequenceNode:
			for _, item := range value.Content {
				add(item)
			}
		default:
			add(value)
		}
	}
	return all
}
