package verify

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// notSwept are kinds in which a name of Elasticsearch says nothing about a client.
var notSwept = [...]string{"Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
	"Endpoints", "EndpointSlice", "ServiceMonitor", "Certificate"}

// mention is a text that names an Elasticsearch and belongs to no edge.
type mention struct {
	object    *object.Object
	container string
	service   string
	plain     bool // by http://
	at        place
}

// sweep looks at every text of the stream, whatever it is: who names an Elasticsearch and was not found by its settings is named here.
func (r *reader) sweep() []mention {
	names := r.serviceNames()
	if len(names) == 0 {
		return nil
	}
	var found []mention
	for _, doc := range r.release.Naming(names, notSwept[:]) {
		objects, err := r.release.In(doc)
		if err != nil {
			found = append(found, mention{at: place{line: doc.Line()}})
			continue
		}
		for _, o := range objects {
			found = append(found, r.sweepObject(o)...)
		}
	}
	return found
}

func (r *reader) sweepObject(o *object.Object) []mention {
	if slices.Contains(notSwept[:], o.Kind) {
		return nil
	}
	var found []mention
	encoded := map[*yaml.Node]object.Content{}
	if o.Kind == "Secret" || o.Kind == "ConfigMap" {
		for _, key := range o.Keys() {
			held, _ := o.Content(key)
			encoded[held.Node] = held
		}
	}
	containers := map[*yaml.Node]string{}
	if pod, ok := o.Pod(); ok {
		for _, c := range pod.All() {
			containers[c.Node.YNode()] = c.Name
		}
	}
	var walk func(n *yaml.Node, path, key, container string)
	walk = func(n *yaml.Node, path, key, container string) {
		if name, ok := containers[n]; ok {
			container = name
		}
		if n.Kind == yaml.ScalarNode {
			at := place{id: o.ID, container: container, path: strings.TrimPrefix(path, "."), line: o.Doc.Line() + n.Line - 1}
			calls := func(s said) string { return r.calls(o, at, s) }
			found = append(found, r.sweepText(o, said{node: n, key: key}, encoded[n], at, calls)...)
			return
		}
		for i := range n.Content {
			name, child := childAt(n, i, key)
			step := fmt.Sprintf("[%d]", i)
			if n.Kind == yaml.MappingNode && child != nil {
				step = "." + n.Content[i-1].Value
			}
			if child != nil && step != ".kubectl.kubernetes.io/last-applied-configuration" && step != ".status" {
				walk(child, path+step, name, container)
			}
		}
	}
	walk(o.Node.YNode(), "", "", "")
	return found
}

// calls gives the Service that a text calls: as part of an address, or as a host alone where it may be one.
func (r *reader) calls(o *object.Object, at place, s said) string {
	service := r.named(s.text)
	if service != "" || s.own || r.isOwn(o, at.container) {
		return service
	}
	if o.Kind == "Ingress" && strings.Contains(at.path, "ackend") && slices.Contains(r.serviceNames(), s.text) {
		return s.text
	}
	_, runs := o.Pod()
	if runs && at.container == "" || strings.HasPrefix(at.path, "metadata.") || strings.Contains(at.path, "abels.") {
		return ""
	}
	if s.all && !r.isServerObject(o) && !isOtherName(s.key, s.text) {
		service = r.isName(s.text)
	}
	return or(service, or(r.hostOf(s.key, s.text), r.hostIn(s.text)))
}

// sweepText looks at one scalar for what it calls. A file whose settings were read is looked at setting by setting.
func (r *reader) sweepText(o *object.Object, s said, held object.Content, at place, calls func(said) string) []mention {
	var found []mention
	look := func(s said, line int) {
		if r.claimed[s.node] {
			return
		}
		if service := calls(s); service != "" {
			here := at
			here.line = line
			plain := strings.Contains(s.text, "http://"+service)
			found = append(found, mention{object: o, container: at.container, service: service, plain: plain, at: here})
		}
	}
	if inner := r.inner[s.node]; inner != nil {
		if root, err := inner.Root(); err == nil && root != nil {
			for _, leaf := range saidIn(root.YNode(), "") {
				leaf.own = r.own[s.node]
				look(leaf, inner.Line()+leaf.node.Line-1)
			}
		}
		return found
	}
	if pieces, ok := r.pieces[s.node]; ok {
		for _, piece := range pieces {
			piece.all = true
			look(piece, at.line+piece.node.Line)
		}
		return found
	}
	s.text, s.all = s.node.Value, isValue(at)
	if held.Node != nil {
		s.text = string(held.Text)
	}
	look(s, at.line)
	return found
}

