package plan

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// span is a part of a text: from its first byte to behind its last. The empty span is the whole text.
type span struct{ from, to int }

func (s span) holds(offset int) bool { return s == span{} || s.from <= offset && offset < s.to }

// claim is a place that a planned connection answers for: where it reads its address, or a variable in that. A
// server's name there is covered; the same words elsewhere are not.
type claim struct {
	object *object.Object
	path   patch.Path // of the text; elements of lists by position, variables by name
	inside patch.Path // in a YAML file there: what stands below belongs to it
	span   span       // in any other text
	reader *yaml.Node // the container that takes it as a variable; nil = whoever reads the object
}

// covers tells whether a mention of a server, as a container reads it, lies in the claim.
func (c claim) covers(m mention, reader *yaml.Node) bool {
	return c.object == m.object && slices.Equal(c.path, m.path) && (c.reader == nil || c.reader == reader) &&
		len(c.inside) <= len(m.inside) && slices.Equal(c.inside, m.inside[:len(c.inside)]) && c.span.holds(m.offset)
}

func (p *planner) isCovered(m mention, reader *yaml.Node) bool {
	return slices.ContainsFunc(p.claims, func(c claim) bool { return c.covers(m, reader) })
}

// coverAddresses claims the addresses of a connection under both of their names: the program reads only one.
func (p *planner) coverAddresses(w *recognise.Workload, c *connection) {
	p.cover(w, c.store.get(c.keys.hosts))
	p.cover(w, c.store.get(c.keys.hostsToo))
}

// cover claims the place of a setting, and the variables that it refers to.
func (p *planner) cover(w *recognise.Workload, s *setting) {
	switch {
	case s == nil:
		return
	case s.variable != "":
		p.coverVariable(w, s.variable)
	case s.script != nil:
		for _, name := range s.script.Env {
			p.coverVariable(w, name)
		}
	case s.word != nil:
		p.claims = append(p.claims, claim{object: s.object, path: s.word, span: s.span})
	case s.edit.Syntax != nil:
		p.claims = append(p.claims, claim{object: s.object, path: s.edit.Path, span: s.span})
	default:
		p.claims = append(p.claims, claim{object: s.object, path: s.edit.Path, inside: s.edit.Inside, span: s.span})
	}
	for _, text := range s.Values {
		p.coverReferences(w, text)
	}
}

func (p *planner) coverReferences(w *recognise.Workload, text string) {
	for _, r := range references(text) {
		p.coverVariable(w, r.name)
	}
}

// coverVariable claims the text of a variable, where the stream shows it, and the variables in it.
func (p *planner) coverVariable(w *recognise.Workload, name string) {
	o, at, value, ok := p.variable(w, name)
	reader := w.Main.Node.YNode()
	if !ok || p.isCovered(mention{object: o, path: at}, reader) {
		return
	}
	p.claims = append(p.claims, claim{object: o, path: at, reader: reader})
	p.coverReferences(w, value)
}

// variable gives the text of a variable of a container, and where it stands; false when the stream does not show it.
func (p *planner) variable(w *recognise.Workload, name string) (o *object.Object, at patch.Path, text string, ok bool) {
	e, own := w.Main.Env(name)
	if own && !e.From {
		return w.Object, containerPath(w.Main).Field("env").Item("name", name).Field("value"), e.Value, true
	}
	for _, source := range w.Main.VariableSources(name) {
		holder, err := p.release.Find(w.Namespace, source.Kind, source.Name)
		if err != nil || holder == nil {
			continue
		}
		if path := dataPath(holder, source.Key); object.Get(holder.Node, path[0].Field, source.Key) != nil {
			return holder, path, string(p.value(source.In(w.Namespace))), true
		}
	}
	return nil, nil, "", false
}

// openedAt gives the YAML file that a plan has opened at a place.
func (p *planner) openedAt(o *object.Object, at patch.Path) *embedded {
	i := slices.IndexFunc(p.opened, func(f *embedded) bool { return f.object == o && slices.Equal(f.path, at) })
	if i < 0 {
		return nil
	}
	return p.opened[i]
}

// care notes that every call of a container is taken care of, or reported already.
func (p *planner) care(c object.Container) { p.cared[c.Node.YNode()] = true }

func (p *planner) caredFor(o *object.Object, c object.Container) bool {
	return p.cared[c.Node.YNode()] || p.listed(o.ID, c.Name)
}

// reader is a container that reads a ConfigMap or Secret.
type reader struct {
	object    *object.Object
	container object.Container
}

func (r reader) ref() string { return r.object.ID.String() + "/" + r.container.Name }

// readers gives the containers of the stream that read a key of a ConfigMap or Secret: as files or as variables. An init container beside one that
// is taken care of prepares its files.
func (p *planner) readers(o *object.Object, key string) ([]reader, error) {
	pods, err := p.release.Pods([]string{o.Name})
	if err != nil {
		return nil, err
	}
	for _, w := range slices.Concat(p.release.Nodes, p.release.Kibanas) {
		pods = append(pods, w.Object)
	}
	var all []reader
	for _, user := range pods {
		pod, ok := user.Pod()
		if !ok || p.removed[user] || !visible(user, object.Source{Namespace: o.Namespace}) {
			continue
		}
		prepared := slices.ContainsFunc(pod.Containers(), func(c object.Container) bool { return p.caredFor(user, c) })
		for _, c := range append(pod.Containers(), pod.InitContainers()...) {
			if c.Reads(o.Kind, o.Name, key) && !(prepared && c.List == "initContainers") {
				all = append(all, reader{user, c})
			}
		}
	}
	return all, nil
}
