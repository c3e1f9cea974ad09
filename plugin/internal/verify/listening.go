package verify

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
)

const (
	transportSSL = catalog.TransportLayer
	remoteSSL    = catalog.RemoteLayer
)

// judgeListening looks at the addresses on which a node listens for HTTP. Without any setting it is its own machine's.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/modules-network.html#common-network-settings
func judgeListening(a *Aspect, c caller, set settings) {
	v := listenedOn(set, c.at(catalog.NetworkHost, nil))
	hosts := v.listOf()
	switch {
	case v.hidden && !v.ofPod, len(c.unknown) > 0 && v.at.path == catalog.NetworkHost:
		a.assume("%s: it listens on an address that clients reach", c)
	case v.hidden:
	case slices.ContainsFunc(hosts, isReachable):
		for _, host := range hosts {
			if !isItsOwn(host) {
				a.assume("%s: %s is an address of its pod, and clients reach it there", c, host)
			}
		}
	default:
		a.fail(v.at, NotReached, "it listens for HTTP on %s only, which nobody outside its container reaches",
			strings.Join(hosts, ", "))
	}
}

// listenedOn gives the addresses on which a node listens for HTTP.
func listenedOn(set settings, at place) value {
	for _, key := range []string{"http.bind_host", "http.host", "network.bind_host", catalog.NetworkHost} {
		if set[key].set() {
			return set[key]
		}
	}
	return value{texts: []string{"_local_"}, at: at}
}

// leavesOut gives the addresses on which a node listens where that of its own machine is none of them: those of
// interfaces alone.
func leavesOut(set settings) (addresses string, is bool) {
	v := listenedOn(set, place{})
	isOther := func(host string) bool {
		address, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return err == nil && !address.IsUnspecified() && !address.Unmap().IsLoopback() ||
			strings.HasPrefix(host, "_") && isReachable(host)
	}
	hosts := v.listOf()
	others := !slices.ContainsFunc(hosts, func(host string) bool { return !isOther(host) })
	return strings.Join(hosts, ", "), !v.hidden && others
}

// isItsOwn holds for what is an address of every machine: all of them, those of its own, and those that Elasticsearch
// looks up.
func isItsOwn(host string) bool {
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && (address.IsUnspecified() || address.Unmap().IsLoopback()) || host == "0" ||
		strings.HasPrefix(host, "_") || route.IsLocal(strings.ToLower(host))
}

// runsNobody holds for nodes that are not there: their workload has no replicas.
func runsNobody(o *object.Object) bool { return object.Text(o.Node, "spec", "replicas") == "0" }

// judgeReplicas looks for addresses behind which no node runs. Nobody misses those that nobody calls.
func judgeReplicas(a *Aspect, c caller, addresses []address) {
	for _, at := range addresses {
		servers := c.serversAt(at)
		isAnswered := func(s *server) bool { return s.unmanaged || s.object == c.object || !runsNobody(s.object) }
		if at.host == "" || len(servers) == 0 || runsNobody(c.object) || slices.ContainsFunc(servers, isAnswered) {
			continue
		}
		s := servers[0]
		a.fail(s.at("spec.replicas", object.Get(s.object.Node, "spec", "replicas")), NotReached,
			"it has no replicas: no node runs, and none answers %s at %s", c, at.text)
	}
}

// assumeReplicas says of manifests without a node that runs what they cannot show: that nobody calls one.
func assumeReplicas(a *Aspect, servers []*server) {
	isThere := func(s *server) bool { return s.unmanaged || !runsNobody(s.object) }
	if len(servers) > 0 && !slices.ContainsFunc(servers, isThere) {
		a.assume("%s: nobody calls it, as it has no replicas, and no node answers", servers[0].object.ID)
	}
}

