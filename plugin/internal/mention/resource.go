package mention

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// unsaid are fields in which a name says nothing.
var unsaid = []string{
	"labels", "annotations", "selector", "matchLabels", "matchExpressions", "labelSelector", "podSelector",
	"nodeSelector", "namespaceSelector", "affinity", "image",
}

// resource looks at an object of any other kind, such as a route or a custom resource.
func (f *finder) resource(o *object.Object, seen map[*yaml.Node]bool) {
	l := look{finder: f, object: o}
	l.containersOf(o.Node, nil, seen)
	mayName := func(text string) bool { return l.mayName(text) || f.names.Called(text) != "" }
	for _, s := range scalarsWith(o.Node, nil, mayName) {
		first := s.path[0].Field
		if seen[s.node] || slices.Contains([]string{"apiVersion", "kind", "metadata", "status"}, first) ||
			s.path.Last() == "image" {
			continue
		}
		switch {
		case isGoverning(o, s):
		case leads(o, s):
			if f.names.Calls(s.node.Value) != "" && !passes(o, s) {
				l.scalar(s, s.path, "", nil, context{route: true})
			}
		case !IsRoute(o):
			key, variable := s.keyOf()
			whole := f.names.Called(strings.TrimSpace(s.node.Value)) != "" && !s.describes()
			l.scalar(s, s.path, "", nil, context{key: key, variable: variable, whole: whole,
				unsaid: slices.ContainsFunc(s.path, isUnsaid)})
		}
	}
}

// isGoverning tells whether a scalar names the Service that gives the pods of a workload their names.
func isGoverning(o *object.Object, s scalar) bool {
	_, runs := o.Pod()
	return runs && s.path.String() == "spec.serviceName"
}

// containersOf looks at what runs below a node of a resource: whatever has an image and is told something. It notes
// what it has seen.
func (l look) containersOf(n *yaml.Node, path object.Path, seen map[*yaml.Node]bool) {
	c := object.Container{Node: n}
	for _, child := range n.Content {
		if seen[child] {
			return
		}
	}
	if n.Kind == yaml.MappingNode && object.Text(c.Node, "image") != "" &&
		(object.Get(c.Node, "env") != nil || object.Get(c.Node, "args") != nil ||
			object.Get(c.Node, "command") != nil) {
		l.variable = l.variables(c)
		l.container(c, path, "", false)
		for _, field := range containerFields {
			if at := object.Get(c.Node, field); at != nil {
				seen[at] = true
				eachScalar(at, func(n *yaml.Node) { seen[n] = true })
			}
		}
	}
	for i, child := range n.Content {
		switch {
		case child.Kind == yaml.ScalarNode, n.Kind == yaml.MappingNode && i%2 == 0: // a key may be any node
		case n.Kind == yaml.MappingNode:
			l.containersOf(child, path.Field(n.Content[i-1].Value), seen)
		default:
			l.containersOf(child, append(slices.Clone(path), stepTo(path.Last(), child, i)), seen)
		}
	}
}

func isUnsaid(step object.Step) bool { return slices.Contains(unsaid, step.Field) }
