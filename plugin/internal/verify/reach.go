package verify

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
)

// fleet are the servers of the manifests, and what leads to them.
type fleet struct {
	servers []*server
	at      map[string][]int       // places in servers, by the names of their Services
	of      map[*object.Object]int // the same, by their objects
	names   *mention.Names
	routes  *route.Map
}

// fleetOf gives what leads to the servers of a release.
func fleetOf(servers []*server, release *recognise.Release) (fleet, error) {
	f := fleet{servers: servers, at: map[string][]int{}, of: map[*object.Object]int{}}
	var ports []string
	for i, s := range servers {
		ports = append(ports, s.port)
		f.of[s.object] = i
		for _, service := range s.services {
			f.at[service] = append(f.at[service], i)
		}
	}
	var err error
	if f.names, err = mention.Of(release, ports...); err != nil {
		return f, err
	}
	f.routes, err = f.names.Ways(release)
	return f, err
}

// behind gives the servers behind a host as an object sees it: by a Service, a pod behind one, or the pod's own
// machine.
func (f fleet) behind(o *object.Object, host string) []*server {
	if s := f.serverOf(o); s != nil && route.IsLocal(host) {
		return []*server{s}
	}
	if host == "" || route.IsLocal(host) {
		return nil
	}
	first, rest, _ := strings.Cut(host, ".")
	second, _, _ := strings.Cut(rest, ".")
	places := slices.Concat(f.at[first], f.at[second])
	for _, behind := range f.names.Behind(host) {
		if i, ok := f.of[behind]; ok {
			places = append(places, i)
		}
	}
	slices.Sort(places)
	var found []*server
	for _, i := range slices.Compact(places) {
		s := f.servers[i]
		near := o.Namespace == s.object.Namespace || o.Namespace == "" || s.object.Namespace == ""
		switch {
		case f.leadsPast(o.Namespace, host, s):
		case slices.Contains(s.services, second), !slices.Contains(s.services, first),
			rest == "" && near, rest != "" && (s.object.Namespace == "" || second == s.object.Namespace ||
				second == ""):
			found = append(found, s)
		}
	}
	return f.ownerOf(o.Namespace, host, found)
}

// leadsPast tells whether a host is a Service of these manifests that leads elsewhere than to a server, though that is
// called by its name: its selector picks other pods, or it is an alias of a host that is not here.
func (f fleet) leadsPast(namespace, host string, s *server) bool {
	w, known := f.routes.Find(namespace, host, "")
	return known && (w.Outside != "" || len(object.Pairs(w.Service.Node, "spec", "selector")) > 0 &&
		!slices.Contains(s.services, w.Service.Name))
}

// ownerOf gives of several servers that share a headless Service the one whose pod is called by its own name; all
// where it is none's.
func (f fleet) ownerOf(namespace, host string, all []*server) []*server {
	if len(all) < 2 || !strings.Contains(host, ".") {
		return all
	}
	w, known := f.routes.Find(namespace, host, "")
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
func (f fleet) serverOf(o *object.Object) *server {
	if i, ok := f.of[o]; ok {
		return f.servers[i]
	}
	return nil
}

// atAddress gives the servers that are called by an address of the cluster, or by a port of its machines.
func (f fleet) atAddress(o *object.Object, host, port string) []*server {
	w, known := f.routes.Find(o.Namespace, host, port)
	if !known {
		return f.behind(o, host)
	}
	var found []*server
	for _, i := range f.at[w.Service.Name] {
		found = append(found, f.servers[i])
	}
	return found
}

// judgeServices looks for Services of which no port leads to a server: nobody can call it by them.
func (f fleet) judgeServices() {
	for _, s := range f.servers {
		for _, name := range s.services {
			if s.unmanaged || s.set[catalog.HTTPPort].hidden {
				continue
			}
			if why := f.routes.Closed(s.object, s.pod, name, s.httpPort()); why != "" {
				s.row.TLS.fail(place{id: s.object.ID, line: s.object.Doc.Line()}, NoWay, "%s", why)
			}
		}
	}
}