// isReachable holds for addresses on which clients may reach a node: all but those of its own machine.
func isReachable(host string) bool {
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	switch {
	case err == nil:
		return !address.Unmap().IsLoopback()
	case strings.HasPrefix(host, "_local") || strings.HasPrefix(host, "_lo_") || strings.HasPrefix(host, "_lo:"):
		return false
	}
	return host == "0" || !route.IsLocal(strings.ToLower(host))
}

// judgeTransport looks at TLS between nodes: a node that has security without it, or without a pair for it, does not
// start. Where nothing says so, and elasticsearch.yml is that of the image, it may be there.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/bootstrap-checks-xpack.html#bootstrap-checks-tls
func (s *server) judgeTransport() {
	on, single := s.set[transportSSL+catalog.LayerEnabled], s.set[catalog.DiscoveryType]
	switch {
	case !s.set[catalog.SecurityEnabled].set() &&
		s.major() == 7, s.set[catalog.SecurityEnabled].is("false"), single.is(catalog.SingleNode) && !on.is("true"):
	case on.is("true"):
		s.judgeFiles(&s.row.Certificate, transportSSL)
	case !on.set() && !s.whole:
	case on.hidden || single.hidden || s.unseen || len(s.unknown) > 0:
		s.row.TLS.assume("%s: %senabled is true, or it is a cluster of one node", s.caller, transportSSL)
	default:
		s.row.TLS.fail(s.setting(transportSSL+catalog.LayerEnabled), NotStarted,
			"%senabled is not true: Elasticsearch, which has security on and is no single-node cluster, does not start",
			transportSSL)
	}
}

// judgeRemoteClusters looks at the port for other clusters, which serves the API too.
// https://www.elastic.co/guide/en/elasticsearch/reference/8.19/remote-clusters-settings.html
func (s *server) judgeRemoteClusters() {
	on, asked := s.set["remote_cluster_server.enabled"], s.options.ClientAuthentication
	get := func(name string) value { return s.set[remoteSSL+name] }
	stage := get(catalog.LayerStage)
	switch {
	case asked == "none" || !on.hidden && !on.is("true"):
	case on.hidden || stage.hidden || get(catalog.LayerEnabled).hidden || get(catalog.LayerVerification).hidden:
		s.row.Stage.assume("%s: the port for other clusters is closed, or asks for certificates too", s.caller)
	case get(catalog.LayerEnabled).is("false"):
		s.row.Stage.fail(get(catalog.LayerEnabled).at, ServerStage, "remote_cluster_server.enabled opens a port that "+
			"serves the API without TLS")
	case !strings.EqualFold(or(stage.text(), "none"), asked), get(catalog.LayerVerification).is("none"):
		s.row.Stage.fail(on.at, ServerStage, "remote_cluster_server.enabled opens a port that serves the API and "+
			"lets in who has no certificate: set %sclient_authentication to %q", remoteSSL, asked)
	default:
		s.judgeFiles(&s.row.Stage, remoteSSL)
	}
}

// judgeNeighbours looks for other pods behind the Services of the servers, where these lead to HTTP: they answer its
// clients too.
func (r *reader) judgeNeighbours(all []*recognise.Workload) error {
	for _, w := range all {
		s := r.serverOf(w.Object)
		leads := func(service *object.Object, port string) bool {
			end, _ := r.routes.To(route.Way{Service: service, Port: port}, w.Object, w.Pod)
			return route.IsHeadless(service) || s.set[catalog.HTTPPort].hidden || end == s.httpPort()
		}
		pods, err := r.release.Behind(w, leads)
		if err != nil {
			return err
		}
		for _, o := range pods {
			if _, listed := r.exempt.reason(o.ID, ""); listed || r.release.IsServer(o) {
				continue
			}
			at := place{id: o.ID, line: o.Doc.Line()}
			s.row.Stage.fail(at, NotJudged, "its pods are behind a Service of %s, and it is not known what they answer",
				w.ID)
			s.row.Verdict = verdict(s.row.aspects()...)
		}
	}
	return nil
}
