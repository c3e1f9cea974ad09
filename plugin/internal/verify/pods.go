package verify

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// judgePod judges what its containers call by curl, elk-mtls-init, and the probes of a server.
func (r *reader) judgePod(o *object.Object) {
	pod, ok := o.Pod()
	if !ok {
		return
	}
	s := r.serverOf(o)
	for _, container := range pod.All() {
		c := r.caller(o, pod, container)
		calls, lost := curls(c, s)
		for _, made := range calls {
			r.edge(made)
		}
		r.judgeLost(c, lost, s)
		for _, made := range wrapped(c) {
			r.edge(made)
		}
		made, _ := program{catalog.OwnInit()}.connections(c)
		for _, connection := range made {
			r.edge(connection)
		}
		if s != nil && !s.unmanaged {
			probed{c, s, s.options.required()}.judge()
		}
	}
	if s != nil && !s.unmanaged {
		s.row.Verdict = verdict(s.row.aspects()...)
	}
}
