package verify

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// portIn gives the port of an authority, "" when it names none; open tells that one is written that nothing here shows.
func portIn(authority string) (port string, open bool) {
	rest := authority
	if strings.HasPrefix(rest, "[") {
		_, rest, _ = strings.Cut(rest, "]")
	}
	_, text, written := strings.Cut(rest, ":")
	port = text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	return port, written && port != text
}

// portOf gives the port that a program calls at an address; known is false where nothing here shows it.
//
//	in the address         | a setting beside it, else its program's own | its scheme, or that of a setting | calls
//	one that no text shows | any                                         | any                              | -
//	a number               | any                                         | any                              | that
//	none                   | one, unless it counts for bare names only   | any                              | that
//	none                   | none that counts                            | http                             | 80
//	none                   | none that counts                            | https                            | 443
//	none                   | none that counts                            | none                             | -
func (d destination) portOf(a address) (port string, known bool) {
	ofAddress := a.scheme != "" && d.ports.Bare
	switch {
	case a.open:
		return "", false
	case a.port != "":
		return a.port, true
	case d.port.set() && !ofAddress:
		return d.port.text(), !d.port.hidden
	case d.ports.Default != "" && !ofAddress:
		return d.ports.Default, true
	case a.scheme == "http":
		return "80", true
	case a.scheme == "https" || d.saysTLS():
		return "443", true
	}
	return "", false
}

// assumeNames names what finds the addresses of a client where its pod does not ask the DNS of the cluster.
// https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
func assumeNames(a *Aspect, c caller, addresses []address) {
	policy := or(object.Text(c.pod.Spec, "dnsPolicy"), "ClusterFirst")
	onMachine := policy == "ClusterFirst" && object.Text(c.pod.Spec, "hostNetwork") == "true"
	if !onMachine && policy != "Default" && policy != "None" {
		return
	}
	for _, at := range addresses {
		if host := route.Aliased(c.pod, at.host); host != "" && !route.IsAddress(host) && !route.IsLocal(host) &&
			len(c.serversAt(at)) > 0 {
			a.assume("%s: its pod, which does not ask the DNS of the cluster (dnsPolicy), finds %s", c, at.host)
		}
	}
}

// judgeWay judges whether the calls of a client arrive at the port of each server that is behind its addresses.
func (c *connection) judgeWay(a *Aspect, addresses []address, servers []*server) {
	for _, at := range addresses {
		port, known := c.portOf(at)
		for _, s := range servers {
			http := s.set[catalog.HTTPPort]
			switch {
			case s.unmanaged || at.host == "" || !slices.Contains(c.serversAt(at), s):
			case at.open || !known && c.runtime.Name != "":
				a.assume("%s: the port of %s leads to Elasticsearch", c.caller, at.text)
			case !known:
			case http.hidden:
				a.assume("%s: %s leads to its http.port", s.caller, at.text)
			default:
				judgePort(a, c.caller, at, port, s)
			}
		}
	}
}

// judgePort follows an address to a port of a server's pods.
func judgePort(a *Aspect, c caller, at address, port string, s *server) {
	host, end := route.Aliased(c.pod, at.host), port
	if addresses, is := leavesOut(s.set); is && route.IsLocal(host) {
		a.fail(at.at, NoWay, "%s leads nowhere: Elasticsearch listens on %s only", at.text, addresses)
		return
	}
	if !route.IsLocal(host) {
		w, known := c.routes.Find(c.object.Namespace, host, port)
		if !known || w.Outside != "" {
			return // as its name is known by
		}
		var why string
		if end, why = c.routes.To(w, s.object, s.pod); why != "" {
			a.fail(at.at, NoWay, "%s leads nowhere: %s", at.text, why)
			return
		}
		if c.routes.IsOpen(w) {
			a.assume("%s has no selector, and what gives it its addresses, which is not in these manifests, names "+
				"those of %s", w.Service.ID, s.object.ID)
		}
	}
	if end == s.httpPort() {
		return
	}
	if other := listenerBeside(s.caller, end); other != "" {
		a.assume("%s: %s, which leads to port %s of container %q, is let in by it", c, at.text, end, other)
		return
	}
	a.fail(at.at, NoWay, "%s leads to port %s of %s, which answers at port %s", at.text, end, s.object.ID, s.httpPort())
}

// httpPort is the port at which a server answers: the first of a range.
func (s *server) httpPort() string {
	port, _, _ := strings.Cut(s.port, "-")
	return strings.TrimSpace(port)
}

// listenerBeside names another container of the pod that says that a port is its own.
func listenerBeside(c caller, port string) string {
	for _, other := range c.pod.All() {
		isPort := func(p *yaml.Node) bool { return object.Text(p, "containerPort") == port }
		if other.Name != c.Name && slices.ContainsFunc(object.Items(other.Node, "ports"), isPort) {
			return other.Name
		}
	}
	return ""
}

// isAlone tells whether nothing else runs beside a container at the addresses of its own machine.
func (c caller) isAlone() bool {
	isBeside := func(other object.Container) bool {
		return other.Name != c.Name &&
			(other.List == "containers" || object.Text(other.Node, "restartPolicy") == "Always")
	}
	return object.Text(c.pod.Spec, "hostNetwork") != "true" && !slices.ContainsFunc(c.pod.All(), isBeside)
}

// judgeDeadEnds reports addresses of a pod in which nothing else runs. Behind a Service whose selector picks no pod of
// these manifests there may be those of another release, or of an operator.
func (c *connection) judgeDeadEnds(a *Aspect, addresses []address) {
	for _, at := range addresses {
		port, _ := c.portOf(at)
		host := route.Aliased(c.pod, at.host)
		if route.IsLocal(host) && c.isAlone() {
			a.fail(at.at, NoWay, "%s leads nowhere: nothing else runs in its pod", at.text)
			continue
		}
		w, known := c.routes.Find(c.object.Namespace, host, port)
		if at.host == "" || !known || w.Outside != "" {
			continue
		}
		selector := object.Pairs(w.Service.Node, "spec", "selector")
		if len(selector) > 0 && !c.release.Picks(w.Service) {
			a.assume("%s: the selector of %s, which picks no pod of these manifests, picks one elsewhere", c.caller,
				w.Service.ID)
		}
	}
}
