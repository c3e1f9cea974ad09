// Package route follows an address to a port of a pod, as Kubernetes does: an alias of the pod that calls, the name or
// address of a Service, the name of a pod behind one, a port of a machine. It says nothing of who listens there.
package route

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Map has the Services of a release, by all that they are called. Only those that somebody calls are read.
type Map struct {
	release   *recognise.Release
	numbered  func() numbered
	endpoints map[string][]*object.Object // by the Service that they are for
	broken    []error
}

// numbered are the Services that have addresses, or ports of machines, of their own.
type numbered struct{ addresses, nodePorts map[string][]*object.Object }

// Of gives the Services of a release.
func Of(r *recognise.Release) (*Map, error) {
	m := &Map{release: r, endpoints: map[string][]*object.Object{}}
	m.numbered = sync.OnceValue(m.readNumbers)
	written, err := r.Kinds([]string{"Endpoint"},
		func(kind string) bool { return kind == "Endpoints" || kind == "EndpointSlice" })
	for _, o := range written {
		service := o.Name
		if o.Kind == "EndpointSlice" {
			service = o.Label("kubernetes.io/service-name")
		}
		m.endpoints[service] = append(m.endpoints[service], o)
	}
	return m, err
}

// readNumbers reads the Services with addresses or ports of machines.
func (m *Map) readNumbers() numbered {
	all := numbered{map[string][]*object.Object{}, map[string][]*object.Object{}}
	found, err := m.release.Holding("Service", []string{"clusterIP", "loadBalancerIP", "externalIPs", "nodePort"})
	for _, o := range m.services(found, err) {
		texts := []string{object.Text(o.Node, "spec", "clusterIP"), object.Text(o.Node, "spec", "loadBalancerIP")}
		for _, field := range []string{"clusterIPs", "externalIPs"} {
			for _, item := range object.Items(o.Node, "spec", field) {
				texts = append(texts, item.Value)
			}
		}
		for _, text := range texts {
			if IsAddress(text) {
				all.addresses[Canonical(text)] = append(all.addresses[Canonical(text)], o)
			}
		}
		for _, p := range object.Items(o.Node, "spec", "ports") {
			if port := object.Text(p, "nodePort"); port != "" {
				all.nodePorts[port] = append(all.nodePorts[port], o)
			}
		}
	}
	return all
}

// named gives the Services of a name.
func (m *Map) named(name string) []*object.Object {
	found, err := m.release.Named("Service", name)
	return m.services(found, err)
}

// services gives those that are Kubernetes' own, and notes what could not be read.
func (m *Map) services(found []*object.Object, err error) []*object.Object {
	if err != nil && !slices.ContainsFunc(m.broken, func(other error) bool { return other.Error() == err.Error() }) {
		m.broken = append(m.broken, err)
	}
	return slices.DeleteFunc(slices.Clone(found),
		func(o *object.Object) bool { return o.Group() != "" || o.Name == "" })
}

// Services lists all of them, in the order of the stream.
func (m *Map) Services() []*object.Object {
	found, err := m.release.Kinds([]string{"Service"}, func(kind string) bool { return kind == "Service" })
	return m.services(found, err)
}

// Broken gives the errors of Services that were asked for and could not be read.
func (m *Map) Broken() []error { return m.broken }

// Way is how an address goes on.
type Way struct {
	Service *object.Object
	Pod     string // a pod behind the Service, called by its own name
	Port    string // of the Service; of the pod, where one is called
	Outside string // the host outside of Kubernetes to which an alias leads
}

// Find gives the Service that a host and port lead to, as a pod of a namespace sees it; false for hosts that are none
// of the release.
func (m *Map) Find(namespace, host, port string) (Way, bool) {
	for range 8 { // an alias may lead to another
		w, known := m.find(namespace, host, port)
		if !known {
			return w, false
		}
		target := object.Text(w.Service.Node, "spec", "externalName")
		if target == "" || object.Text(w.Service.Node, "spec", "type") != "ExternalName" {
			return w, true
		}
		namespace, host = w.Service.Namespace, target
		if next, known := m.find(namespace, host, port); !known || next.Service == w.Service {
			return Way{Service: w.Service, Port: port, Outside: target}, true
		}
	}
	return Way{}, false
}