// isValue holds for what a container gets as a value or a word, other than a reference to an object.
func isValue(at place) bool {
	field := at.path[strings.LastIndex(at.path, ".")+1:]
	return at.container != "" && (field == "value" || strings.HasPrefix(field, "command[") || strings.HasPrefix(field, "args["))
}

func (r *reader) serviceNames() []string {
	var names []string
	for _, s := range r.servers {
		names = append(names, s.services...)
	}
	return names
}

// named gives the Service that a text names as part of an address: behind "//" or "@", or in front of a port other than that of the nodes.
func (r *reader) named(text string) string {
	for _, name := range r.serviceNames() {
		for from := 0; from < len(text); {
			i := strings.Index(text[from:], name)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(name)
			from = end
			if before := text[:start]; isAddress(before, text[end:]) {
				return name
			}
		}
	}
	return ""
}

func isAddress(before, after string) bool {
	if before != "" && isHostByte(before[len(before)-1]) && !strings.HasSuffix(before, ".") || after != "" && isHostByte(after[0]) && after[0] != '.' {
		return false
	}
	for after != "" && isHostByte(after[0]) { // .namespace.svc
		after = after[1:]
	}
	port, ok := strings.CutPrefix(after, ":")
	digits := 0
	for digits < len(port) && port[digits] >= '0' && port[digits] <= '9' {
		digits++
	}
	if ok && digits >= 2 && (digits == len(port) || !isHostByte(port[digits])) {
		return port[:digits] != "9300"
	}
	return strings.HasSuffix(before, "://") || strings.HasSuffix(before, "@")
}

func isHostByte(c byte) bool {
	return c == '-' || c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// isName gives the Service that a whole text is, also with its domain. Names of one word mean too much else: hostOf looks at these.
func (r *reader) isName(text string) string {
	for _, name := range r.serviceNames() {
		rest, ok := strings.CutPrefix(text, name)
		if ok && (strings.Contains(name, "-") || strings.Contains(rest, ".svc")) && (rest == "" || rest[0] == '.' && !strings.ContainsAny(rest, " /:\n")) {
			return name
		}
	}
	return ""
}

func (r *reader) isServerObject(o *object.Object) bool {
	return slices.ContainsFunc(r.servers, func(s *server) bool { return s.object == o })
}

// judgeMentions makes findings, edges or assumptions of what the sweep has found.
func (r *reader) judgeMentions() {
	seen := map[string]bool{}
	for _, m := range slices.Concat(r.sweep(), r.neighbours()) {
		if m.object == nil {
			r.loose.fail(m.at, NotJudged, "the document names an Elasticsearch and cannot be read")
			continue
		}
		key := m.object.ID.String() + "/" + m.container
		if seen[key] {
			continue
		}
		seen[key] = true
		reason, unmanaged := r.listed(m.object.ID, m.container)
		switch {
		case unmanaged:
			r.graph.Edges = append(r.graph.Edges, unmanagedEdge(m, reason))
		case m.plain || r.options.ClientAuthentication == "required":
			r.loose.fail(m.at, UnknownClient, "it names %q, and belongs to no client that is known", m.service)
		default:
			r.loose.assume("%s, which names %q, calls by https and trusts its CA", key, m.service)
		}
	}
}

func unmanagedEdge(m mention, reason string) *Edge {
	e := &Edge{Client: m.object.ID.String(), Namespace: m.object.Namespace, Container: m.container, Setting: m.at.path, Servers: []string{}, Addresses: []string{m.service},
		Verdict: Unmanaged, Reason: reason}
	for _, a := range e.aspects() {
		a.idle = stateNone
		a.close()
	}
	return e
}
