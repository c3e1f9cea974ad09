package plan

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// The sweep is the last look: a string that names an Elasticsearch of this stream and that nobody has taken care of is a client that would
// be shut out. It reads every string of every object but for metadata: an annotation is no connection by itself, whoever reads it is seen
// where it runs. Comments of configuration files name nothing.

// stranger is a client that nothing is known about.
type stranger struct {
	object.ID
	container string // "" where the object runs none
	place     string // of the string, for messages: `env "ES_URL"`
	service   string
	reader    string // container that reads it, as a ref; "" for the object itself
	known     bool   // that container is planned by itself: a rule would take the place of its plan
}

// noteStranger notes a client of another application: this version leaves it as it is, and it must not go unnoticed.
func (p *planner) noteStranger(s stranger) {
	if !p.settings.Certs() && !p.switched || p.listed(s.ID, s.container) {
		return
	}
	where, ref := s.place, s.ID.String()
	if s.container != "" {
		where, ref = fmt.Sprintf("container %q: %s", s.container, s.place), ref+"/"+s.container
	}
	if s.reader != "" {
		where += ", which " + s.reader + " reads,"
	}
	if p.settings.Certs() && p.settings.ClientAuthentication == config.Required {
		remedy := "configure a certificate by the chart's values and list it"
		switch container := or(s.reader, ref); {
		case s.known && s.reader == "":
			remedy = "remove it if nothing reads it, or configure certificates for all of this container by the chart's values and list the container"
		case !s.known && s.reader+s.container != "":
			remedy = "give the container a rule (spec.rules, ref: " + container + "), or " + remedy
		}
		p.failing(s.ID, fmt.Errorf("%s names Elasticsearch (%q), and nothing tells how to give it a certificate: it would be refused; %s under spec.unmanaged (ref: %s) with the reason",
			where, s.service, remedy, ref))
		return
	}
	when := "is refused as soon as clientAuthentication is required, unless it presents a certificate"
	if p.switched {
		when = "fails from now on unless it calls by https:// and, where certificates are required, presents one"
	}
	p.plan.Passed = append(p.plan.Passed, Passed{s.ID, fmt.Sprintf("%s names Elasticsearch (%s), and nothing tells how to give it a certificate", where, s.service)})
	p.action("%s: %s names Elasticsearch (%s) and was left alone, as nothing tells how to give it a certificate; it %s", s.ID, where, s.service, when)
}

// notClients are kinds of which a mention says nothing about a client: they select, describe or protect servers. Workloads are looked at
// container by container.
var notClients = [...]string{"Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
	"StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod", "Endpoints", "EndpointSlice",
	"Certificate", "CertificateRequest", "Issuer", "PrometheusRule", "ServiceMonitor", "CustomResourceDefinition"}

// edges are kinds that lead requests from outside to a Service: their controller is a client.
var edges = [...]string{"Ingress", "IngressRoute", "HTTPRoute", "VirtualService", "Route"}

func (p *planner) sweep() {
	if len(p.services) == 0 {
		return
	}
	for _, w := range slices.Concat(p.release.Nodes, p.release.Kibanas, p.release.Clients) {
		p.sweepContainer(w)
	}
	for _, doc := range p.release.Naming(p.services, func(kind string, _ []byte) bool { return slices.Contains(notClients[:], kind) }) {
		objects, err := p.release.In(doc)
		if err != nil {
			continue // not needed: it passes as it is, and whoever reads it next reports it
		}
		for _, o := range objects {
			switch {
			case p.removed[o] || o.Label(partOf) == ourName || slices.Contains(notClients[:], o.Kind) || runsPods(o):
			case o.Kind == "ConfigMap" || o.Kind == "Secret":
				p.sweepConfiguration(o)
			case slices.Contains(edges[:], o.Kind):
				p.sweepEdge(o)
			default:
				p.sweepResource(o)
			}
		}
	}
}

// runsPods holds for workloads, which are looked at container by container.
func runsPods(o *object.Object) bool {
	_, runs := o.Pod()
	return runs
}

// sweepContainer looks at a container that is planned by itself, for what that plan does not cover: in what it runs,
// and behind the variables in the files that it reads.
func (p *planner) sweepContainer(w *recognise.Workload) {
	if p.removed[w.Object] || w.Main.Name == initName || p.caredFor(w.Object, w.Main) {
		return
	}
	at := containerPath(w.Main)
	for _, field := range []string{"command", "args", "env", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} {
		node := object.Get(w.Main.Node, field)
		for i, e := range entries(node) {
			place, path := fmt.Sprintf("%s %d", field, i+1), append(at.Field(field), e.step)
			if field == "env" {
				name := object.Text(e.node, "name")
				place, path = fmt.Sprintf("env %q", name), at.Field("env").Item("name", name)
			}
			if m, ok := p.uncoveredIn(w, e.node.YNode(), path); ok {
				p.noteStranger(stranger{ID: w.ID, container: w.Main.Name, place: place + m.place, service: m.service, known: true})
				return
			}
		}
	}
	p.sweepFiles(w)
}

