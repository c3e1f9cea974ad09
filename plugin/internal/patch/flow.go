package patch

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Flow writes a node on one line, for reports: {name: CURL_HOME, value: /etc/elk-mtls}. What may be a secret is left
// out.
func Flow(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	flow(&b, n)
	return b.String()
}

func flow(b *strings.Builder, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(n.Content[i].Value + ": ")
			value := n.Content[i+1]
			switch n.Content[i].Value {
			case "httpHeaders": // of a probe: a value may be a password
				b.WriteString(hidden)
			case "value":
				b.WriteString(Shown(nameIn(n), value))
			default:
				flow(b, value)
			}
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteString(", ")
			}
			if i > 0 && n.Content[i-1].Value == "--header" { // so too
				b.WriteString(hidden)
				continue
			}
			flow(b, item)
		}
		b.WriteByte(']')
	case yaml.AliasNode:
		b.WriteString("*" + n.Value)
	default:
		b.WriteString(strings.ReplaceAll(strings.TrimRight(n.Value, "\n"), "\n", `\n`))
	}
}

const hidden = "…"

// Shown is Flow for the value of a setting or variable. A password or token is left out, but not where it is said to
// come from.
func Shown(name string, value *yaml.Node) string {
	isWord := value != nil && value.Kind == yaml.ScalarNode &&
		!slices.Contains([]string{"true", "false", ""}, value.Value)
	if !isWord || !IsSecret(name) || strings.HasPrefix(value.Value, "$") {
		return Flow(value)
	}
	return hidden
}

// IsSecret tells whether the name of a setting or variable says that its value is a secret. A file with one is none.
func IsSecret(name string) bool {
	name = strings.ToLower(name)
	says := func(word string) bool { return strings.Contains(name, word) }
	return slices.ContainsFunc([]string{"pass", "token", "secret"}, says) && !strings.HasSuffix(name, "_file") &&
		!strings.HasSuffix(name, "name")
}

// nameIn gives the field name of a mapping.
func nameIn(n *yaml.Node) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "name" {
			return n.Content[i+1].Value
		}
	}
	return ""
}
