package verify

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
)

// behind gives a node behind a Service with lines of its spec.
func behind(spec string) string {
	return strings.Replace(node{}.String(), "spec:\n  selector:\n    app: search\n", "spec: {"+spec+"}\n", 1)
}

// calling gives a Filebeat that calls an address, and has lines in the spec of its pod.
func calling(address, pod string) string {
	text := strings.Replace(filebeat(wholeSecret), "https://search:9200", address, 1)
	return text + indented(pod, 6)
}

// TestWaysOfClients holds where the calls of clients end. Only what the port says is new: names and trust are judged elsewhere.
func TestWaysOfClients(t *testing.T) {
	const picks = "selector: {app: search}"
	plain := behind(picks + ", ports: [{port: 9200}]")
	front := behind(picks + ", ports: [{port: 443, targetPort: 8443}]")
	proxied := strings.Replace(front, "      containers:\n", "      containers:\n      - {name: front, image: nginx, ports: [{containerPort: 8443}]}\n", 1)
	moved := behind(picks + ", ports: [{port: 9200}]")
	moved = strings.Replace(moved, "        env:\n", "        env:\n        - {name: http.port, value: \"9201-9300\"}\n", 1)
	aliases := func(ip string) string {
		return "hostAliases: [{ip: " + ip + ", hostnames: [es.example.org, search]}]\n"
	}
	addressed := behind(picks + ", clusterIP: 10.0.0.9, ports: [{port: 9200}]")
	machine := behind(picks + ", type: NodePort, ports: [{port: 9200, nodePort: 30920}]")
	inSet := func(spec string) string {
		return strings.Replace(behind(spec), "\n  template:", "\n  serviceName: search\n  template:", 1)
	}
	headless := inSet(picks + ", clusterIP: None, ports: [{port: 9200}]")
	for _, test := range []struct {
		name, text string
		codes      string
		says       string
	}{
		{"the port of the Service", plain + calling("https://search:9200", ""), "", ""},
		{"another port", plain + calling("https://search:9201", ""), "EMT031", "Service/search has no port 9201, but 9200"},
		{"a Beat's own port", plain + calling("https://search", ""), "", ""},
		{"Kibana's is that of the scheme", plain + strings.Replace(board, "https://search:9200", "https://search", 1) + "", "EMT031", "has no port 443"},
		{"a node elsewhere", moved + calling("https://search:9200", ""), "EMT031", "leads to port 9200 of StatefulSet/search, which answers at port 9201"},
		{"a proxy in the pod", proxied + calling("https://search:443", ""), "", `port 8443 of container "front", is let in by it`},
		{"which is not there", front + calling("https://search:443", ""), "EMT031", "leads to port 8443"},
		{"a selector that picks nothing", behind("selector: {app: other}, ports: [{port: 9200}]") + calling("https://search:9200", ""), "",
			"the selector of Service/search, which picks no pod of these manifests, picks one elsewhere"},
		{"of a node that is called by it", inSet("selector: {app: other}, ports: [{port: 9200}]") + calling("https://search:9200", ""), "", "picks one elsewhere"},
		{"an alias of a host that is not here", inSet("type: ExternalName, externalName: es.example.org") + calling("https://search:9200", ""), "",
			"what it calls, https://search:9200, is not in these manifests"},
		{"no selector", inSet("ports: [{port: 9200}]") + calling("https://search:9200", ""), "", "Service/search has no selector"},
		{"a named port that nobody has", behind(picks + ", ports: [{port: 9200, targetPort: http}]"), "EMT031", `the port "http" of its pods`},
		{"one pod of a StatefulSet", behind("selector: {statefulset.kubernetes.io/pod-name: search-0}, ports: [{port: 9200}]") +
			calling("https://search:9201", ""), "EMT031", "has no port 9201"},
		{"the first pod", headless + calling("https://search-0.search:9200", ""), "", `covers the name`},
		{"a pod that a StatefulSet does not have", headless + calling("https://search-5.search:9200", ""), "EMT031", "StatefulSet/search has no pod \"search-5\", but 1 from number 0"},
		{"one that somebody else may add", headless + "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: search}\n" +
			"spec: {scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: search}, maxReplicas: 9}\n" +
			calling("https://search-5.search:9200", ""), "", "covers the name"},
		{"a Service with such a name", strings.Replace(plain, "metadata:\n  name: search\nspec: {", "metadata:\n  name: search-5\nspec: {", 1) +
			calling("https://search-5:9200", ""), "", "covers the name"},
		{"an alias of the pod", addressed + calling("https://es.example.org:9200", aliases("10.0.0.9")), "", `covers the name "es.example.org"`},
		{"with another port", addressed + calling("https://es.example.org:9201", aliases("10.0.0.9")), "EMT031", "has no port 9201"},
		{"an alias that leads elsewhere", addressed + calling("https://search:9200", aliases("10.0.0.8")), "", "is not in these manifests, and lets it in"},
		{"its own machine", plain + calling("https://localhost:9200", ""), "EMT031", "nothing else runs in its pod"},
		{"by an alias", plain + calling("https://search:9200", aliases("127.0.0.1")), "EMT031", "nothing else runs in its pod"},
		{"where the host's is its own", plain + calling("https://localhost:9200", "hostNetwork: true\n"), "", "is not in these manifests, and lets it in"},
		{"by a port of a machine", machine + calling("https://192.168.0.7:30920", ""), "", `covers the name "192.168.0.7"`},
		{"by another", machine + calling("https://192.168.0.7:30921", ""), "", "is not in these manifests, and lets it in"},
	} {
		g := judged(t, test.text, Options{})
		if got := codesOf(g); got != test.codes || !strings.Contains(g.Text(), test.says) {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, got, test.codes, g.Text())
		}
	}
}

