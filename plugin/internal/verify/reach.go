package verify

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
)

// behind gives the servers behind a host as an object sees it: by a Service, a pod behind one, or the pod's own
// machine.
func (r *reader) behind(o *object.Object, host string) []*server {
	if s := r.serverOf(o); s != nil && route.IsLocal(host) {
		return []*server{s}
	}
	if host == "" || route.IsLocal(host) {
		return nil
	}
	first, rest, _ := strings.Cut(host, ".")
	second, _, _ := strings.Cut(rest, ".")
	places := slices.Concat(r.at[first], r.at[second])
	for _, behind := range r.names.Behind(host) {
		if i, ok := r.of[behind]; ok {
			places = append(places, i)
		}
	}
	slices.Sort(places)
	var found []*server
	for _, i := range slices.Compact(places) {
		s := r.servers[i]
		near := o.Namespace == s.object.Namespace || o.Namespace == "" || s.object.Namespace == ""
		switch {
		case slices.Contains(s.services, second), !slices.Contains(s.services, first),
			rest == "" && near, rest != "" && (s.object.Namespace == "" || second == s.object.Namespace ||
				second == ""):
			found = append(found, s)
		}
	}
	return r.ownerOf(o.Namespace, host, found)
}

// ownerOf gives of several servers that share a headless Service the one whose pod is called by its own name; all
// where it is none's.
func (r *reader) ownerOf(namespace, host string, all []*server) []*server {
	if len(all) < 2 || !strings.Contains(host, ".") {
		return all
	}
	w, known := r.routes.Find(namespace, host, "")
	if !known || w.Pod == "" {
		return all
	}
	own := slices.DeleteFunc(slices.Clone(all), func(s *server) bool { return !route.IsNamed(s.object, w) })
	if len(own) == 0 {
		return all
	}
	return own
}

// serverOf gives the server that an object is, nil for none.
func (r *reader) serverOf(o *object.Object) *server {
	if i, ok := r.of[o]; ok {
		return r.servers[i]
	}
	return nil
}
