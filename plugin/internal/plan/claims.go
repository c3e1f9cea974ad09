package plan

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// A planned connection claims the places that it answers for: where it reads its address, and the variables in that. A server's name there
// is covered; the same words elsewhere are not.

// claim claims a place for whoever reads the object, or for one container of those that do.
func (p *planner) claim(o *object.Object, at, inside patch.Path, span mention.Span, reader *yaml.Node) {
	n := patch.At(o.Node, at)
	if f := p.openedAt(o, at); inside != nil && f != nil {
		n, span = patch.At(f.root, inside), mention.Span{}
	}
	if n != nil {
		p.claims.Add(n.YNode(), span, reader)
	}
}

// coverAddresses claims the addresses of a connection under all of their names: a program may read one only.
func (p *planner) coverAddresses(w *recognise.Workload, c *connection) {
	for _, name := range c.keys.Hosts {
		p.cover(w, c.store.get(name))
	}
}

// cover claims the place of a setting, and the variables that it refers to.
func (p *planner) cover(w *recognise.Workload, s *setting) {
	switch {
	case s == nil:
		return
	case s.variable != "":
		p.coverVariable(w.Object, w.Main, s.variable)
	case s.script != nil:
		for _, name := range s.script.Env {
			p.coverVariable(w.Object, w.Main, name)
		}
	case s.word != nil:
		p.claim(s.object, s.word, nil, s.span, nil)
	case s.edit.Syntax != nil:
		p.claim(s.object, s.edit.Path, nil, s.span, w.Main.Node.YNode())
	default:
		p.claim(s.object, s.edit.Path, s.edit.Inside, s.span, w.Main.Node.YNode())
	}
	for _, text := range s.Values {
		p.coverReferences(w.Object, w.Main, text)
	}
}

func (p *planner) coverReferences(o *object.Object, c object.Container, text string) {
	for _, r := range mention.References(text) {
		p.coverVariable(o, c, r.Name)
	}
}

// coverVariable claims the text of a variable of a container, where the stream shows it, and the variables in it.
func (p *planner) coverVariable(o *object.Object, c object.Container, name string) {
	holder, at, value, ok := p.variable(o, c, name)
	if !ok {
		return
	}
	n, reader := patch.At(holder.Node, at), c.Node.YNode()
	if n == nil || p.claims.Has(n.YNode(), reader) {
		return
	}
	p.claims.Add(n.YNode(), mention.Span{}, reader)
	p.coverReferences(o, c, value)
}

// variable gives the text of a variable of a container, and where it stands; false when the stream does not show it.
func (p *planner) variable(o *object.Object, c object.Container, name string) (holder *object.Object, at patch.Path, text string, ok bool) {
	v, set := p.seen(c).Given.Own(name)
	switch {
	case set && v.Content.Object != nil:
		return v.Content.Object, fields(v.Content.Field, v.From.Key), v.Text, true
	case set && (v.Known || v.Written != ""):
		return o, containerPath(c).Field("env").Item("name", name).Field("value"), v.Written, true
	}
	return nil, nil, "", false
}

// coverRule claims the addresses of a program that a ready rule describes, where the program has them, and the variables in these.
func (p *planner) coverRule(r ruled, files []ruleFile) {
	for _, f := range files {
		for _, said := range f.says {
			for _, at := range p.placesOf(f.embedded, said) {
				for _, name := range r.ready.hosts {
					p.coverHosts(r.w, patch.At(f.root, at), name)
				}
				p.coverUnread(r.w, catalog.Program{As: r.ready.name, Files: catalog.Files{Options: r.ready.flags}})
			}
		}
	}
}

// coverUnread claims the variables of a container that its program surely does not read.
func (p *planner) coverUnread(w *recognise.Workload, known catalog.Program) {
	for _, name := range recognise.UnreadVariables(known, p.seen(w.Main), p) {
		p.coverVariable(w.Object, w.Main, name)
	}
}

func (p *planner) coverHosts(w *recognise.Workload, place *yaml.RNode, name string) {
	_, hosts := lookup(place, name)
	if hosts == nil {
		return
	}
	p.claims.Add(hosts.YNode(), mention.Span{}, w.Main.Node.YNode())
	p.alsoCalled(texts(hosts)...)
	for _, text := range texts(hosts) {
		p.coverReferences(w.Object, w.Main, text)
	}
}

// coverCalls claims the addresses of a container's requests by curl, and nothing else of its scripts.
func (p *planner) coverCalls(o *object.Object, c object.Container) {
	p.coverScripts(c)
	for _, run := range p.seen(c).Runs {
		for _, r := range run.Requests() {
			for _, address := range r.Addresses {
				if p.isElsewhere(address) {
					continue
				}
				for _, piece := range address.Written {
					p.claims.Add(run.Args[piece.Word].Node, mention.Span{From: piece.From, To: piece.To}, nil)
				}
				for _, name := range address.From {
					p.coverVariable(o, c, name)
				}
			}
		}
	}
}

// isElsewhere tells whether a request by curl surely goes to no server of this stream: what names one in its address is no call then.
func (p *planner) isElsewhere(address shell.Word) bool {
	host := shell.Host(address.Text)
	return address.Known && host != "" && len(p.services) > 0 && !route.IsLocal(host) && p.names.Called(host) == ""
}

// coverScripts claims the same in the files that a container reads, where they are scripts.
func (p *planner) coverScripts(c object.Container) {
	reader := c.Node.YNode()
	p.mentions()
	for _, held := range p.found.Texts(c) {
		commands, _ := shell.Commands(shell.Script(string(held.Text)), p.seen(c).Given.Word)
		for _, command := range commands {
			for _, r := range command.Requests() {
				for _, address := range r.Addresses {
					if p.isElsewhere(address) || r.IgnoresFiles || r.Diverted || len(r.Files) > 0 {
						continue
					}
					for _, piece := range address.Written {
						p.claims.Add(held.Node, mention.Span{From: piece.From, To: piece.To}, reader)
					}
				}
			}
		}
	}
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
