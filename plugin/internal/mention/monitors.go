package mention

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Prometheus calls what a ServiceMonitor selects by labels, without any name of it.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor

// monitorKinds are the kinds that have something scraped: their group, the list of their endpoints, and whether they
// select pods.
// https://docs.victoriametrics.com/operator/resources/ and https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed
var monitorKinds = map[string]struct {
	groups []string
	list   string
	ofPods bool
}{
	"ServiceMonitor":       {[]string{"monitoring.coreos.com", "azmonitoring.coreos.com"}, "endpoints", false},
	"PodMonitor":           {[]string{"monitoring.coreos.com", "azmonitoring.coreos.com"}, "podMetricsEndpoints", true},
	"VMServiceScrape":      {[]string{"operator.victoriametrics.com"}, "endpoints", false},
	"VMPodScrape":          {[]string{"operator.victoriametrics.com"}, "podMetricsEndpoints", true},
	"PodMonitoring":        {[]string{"monitoring.googleapis.com"}, "endpoints", true},
	"ClusterPodMonitoring": {[]string{"monitoring.googleapis.com"}, "endpoints", true},
}

// monitors finds the endpoints of ServiceMonitors and their like that are HTTP of a server, or may be.
func (f *finder) monitors(ways *route.Map) error {
	kinds := slices.Sorted(maps.Keys(monitorKinds))
	all, err := f.release.Kinds(kinds, func(kind string) bool { return monitorKinds[kind].groups != nil })
	if err != nil || len(all) == 0 {
		return err
	}
	scraped, err := f.scraped(ways)
	for _, o := range all {
		kind := monitorKinds[o.Kind]
		if !slices.Contains(kind.groups, o.Group()) {
			continue
		}
		m := monitor{f, ways, o, kind.list}
		if kind.ofPods {
			m.pods()
		} else {
			m.services(scraped)
		}
	}
	return err
}

// scraped is a Service with its labels, and the server behind it, if any.
type scraped struct {
	*object.Object
	labels map[string]string
	server *recognise.Workload
}

// scraped lists the Services of the release, those of servers once for each.
func (f *finder) scraped(ways *route.Map) ([]scraped, error) {
	servers := map[string][]*recognise.Workload{}
	for _, w := range slices.Concat(f.release.Nodes, f.release.Unmanaged) {
		names, err := f.release.Services(w)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			servers[name] = append(servers[name], w)
		}
	}
	var all []scraped
	for _, o := range ways.Services() {
		labels := object.Pairs(o.Node, "metadata", "labels")
		all = append(all, scraped{o, labels, nil})
		for _, w := range servers[o.Name] {
			if near(o.Namespace, w.Namespace) {
				all = append(all, scraped{o, labels, w})
			}
		}
	}
	return all, nil
}

// monitor is a ServiceMonitor or PodMonitor.
type monitor struct {
	*finder
	ways   *route.Map
	object *object.Object
	list   string // of its endpoints
}

// sees tells whether a monitor looks into the namespace of an object.
func (m monitor) sees(o *object.Object) bool {
	if object.Text(m.object.Node, "spec", "namespaceSelector", "any") == "true" ||
		strings.HasPrefix(m.object.Kind, "Cluster") || o.Namespace == "" || m.object.Namespace == "" {
		return true
	}
	names := object.Items(m.object.Node, "spec", "namespaceSelector", "matchNames")
	return len(names) == 0 && o.Namespace == m.object.Namespace ||
		slices.ContainsFunc(names, func(name *yaml.Node) bool { return name.Value == o.Namespace })
}

// services looks at the endpoints of a ServiceMonitor. One that selects no Service of the release may select one that
// has its labels from elsewhere: there one server is as good as all.
func (m monitor) services(all []scraped) {
	selector := recognise.SelectorOf(m.object.Node, "spec", "selector")
	var selected []scraped
	for _, s := range all {
		if selector.Picks(s.labels) && m.sees(s.Object) {
			selected = append(selected, s)
		}
	}
	strength := Address
	if len(selected) == 0 {
		selected, strength = all, May
	}
	for i, endpoint := range object.Items(m.object.Node, "spec", m.list) {
		for _, s := range selected {
			if s.server == nil || !m.sees(s.Object) || !m.isHTTP(s.Object, s.server, endpoint) {
				continue
			}
			m.note(endpoint, object.Fields("spec", m.list).Index(strconv.Itoa(i)), s.Name, strength)
			if strength == May {
				break
			}
		}
	}
}

// isHTTP tells whether an endpoint is HTTP of a server, by the name of a port of its Service or by a port of its pods.
func (m monitor) isHTTP(service *object.Object, w *recognise.Workload, endpoint *yaml.Node) bool {
	if target := object.Text(endpoint, "targetPort"); target != "" {
		return m.names.ports[containerPort(w, target)]
	}
	for _, p := range object.Items(service.Node, "spec", "ports") {
		if object.Text(p, "name") == object.Text(endpoint, "port") {
			port, _ := m.ways.To(route.Way{Service: service, Port: object.Text(p, "port")}, w.Object, w.Pod)
			return m.names.ports[port]
		}
	}
	return false
}

// pods looks at the endpoints of a PodMonitor.
func (m monitor) pods() {
	for i, endpoint := range object.Items(m.object.Node, "spec", m.list) {
		for _, w := range slices.Concat(m.release.Nodes, m.release.Unmanaged) {
			port := object.Text(endpoint, "portNumber")
			for _, field := range []string{"port", "targetPort"} {
				if name := object.Text(endpoint, field); name != "" {
					port = containerPort(w, name)
				}
			}
			selector := recognise.SelectorOf(m.object.Node, "spec", "selector")
			if m.sees(w.Object) && m.names.ports[port] &&
				selector.Picks(object.Pairs(w.Pod.Template, "metadata", "labels")) {
				m.note(endpoint, object.Fields("spec", m.list).Index(strconv.Itoa(i)), w.Name, Address)
			}
		}
	}
}

// containerPort gives the port of a pod that has a name, or the port itself.
func containerPort(w *recognise.Workload, name string) string {
	for _, c := range w.Pod.Containers() {
		for _, p := range object.Items(c.Node, "ports") {
			if object.Text(p, "name") == name {
				return object.Text(p, "containerPort")
			}
		}
	}
	return name
}

// note adds a mention. With a pair Prometheus may be let in.
func (m monitor) note(endpoint *yaml.Node, path object.Path, name string, strength Strength) {
	at := endpoint
	for _, field := range []string{"port", "targetPort", "portNumber"} {
		if p := object.Get(endpoint, field); p != nil {
			at, path = p, path.Field(field)
			break
		}
	}
	tls := func(field string) bool {
		return object.Get(endpoint, "tlsConfig", field) != nil || object.Get(endpoint, "tls", field) != nil
	}
	if (tls("cert") || tls("certFile")) && (tls("keySecret") || tls("keyFile") || tls("key")) {
		strength = May
	}
	m.found = append(m.found, Mention{
		Object: m.object, Path: path, Line: m.object.Doc.Line() + at.Line - 1, Name: name, Strength: strength,
		Route: true, node: at,
		Plain: !strings.EqualFold(object.Text(endpoint, "scheme"), "https"),
	})
}