func (m *Map) find(namespace, host, port string) (Way, bool) {
	host = Canonical(host)
	if IsAddress(host) {
		if found := m.numbered().addresses[host]; len(found) > 0 {
			return Way{Service: found[0], Port: port}, true
		}
	}
	if host == "" || IsAddress(host) {
		if found := m.numbered().nodePorts[port]; len(found) > 0 {
			return Way{Service: found[0], Port: portOf(found[0], "nodePort", port)}, true
		}
	}
	labels := strings.Split(host, ".")
	for i := 0; i < min(2, len(labels)); i++ { // a Service, or a pod behind it
		in := namespace
		if len(labels) > i+1 {
			in = labels[i+1]
		}
		found := m.named(labels[i])
		at := slices.IndexFunc(found, func(o *object.Object) bool {
			return o.Namespace == in || o.Namespace == "" ||
				in == ""
		})
		if at < 0 || len(labels) > i+2 && labels[i+2] != "svc" {
			continue
		}
		if i == 1 {
			return Way{Service: found[at], Port: port, Pod: labels[0]}, true
		}
		return Way{Service: found[at], Port: port}, true
	}
	return Way{}, false
}

// portOf gives the port of a Service of which a field has a value, or nothing.
func portOf(service *object.Object, field, value string) string {
	for _, p := range object.Items(service.Node, "spec", "ports") {
		if object.Text(p, field) == value {
			return object.Text(p, "port")
		}
	}
	return ""
}

// To gives the port of a pod at which a way ends; why says that it ends before.
func (m *Map) To(w Way, o *object.Object, pod object.Pod) (port, why string) {
	switch {
	case w.Pod != "" && !IsHeadless(w.Service):
		return "", fmt.Sprintf("%s is not headless, so that no pod behind it has the name %q", w.Service.ID, w.Pod)
	case w.Pod != "" && !IsNamed(o, w):
		return "", fmt.Sprintf("no pod of %s is called %q by %s", o.ID, w.Pod, w.Service.ID)
	case w.Pod != "" && m.lacks(o, w.Pod) != "":
		return "", m.lacks(o, w.Pod)
	case w.Pod != "" || IsHeadless(w.Service):
		return w.Port, ""
	}
	return m.through(w.Service, pod, w.Port)
}

// isForHTTP tells whether a port of a Service is meant for HTTP of a server that answers at a port: by its number, or
// by a name.
func isForHTTP(p *yaml.Node, port string) bool {
	parts := append(strings.Split(object.Text(p, "name"), "-"), strings.Split(object.Text(p, "targetPort"), "-")...)
	isWord := func(part string) bool {
		return slices.Contains([]string{"http", "https", "rest", "elasticsearch"}, part)
	}
	return slices.Contains([]string{port, "9200", "443", "80"}, object.Text(p, "port")) ||
		slices.ContainsFunc(parts, isWord) && !slices.Contains(parts, "metrics")
}

// Closed tells why a Service leads to no port of a server's pods, although one of its ports is meant to: "" where it
// leads there, or to another.
func (m *Map) Closed(o *object.Object, pod object.Pod, name, port string) string {
	reason := ""
	for _, service := range m.named(name) {
		if service.Namespace != o.Namespace && service.Namespace != "" && o.Namespace != "" || IsHeadless(service) {
			continue
		}
		for _, p := range object.Items(service.Node, "spec", "ports") {
			end, why := m.through(service, pod, object.Text(p, "port"))
			if end == port {
				return ""
			}
			if why != "" && isTCP(p) && isForHTTP(p, port) {
				reason = why
			}
		}
	}
	return reason
}

// IsHeadless holds for a Service whose name is that of its pods.
func IsHeadless(service *object.Object) bool {
	return object.Text(service.Node, "spec", "clusterIP") == "None"
}

// IsNamed tells whether the pods of a workload have names behind a headless Service: a StatefulSet's, which names the
// Service, and those that set both themselves.
func IsNamed(o *object.Object, w Way) bool {
	service := object.Text(o.Node, "spec", "serviceName")
	if pod, ok := o.Pod(); ok && service == "" {
		return object.Text(pod.Spec, "subdomain") == w.Service.Name &&
			strings.EqualFold(object.Text(pod.Spec, "hostname"), w.Pod)
	}
	_, numbered := numberOf(o, w.Pod)
	return service == w.Service.Name && numbered
}

// numberOf gives the number of a pod of a StatefulSet, by its name.
func numberOf(o *object.Object, pod string) (int, bool) {
	digits, isIts := strings.CutPrefix(pod, strings.ToLower(o.Name)+"-")
	number, err := strconv.ParseUint(digits, 10, 31)
	return int(number), isIts && err == nil && strconv.FormatUint(number, 10) == digits // es-1, and not es-01
}

