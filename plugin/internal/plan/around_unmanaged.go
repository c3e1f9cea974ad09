package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// unmanaged refuses entries that match nothing: a typing mistake there would hide a client. A client with a
// certificate of its own may be in another release, and is only named.
func unmanaged(in *In, served Part) Part {
	p := begin(in)
	for _, u := range p.settings.Unmanaged {
		if served.matched[u.Ref] {
			continue
		}
		parts := strings.Split(u.Ref, "/")
		o, err := p.release.Find("", parts[0], parts[1])
		switch {
		case err != nil:
			p.fail(err)
		case o == nil || len(parts) == 3 && !hasContainer(o, parts[2]):
			p.fail(problem.New(problem.Configuration, "spec.unmanaged: %s matches nothing in the input", u.Ref).
				Do("correct or remove the entry"))
		case len(parts) == 3 && p.isMain(o, parts[2]):
			p.fail(problem.New(problem.Configuration, "spec.unmanaged: %s is the container of the server itself, "+
				"which is patched", u.Ref).
				Do("remove the entry, or list the whole object"))
		default:
			p.pass(o.ID, "unmanaged: "+u.Reason)
		}
	}
	for _, c := range p.settings.Certificates.Clients {
		if !served.matched[c.Ref] && len(p.release.Nodes)+len(p.release.Kibanas) > 0 {
			p.action(object.ID{}, "certificates.clients: %s is none of the clients that were patched: "+
				"if it is not in another release, the entry is a mistake", c.Ref)
		}
	}
	return *p.Part
}

func (in *In) isMain(o *object.Object, container string) bool {
	return slices.ContainsFunc(slices.Concat(in.release.Nodes, in.release.Kibanas), func(w *recognise.Workload) bool {
		return w.Object == o && w.Main.Name == container
	})
}

func hasContainer(o *object.Object, name string) bool {
	pod, ok := o.Pod()
	return ok && slices.ContainsFunc(pod.All(), func(c object.Container) bool { return c.Name == name })
}
