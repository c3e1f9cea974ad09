package patch

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Flow writes a node on one line, for reports: {name: CURL_HOME, value: /etc/elk-mtls}.
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
			if n.Content[i].Value == "httpHeaders" { // of a probe: a value may be a password
				b.WriteString("…")
				continue
			}
			flow(b, n.Content[i+1])
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteString(", ")
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
