package mention

import (
	"slices"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Found are the mentions of a release, and the documents that may have some and cannot be read.
type Found struct {
	Mentions []Mention
	Unread   []*manifest.Document
	HandedOn []HandedOn

	read map[*yaml.Node][]Mention
}

// HandedOn is a route that hands TLS on as it comes, to servers of these names.
type HandedOn struct {
	Route *object.Object
	Names []string
}

// Text is a file that is no YAML, and where it stands in its object.
type Text struct {
	object.Content
	Path object.Path
}

// Texts gives the files of a container that name a server and are no YAML: they may be scripts. One that names it many
// times is there once.
func (f Found) Texts(c object.Container) []Text {
	type file struct {
		in  *object.Object
		key string
	}
	seen := map[file]bool{}
	var all []Text
	for _, m := range f.read[c.Node] {
		at := file{m.Object, m.Path.Last()}
		if m.Inside != nil || seen[at] {
			continue
		}
		seen[at] = true
		if held, ok := at.in.Content(at.key); ok {
			all = append(all, Text{held, m.Path})
		}
	}
	return all
}

// finder looks for mentions.
type finder struct {
	release *recognise.Release
	names   *Names
	found   []Mention
}

// Find gives every place of a release that names a server.
func Find(r *recognise.Release, n *Names) (Found, error) {
	if n.Empty() {
		return Found{}, nil
	}
	f := &finder{release: r, names: n}
	var unread []*manifest.Document
	var handed []HandedOn
	for _, doc := range r.Naming(n.Words(), staysSilent) {
		objects, err := r.In(doc)
		if err != nil {
			unread = append(unread, doc)
			continue
		}
		for _, o := range objects {
			f.object(o)
			if names := handsOn(n, o); len(names) > 0 {
				handed = append(handed, HandedOn{o, names})
			}
		}
	}
	if err := f.outside(); err != nil {
		return Found{}, err
	}
	err := f.readers()
	found := Found{f.found, unread, handed, map[*yaml.Node][]Mention{}}
	for _, m := range f.found {
		if m.left {
			continue
		}
		for _, r := range m.Readers {
			found.read[r.Container.Node] = append(found.read[r.Container.Node], m)
		}
	}
	return found, err
}

func (f *finder) object(o *object.Object) {
	pod, runs := o.Pod()
	if runs && !isSilent(o) {
		f.pod(o, pod)
	}
	switch {
	case isSilent(o), runs && slices.Contains([]string{"", "apps", "batch", "extensions"}, o.Group()):
	case o.Group() == "" && (o.Kind == "ConfigMap" || o.Kind == "Secret"):
		for _, e := range entries(o) {
			look{finder: f, object: o}.file(e)
		}
	default:
		seen := map[*yaml.Node]bool{} // texts that belong to a container
		if runs {
			for _, c := range pod.All() {
				eachScalar(c.Node, func(n *yaml.Node) { seen[n] = true })
			}
		}
		f.resource(o, seen)
		look{finder: f, object: o}.jobsOf(o)
	}
	if !isSilent(o) && f.names.servers[o] == nil {
		f.annotations(o, object.Fields("metadata", "annotations"))
		if runs {
			f.annotations(o, object.Fields(pod.Path("metadata", "annotations")...))
		}
	}
}

// annotations looks at what is noted at an object or its pods: nothing here shows who reads it, and who does may call.
func (f *finder) annotations(o *object.Object, path object.Path) {
	at := object.At(o.Node, path)
	if at == nil || at.Kind != yaml.MappingNode {
		return
	}
	for _, s := range scalars(at) {
		if !strings.HasSuffix(s.path.Last(), "/last-applied-configuration") {
			look{finder: f, object: o}.scalar(s, append(slices.Clone(path), s.path...), "", nil,
				context{told: true, unsaid: true})
		}
	}
}

// look is how the texts of an object are looked at, with what is known of who is told them.
type look struct {
	*finder
	object *object.Object
	near   *nearby
	// variable gives a variable of the container; nil where none is known
	variable func(name string) (string, bool)
	reader   *Reader                 // of a file, for what only this one finds in it
	said     map[*yaml.Node]*sayings // what it makes of files that it runs
}

// text looks at one text. base has what is the same for all of its mentions.
func (l look) text(text string, base Mention, c context) {
	r := readText{look: &l, text: text, base: base, c: c, seen: map[Span]int{},
		lines: counter{text: text, lines: base.Below}}
	r.uses()
	own := func(h hit) bool { return l.reader == nil || l.near != nil && h.local }
	for _, h := range l.names.hits(text, l.near) {
		if own(h) {
			r.note(text, h, h.Span, c)
		}
	}
	if readings, ok := l.names.decoded(text); ok {
		of, last := c, readings[len(readings)-1]
		of.spoken = c.spokenOf(readings)
		for _, h := range l.names.hits(last.text, l.near) {
			if own(h) {
				r.note(last.text, h, writtenIn(readings, h.Span), of)
			}
		}
	}
	r.expanded()
}

// readText is a text that is looked at, and what was found in it.
type readText struct {
	*look
	text  string
	base  Mention
	c     context
	seen  map[Span]int // places in found
	lines counter
}

// note judges a name in a reading of the text, which stands at a place of the text itself. Of two readings the
// stronger counts.
func (r *readText) note(read string, h hit, at Span, c context) {
	m := r.base
	if m.Strength = judge(read, h, c, r.names.ports); m.Strength == Nothing {
		return
	}
	toItself := c
	toItself.own = true
	m.own = judge(read, h, toItself, r.names.ports)
	m.Object, m.Name, m.Local, m.composed = r.object, h.name, h.local, h.composed
	m.Route, m.Plain = c.route, h.scheme(read) == "http"
	m.Below = r.lines.above(at.From)
	m.Span = Span{at.From + r.base.Span.From, at.To + r.base.Span.From}
	switch i, known := r.seen[m.Span]; {
	case !known:
		r.seen[m.Span] = len(r.found)
		r.found = append(r.found, m)
	case r.found[i].Strength < m.Strength:
		r.found[i] = m
	}
}

// uses looks at the words of commands that variables bring.
func (r *readText) uses() {
	for _, u := range r.c.uses {
		u.span.From = min(u.span.From, len(r.text))
		of := r.c
		of.key, of.variable, of.parsed, of.spoken = u.key, false, true, u.at
		for _, h := range r.names.hits(u.text, r.near) {
			r.note(u.text, h, u.span, of)
		}
	}
}

// expanded looks at the text with the variables of its container, and for hosts that only a run puts together.
func (r *readText) expanded() {
	expanded := reading{text: r.text}
	if r.variable != nil && strings.ContainsAny(r.text, "$#") {
		expanded = read(r.text, r.variable)
	}
	of := r.c
	of.spoken = r.c.spokenOf([]reading{expanded})
	if len(expanded.pieces) > 0 {
		for _, h := range r.names.hits(expanded.text, nil) {
			if at, changed := expanded.written(h.Span); changed {
				r.note(expanded.text, h, at, of)
			}
		}
	}
	if r.near != nil {
		return
	}
	for _, h := range r.names.composed(expanded.text) {
		at, _ := expanded.written(h.Span)
		if from := r.base.Span.From; isOpen(Span{at.From + from, at.To + from}, r.seen, r.c.uses) {
			r.note(expanded.text, h, at, of)
		}
	}
}

// counter counts the lines of a text above places, of which most come in order.
type counter struct {
	text      string
	at, lines int
}

func (c *counter) above(place int) int {
	if place < c.at {
		return c.lines - strings.Count(c.text[place:c.at], "\n")
	}
	c.lines += strings.Count(c.text[c.at:place], "\n")
	c.at = place
	return c.lines
}

// mayName tells whether a text names a server, or may by a variable.
func (l look) mayName(text string) bool {
	isIn := func(workload string) bool { return strings.Contains(text, workload) }
	return l.variable != nil && (strings.ContainsAny(text, "$#") || slices.ContainsFunc(l.names.workloads, isIn)) ||
		len(l.names.hits(text, l.near)) > 0 || len(l.names.composed(text)) > 0 || l.names.hides(text)
}

// scalar looks at a scalar of an object itself.
func (l look) scalar(s scalar, path object.Path, container string, where *yaml.Node, c context) {
	base := at(l.object, path, s.node)
	base.Container, base.where = container, where
	c.parsed = !strings.Contains(s.node.Value, "\n")
	l.text(s.node.Value, base, c)
}

// file looks at a key of a ConfigMap or Secret: setting by setting where it is a YAML file, else as a text.
func (l look) file(e entry) {
	base := at(l.object, e.path, e.node)
	if l.reader != nil {
		base.Readers = []Reader{*l.reader}
	}
	root, first, rest := e.inner(l.object)
	if root == nil {
		c := context{key: e.key, variable: !strings.Contains(e.key, "."), told: true}
		if said := l.said[e.node]; said != nil {
			c.uses = said.uses
		}
		l.text(e.text, base, c)
		return
	}
	if l.reader == nil && strings.Contains(e.text, discovers) {
		l.jobs(root, nil, func(path object.Path, role *yaml.Node, server string, strength Strength) {
			m := base.within(path, role, first)
			m.Object, m.Name, m.Strength = l.object, server, strength
			l.found = append(l.found, m)
		})
	}
	for _, s := range scalarsWith(root, nil, l.mayName) {
		if selects(s.path) {
			continue
		}
		m := base.within(s.path, s.node, first)
		key, variable := s.keyOf()
		is := func(field string) bool { return strings.HasPrefix(beside(root, s.path, field), "elasticsearch") }
		parsed := !strings.Contains(s.node.Value, "\n")
		l.text(s.node.Value, m, context{key: key, variable: variable, told: true, parsed: parsed,
			server: is("module") || is("type"), secured: isSecured(root, s.path)})
	}
	if rest < len(e.text) {
		base.Span, base.Below = Span{rest, rest}, strings.Count(e.text[:rest], "\n")
		l.text(e.text[rest:], base, context{told: true})
	}
}

// pod looks at the containers of a workload.
func (f *finder) pod(o *object.Object, pod object.Pod) {
	server := f.names.servers[o]
	if server != nil {
		f.hints(o, pod)
	}
	for _, c := range pod.All() {
		l := look{finder: f, object: o, variable: f.variables(c)}
		own := c.Node == server
		if f.names.isBeside(o, pod, c) {
			l.near = nearbyOf(c)
		}
		l.container(c, object.Fields(c.Path()...).Item("name", c.Name), c.Name, own)
	}
}

// hintPrefix begins the annotations by which Beats find what they watch.
// https://www.elastic.co/guide/en/beats/metricbeat/8.19/configuration-autodiscover-hints.html
const hintPrefix = "co.elastic."

// hints looks at the annotations of a server's pods that make Beats call it.
func (f *finder) hints(o *object.Object, pod object.Pod) {
	at := object.Get(pod.Template, "metadata", "annotations")
	if at == nil {
		return
	}
	path := object.Fields(pod.Path("metadata", "annotations")...)
	for _, s := range scalars(at) {
		if key := s.path.Last(); strings.HasPrefix(key, hintPrefix) && strings.HasSuffix(key, "hosts") {
			look{finder: f, object: o}.scalar(s, append(path, s.path...), "", nil,
				context{key: "hosts", server: true, beside: true})
		}
	}
}

// containerFields are the fields in which a container says what it runs and is told.
var containerFields = []string{"command", "args", "env", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}

// container looks at what a container runs and is told.
func (l look) container(c object.Container, path object.Path, name string, own bool) {
	told := context{told: true, own: own, beside: l.near != nil && l.names.ports.isTold(c)}
	said := sync.OnceValue(func() map[*yaml.Node]*sayings { return l.names.spoken(l.release.Process(c)) })
	for _, field := range containerFields {
		at := object.Get(c.Node, field)
		if at == nil {
			continue
		}
		for _, s := range scalarsWith(at, object.Fields(field), l.mayName) {
			if !tells(field, s) {
				continue
			}
			context := told
			context.key, context.variable = s.keyOf()
			if all, ok := said()[s.node]; ok {
				context.spoken, context.uses = all.parts.at, all.uses
			}
			l.scalar(s, append(slices.Clone(path), s.path...), name, c.Node, context)
		}
	}
}

// tells tells whether a text below a field of a container is a word that it runs, the value of a variable, or the host
// of a probe.
func tells(field string, s scalar) bool {
	last := s.path[len(s.path)-1].Field
	switch field {
	case "command", "args":
		return true
	case "env":
		return last == "value"
	}
	return last == "host" || last == "" && s.path.Last() == "command"
}