// TestOwnMachine holds where a node is called in its own pod: at the address of its machine only where it listens there.
func TestOwnMachine(t *testing.T) {
	const curl = "startupProbe: {exec: {command: [curl, -k, --cert, config/tls/tls.crt, --key, config/tls/tls.key, 'https://localhost:9200']}}\n"
	for _, test := range []struct{ name, listens, probe, codes, says string }{
		{"every address", "0.0.0.0", curl, "", ""},
		{"an interface", "_site_", curl, "EMT031", "https://localhost:9200 leads nowhere: Elasticsearch listens on _site_ only"},
		{"both", "_site_,_local_", curl, "", ""},
		{"the kubelet calls the pod", "_site_", "startupProbe: {tcpSocket: {port: 9200}}\n", "", ""},
		{"the kubelet calls its machine", "0.0.0.0", "startupProbe: {tcpSocket: {port: 9200, host: 127.0.0.1}}\n", "EMT005", "the machine of the kubelet"},
	} {
		g := judged(t, node{env: map[string]string{"network.host": test.listens}, lines: test.probe}.String(), Options{})
		if codesOf(g) != test.codes || !strings.Contains(g.Text(), test.says) {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, codesOf(g), test.codes, g.Text())
		}
	}
}

// TestNeighbours holds that other pods matter where a Service leads clients to them instead of a node.
func TestNeighbours(t *testing.T) {
	other := func(ports string) string {
		return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: site}\nspec:\n  template:\n    metadata: {labels: {app: search}}\n    spec:\n" +
			"      containers:\n      - {name: site, image: any" + ports + "}\n"
	}
	const named = ", ports: [{name: stats, containerPort: 9114}]"
	for _, test := range []struct{ name, spec, pod, codes string }{
		{"HTTP by its number", "ports: [{port: 443, targetPort: 9200}]", other(named), "EMT022"},
		{"no port", "", other(""), "EMT022"},
		{"another port", "ports: [{name: stats, port: 9114}]", other(named), ""},
		{"that of nodes", "ports: [{port: 9300}]", other(""), ""},
		{"HTTP by a name that the other has not", "ports: [{name: a, port: 9300}, {name: b, port: 9200, targetPort: http}]", other(named), ""},
		{"all addresses", "clusterIP: None, ports: [{port: 9300}]", other(""), "EMT022"},
	} {
		text := strings.Replace(node{}.String(), "        env:\n", "        ports: [{name: http, containerPort: 9200}]\n        env:\n", 1)
		text = strings.Replace(text, "    app: search\n", "    app: search\n    of: none\n", 1) + service("also", test.spec)
		if g := judged(t, text+test.pod, Options{}); codesOf(g) != test.codes {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, codesOf(g), test.codes, g.Text())
		}
	}
}

