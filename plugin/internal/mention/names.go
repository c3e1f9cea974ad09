package mention

import (
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Names are all that a server of a release is called.
type Names struct {
	known
	servers   map[*object.Object]*yaml.Node // the containers that run them
	workloads []string                      // the names of these
	ports     ports
	ways      *route.Map // see Ways
	onMachine bool       // one of them has the network of its machine
}

// known are names, and the servers to which they lead.
type known struct {
	labels    map[string]named // by the first or second part of a host, in small letters
	hosts     map[string]named // by whole hosts and addresses
	variables map[string]named // by the beginning of the variables that Kubernetes sets for a Service
	machine   map[string]named // by a port of every machine that leads to them
	pods      bool             // some of them are pods of the release
}

// ports are those on which servers speak HTTP.
type ports map[string]bool

// named is a name as it is written, and the servers behind it, as far as the release has them.
type named struct {
	name    string
	servers []*object.Object
}

// None gives no names yet.
func None() *Names {
	return &Names{
		known: known{labels: map[string]named{}, hosts: map[string]named{}, variables: map[string]named{},
			machine: map[string]named{}},
		servers: map[*object.Object]*yaml.Node{}, ports: ports{},
	}
}

// Of gives the names that the servers of a release have by its objects. ports are those on which they speak HTTP.
func Of(r *recognise.Release, ports ...string) (*Names, error) {
	n := None()
	for _, port := range append(ports, "9200") {
		n.ports[port] = true
	}
	workloads := slices.Concat(r.Nodes, r.Unmanaged)
	n.pods = len(workloads) > 0
	for _, w := range workloads {
		n.servers[w.Object] = w.Main.Node
		n.workloads = append(n.workloads, w.Name)
		n.onMachine = n.onMachine || hasMachine(w.Pod)
		services, err := r.Services(w)
		if err != nil {
			return nil, err
		}
		for _, service := range append(slices.Clone(services), object.Text(w.Node, "spec", "serviceName")) {
			n.service(service, w.Object)
			objects, err := r.Named("Service", service)
			if err != nil {
				return nil, err
			}
			for _, o := range objects {
				n.addresses(o, w.Object)
				n.nodePorts(o, w.Object)
			}
		}
	}
	if len(n.labels) == 0 {
		return n, nil
	}
	if err := n.aliases(r); err != nil {
		return nil, err
	}
	if err := n.manual(r, workloads); err != nil {
		return nil, err
	}
	return n, n.hostAliases(r)
}

// hasMachine tells whether a pod has the network of its machine.
func hasMachine(pod object.Pod) bool { return object.Text(pod.Spec, "hostNetwork") == "true" }

// isBeside tells whether a server may be at the own addresses of a container: in its pod, or on its machine.
func (n *Names) isBeside(o *object.Object, pod object.Pod, c object.Container) bool {
	if server := n.servers[o]; server != nil {
		return server != c.Node
	}
	return n.onMachine && hasMachine(pod)
}

// Ways gives the ways to the servers of a release, which are looked for once.
func (n *Names) Ways(r *recognise.Release) (*route.Map, error) {
	if n.ways != nil {
		return n.ways, nil
	}
	ways, err := route.Of(r)
	n.ways = ways
	return ways, err
}

// nodePorts notes the ports of machines at which a Service leads to HTTP.
func (n *known) nodePorts(o, server *object.Object) {
	for _, p := range object.Items(o.Node, "spec", "ports") {
		port := object.Text(p, "nodePort")
		isHTTP := object.Text(p, "port") != "9300" && object.Text(p, "targetPort") != "9300" &&
			!strings.Contains(object.Text(p, "name"), "transport")
		if port != "" && isHTTP {
			add(n.machine, port, o.Name, []*object.Object{server})
		}
	}
}

// hostAliases adds the names that pods have for addresses of a server.
func (n *Names) hostAliases(r *recognise.Release) error {
	objects, err := r.Pods([]string{"hostAliases"})
	if err != nil {
		return err
	}
	for _, o := range objects {
		pod, _ := o.Pod()
		for _, alias := range object.Items(pod.Spec, "hostAliases") {
			behind := n.of(object.Text(alias, "ip"))
			if behind.name == "" {
				continue
			}
			for _, host := range object.Items(alias, "hostnames") {
				add(n.hosts, route.Canonical(host.Value), host.Value, behind.servers)
			}
		}
	}
	return nil
}

// service notes the name of a Service, and the variables by which pods of its namespace know it.
// https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
func (n *known) service(name string, servers ...*object.Object) {
	if name == "" {
		return
	}
	add(n.labels, strings.ToLower(name), name, servers)
	add(n.variables, strings.ToUpper(strings.ReplaceAll(name, "-", "_")), name, servers)
}

func add(to map[string]named, key, name string, servers []*object.Object) {
	to[key] = named{name, append(slices.Clone(to[key].servers), servers...)}
}

// addresses notes the addresses that a Service has by its object.
func (n *known) addresses(o, server *object.Object) {
	all := []string{object.Text(o.Node, "spec", "clusterIP"), object.Text(o.Node, "spec", "loadBalancerIP")}
	for _, field := range []string{"clusterIPs", "externalIPs"} {
		for _, item := range object.Items(o.Node, "spec", field) {
			all = append(all, item.Value)
		}
	}
	for _, address := range all {
		if strings.ContainsAny(address, ".:") {
			add(n.hosts, route.Canonical(address), address, []*object.Object{server})
		}
	}
}

// aliases adds the Services that stand for another name of a server, and those that stand for these.
func (n *known) aliases(r *recognise.Release) error {
	all, err := r.Holding("Service", []string{"externalName"})
	for found := true; found && err == nil; {
		found = false
		for _, o := range all {
			_, known := n.labels[strings.ToLower(o.Name)]
			if target := object.Text(o.Node, "spec", "externalName"); !known && o.Name != "" && n.Called(target) != "" {
				n.service(o.Name, n.Behind(target)...)
				found = true
			}
		}
	}
	return err
}

// manual adds the Services without a selector whose endpoints are pods of a server, or addresses of it.
func (n *Names) manual(r *recognise.Release, workloads []*recognise.Workload) error {
	for _, kind := range []string{"Endpoints", "EndpointSlice"} {
		all, err := r.Holding(kind, []string{kind})
		if err != nil {
			return err
		}
		for _, o := range all {
			service := endpointsOf(o)
			if _, known := n.labels[strings.ToLower(service)]; known || service == "" {
				continue
			}
			if servers, ok := n.isBehind(o, workloads); ok {
				n.service(service, servers...)
			}
		}
	}
	return nil
}

// endpointsOf gives the Service that endpoints are for.
func endpointsOf(o *object.Object) string {
	if o.Kind == "EndpointSlice" {
		return o.Label("kubernetes.io/service-name")
	}
	return o.Name
}

// isBehind tells whether endpoints are those of a server: a pod of it, one of its addresses, or whatever has its port.
func (n *Names) isBehind(o *object.Object, workloads []*recognise.Workload) (servers []*object.Object, is bool) {
	pods, addresses, port := false, false, false
	for _, t := range scalars(o.Node) {
		field, text := t.path.Last(), t.node.Value
		switch {
		case field == "name" && len(t.path) > 1 && t.path[len(t.path)-2].Field == "targetRef":
			pods = true
			for _, w := range workloads {
				if strings.HasPrefix(text, w.Name+"-") {
					return []*object.Object{w.Object}, true
				}
			}
		case field == "ip" || field == "addresses" || field == "hostname":
			addresses = true
			if n.Called(text) != "" {
				return n.Behind(text), true
			}
		case field == "port":
			port = port || n.ports[text]
		}
	}
	for _, w := range workloads {
		servers = append(servers, w.Object)
	}
	return servers, !pods && addresses && port
}

// Add notes a further host: one that the configuration names, or that a client calls that is known.
func (n *known) Add(host string) {
	f := keptAs(host)
	switch {
	case f.text == "":
	case f.label:
		n.service(f.text)
	default:
		add(n.hosts, f.text, strings.TrimSuffix(strings.Trim(host, "[]"), "."), nil)
	}
}

// form is what a host is known by: the name of a Service or a pod, or a whole host.
type form struct {
	text  string
	label bool
}

// keptAs gives the form of a host that is kept of it: nothing of the own machine, nor of what only a run knows.
func keptAs(host string) form {
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if host == "" || route.IsLocal(host) || strings.ContainsAny(host, "$*{}() ,") {
		return form{}
	}
	first, rest, _ := strings.Cut(host, ".")
	if _, domain, _ := strings.Cut(rest, "."); rest == "" || route.IsCluster(domain) {
		return form{strings.ToLower(first), true}
	}
	return form{route.Canonical(host), false}
}

// askedAs gives the forms in which a host may be known, the nearest first; the last is empty where the host is one
// word.
func askedAs(host string) [3]form {
	host = route.Canonical(host)
	for strings.HasPrefix(host, "_") { // _https._tcp.es.logging.svc has the port of a Service in front
		_, rest, more := strings.Cut(host, ".")
		if !more {
			break
		}
		host = rest
	}
	first, rest, _ := strings.Cut(host, ".")
	second, _, _ := strings.Cut(rest, ".")
	return [3]form{{host, false}, {first, true}, {second, second != ""}}
}

// With gives these names, and further hosts.
func (n *Names) With(hosts ...string) *Names {
	more := *n
	more.labels, more.hosts, more.variables = maps.Clone(n.labels), maps.Clone(n.hosts), maps.Clone(n.variables)
	for _, host := range hosts {
		more.Add(host)
	}
	if more.len() == n.len() {
		return n
	}
	return &more
}

// WithPort gives these names, and a further port on which a server speaks HTTP.
func (n *Names) WithPort(port string) *Names {
	if n.ports[port] || port == "" {
		return n
	}
	more := *n
	more.ports = maps.Clone(n.ports)
	more.ports[port] = true
	return &more
}

// len counts the names: it grows with each that is added.
func (n *known) len() int { return len(n.labels) + len(n.hosts) + len(n.variables) }

// Empty tells whether nothing has a name.
func (n *Names) Empty() bool { return len(n.labels)+len(n.hosts) == 0 }

// Words gives what at least one of stands in every document that names a server, in some case.
func (n *Names) Words() []string {
	all := slices.Concat(slices.Sorted(maps.Keys(n.labels)), slices.Sorted(maps.Keys(n.variables)),
		slices.Sorted(maps.Keys(n.machine)))
	for _, host := range slices.Sorted(maps.Keys(n.hosts)) {
		if first, _, several := strings.Cut(host, ":"); several { // an address of version 6 has several forms
			host = first + ":"
		}
		all = append(all, host)
	}
	if len(n.servers) > 0 {
		all = append(all, slices.Sorted(maps.Keys(n.ports))...) // an address may be put together
		all = append(all, dataHost, hintPrefix, "kubectl", "port-forward", discovers, inResources)
	}
	if n.onMachine { // whoever is on a machine may call it there
		all = append(all, "hostnetwork")
	}
	return all
}

// Called gives the name that a host is, "" when it is none: es, es.logging, es-0.es and es.logging.svc.cluster.local,
// or an address.
func (n *known) Called(host string) string { return n.of(host).name }

// Behind gives the servers of the release that a host leads to.
func (n *known) Behind(host string) []*object.Object { return n.of(host).servers }

func (n *known) of(host string) named {
	for _, f := range askedAs(host) {
		from := n.hosts
		if f.label {
			from = n.labels
		}
		if found, ok := from[f.text]; ok {
			return found
		}
	}
	return named{}
}

// Calls gives the first name that a text by itself calls as a host, or is; "" for none.
func (n *Names) Calls(text string) string {
	for _, h := range n.hits(text, nil) {
		if whole := h.From == 0 && h.To == len(strings.TrimSuffix(text, ".")); whole ||
			judge(text, h, context{}, n.ports) == Address {
			return h.name
		}
	}
	return ""
}

// variable gives the Service behind a variable that Kubernetes sets with its address: ES_SERVICE_HOST, ES_PORT,
// ES_PORT_9200_TCP_ADDR.
func (n *known) variable(name string) string {
	for _, end := range []string{"_SERVICE_HOST", "_PORT"} {
		before, rest, ok := cutLast(name, end)
		if service, known := n.variables[before]; ok && known &&
			(rest == "" || end == "_PORT" &&
				(strings.HasSuffix(rest, "_TCP") || strings.HasSuffix(rest, "_TCP_ADDR"))) {
			return service.name
		}
	}
	return ""
}

// cutLast cuts around the last place of a piece.
func cutLast(text, piece string) (before, after string, ok bool) {
	i := strings.LastIndex(text, piece)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(piece):], true
}
