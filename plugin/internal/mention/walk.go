package mention

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// scalar is a text below a node, and the way to it.
type scalar struct {
	path object.Path
	node *yaml.Node
	in   *yaml.Node // the mapping or list that it is in
	at   int        // and its place there
}

// scalars gives the texts below a node, but for keys: elements of lists by position, containers and variables by name.
func scalars(n *yaml.Node) []scalar { return scalarsWith(n, nil, func(string) bool { return true }) }

// scalarsWith gives the texts below a node at a path for which keep holds.
func scalarsWith(n *yaml.Node, path object.Path, keep func(text string) bool) []scalar {
	w := walk{keep: keep}
	w.below(n, slices.Clone(path))
	return w.all
}

type walk struct {
	keep func(text string) bool
	all  []scalar
}

// below walks on. The last step of the path is written over by the next child: who keeps a path copies it.
func (w *walk) below(n *yaml.Node, path object.Path) {
	for i, child := range n.Content {
		var at object.Path
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0:
			if isAddress(child) {
				w.take(scalar{append(path, object.Step{Field: child.Value}), child, n, i})
			}
			continue
		case n.Kind == yaml.MappingNode:
			at = append(path, object.Step{Field: n.Content[i-1].Value})
		default:
			at = append(path, stepTo(path.Last(), child, i))
		}
		if child.Kind == yaml.ScalarNode {
			w.take(scalar{at, child, n, i})
			continue
		}
		w.below(child, at)
	}
}

func (w *walk) take(s scalar) {
	if w.keep(s.node.Value) {
		s.path = slices.Clone(s.path)
		w.all = append(w.all, s)
	}
}

// eachScalar visits the texts below a node, but for keys.
func eachScalar(n *yaml.Node, visit func(*yaml.Node)) {
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0:
			if isAddress(child) {
				visit(child)
			}
		case child.Kind == yaml.ScalarNode:
			visit(child)
		default:
			eachScalar(child, visit)
		}
	}
}

// isAddress tells whether a key is an address: of a whole mapping from addresses to something.
func isAddress(key *yaml.Node) bool {
	if key.Kind != yaml.ScalarNode {
		return false
	}
	i := strings.LastIndexByte(key.Value, ':')
	return strings.Contains(key.Value, "://") || i > 0 && len(key.Value)-i > 3 &&
		strings.Trim(key.Value[i+1:], "0123456789") == ""
}

// stepTo gives the step to an element of a list: by its name where such lists are told apart by names.
func stepTo(list string, element *yaml.Node, i int) object.Step {
	switch list {
	case "env", "containers", "initContainers", "ephemeralContainers":
		if name := object.Text(element, "name"); name != "" {
			return object.Step{By: "name", Is: name}
		}
	}
	return object.Step{By: "#", Is: strconv.Itoa(i)}
}

// keyOf gives what a scalar is the value of: its field, the variable, or the option in front of it.
func (s scalar) keyOf() (key string, variable bool) {
	last := len(s.path) - 1
	if s.in.Kind == yaml.SequenceNode {
		if s.at > 0 {
			if before := s.in.Content[s.at-1].Value; strings.HasPrefix(before, "-") && !strings.Contains(before, "=") {
				return strings.TrimLeft(before, "-"), false
			}
		}
		if isLookedUp(s.path) {
			return "hosts", false
		}
		return s.path.Last(), false
	}
	if field := s.path[last].Field; field != "value" {
		return field, false
	}
	for i := 0; i+1 < len(s.in.Content); i += 2 {
		if s.in.Content[i].Value == "name" {
			return s.in.Content[i+1].Value, true
		}
	}
	return "value", false
}

// isLookedUp holds for the names of targets that a job in a file of Prometheus asks of the DNS.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dns_sd_config
func isLookedUp(path object.Path) bool {
	isJob := func(step object.Step) bool { return step.Field == "dns_sd_configs" }
	return path.Last() == "names" && slices.ContainsFunc(path, isJob)
}

// beside gives the value of a field that stands beside a scalar, or beside the list that it is in.
func beside(root *yaml.Node, path object.Path, field string) string {
	for end := len(path) - 1; end >= 0 && end >= len(path)-2; end-- {
		if at := object.At(root, path[:end]); at != nil {
			if text := object.Text(at, field); text != "" {
				return text
			}
		}
	}
	return ""
}

// isSecured tells whether what stands beside a scalar names a certificate.
func isSecured(root *yaml.Node, path object.Path) bool {
	for end := len(path) - 1; end >= 0 && end >= len(path)-2; end-- {
		at := object.At(root, path[:end])
		if at != nil && (object.Text(at, "ssl.certificate") != "" || object.Text(at, "ssl", "certificate") != "") {
			return true
		}
	}
	return false
}

// entry is one key of a ConfigMap or Secret.
type entry struct {
	path    object.Path
	key     string
	node    *yaml.Node
	text    string
	encoded bool
}

// entries gives what a ConfigMap or Secret holds.
func entries(o *object.Object) []entry {
	var all []entry
	for _, field := range []struct {
		name    string
		encoded bool
	}{{"data", o.Kind == "Secret"}, {"binaryData", true}, {"stringData", false}} {
		at := object.Get(o.Node, field.name)
		if at == nil || at.Kind != yaml.MappingNode {
			continue
		}
		nodes := at.Content
		for i := 0; i+1 < len(nodes); i += 2 {
			e := entry{object.Fields(field.name, nodes[i].Value), nodes[i].Value, nodes[i+1], nodes[i+1].Value,
				field.encoded}
			if e.node.Kind != yaml.ScalarNode {
				continue
			}
			if field.encoded {
				if decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.text),
					"")); err == nil {
					e.text = string(decoded)
				}
			}
			all = append(all, e)
		}
	}
	return all
}

// inner gives the YAML file that a key holds, nil where it holds none; rest is the text behind its first document.
func (e entry) inner(o *object.Object) (root *yaml.Node, line int, rest int) {
	inside := o.Doc.Inside
	if e.encoded {
		inside = o.Doc.InsideBase64
	}
	doc, err := inside(e.node)
	if err != nil {
		return nil, 0, 0
	}
	found, err := doc.Root()
	if err != nil || found == nil || found.Kind == yaml.ScalarNode || found.Style&yaml.FlowStyle != 0 &&
		!isWhole(doc.Text()) {
		return nil, 0, 0
	}
	rest = len(e.text)
	if at := strings.Index(e.text, string(doc.Text())); at >= 0 {
		rest = at + len(doc.Text())
	}
	return found, doc.Line(), rest
}

// isWhole tells whether a text is one YAML document and nothing else: behind a first line in brackets anything may
// stand.
func isWhole(text []byte) bool {
	decoder, n := yaml.NewDecoder(bytes.NewReader(text)), yaml.Node{}
	return decoder.Decode(&n) == nil && errors.Is(decoder.Decode(&n), io.EOF)
}

// isBlock tells whether each line of a text has a line of its own.
func isBlock(n *yaml.Node) bool { return n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 }