// lacks says that a StatefulSet has no pod of a name: es-5 of three. It is "" where something else decides how many
// there are, or nobody runs.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#ordinal-index
func (m *Map) lacks(o *object.Object, pod string) string {
	number, numbered := numberOf(o, pod)
	written := func(fallback string, path ...string) int {
		n, err := strconv.Atoi(cmp.Or(object.Text(o.Node, path...), fallback))
		if err != nil {
			return 0
		}
		return n
	}
	first, count := written("0", "spec", "ordinals", "start"), written("1", "spec", "replicas")
	if !numbered || count == 0 || number >= first && number < first+count || m.isScaled(o) {
		return ""
	}
	return fmt.Sprintf("%s has no pod %q, but %d from number %d", o.ID, pod, count, first)
}

// isScaled tells whether an object of the release decides how many pods a workload has.
func (m *Map) isScaled(o *object.Object) bool {
	isScaler := func(kind string) bool { return kind == "HorizontalPodAutoscaler" || kind == "ScaledObject" }
	scalers, err := m.release.Kinds([]string{"HorizontalPodAutoscaler", "ScaledObject"}, isScaler)
	return err != nil || slices.ContainsFunc(scalers, func(s *object.Object) bool {
		return object.Text(s.Node, "spec", "scaleTargetRef", "name") == o.Name
	})
}

// through gives the port of a pod to which a port of a Service leads.
// https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
func (m *Map) through(service *object.Object, pod object.Pod, port string) (to, why string) {
	ports := object.Items(service.Node, "spec", "ports")
	i := slices.IndexFunc(ports, func(p *yaml.Node) bool { return object.Text(p, "port") == port && isTCP(p) })
	switch {
	case len(ports) == 0: // the API server takes none such
		return port, ""
	case i < 0:
		return "", fmt.Sprintf("%s has no port %s, but %s", service.ID, port, listed(ports))
	case len(object.Items(service.Node, "spec", "selector")) == 0 &&
		len(object.Pairs(service.Node, "spec", "selector")) == 0:
		return m.byHand(service, object.Text(ports[i], "name"), port)
	}
	target := object.Text(ports[i], "targetPort")
	switch {
	case target == "":
		return port, ""
	case strings.Trim(target, "0123456789") == "":
		return target, ""
	}
	for _, c := range pod.All() {
		for _, p := range object.Items(c.Node, "ports") {
			if object.Text(p, "name") == target && isTCP(p) &&
				(c.List == "containers" || object.Text(c.Node, "restartPolicy") == "Always") {
				return object.Text(p, "containerPort"), ""
			}
		}
	}
	return "", fmt.Sprintf("%s leads to the port %q of its pods, and no container has a port of that name", service.ID,
		target)
}

// IsOpen holds for a way to a Service whose addresses nothing of the release names: it has no selector, and no
// endpoints.
// https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
func (m *Map) IsOpen(w Way) bool {
	isIts := func(o *object.Object) bool {
		return o.Namespace == w.Service.Namespace || o.Namespace == "" || w.Service.Namespace == ""
	}
	return len(object.Pairs(w.Service.Node, "spec", "selector")) == 0 &&
		!slices.ContainsFunc(m.endpoints[w.Service.Name], isIts)
}

// byHand gives the port in the endpoints of a Service without a selector, whose targetPort counts for nothing.
func (m *Map) byHand(service *object.Object, name, port string) (to, why string) {
	found := 0
	for _, o := range m.endpoints[service.Name] {
		if o.Namespace != service.Namespace && o.Namespace != "" && service.Namespace != "" {
			continue
		}
		found++
		lists := [][]*yaml.Node{object.Items(o.Node, "ports")}
		for _, subset := range object.Items(o.Node, "subsets") {
			lists = append(lists, object.Items(subset, "ports"))
		}
		for _, p := range slices.Concat(lists...) {
			if object.Text(p, "name") == name && isTCP(p) {
				return object.Text(p, "port"), ""
			}
		}
	}
	if found == 0 {
		return port, ""
	}
	return "", fmt.Sprintf("the endpoints of %s have no port %q", service.ID, name)
}

func isTCP(p *yaml.Node) bool {
	protocol := object.Text(p, "protocol")
	return protocol == "" || protocol == "TCP"
}

func listed(ports []*yaml.Node) string {
	var all []string
	for _, p := range ports {
		all = append(all, object.Text(p, "port"))
	}
	return strings.Join(all, ", ")
}
