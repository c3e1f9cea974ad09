package route

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const server = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: search, namespace: obs}
spec:
  serviceName: nodes
  template:
    metadata: {labels: {app: search}}
    spec:
      initContainers:
      - {name: prep, ports: [{name: early, containerPort: 1}]}
      - {name: proxy, restartPolicy: Always, ports: [{name: side, containerPort: 8443}]}
      containers:
      - name: elasticsearch
        ports: [{name: http, containerPort: 9200}, {name: stats, containerPort: 9201, protocol: UDP}]
`

// service gives a Service with lines of its spec.
func service(name, spec string) string {
	return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: obs}\nspec: {" + spec + "}\n"
}

func read(t *testing.T, text string) (*Map, *object.Object) {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := recognise.All(stream, func(object.ID) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	m, err := Of(r)
	if err != nil {
		t.Fatal(err)
	}
	o, err := r.Find("obs", "StatefulSet", "search")
	if err != nil {
		t.Fatal(err)
	}
	return m, o
}

// TestWays is the table of how an address leads to a port of the pods: a number, a part of why it does not, or - for a
// host of nobody.
func TestWays(t *testing.T) {
	const picks = "selector: {app: search}"
	one := service("search", picks+", ports: [{port: 9200}]")
	to := func(target string) string {
		return service("search", picks+", ports: [{name: a, port: 443, targetPort: "+target+"}]")
	}
	headless := service("nodes", picks+", clusterIP: None, ports: [{port: 80, targetPort: 1}]")
	slice := "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x, namespace: obs, labels: {kubernetes.io/service-name: search}}\n" +
		"ports: [{name: a, port: 9200}]\nendpoints: [{addresses: [10.0.0.1]}]\n"
	endpoints := "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: search, namespace: obs}\nsubsets: [{addresses: [{ip: 10.0.0.1}], ports: [{name: a, port: 9200}]}]\n"
	for _, test := range []struct{ name, services, host, port, want string }{
		{"the port itself", one, "search", "9200", "9200"},
		{"another port", one, "search", "9300", "no port 9300, but 9200"},
		{"of another protocol", service("search", picks+", ports: [{port: 9200, protocol: UDP}]"), "search", "9200", "no port 9200"},
		{"by a number", to("9200"), "search", "443", "9200"},
		{"by a name", to("http"), "search", "443", "9200"},
		{"by a name that nobody has", to("https"), "search", "443", `leads to the port "https"`},
		{"by the name of another protocol", to("stats"), "search", "443", `leads to the port "stats"`},
		{"by the name of one that is over", to("early"), "search", "443", `leads to the port "early"`},
		{"by the name of a sidecar", to("side"), "search", "443", "8443"},
		{"with its namespace", one, "search.obs", "9200", "9200"},
		{"with all of its domain", one, "SEARCH.obs.svc.cluster.local.", "9200", "9200"},
		{"in another namespace", one, "search.other", "9200", "-"},
		{"in no Kubernetes", one, "search.obs.example", "9200", "-"},
		{"headless: the pod's own port", headless, "nodes", "9200", "9200"},
		{"whatever the Service says", headless, "nodes", "80", "80"},
		{"a pod", headless, "search-0.nodes", "9200", "9200"},
		{"a number that no pod has", headless, "search-00.nodes", "9200", "no pod of StatefulSet/search is called"},
		{"a pod that is not there", headless, "search-1.nodes", "9200", `has no pod "search-1", but 1 from number 0`},
		{"one that is another's", headless, "search-data-0.nodes", "9200", "no pod of StatefulSet/search is called"},
		{"a pod of another", headless, "other-0.nodes", "9200", `no pod of StatefulSet/search is called "other-0"`},
		{"a pod behind a Service with an address", one, "search-0.search", "9200", "is not headless"},
		{"an alias", one + service("es", "type: ExternalName, externalName: search.obs.svc.cluster.local"), "es", "9200", "9200"},
		{"of an alias", one + service("es", "type: ExternalName, externalName: b.obs") + service("b", "type: ExternalName, externalName: search"), "es", "9201", "no port 9201"},
		{"an alias of itself", service("es", "type: ExternalName, externalName: es.obs"), "es", "9200", "outside: es.obs"},
		{"an alias to somewhere", service("es", "type: ExternalName, externalName: es.example.org"), "es", "9200", "outside: es.example.org"},
		{"by its address", service("search", picks+", clusterIP: 10.0.0.9, ports: [{port: 443, targetPort: http}]"), "10.0.0.9", "443", "9200"},
		{"of version 6, in another form", service("search", picks+", clusterIPs: ['fd00::9'], ports: [{port: 443, targetPort: http}]"), "[fd00:0:0::9]", "443", "9200"},
		{"by a port of a machine", service("search", picks+", type: NodePort, ports: [{port: 443, targetPort: http, nodePort: 30920}]"), "192.168.0.7", "30920", "9200"},
		{"of a machine that is not known", service("search", picks+", type: NodePort, ports: [{port: 443, targetPort: http, nodePort: 30920}]"), "", "30920", "9200"},
		{"endpoints by hand", service("search", "ports: [{name: a, port: 443, targetPort: 1}]") + endpoints, "search", "443", "9200"},
		{"with another name", service("search", "ports: [{name: b, port: 443}]") + endpoints, "search", "443", `no port "b"`},
		{"as slices", service("search", "ports: [{name: a, port: 443}]") + slice, "search", "443", "9200"},
		{"which nothing shows", service("search", "ports: [{name: a, port: 9200}]"), "search", "9200", "9200"},
		{"without any port", service("search", picks), "search", "9200", "9200"},
	} {
		m, o := read(t, server+test.services)
		pod, _ := o.Pod()
		got := "-"
		if w, ok := m.Find("obs", test.host, test.port); ok && w.Outside != "" {
			got = "outside: " + w.Outside
		} else if ok {
			port, why := m.To(w, o, pod)
			got = port + why
		}
		if test.want == "-" && got != "-" || !strings.Contains(got, test.want) || got != test.want && !strings.Contains(test.want, " ") {
			t.Errorf("%s: %s:%s leads to %q, expected %q", test.name, test.host, test.port, got, test.want)
		}
	}
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]string{
		"127.1": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f.0.0.1": "127.0.0.1", "0": "0.0.0.0", "[::1]": "::1", "::FFFF:127.0.0.1": "127.0.0.1",
		"Search.": "search", "fe80::1%eth0": "fe80::1", "1.2.3.4.5": "1.2.3.4.5", "256.1.1.1": "256.1.1.1", "es-1.es": "es-1.es", "": "",
	} {
		if got := Canonical(host); got != want {
			t.Errorf("%q is %q, expected %q", host, got, want)
		}
	}
	for host, want := range map[string]bool{"127.9": true, "[::]": true, "0.0.0.0": true, "localhost": true, "10.0.0.1": false, "search": false, "::2": false} {
		if got := IsLocal(host); got != want {
			t.Errorf("%q is local: %v", host, got)
		}
	}
}

func TestAliased(t *testing.T) {
	_, o := read(t, strings.Replace(server, "      containers:", "      hostAliases: [{ip: 10.0.0.9, hostnames: [es, ES.example]}]\n      containers:", 1))
	pod, _ := o.Pod()
	for host, want := range map[string]string{"es": "10.0.0.9", "es.example.": "10.0.0.9", "es.obs": "es.obs", "": ""} {
		if got := Aliased(pod, host); got != want {
			t.Errorf("%q is %q, expected %q", host, got, want)
		}
	}
}

// TestOnlyWhatIsCalledIsRead holds that a Service nobody calls costs nothing, broken or not; one that is called and
// cannot be read is told.
func TestOnlyWhatIsCalledIsRead(t *testing.T) {
	broken := "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: broken\nspec: {ports: [\n"
	m, _ := read(t, server+service("search", "ports: [{port: 9200}]")+broken)
	if w, known := m.Find("obs", "search", "9200"); !known || w.Service.Name != "search" || len(m.Broken()) > 0 {
		t.Errorf("got %v, %t, %v", w, known, m.Broken())
	}
	for range 2 {
		if _, known := m.Find("obs", "broken", "9200"); known {
			t.Error("a Service that cannot be read is known")
		}
	}
	if all := m.Broken(); len(all) != 1 || !strings.Contains(all[0].Error(), "Service/broken") {
		t.Errorf("got %v", all)
	}
}
