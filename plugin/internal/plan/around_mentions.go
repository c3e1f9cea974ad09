package plan

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// The last look: what names an Elasticsearch of this stream and nobody has taken care of is a client that would be
// shut out.

// addressTold gives the first address of a server that a container is told, itself or in a file; false when there is
// none.
func addressTold(in *In, c object.Container) (mention.Mention, bool) {
	m, ok := in.mentions().told[c.Node]
	return m, ok
}

// sweeping is the last look under way: what was planned before it, and what it has said.
type sweeping struct {
	step
	served  Part
	changed map[*object.Object]bool
	said    map[string]bool
}

// sweep judges the mentions that no plan has claimed.
func sweep(in *In, served Part) Part {
	p := sweeping{begin(in), served, map[*object.Object]bool{}, map[string]bool{}}
	for _, o := range changed(served) {
		p.changed[o] = true
	}
	found := in.mentions()
	p.fail(found.err)
	p.broken(found.Unread)
	for _, m := range found.Mentions {
		if p.isRemoved(m.Object) || m.Object.Label(partOf) == ourName || m.Container == initName {
			continue
		}
		switch {
		case m.Told() != nil && m.Container != "":
			p.judgeContainer(m)
		case len(m.Readers) > 0:
			p.judgeFile(m)
		case !p.served.claims.Open(m, nil) || p.listed(m.Object.ID, ""):
		case m.Strength == mention.Address:
			p.stranger(stranger{Mention: m})
		case m.Object.Kind == "ConfigMap" || m.Object.Kind == "Secret":
			if p.settings.Certs() || p.switched {
				p.action(m.Object.ID, "%s names Elasticsearch (%s), and no container in the input reads it: "+
					"whatever reads it needs a certificate", placeIn(m), m.Name)
			}
		default:
			p.may(m, m.Object.ID.String())
		}
	}
	return *p.Part
}

// broken refuses documents that name a server and that no parser takes, Helm's neither.
func (p sweeping) broken(all []*manifest.Document) {
	for _, doc := range all {
		if _, err := p.release.In(doc); err != nil && (p.settings.Certs() || p.switched) {
			p.fail(err)
		}
	}
}

// answers says of each mention whether a plan answers for it, or the user does.
func answers(in *In, whole Part) []mention.Answer {
	p := begin(in)
	return mention.Answers(in.mentions().Mentions, func(m mention.Mention, reader *mention.Reader) mention.State {
		o, name, told := m.Object, m.Container, m.Told()
		if reader != nil {
			o, name, told = reader.Object, reader.Container.Name, reader.Container.Node
		}
		switch {
		case in.isRemoved(o), in.isRemoved(m.Object), m.Object.Label(partOf) == ourName, name == initName:
			return mention.Gone
		case p.listed(o.ID, name), p.listed(m.Object.ID, ""):
			return mention.Listed
		case whole.cared[told], !whole.faulty.Open(m, told):
			return mention.Told
		case whole.claims.Open(m, told):
			return mention.Open
		}
		return mention.Claimed
	}, placeIn)
}

// judgeContainer judges what a container is told in its own object.
func (p sweeping) judgeContainer(m mention.Mention) {
	switch {
	case p.served.cared[m.Told()] || !p.served.claims.Open(m, m.Told()) || p.listed(m.Object.ID, m.Container):
	case m.Strength == mention.May:
		p.may(m, m.Object.ID.String()+"/"+m.Container)
	default:
		p.stranger(stranger{Mention: m, in: containerOf(m),
			known: p.programs[m.Told()] || p.isMain(m.Object, m.Container)})
	}
}

// judgeFile judges what a ConfigMap or Secret says to those that read it. An init container beside one that is taken
// care of prepares its files.
func (p sweeping) judgeFile(m mention.Mention) {
	if p.listed(m.Object.ID, "") {
		return
	}
	var answered string
	for _, r := range m.Readers {
		pod, _ := r.Object.Pod()
		prepares := r.Container.List == "initContainers" &&
			slices.ContainsFunc(pod.Containers(), func(c object.Container) bool { return p.caredFor(r.Object, c) })
		switch {
		case p.isRemoved(r.Object) || prepares || r.Container.Name == initName:
			continue
		case p.caredFor(r.Object, r.Container) || !p.served.claims.Open(m, r.Container.Node):
			answered = or(answered, r.Ref())
			continue
		case m.Strength == mention.May:
			p.may(m, r.Ref())
		default:
			p.stranger(stranger{Mention: m, reader: r.Ref(), in: r.Container,
				known: p.isProgram(r.Container) || p.isMain(r.Object, r.Container.Name)})
		}
		return
	}
	why := placeIn(m) + " names Elasticsearch (" + m.Name + "); who reads it is taken care of: " + answered
	file := m.Object.ID.String() + " " + m.Path.String() + inside(m) + " " + answered // which may name it on many lines
	if answered != "" && !p.changed[m.Object] && !p.isSaid(file) {                    // else its changes tell more
		p.pass(m.Object.ID, why)
	}
}

// stranger is a client that nothing is known about.
type stranger struct {
	mention.Mention
	reader string           // container that reads it, as a ref; "" for the object itself
	in     object.Container // that one, or the one that is told it
	known  bool             // that container is planned by itself: a rule would take the place of its plan
}