// uncoveredIn gives the first mention below a node of a container that no plan covers. Its place is a line, where
// there are several.
func (p *planner) uncoveredIn(w *recognise.Workload, node *yaml.Node, at patch.Path) (first mention, found bool) {
	walk(node, at, func(at patch.Path, scalar *yaml.Node) {
		for _, h := range p.hits(w, nil, scalar.Value) {
			m := mention{object: w.Object, path: at, offset: h.offset, service: h.name}
			if found || p.isCovered(m, w.Main.Node.YNode()) {
				continue
			}
			if strings.Contains(strings.TrimSpace(scalar.Value), "\n") {
				m.place = fmt.Sprintf(" line %d", lineAt(scalar.Value, h.offset))
			}
			first, found = m, true
		}
	})
	return first, found
}

// sweepFiles looks at the files that a program reads for servers that only a variable of its container names. What a
// file names by itself is seen in its object.
func (p *planner) sweepFiles(w *recognise.Workload) {
	for _, file := range w.Main.Files(p) {
		f := w.Main.Resolve(file, p)
		holder, source := f.Content.Object, f.Source
		if holder == nil || p.listed(holder.ID, "") {
			continue
		}
		see := func(at patch.Path, text string) []hit {
			plain := hitsAt(at, text, p.services)
			return slices.DeleteFunc(p.hits(w, at, text), func(h hit) bool { return slices.Contains(plain, h) })
		}
		if m, ok := p.uncovered(holder, dataPath(holder, source.Key), source.Key, see); ok {
			reader := reader{w.Object, w.Main}.ref()
			p.noteStranger(stranger{ID: holder.ID, place: m.place, service: m.service, reader: reader, known: true})
		}
	}
}

func lineAt(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }

// sweepConfiguration looks at a ConfigMap or Secret. What no container of the stream reads is a line for the user: nothing here shows a
// client.
func (p *planner) sweepConfiguration(o *object.Object) {
	if p.listed(o.ID, "") {
		return
	}
	for _, found := range p.uncoveredKeys(o) {
		readers, err := p.readers(o, found.key)
		if err != nil {
			p.problems = append(p.problems, err)
			return
		}
		i := slices.IndexFunc(readers, func(r reader) bool {
			return !p.caredFor(r.object, r.container) && !p.isCovered(found, r.container.Node.YNode())
		})
		switch {
		case i >= 0:
			c := readers[i].container
			p.noteStranger(stranger{ID: o.ID, place: found.place, service: found.service, reader: readers[i].ref(), known: p.isProgram(c) || p.isMain(readers[i].object, c.Name)})
			return
		case len(readers) == 0 && (p.settings.Certs() || p.switched):
			p.action("%s: %s names Elasticsearch (%s), and no container of this stream reads it: whoever does needs a certificate", o.ID, found.place, found.service)
			return
		case len(readers) > 0 && p.workloads[o] == nil: // else its changes tell more
			p.plan.Passed = append(p.plan.Passed, Passed{o.ID, found.place + " names Elasticsearch (" + found.service + "); who reads it is taken care of: " + readers[0].ref()})
		}
	}
}

// uncoveredKeys gives, for each key of a ConfigMap or Secret, the first mention that no plan of a program covers.
func (p *planner) uncoveredKeys(o *object.Object) []mention {
	var all []mention
	for _, field := range []string{"data", "stringData", "binaryData"} {
		for _, e := range entries(object.Get(o.Node, field)) {
			see := func(at patch.Path, text string) []hit { return hitsAt(at, text, p.services) }
			if m, ok := p.uncovered(o, fields(field, e.name), e.name, see); ok {
				all = append(all, m)
			}
		}
	}
	return all
}

// sight finds the mentions in a text, or in a value at a path of a YAML file.
type sight func(at patch.Path, text string) []hit

