package mention

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// silent are kinds in which the name of a server says nothing of a client: they select, describe or protect servers.
// Kinds of other groups may have the same names.
var silent = map[string][]string{
	"": {"Service", "ServiceAccount", "Endpoints", "Namespace", "PersistentVolumeClaim",
		"PersistentVolume", "LimitRange", "ResourceQuota"},
	"apps":                         {"ControllerRevision"},
	"policy":                       {"PodDisruptionBudget"},
	"networking.k8s.io":            {"NetworkPolicy", "IngressClass"},
	"rbac.authorization.k8s.io":    {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"},
	"discovery.k8s.io":             {"EndpointSlice"},
	"autoscaling":                  {"HorizontalPodAutoscaler"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"cert-manager.io":              {"Certificate", "CertificateRequest", "Issuer", "ClusterIssuer"},
	"monitoring.coreos.com":        {"PrometheusRule", "ServiceMonitor", "PodMonitor"},
	"azmonitoring.coreos.com":      {"ServiceMonitor", "PodMonitor"},
	"operator.victoriametrics.com": {"VMRule", "VMServiceScrape", "VMPodScrape"},
	"monitoring.googleapis.com":    {"Rules", "ClusterRules", "PodMonitoring", "ClusterPodMonitoring"},
	"networking.istio.io":          {"DestinationRule", "ServiceEntry", "WorkloadEntry", "Sidecar", "Gateway"},
	"security.istio.io":            {"PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication"},
	"gateway.networking.k8s.io": {"Gateway", "ReferenceGrant", "BackendTLSPolicy", "TLSRoute", "TCPRoute",
		"UDPRoute"},
	"cilium.io":                    {"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"},
	"crd.projectcalico.org":        {"NetworkPolicy", "GlobalNetworkPolicy"},
	"projectcalico.org":            {"NetworkPolicy", "GlobalNetworkPolicy"},
	"elasticsearch.k8s.elastic.co": {"Elasticsearch"},
}

// silentSomewhere are the kinds that are silent in some group.
var silentSomewhere = func() map[string]bool {
	kinds := map[string]bool{}
	for _, all := range silent {
		for _, kind := range all {
			kinds[kind] = true
		}
	}
	return kinds
}()

// routes are kinds that lead requests from outside to a Service: their controller is a client.
var routes = map[string][]string{
	"networking.k8s.io":         {"Ingress"},
	"extensions":                {"Ingress"},
	"gateway.networking.k8s.io": {"HTTPRoute", "GRPCRoute"},
	"traefik.io":                {"IngressRoute", "IngressRouteTCP", "TraefikService"},
	"traefik.containo.us":       {"IngressRoute", "IngressRouteTCP", "TraefikService"},
	"networking.istio.io":       {"VirtualService"},
	"route.openshift.io":        {"Route"},
	"projectcontour.io":         {"HTTPProxy"},
	"k8s.nginx.org":             {"VirtualServer", "VirtualServerRoute", "TransportServer"},
	"configuration.konghq.com":  {"TCPIngress"},
	"apisix.apache.org":         {"ApisixRoute"},
	"getambassador.io":          {"Mapping", "TCPMapping"},
}

// handsOn gives the names of servers to which a route hands TLS on as it comes: they meet the certificate of the
// caller itself.
func handsOn(n *Names, o *object.Object) []string {
	isBelowHTTP := o.Group() == "gateway.networking.k8s.io" && (o.Kind == "TLSRoute" || o.Kind == "TCPRoute")
	if !isBelowHTTP && !IsRoute(o) {
		return nil
	}
	var all []string
	for _, s := range scalars(o.Node) {
		if leads(o, s) && (isBelowHTTP || passes(o, s)) && n.Called(s.node.Value) != "" {
			all = append(all, s.node.Value)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// groupOf gives the group of an API version, "" for the core.
func groupOf(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

func isSilent(o *object.Object) bool { return slices.Contains(silent[o.Group()], o.Kind) }

// IsRoute tells whether an object is a route of a known kind.
func IsRoute(o *object.Object) bool { return slices.Contains(routes[o.Group()], o.Kind) }

// staysSilent tells by the bytes of a document that it is of a silent kind: then it need not be parsed.
func staysSilent(kind string, text []byte) bool {
	if !silentSomewhere[kind] {
		return false
	}
	for line := range bytes.Lines(text) {
		if version, ok := bytes.CutPrefix(line, []byte("apiVersion:")); ok {
			return slices.Contains(silent[groupOf(strings.Trim(string(version), " \t\r\n\"'"))], kind)
		}
		if bytes.ContainsAny(line, "\"'{[") { // which may hold a line that looks like one
			return false
		}
	}
	return false
}

// targets are fields that refer to what a route or custom resource leads to.
var targets = []string{
	"service", "services", "serviceRef", "backend", "backends", "backendRef", "backendRefs", "defaultBackend",
	"alternateBackends", "to", "destination", "upstream", "upstreams",
	"mirror", "mirrors", "weighted", "elasticsearch", "elasticsearchRef", "elasticsearchRefs", "opensearch",
}

// others are fields of these names that refer to something else, by group.
var others = map[string][]string{
	"argoproj.io": {"destination"}, // a cluster
}

// rewrites are fields below which a route says what it calls a server, to that itself.
var rewrites = []string{"rewrite", "urlRewrite", "requestRedirect", "redirect"}

// leads tells whether a scalar is where a route or custom resource leads to: a Service in a route, or the name in a
// field that says so.
func leads(o *object.Object, s scalar) bool {
	if s.path[len(s.path)-1].Field == "" {
		return false
	}
	field, above, route := s.path.Last(), s.path[:len(s.path)-1].Last(), IsRoute(o)
	switch field {
	case "serviceName", "service":
		return route
	case "name":
		return slices.Contains(targets, above) && !slices.Contains(others[o.Group()], above)
	case "host":
		return route && (above == "destination" || above == "mirror")
	case "authority", "hostname":
		return route && slices.Contains(rewrites, above)
	}
	return false
}

// passes tells whether a route hands TLS through at a place, so that the caller meets the server itself.
func passes(o *object.Object, s scalar) bool {
	under := func(field string) bool { return len(s.path) > 1 && s.path[1].Field == field }
	switch o.Kind {
	case "Ingress":
		annotations := object.Pairs(o.Node, "metadata", "annotations")
		return slices.ContainsFunc(slices.Sorted(maps.Keys(annotations)), func(name string) bool {
			return strings.HasSuffix(name, "/ssl-passthrough") && annotations[name] == "true"
		})
	case "Route":
		return object.Text(o.Node, "spec", "tls", "termination") == "passthrough"
	case "IngressRouteTCP":
		return object.Get(o.Node, "spec", "tls") == nil || object.Text(o.Node, "spec", "tls", "passthrough") == "true"
	case "VirtualService":
		return under("tls") || under("tcp")
	case "HTTPProxy":
		return under("tcpproxy") && object.Text(o.Node, "spec", "virtualhost", "tls", "passthrough") == "true"
	case "TransportServer":
		return object.Text(o.Node, "spec", "listener", "protocol") == "TLS_PASSTHROUGH"
	case "TCPIngress", "TCPMapping":
		return object.Get(o.Node, "spec", "tls") == nil
	}
	return false
}
