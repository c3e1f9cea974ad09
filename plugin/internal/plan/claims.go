package plan

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// A planned connection claims the places that it answers for: where it reads its address, and the variables in that. A
// server's name there is covered; the same words elsewhere are not.

// claimAt claims a place for whoever reads the object, or for one container of those that do.
func claimAt(p step, o *object.Object, at, inside patch.Path, span mention.Span, reader *yaml.Node) {
	n := patch.At(o.Node, at)
	if root := openedAt(o, at); inside != nil && root != nil {
		n, span = patch.At(root, inside), mention.Span{}
	}
	if n != nil {
		p.claim(n, span, reader)
	}
}

// coverAddresses claims the addresses of a connection under all of their names: a program may read one only.
func coverAddresses(p step, w *recognise.Workload, c *connection) {
	for _, name := range c.keys.Saying() {
		coverSetting(p, w, c.store.get(name))
	}
}

// coverSetting claims the place of a setting, and the variables that it refers to.
func coverSetting(p step, w *recognise.Workload, s *setting) {
	switch {
	case s == nil:
		return
	case s.variable != "":
		coverVariable(p, w.Object, w.Main, s.variable)
	case s.script != nil:
		for _, name := range s.script.Env {
			coverVariable(p, w.Object, w.Main, name)
		}
	case s.word != nil:
		claimAt(p, s.object, s.word, nil, s.span, nil)
	case s.edit.Syntax != nil:
		claimAt(p, s.object, s.edit.Path, nil, s.span, w.Main.Node)
	default:
		claimAt(p, s.object, s.edit.Path, s.edit.Inside, s.span, w.Main.Node)
	}
	for _, text := range s.Values {
		coverReferences(p, w.Object, w.Main, text)
	}
}

func coverReferences(p step, o *object.Object, c object.Container, text string) {
	for _, r := range mention.References(text) {
		coverVariable(p, o, c, r.Name)
	}
}

// coverVariable claims the text of a variable of a container, where the stream shows it, and the variables in it.
func coverVariable(p step, o *object.Object, c object.Container, name string) {
	holder, at, value, ok := variableOf(p.In, o, c, name)
	if !ok {
		return
	}
	n, reader := patch.At(holder.Node, at), c.Node
	if n == nil || p.claims.Has(n, reader) {
		return
	}
	p.claim(n, mention.Span{}, reader)
	coverReferences(p, o, c, value)
}

// variableOf gives the text of a variable of a container, and where it stands; false when the stream does not show it.
func variableOf(in *In, o *object.Object, c object.Container, name string) (holder *object.Object, at patch.Path,
	text string, ok bool) {
	v, set := in.seen(c).Given.Own(name)
	switch {
	case set && v.Content.Object != nil:
		return v.Content.Object, fields(v.Content.Field, v.From.Key), v.Text, true
	case set && (v.Known || v.Written != ""):
		return o, containerPath(c).Field("env").Item("name", name).Field("value"), v.Written, true
	}
	return nil, nil, "", false
}

// coverRule claims the addresses of a program that a ready rule describes, where the program has them, and the
// variables in these.
func coverRule(p step, r ruled, files []ruleFile) {
	for _, f := range files {
		for _, said := range f.says {
			for _, at := range placesOf(p.In, f.embedded, said) {
				for _, name := range r.ready.hosts {
					coverHosts(p, r.w, patch.At(f.root, at), name)
				}
				coverUnread(p, r.w, catalog.Program{As: r.ready.name, Files: catalog.Files{Options: r.ready.flags}})
			}
		}
	}
}

// coverUnread claims the variables of a container that its program surely does not read.
func coverUnread(p step, w *recognise.Workload, known catalog.Program) {
	for _, name := range recognise.UnreadVariables(known, p.seen(w.Main), p.release) {
		coverVariable(p, w.Object, w.Main, name)
	}
}

func coverHosts(p step, w *recognise.Workload, place *yaml.Node, name string) {
	_, hosts := lookup(place, name)
	if hosts == nil {
		return
	}
	p.claim(hosts, mention.Span{}, w.Main.Node)
	p.calls(texts(hosts)...)
	for _, text := range texts(hosts) {
		coverReferences(p, w.Object, w.Main, text)
	}
}

// coverCalls claims the addresses of a container's requests by curl, and nothing else of its scripts.
func coverCalls(p step, o *object.Object, c object.Container) {
	coverScripts(p, c)
	for _, run := range p.seen(c).Runs {
		var reader *yaml.Node // of a file that others read, too
		if run.Holder != nil {
			reader = c.Node
		}
		for _, r := range run.Requests() {
			for _, address := range r.Addresses {
				if isElsewhere(p.In, address) {
					continue
				}
				for _, piece := range address.Written {
					p.claim(run.Args[piece.Word].Node, mention.Span{From: piece.From, To: piece.To}, reader)
				}
				for _, name := range address.From {
					coverVariable(p, o, c, name)
				}
			}
		}
	}
}

// isElsewhere tells whether a request by curl surely goes to no server of this stream: what names one in its address
// is no call then.
func isElsewhere(in *In, address shell.Word) bool {
	host := shell.Host(address.Text)
	return address.Known && host != "" && len(in.services) > 0 && !route.IsLocal(host) && in.names.Called(host) == ""
}

// coverScripts claims the same in the files that a container reads, where they are scripts.
func coverScripts(p step, c object.Container) {
	for _, held := range p.mentions().Texts(c) {
		commands, _ := shell.Commands(shell.Script(string(held.Text)), p.seen(c).Given.Word)
		for _, command := range commands {
			for _, piece := range configured(p.In, command.Requests()) {
				p.claim(held.Node, mention.Span{From: piece.From, To: piece.To}, c.Node)
			}
		}
	}
}

// configured gives where the addresses stand of the requests that take our files.
func configured(in *In, requests []shell.Request) (all []shell.Piece) {
	for _, r := range requests {
		if r.IgnoresFiles || r.Diverted || len(r.Files) > 0 {
			continue
		}
		for _, address := range r.Addresses {
			if !isElsewhere(in, address) {
				all = append(all, address.Written...)
			}
		}
	}
	return all
}

// openedAt gives the YAML file that stands at a place, nil for none. It is read once.
func openedAt(o *object.Object, at patch.Path) *yaml.Node {
	doc, err := patch.Embedded(o, at)
	if err != nil {
		return nil
	}
	root, err := doc.Root()
	if err != nil {
		return nil
	}
	return root
}