// stranger notes a client of another application: this version leaves it as it is, and it must not go unnoticed. The
// remedy is said once for each container.
func (p sweeping) stranger(s stranger) {
	if !p.settings.Certs() && !p.switched {
		return
	}
	id := s.Object.ID
	if id.Kind+id.Name == "" {
		p.nameless(s.Mention)
		return
	}
	where, ref := placeIn(s.Mention), id.String()
	if s.Container != "" {
		where, ref = fmt.Sprintf("container %q: %s", s.Container, where), ref+"/"+s.Container
	}
	if s.reader != "" {
		where += ", which " + s.reader + " reads,"
	}
	if p.isSaid(id.String() + where) {
		return
	}
	if p.requires() {
		p.failing(id, p.strange(s, where, ref))
		return
	}
	when := "is refused as soon as clientAuthentication is required, unless it presents a certificate"
	if p.switched {
		when = "fails from now on unless it calls by https:// and, where certificates are required, presents one"
	}
	if s.Route {
		p.pass(id, "leads to Elasticsearch ("+s.Name+"); its controller needs a certificate of its own")
		p.action(object.ID{}, "%s leads to Elasticsearch (%s): its controller must present a certificate, %s; "+
			"otherwise it answers 502 once certificates are required", id, s.Name, s.presents())
		return
	}
	lacks, _ := s.lacks()
	p.pass(id, fmt.Sprintf("%s names Elasticsearch (%s), and %s", where, s.Name, lacks))
	p.action(id, "%s names Elasticsearch (%s) and was left alone, as %s; it %s", where, s.Name, lacks, when)
}

// isSaid tells whether a line was said already; it is from now on.
func (p sweeping) isSaid(line string) bool {
	said := p.said[line]
	p.said[line] = true
	return said
}

// caredFor tells whether every call of a container is taken care of.
func (p sweeping) caredFor(o *object.Object, c object.Container) bool {
	return p.served.cared[c.Node] || p.listed(o.ID, c.Name)
}

// lacks says why a client cannot be given a certificate, and what its user can do where the program takes no PEM files.
func (s stranger) lacks() (why, remedy string) {
	if known, ok := catalog.WithoutPEM(object.Text(s.in.Node, "image")); ok {
		return fmt.Sprintf("%s takes %s", known.App, known.Takes), known.Do + " (" + known.Link + ")"
	}
	return "elk-mtls does not know how to give it a certificate", ""
}

// byValues is the remedy that anybody has.
const byValues = "configure a certificate by the chart's values and list it"

// strange gives the problem with a client that nothing is known about.
func (p sweeping) strange(s stranger, where, ref string) error {
	first := or(s.reader, ref)
	if p.isSaid("remedy " + first) {
		return problem.New(problem.Stranger, "%s names Elasticsearch (%q), too", where, s.Name)
	}
	if s.Route {
		return problem.New(problem.Stranger, "%s leads to Elasticsearch (%q): its controller is a client, and would "+
			"be refused", where, s.Name).
			Do("let it present a certificate, %s, and list it under spec.unmanaged (ref: %s) with the reason",
				s.presents(), ref)
	}
	lacks, remedy := s.lacks()
	switch {
	case remedy != "":
		remedy += ", and list it"
	case s.known && s.reader == "" && s.isCommand():
		remedy = "configure certificates for all of this container by the chart's values and list the container"
	case s.known && s.reader == "":
		remedy = "remove it if nothing reads it, or configure certificates for all of this container by the chart's " +
			"values and list the container"
	case !s.known && s.reader+s.Container != "" && usesCurl(p.seen(s.in)):
		remedy = "give the container a rule that says as: curl (spec.rules, ref: " + first + "), or " + byValues
	case !s.known && s.reader+s.Container != "":
		remedy = "give the container a rule (spec.rules, ref: " + first + "), or " + byValues
	default:
		remedy = byValues
	}
	return problem.New(problem.Stranger, "%s names Elasticsearch (%q), and %s: it would be refused", where, s.Name,
		lacks).
		Do("%s under spec.unmanaged (ref: %s) with the reason", remedy, ref)
}

// isCommand tells whether a container is told it by its command line, which it surely reads.
func (s stranger) isCommand() bool {
	return slices.ContainsFunc(s.Path, func(at object.Step) bool { return at.Field == "command" || at.Field == "args" })
}

// containerOf gives the container that is told a mention in its own object.
func containerOf(m mention.Mention) object.Container {
	pod, _ := m.Object.Pod()
	for _, c := range pod.All() {
		if c.Node == m.Told() {
			return c
		}
	}
	return object.Container{}
}

// nameless notes an object that has neither a kind nor a name, so that nothing tells what it is.
func (p sweeping) nameless(m mention.Mention) {
	line := fmt.Sprintf("line %d of the input names Elasticsearch (%q) in an object that has neither kind nor name",
		m.StreamLine(), m.Name)
	const remedy = "complete it, or remove it"
	switch {
	case p.isSaid(line):
	case p.requires():
		p.fail(problem.New(problem.Stranger, "%s", line).Do(remedy))
	default:
		p.action(object.ID{}, "%s: %s", line, remedy)
	}
}

// presents tells how the controller of a route can present a certificate.
func (s stranger) presents() string {
	if s.Object.Kind == "Ingress" {
		return "for ingress-nginx by the annotations nginx.ingress.kubernetes.io/proxy-ssl-secret and " +
			"backend-protocol: HTTPS"
	}
	return "unless it passes TLS through"
}

// may notes a name of which nothing says whether anybody calls it.
func (p sweeping) may(m mention.Mention, who string) {
	if p.settings.Certs() || p.switched {
		p.assume(object.ID{}, "%s: %s of %s names %q: it is not called, or by https and with a certificate", who,
			placeIn(m), m.Object.ID, m.Name)
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
func (p step) listed(id object.ID, container string) bool {
	for _, u := range p.settings.Unmanaged {
		if u.Ref == id.String() || u.Ref == id.String()+"/"+container {
			p.passes(Passed{id, "unmanaged: " + u.Reason, u.Ref})
			return true
		}
	}
	return false
}
