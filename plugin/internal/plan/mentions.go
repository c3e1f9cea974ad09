package plan

import (
	"fmt"
	"slices"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// The last look: what names an Elasticsearch of this stream and nobody has taken care of is a client that would be shut out.

// named notes the names that the servers of a stream have.
func (p *planner) serverNames() {
	names, err := mention.Of(p.release)
	if err != nil {
		p.problems = append(p.problems, err)
		names = mention.None()
	}
	p.names = names
	p.names.Add(shell.Host(p.settings.Elasticsearch.URL))
}

// alsoCalled notes what a known client calls, where the stream has no server: then that is what was meant.
func (p *planner) alsoCalled(addresses ...string) {
	if len(p.release.Nodes)+len(p.release.Unmanaged) > 0 {
		return
	}
	for _, address := range addresses {
		p.names.Add(shell.Host(address))
	}
}

// mentions gives every place that names a server, by the names that are known so far.
func (p *planner) mentions() []mention.Mention {
	if known := p.names.Len(); p.found == nil || p.knownNames != known {
		found, err := mention.Find(p.release, p.names)
		if err != nil {
			p.problems = append(p.problems, err)
		}
		p.found, p.knownNames = &found, known
		p.told = map[*yaml.Node]mention.Mention{}
		for _, m := range found.Mentions {
			p.tell(m.Told(), m)
			for _, r := range m.Readers {
				p.tell(r.Container.Node.YNode(), m)
			}
		}
	}
	return p.found.Mentions
}

// addressTold gives the first address of a server that a container is told, itself or in a file; false when there is none.
func (p *planner) addressTold(c object.Container) (mention.Mention, bool) {
	p.mentions()
	m, ok := p.told[c.Node.YNode()]
	return m, ok
}

func (p *planner) tell(container *yaml.Node, m mention.Mention) {
	if _, known := p.told[container]; container != nil && !known && m.Strength == mention.Address {
		p.told[container] = m
	}
}

// sweep judges the mentions that no plan has claimed.
func (p *planner) sweep() {
	seen := map[string]bool{}
	for _, m := range p.mentions() {
		if p.removed[m.Object] || m.Object.Label(partOf) == ourName || m.Container == initName {
			continue
		}
		switch {
		case m.Told() != nil && m.Container != "":
			p.sweepContainer(m, seen)
		case len(m.Readers) > 0:
			p.sweepFile(m, seen)
		case !p.claims.Open(m, nil) || p.listed(m.Object.ID, ""):
		case m.Strength == mention.Address:
			p.noteStranger(stranger{Mention: m}, seen)
		case m.Object.Kind == "ConfigMap" || m.Object.Kind == "Secret":
			if p.settings.Certs() || p.switched {
				p.actionOnce(fmt.Sprintf("%s: %s names Elasticsearch (%s), and no container of this stream reads it: whoever does needs a certificate", m.Object.ID, placeIn(m), m.Name))
			}
		default:
			p.noteMay(m, m.Object.ID.String())
		}
	}
}

// answers says of each mention whether a plan answers for it, or the user does.
func (p *planner) answers() []mention.Answer {
	return mention.Answers(p.mentions(), func(m mention.Mention, reader *mention.Reader) mention.State {
		o, name, told := m.Object, m.Container, m.Told()
		if reader != nil {
			o, name, told = reader.Object, reader.Container.Name, reader.Container.Node.YNode()
		}
		switch {
		case p.removed[o], p.removed[m.Object], m.Object.Label(partOf) == ourName, name == initName:
			return mention.Gone
		case p.listed(o.ID, name), p.listed(m.Object.ID, ""):
			return mention.Listed
		case p.cared[told]:
			return mention.Told
		case p.claims.Open(m, told):
			return mention.Open
		}
		return mention.Claimed
	}, placeIn)
}

// sweepContainer judges what a container is told in its own object.
func (p *planner) sweepContainer(m mention.Mention, seen map[string]bool) {
	switch {
	case p.cared[m.Told()] || !p.claims.Open(m, m.Told()) || p.listed(m.Object.ID, m.Container):
	case m.Strength == mention.May:
		p.noteMay(m, m.Object.ID.String()+"/"+m.Container)
	default:
		p.noteStranger(stranger{Mention: m, known: p.programs[m.Told()] || p.isMain(m.Object, m.Container)}, seen)
	}
}

// sweepFile judges what a ConfigMap or Secret says to those that read it. An init container beside one that is taken care of prepares its
// files.
func (p *planner) sweepFile(m mention.Mention, seen map[string]bool) {
	if p.listed(m.Object.ID, "") {
		return
	}
	var answered string
	for _, r := range m.Readers {
		pod, _ := r.Object.Pod()
		prepares := r.Container.List == "initContainers" && slices.ContainsFunc(pod.Containers(), func(c object.Container) bool { return p.caredFor(r.Object, c) })
		switch {
		case p.removed[r.Object] || prepares || r.Container.Name == initName:
			continue
		case p.caredFor(r.Object, r.Container) || !p.claims.Open(m, r.Container.Node.YNode()):
			answered = or(answered, r.Ref())
			continue
		case m.Strength == mention.May:
			p.noteMay(m, r.Ref())
		default:
			p.noteStranger(stranger{Mention: m, reader: r.Ref(), known: p.isProgram(r.Container) || p.isMain(r.Object, r.Container.Name)}, seen)
		}
		return
	}
	if answered != "" && p.workloads[m.Object] == nil { // else its changes tell more
		p.passOnce(Passed{m.Object.ID, placeIn(m) + " names Elasticsearch (" + m.Name + "); who reads it is taken care of: " + answered})
	}
}

// stranger is a client that nothing is known about.
type stranger struct {
	mention.Mention
	reader string // container that reads it, as a ref; "" for the object itself
	known  bool   // that container is planned by itself: a rule would take the place of its plan
}

// noteStranger notes a client of another application: this version leaves it as it is, and it must not go unnoticed. The remedy is said
// once for each container.
func (p *planner) noteStranger(s stranger, seen map[string]bool) {
	if !p.settings.Certs() && !p.switched {
		return
	}
	id := s.Object.ID
	where, ref := placeIn(s.Mention), id.String()
	if s.Container != "" {
		where, ref = fmt.Sprintf("container %q: %s", s.Container, where), ref+"/"+s.Container
	}
	if s.reader != "" {
		where += ", which " + s.reader + " reads,"
	}
	if key := id.String() + where; seen[key] {
		return
	} else {
		seen[key] = true
	}
	if p.requires() {
		p.failing(id, p.strange(s, where, ref, seen))
		return
	}
	when := "is refused as soon as clientAuthentication is required, unless it presents a certificate"
	if p.switched {
		when = "fails from now on unless it calls by https:// and, where certificates are required, presents one"
	}
	if s.Route {
		p.plan.Passed = append(p.plan.Passed, Passed{id, "leads to Elasticsearch (" + s.Name + "); its controller needs a certificate of its own"})
		p.action("%s leads to Elasticsearch (%s): its controller must present a certificate, %s; otherwise it answers 502 once certificates are required", id, s.Name, s.presents())
		return
	}
	p.plan.Passed = append(p.plan.Passed, Passed{id, fmt.Sprintf("%s names Elasticsearch (%s), and nothing tells how to give it a certificate", where, s.Name)})
	p.action("%s: %s names Elasticsearch (%s) and was left alone, as nothing tells how to give it a certificate; it %s", id, where, s.Name, when)
}

// strange gives the problem with a client that nothing is known about.
func (p *planner) strange(s stranger, where, ref string, seen map[string]bool) error {
	first := or(s.reader, ref)
	if key := "remedy " + first; seen[key] {
		return fmt.Errorf("%s names Elasticsearch (%q), too", where, s.Name)
	} else {
		seen[key] = true
	}
	if s.Route {
		return fmt.Errorf("%s leads to Elasticsearch (%q): its controller is a client, and would be refused; let it present a certificate, %s, and list it under spec.unmanaged (ref: %s) with the reason",
			where, s.Name, s.presents(), ref)
	}
	remedy := "configure a certificate by the chart's values and list it"
	switch {
	case s.known && s.reader == "":
		remedy = "remove it if nothing reads it, or configure certificates for all of this container by the chart's values and list the container"
	case !s.known && s.reader+s.Container != "":
		remedy = "give the container a rule (spec.rules, ref: " + first + "), or " + remedy
	}
	return fmt.Errorf("%s names Elasticsearch (%q), and nothing tells how to give it a certificate: it would be refused; %s under spec.unmanaged (ref: %s) with the reason",
		where, s.Name, remedy, ref)
}

// presents tells how the controller of a route can present a certificate.
func (s stranger) presents() string {
	if s.Object.Kind == "Ingress" {
		return "for ingress-nginx by the annotations nginx.ingress.kubernetes.io/proxy-ssl-secret and backend-protocol: HTTPS"
	}
	return "unless it passes TLS through"
}

// noteMay notes a name of which nothing says whether anybody calls it.
func (p *planner) noteMay(m mention.Mention, who string) {
	if p.settings.Certs() || p.switched {
		p.assume("%s: %s of %s names %q: it is not called, or by https and with a certificate", who, placeIn(m), m.Object.ID, m.Name)
	}
}

func (p *planner) actionOnce(text string) {
	if !slices.Contains(p.plan.Actions, text) {
		p.plan.Actions = append(p.plan.Actions, text)
	}
}

func (p *planner) passOnce(passed Passed) {
	if !slices.Contains(p.plan.Passed, passed) {
		p.plan.Passed = append(p.plan.Passed, passed)
	}
}

// placeIn names the place of a mention in its object, that in a container as people count there.
func placeIn(m mention.Mention) string {
	at := m.Path
	line := ""
	if m.Several() || m.Told() == nil && (m.Object.Kind == "ConfigMap" || m.Object.Kind == "Secret") {
		line = fmt.Sprintf(" line %d", m.Below+1)
	}
	i := slices.IndexFunc(at, func(s object.Step) bool { return s.By == "name" })
	if m.Container == "" || i < 0 || i+2 >= len(at) {
		return at.String() + inside(m) + line
	}
	field, next := at[i+1].Field, at[i+2]
	if next.By == "name" {
		return fmt.Sprintf("%s %q", field, next.Is) + line
	}
	if n, err := strconv.Atoi(next.Is); err == nil && next.By == "#" {
		return fmt.Sprintf("%s %d", field, n+1) + line
	}
	return at[i+1:].String() + line
}

func inside(m mention.Mention) string {
	if m.Inside == nil {
		return ""
	}
	return " > " + m.Inside.String()
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