// uncovered gives the first mention in a key of a ConfigMap or Secret that no plan covers: setting by setting where
// it is a YAML file that a plan has opened, else by the place in the text.
func (p *planner) uncovered(o *object.Object, path patch.Path, key string, see sight) (first mention, found bool) {
	look := func(m mention, hits []hit) {
		for _, h := range hits {
			if m.offset, m.service = h.offset, h.name; !found && !p.isCovered(m, nil) {
				first, found = m, true
			}
		}
	}
	m := mention{object: o, path: path, key: key}
	if f := p.openedAt(o, path); f != nil {
		walk(f.root.YNode(), nil, func(at patch.Path, scalar *yaml.Node) {
			m.inside = at
			look(m, see(at, scalar.Value))
		})
		first.place = patch.Edit{Path: path, Inside: first.inside}.String()
		return first, found
	}
	text := string(p.value(object.Source{Namespace: o.Namespace, Kind: o.Kind, Name: o.Name, Key: key}))
	look(m, see(nil, text))
	if found {
		first.place = fmt.Sprintf("%s line %d", path, lineAt(text, first.offset))
	}
	return first, found
}

// sweepResource looks at an object of any other kind, such as a custom resource.
func (p *planner) sweepResource(o *object.Object) {
	if p.listed(o.ID, "") {
		return
	}
	for _, e := range entries(o.Node) {
		if e.name == "metadata" {
			continue
		}
		done := false
		walk(e.node.YNode(), fields(e.name), func(at patch.Path, scalar *yaml.Node) {
			if service := calledIn(scalar.Value, p.services); service != "" && !done {
				p.noteStranger(stranger{ID: o.ID, place: at.String(), service: service})
				done = true
			}
		})
		if done {
			return
		}
	}
}

// sweepEdge tells about what leads requests to Elasticsearch from outside.
func (p *planner) sweepEdge(o *object.Object) {
	for _, name := range texts(o.Node) {
		service, _, _ := strings.Cut(name, ".")
		if !slices.Contains(p.services, service) || !p.settings.Certs() || p.listed(o.ID, "") {
			continue
		}
		p.plan.Passed = append(p.plan.Passed, Passed{o.ID, "leads to Elasticsearch (" + service + "); its controller needs a certificate of its own"})
		how := "unless it passes TLS through"
		if o.Kind == "Ingress" {
			how = "for ingress-nginx by the annotations nginx.ingress.kubernetes.io/proxy-ssl-secret and backend-protocol: HTTPS"
		}
		p.action("%s leads to Elasticsearch (%s): its controller must present a certificate, %s; otherwise it answers 502 once certificates are required", o.ID, service, how)
		return
	}
}

// listed tells whether the user takes care of an object, or of one container of it.
func (p *planner) listed(id object.ID, container string) bool {
	for _, u := range p.settings.Unmanaged {
		if u.Ref == id.String() || u.Ref == id.String()+"/"+container {
			if !p.matched[u.Ref] {
				p.matched[u.Ref] = true
				p.plan.Passed = append(p.plan.Passed, Passed{id, "unmanaged: " + u.Reason})
			}
			return true
		}
	}
	return false
}

// unmanaged refuses entries that match nothing: a typing mistake there would hide a client. A client with a certificate of its own may
// be in another release, and is only named.
func (p *planner) unmanaged() {
	for _, u := range p.settings.Unmanaged {
		if p.matched[u.Ref] {
			continue
		}
		parts := strings.Split(u.Ref, "/")
		o, err := p.release.Find("", parts[0], parts[1])
		switch {
		case err != nil:
			p.problems = append(p.problems, err)
		case o == nil || len(parts) == 3 && !hasContainer(o, parts[2]):
			p.problems = append(p.problems, fmt.Errorf("spec.unmanaged: %s matches nothing in the stream: correct or remove the entry", u.Ref))
		case len(parts) == 3 && p.isMain(o, parts[2]):
			p.problems = append(p.problems, fmt.Errorf("spec.unmanaged: %s is the container of the server itself, which is patched: remove the entry, or list the whole object", u.Ref))
		default:
			p.plan.Passed = append(p.plan.Passed, Passed{o.ID, "unmanaged: " + u.Reason})
		}
	}
	for _, c := range p.settings.Certificates.Clients {
		if !p.matched[c.Ref] && len(p.release.Nodes)+len(p.release.Kibanas) > 0 {
			p.action("certificates.clients: %s is none of the clients that were patched in this stream: if it is not in another release, the entry is a mistake", c.Ref)
		}
	}
}

func (p *planner) isMain(o *object.Object, container string) bool {
	return slices.ContainsFunc(slices.Concat(p.release.Nodes, p.release.Kibanas), func(w *recognise.Workload) bool {
		return w.Object == o && w.Main.Name == container
	})
}

func hasContainer(o *object.Object, name string) bool {
	pod, ok := o.Pod()
	return ok && slices.ContainsFunc(pod.All(), func(c object.Container) bool { return c.Name == name })
}