// TestServicesThatLeadNowhere holds that a Service for HTTP leads to a port of a node, and that one for something else need not.
func TestServicesThatLeadNowhere(t *testing.T) {
	for ports, codes := range map[string]string{
		"{name: stats, port: 9114, targetPort: stats}":                                               "",
		"{name: http-metrics, port: 9114, targetPort: http-metrics}":                                 "",
		"{name: stats, port: 9114, targetPort: stats}, {name: https, port: 9200, targetPort: https}": "EMT031",
		"{name: https, port: 8443, targetPort: web}":                                                 "EMT031",
		"{name: a, port: 9200, targetPort: web}":                                                     "EMT031",
		"{name: a, port: 8443, targetPort: http}":                                                    "EMT031",
	} {
		g := judged(t, node{}.String()+service("also", "ports: ["+ports+"]"), Options{})
		if codesOf(g) != codes {
			t.Errorf("%s: got %q, expected %q\n%s", ports, codesOf(g), codes, g.Text())
		}
	}
}

// service gives a further Service of the node, with lines of its spec.
func service(name, spec string) string {
	return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {selector: {app: search}, " + spec + "}\n"
}

// TestDefaultAddress holds that a program beside a node calls its own address where none is set.
func TestDefaultAddress(t *testing.T) {
	for _, test := range []struct{ name, lines, codes string }{
		{"the exporter", "- {name: stats, image: elasticsearch-exporter:v1.8.0, args: [--es.all]}\n", "EMT006 EMT007 EMT008"},
		{"with an address", "- {name: stats, image: elasticsearch-exporter:v1.8.0, args: [--es.uri=https://other.example.org]}\n", ""},
		{"another program", "- {name: stats, image: example/stats}\n", ""},
	} {
		text := strings.Replace(node{}.String(), "      containers:\n", "      containers:\n"+indented(test.lines, 6), 1)
		if g := judged(t, text, Options{}); codesOf(g) != test.codes {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, codesOf(g), test.codes, g.Text())
		}
	}
}

// Each row of the table above portOf.
func TestPortOf(t *testing.T) {
	beside := func(text string) destination { return destination{port: value{texts: []string{text}}} }
	bare := func(d destination) destination { d.ports.Bare = true; return d }
	hidden := destination{port: value{hidden: true}}
	own := destination{ports: catalog.Ports{Default: "9200"}}
	byScheme := destination{scheme: value{texts: []string{"https"}}}
	bySwitch := destination{turns: true, enabled: value{texts: []string{"true"}}}
	for _, test := range []struct {
		name    string
		d       destination
		address string
		port    string
		known   bool
	}{
		{"one that no text shows", beside("9201"), "https://es:$PORT", "", false},
		{"a number wins", beside("9201"), "https://es:9202", "9202", true},
		{"beside it", beside("9201"), "https://es", "9201", true},
		{"beside it, and hidden", hidden, "https://es", "", false},
		{"beside it, for bare names, and it has a scheme", bare(beside("9201")), "https://es", "443", true},
		{"beside it, for bare names, and it is one", bare(beside("9201")), "es", "9201", true},
		{"the program's own", own, "http://es", "9200", true},
		{"the program's own, for bare names, and it has a scheme", bare(own), "http://es", "80", true},
		{"http", destination{}, "http://es", "80", true},
		{"https", destination{}, "https://es", "443", true},
		{"https by a setting for the scheme", byScheme, "es", "443", true},
		{"https by a switch", bySwitch, "es", "443", true},
		{"neither", destination{}, "es", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if port, known := test.d.portOf(parseAddress(test.address, value{})); port != test.port || known != test.known {
				t.Errorf("%q, %v, want %q, %v", port, known, test.port, test.known)
			}
		})
	}
}
