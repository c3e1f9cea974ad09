package mention

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// server is a node behind the Services "search" and "es-main"; more is put into its pod.
func server(more string) string {
	return `apiVersion: v1
kind: Service
metadata: {name: search}
spec: {selector: {app: es}, clusterIP: 10.96.7.7, externalIPs: ["192.0.2.9"], ports: [{port: 9200}]}
---
apiVersion: v1
kind: Service
metadata: {name: es-main}
spec: {selector: {app: es}, clusterIP: "fd00::7", ports: [{port: 9200}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: node}
spec:
  serviceName: search-headless
  selector: {matchLabels: {app: es}}
  template:
    metadata:
      labels: {app: es}
      annotations: {note: none}
    spec:
      containers:
      - name: elasticsearch
        image: docker.elastic.co/elasticsearch/elasticsearch:8.19.0
        env: [{name: node.name, value: node}, {name: discovery.seed_hosts, value: search-headless}, {name: network.publish_host, value: search}]
` + more + "---\n"
}

// pod is an application with more in its container.
func pod(more string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: search, labels: {host: search}}
spec:
  selector: {matchLabels: {host: search}}
  template:
    metadata: {labels: {host: search}, annotations: {host: search}}
    spec:
      hostname: search
      volumes: [{name: search, configMap: {name: conf}}]
      containers:
      - name: search
        image: "search:9200/search:8.19"
        volumeMounts: [{name: search, mountPath: /search}]
` + indent(more, 8)
}

func indent(text string, by int) string {
	return strings.ReplaceAll(strings.Repeat(" ", by)+strings.TrimSuffix(text, "\n"), "\n", "\n"+strings.Repeat(" ", by)) + "\n"
}

func env(name, value string) string {
	return pod(fmt.Sprintf("env:\n- {name: %s, value: %q}\n", name, value))
}

func script(text string) string { return pod(fmt.Sprintf("command: [sh, -c, %q]\n", text)) }

// conf is a file that the application of pod reads.
func conf(key, text string) string {
	return pod("") + "---\n" + unread(key, text)
}

func unread(key, text string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  %s: %q\n", key, text)
}

func custom(spec string) string {
	return "apiVersion: a.example/v1\nkind: Sink\nmetadata: {name: search, labels: {host: search}}\nspec: " + spec + "\n"
}

func find(t *testing.T, stream string, hosts ...string) []Mention {
	t.Helper()
	docs, err := manifest.Split([]byte(stream))
	if err != nil {
		t.Fatal(err)
	}
	release, err := recognise.All(docs, func(object.ID) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	names, err := Of(release)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		names.Add(host)
	}
	found, err := Find(release, names)
	if err != nil {
		t.Fatal(err)
	}
	return found.Mentions
}

// strongest gives what a stream says, as the table has it.
func strongest(all []Mention) Strength {
	s := Nothing
	for _, m := range all {
		s = max(s, m.Strength)
	}
	return s
}

// TestTable holds both sides of each row of docs/decisions/0018-who-names-a-server.md.
func TestTable(t *testing.T) {
	for _, c := range []struct {
		name   string
		object string
		want   Strength
	}{
		{"a scheme", env("BACKEND", "https://search"), Address},
		{"a scheme of another host", env("BACKEND", "https://search-other"), Nothing},
		{"a port", env("BACKEND", "search:9200"), Address},
		{"a port that a variable says", env("BACKEND", "search:$(PORT)"), Address},
		{"the nodes' own port", env("ES_HOSTS", "search:9300"), Nothing},
		{"the tag of an image", env("BACKEND", "search:8.19.0"), May},
		{"a user", env("BACKEND", "https://me:pw@search/_bulk"), Address},
		{"capitals", env("BACKEND", "HTTPS://SEARCH:9200"), Address},
		{"a domain", env("BACKEND", "https://search.logging.svc.cluster.local.:9200"), Address},
		{"a pod", env("BACKEND", "https://node-0.search-headless.logging:9200"), Address},
		{"a cluster domain in any variable", env("DNS_NAME", "search.logging.svc"), Address},

		{"a default in a script", script("curl -k https://${ES:-search}:9200"), Address},
		{"a default without a colon", script("curl -k https://${ES-search}:9200"), Address},
		{"an option of the name", pod("args: [-search]\n"), Nothing},
		{"a name in two variables of a script", script("A=sea; B=rch; curl -k https://$A$B:9200"), Address},
		{"a name in two variables", pod("env: [{name: A, value: es}, {name: B, value: $(A)-main}, {name: C, value: \"http://$(B)\"}]\n"), Address},
		{"a name in two variables of a file", pod("env: [{name: A, value: es}]\n") + "---\n" + unread("a.yaml", "to: http://${A}-main:9200\n"), Address},
		{"a name that a program puts together", conf("a.py", "get('https://%s-%s:9200' % (a, b))\n"), May},
		{"one at another port", conf("a.py", "get('https://%s-%s:9201' % (a, b))\n"), Nothing},
		{"one of which the port stands apart", conf("a.sh", "PORT=9200\ncurl https://$(cat /host):$PORT\n"), May},
		{"one in a script", conf("a.sh", "set -- es main\ncurl -k https://$1-$2:9200\n"), May},
		{"one by a loop", conf("a.sh", "for i in main; do curl -k https://es-$i:9200; done\n"), May},
		{"one of an array", conf("a.sh", "H=(es main)\ncurl -k https://${H[0]}-${H[1]}:9200\n"), May},
		{"one by a function", conf("a.sh", "call() { curl -k https://$1-main:9200; }\ncall es\n"), May},
		{"one by substitution", conf("a.sh", "H=es_main\ncurl -k https://${H/_/-}:9200\n"), May},
		{"one by sed", conf("a.sh", "curl $(echo https://X:1 | sed s/X/search/)\n"), May},
		{"one that is another host", script("H=billing; curl -k https://$H:9200"), Nothing},
		{"a variable that is another host", pod("env: [{name: H, value: billing}]\ncommand: [app, \"https://$(H):9200\"]\n"), Nothing},
		{"one that a file says", conf("a.conf", "set $up billing;\nproxy_pass https://$up:9200;\n"), Nothing},
		{"one that a file says, or a command", conf("a.sh", "H=billing\n[ -e x ] && H=$(cat x)\napp https://$H:9200\n"), May},
		{"one with a default", conf("a.sh", "app https://${H:-billing}:9200\n"), May},
		{"the governing Service of an unknown workload", "apiVersion: a.example/v1\nkind: Set\nmetadata: {name: a}\nspec: {serviceName: search, template: {spec: {containers: [{name: a, image: a}]}}}\n", Nothing},
		{"one that is printed", script("echo https://$A-$B:9200"), Nothing},
		{"one in a comment", conf("a.sh", "# https://$A-$B:9200\n"), Nothing},
		{"the own pod", pod("command: [app, \"$(POD_IP):9200\"]\n"), Nothing},
		{"one that nobody reads", unread("a.py", "get('https://%s-%s:9200' % (a, b))\n"), Nothing},

		{"a value of a custom resource", custom("{target: search}"), May},
		{"a value of a list of one", custom("{sinks: [other, search]}"), May},
		{"a name with a domain of one", custom("{sink: search.logging.svc}"), May},
		{"the name of a Service in one", custom("{serviceName: search}"), May},
		{"the name of a cluster in one", custom("{cluster: {name: search}}"), May},
		{"names that are asked for", custom("{dnsSDConfigs: [{names: [_https._tcp.search.logging.svc], type: SRV}]}"), May},
		{"what kind of thing it is", custom("{type: search, user: search, id: search}"), Nothing},
		{"the name of a workload in one", custom("{targetRef: {kind: StatefulSet, name: search}}"), Nothing},
		{"a host of one", custom("{host: search}"), Address},
		{"what it is called", custom("{name: search, releaseName: search}"), Nothing},
		{"where it belongs", custom("{namespace: search, matchNames: [search]}"), Nothing},
		{"what it selects", custom("{podSelector: {matchExpressions: [{values: [search]}]}}"), Nothing},
		{"prose in one", custom("{note: the search engine}"), Nothing},

		{"percent-encoding", env("TARGET", "http%3A%2F%2Fsearch%3A9200"), Address},
		{"percent-encoding in another address", env("GATE", "https://gate/?to=http%3A%2F%2Fsearch%3A9200&x=1"), Address},
		{"percent-encoding of a name", env("TARGET", "http://es%2Dmain:9200"), Address},
		{"escapes of JSON", env("CONFIG", `{"to":"http:\/\/search\u003a9200"}`), Address},
		{"references of XML", conf("a.xml", "<to>http&#58;//search&#x3a;9200</to>\n"), Address},
		{"base64", env("URL_B64", base64.StdEncoding.EncodeToString([]byte("http://search:9200"))), Address},
		{"base64 of another host", env("URL_B64", base64.StdEncoding.EncodeToString([]byte("http://billing:9200"))), Nothing},
		{"base64 in a script", script("app $(echo aHR0cDovL3NlYXJjaDo5MjAw | base64 -d)"), Address},
		{"base64 in a ConfigMap", conf("url", base64.StdEncoding.EncodeToString([]byte("http://search:9200"))), Address},
		{"base64 in a custom resource", custom("{config: " + base64.StdEncoding.EncodeToString([]byte(`{"url":"http://search:9200"}`)) + "}"), Address},
		{"percent-encoding in a comment", script("# http%3A%2F%2Fsearch%3A9200\nrun"), Nothing},
		{"percent-encoding that is printed", script("echo http%3A%2F%2Fsearch%3A9200"), Nothing},

		{"a variable of a host", env("ES_HOST", "search"), Address},
		{"of nodes", env("ES_NODES", "other,search"), Address},
		{"of nodes, with spaces", env("ES_NODES", "other.example search"), Address},
		{"of the product", env("ELASTICSEARCH", "search"), Address},
		{"of a URI", env("ES_URI", "search"), Address},
		{"of an address", env("ES_ADDR", "search"), Address},
		{"of a server", env("ES_SERVER", "search"), Address},
		{"of an endpoint", env("ES_ENDPOINT", "search"), Address},
		{"another variable", env("BACKEND", "search"), May},
		{"the name of a chart (F19)", env("FULLNAME", "search"), May},
		{"the name of a cluster", env("CLUSTER_NAME", "search"), May},
		{"the name of a server", env("SERVER_NAME", "search"), May},
		{"seeds", env("DISCOVERY_SEED_HOSTS", "search"), May},
		{"prose", env("HOST_NOTE", "the search engine"), May},
		{"JSON in a variable", env("CONFIG", `{"es":{"host":"search"}}`), Address},
		{"options in a variable", env("JAVA_OPTS", "-Xmx1g -Des.host=search -Des.port=9200"), Address},

		{"an option", pod("args: [--es-host=search]\n"), Address},
		{"an option in two words", pod("args: [--host, search]\n"), Address},
		{"an option that says no host", pod("args: [--name=search]\n"), Nothing},
		{"a word", pod("args: [search]\n"), May},
		{"an option of a script", script("exec index --host search"), Address},
		{"an assignment", script("ES=search; run"), Address},
		{"a word of a script", script("exec run search"), May},
		{"a word of a call", script("curl -k search/_cat"), Address},
		{"what a call sends", script(`curl -d '{"name":"search"}' https://other`), Nothing},
		{"a subject", script("openssl req -subj /CN=search"), May},
		{"a variable in a subject", script("N=$(cat n || echo x); M=search; openssl req -subj \"/CN=$M\""), May},
		{"a variable in a name of a certificate", script("M=search; openssl req -addext \"subjectAltName=DNS:$M,DNS:b\""), May},
		{"a variable that is called", script("M=search; openssl s_client -connect $M"), Address},
		{"a variable in an address", script("M=search; wget https://$M:9200"), Address},
		{"what is printed", script("echo waiting for https://search:9200"), Nothing},
		{"what is printed into a file", script("echo url: https://search:9200 >/tmp/a; exec app -c /tmp/a"), Address},
		{"what is printed into a program", script("echo https://search:9200 | xargs wget"), Address},
		{"what is printed into a variable", script("ES=$(echo https://search:9200); app $ES"), Address},
		{"what is printed as an error", script("echo https://search:9200 is away >&2"), Nothing},
		{"a forwarded Service", script("kubectl port-forward -n logging service/search 9200 & dump https://127.0.0.1:9200"), Address},
		{"a forwarded pod", script("kubectl -n x port-forward node-0 9200 & dump https://127.0.0.1:9200"), Address},
		{"a forwarded workload, in words", pod("command: [oc, port-forward, sts/node, \"9200\"]\n"), Address},
		{"a connection of the shell", pod("command: [bash, -c, \"exec 3<>/dev/tcp/search/9200; echo GET >&3\"]\n"), May},
		{"one that is only tried", pod("command: [bash, -c, \"until </dev/tcp/search/9200; do sleep 1; done\"]\n"), Nothing},
		{"a command in a pod", script("kubectl exec -it node-0 -c elasticsearch -- curl -k https://localhost:9200"), May},
		{"a command in a pod of another workload", script("kubectl exec shop-0 -- true"), Nothing},
		{"a forwarded pod of another workload", script("kubectl port-forward pod/nodes-0 9200"), Nothing},
		{"another workload, called after the server", script("kubectl port-forward deploy/node-exporter 9114"), Nothing},
		{"another Service, in a namespace called like the server", script("kubectl port-forward -n search svc/grafana 3000"), May},
		{"a forwarded Service behind options", script("kubectl port-forward --address 0.0.0.0 -n=x --warnings-as-errors svc/search 9200"), Address},
		{"what kubectl reads of a pod", script("kubectl logs node-0"), Nothing},
		{"what waits", pod("command: [/wait-for-it.sh, search:9200]\n"), Nothing},
		{"what waits, then calls", pod("command: [/wait-for-it.sh, search:9200, --, app, --es, \"https://search:9200\"]\n"), Address},
		{"an option called as what waits", pod("command: [/opt/ping, --es, \"https://search:9200\"]\n"), Address},
		{"a value with a mark", env("NOTE", "#1 https://search:9200"), Address},
		{"an argument with a mark", pod("args: [\"--tag=a # b --url=https://search:9200\"]\n"), Address},
		{"properties with a mark", conf("a.properties", "title=a # b https://search:9200\n"), Address},
		{"a constant of C", conf("a.h", "#define ES \"https://search:9200\"\n"), Address},
		{"the name of a host", conf("a.properties", "elasticsearch.host.name=search\n"), Address},
		{"a variable of an alias", env("ES_ALIAS", "search"), May},
		{"a key that is an address", conf("a.yaml", "routes: {\"https://search:9200\": a}\n"), Address},
		{"a port that is tried", script("until nc -z search 9200; do sleep 1; done"), Nothing},
		{"a comment of a script", script("# https://search:9200\nrun"), Nothing},
		{"a segment of a path", script("cat /etc/search/a"), Nothing},
		{"a probe of another pod", pod("readinessProbe: {httpGet: {host: search, port: 9200}}\n"), Address},

		{"YAML", conf("a.yaml", "es:\n  host: search\n"), Address},
		{"a list of YAML", conf("a.yaml", "es:\n  nodes:\n  - search\n"), Address},
		{"YAML in braces", conf("a.yaml", "es: {hosts: [other, search]}\n"), Address},
		{"YAML with a template", conf("a.yaml", "{{ if x }}\nhosts:\n- other\n- search\n{{ end }}\n"), Address},
		{"a second document", conf("a.yaml", "a: b\n---\nhost: search\n"), Address},
		{"JSON", conf("a.json", `{"es":{"node":"search"}}`), Address},
		{"properties", conf("a.properties", "es.nodes=search\n"), Address},
		{"ini", conf("a.ini", "[search]\nes_host = search\n"), Address},
		{"HOCON", conf("a.conf", "search {\n  hostname = [\"search\"]\n}\n"), Address},
		{"XML", conf("a.xml", "<es><host>search</host></es>"), Address},
		{"an attribute of XML", conf("a.xml", `<property name="es.host">search</property>`), Address},
		{"PHP", conf("a.php", "<?php return ['search' => ['host' => 'search']];"), Address},
		{"Python", conf("a.py", "ES = {'default': {'hosts': 'search'}}\n"), Address},
		{"a section in brackets first", conf("a.conf", "[OUTPUT]\n  Name es\n  Host search\n[OUTPUT]\n  Name es\n  Host other\n"), Address},
		{"two words", conf("a.conf", "<server>\n  Host search\n</server>\n"), Address},
		{"another word of a file", conf("a.conf", "backend search-0\nuse search\n"), May},
		{"a host and a port as arguments", conf("a.rb", "a = Net::HTTP.start(%q(search), 9200)\n"), Address},
		{"a port with a name", conf("a.py", "es = Client(\"search\", port=9200)\n"), Address},
		{"another port", conf("a.py", "es = Client(\"search\", port=5432)\n"), May},
		{"the nodes' own port behind it", conf("a.py", "es = Client(\"search\", 9300)\n"), May},
		{"a port further on", conf("a.py", "use(\"search\")\nlisten(9200)\n"), May},
		{"a variable in an address of a file", conf("a.conf", "set $up search;\nproxy_pass https://$up:9200;\n"), Address},
		{"a variable in braces", conf("a.js", "const up = \"search\"\nfetch(`https://${up}/_bulk`)\n"), Address},
		{"a variable of which another begins with the name", conf("a.js", "const up = \"search\"\nfetch(`https://${uplink}/_bulk`)\n"), May},
		{"a key", conf("a.yaml", "search: {a: b}\n"), Nothing},
		{"a section", conf("a.ini", "[search]\na=b\n"), Nothing},
		{"a block", conf("a.conf", "search {\n}\n"), Nothing},
		{"a type", conf("a.yaml", "output: {type: search}\n"), Nothing},
		{"a name", conf("a.yaml", "cluster: {name: search}\n"), Nothing},
		{"a comment", conf("a.yaml", "# host: search\na: b\n"), Nothing},
		{"who may be asked for", conf("elasticsearch.yml", "reindex.remote.whitelist: search:9200\n"), May},
		{"a file that nobody reads", unread("a.yaml", "host: search\n"), May},
		{"a word of a file that nobody reads", unread("a.txt", "use search\n"), Nothing},
		{"a file that a custom resource takes", unread("a.yaml", "host: search\n") + "---\n" + custom("{steps: [{envFrom: [{configMapRef: {name: conf}}]}]}"), Address},
		{"one that it takes as a volume", unread("a.yaml", "host: search\n") + "---\n" + custom("{volumes: [{configMap: {name: conf}}]}"), Address},
		{"one of which it takes another", unread("a.yaml", "host: search\n") + "---\n" + custom("{volumes: [{configMap: {name: other}, x: conf}]}"), May},
		{"a Secret", pod("envFrom: [{secretRef: {name: s}}]\n") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {ES_HOST: " +
			base64.StdEncoding.EncodeToString([]byte("Search")) + "}\n", Address},
		{"binary data", pod("") + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\nbinaryData: {a: " +
			base64.StdEncoding.EncodeToString([]byte("host=search\nport=9200\n")) + "}\n", Address},

		{"a custom resource (F5)", custom("{es: {host: search, port: 9200}}"), Address},
		{"a list in one", custom("{es: {hosts: [search]}}"), Address},
		{"a variable in one", custom("{env: [{name: ES_HOST, value: search}]}"), Address},
		{"a container of one", custom("{template: {image: x, command: [sh, -c, \"H=search; curl https://$H:9200\"]}}"), Address},
		{"a word of one", custom("{title: search}"), Nothing},
		{"labels in one", custom("{selector: {host: search}}"), Nothing},
		{"a Service of Knative", "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: k}\nspec: {template: {spec: {containers: [{name: c, env: [{name: U, value: \"http://search:9200\"}]}]}}}\n", Address},
		{"a custom Role", "apiVersion: db.example/v1\nkind: Role\nmetadata: {name: k}\nspec: {url: \"https://search:9200\"}\n", Address},
		{"an alert", "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: k}\nspec: {a: \"https://search:9200\"}\n", Nothing},
		{"a policy", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: k}\nspec: {host: search}\n", Nothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := find(t, server("")+c.object)
			if got := strongest(all); got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, all)
			}
		})
	}
}

// TestOneMachine holds that a pod with the network of its machine may call a server there that has it too.
func TestOneMachine(t *testing.T) {
	shared := func(text string) string {
		return strings.Replace(text, "    spec:\n      ", "    spec:\n      hostNetwork: true\n      ", 1)
	}
	for _, c := range []struct {
		name, stream string
		want         Strength
	}{
		{"both", shared(server("")) + shared(env("ES_URL", "http://127.0.0.1:9200")), Address},
		{"another port", shared(server("")) + shared(env("ES_URL", "http://127.0.0.1:9300")), Nothing},
		{"the server only", shared(server("")) + env("ES_URL", "http://127.0.0.1:9200"), Nothing},
		{"the client only", server("") + shared(env("ES_URL", "http://127.0.0.1:9200")), Nothing},
		{"a file", shared(server("")) + shared(conf("a.yaml", "url: http://localhost:9200\n")), Address},
	} {
		if got := strongest(find(t, c.stream)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestRoutes holds which routes lead to a server, and which of them let TLS through.
func TestRoutes(t *testing.T) {
	route := func(version, kind, spec string) string {
		return "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: r}\nspec: " + spec + "\n"
	}
	const rule = "{rules: [{host: search.example.org, http: {paths: [{backend: {service: {name: search, port: {number: 9200}}}}]}}]}"
	for name, c := range map[string]struct {
		object string
		want   Strength
	}{
		"Ingress":                     {route("networking.k8s.io/v1", "Ingress", rule), Address},
		"of before":                   {route("extensions/v1beta1", "Ingress", "{backend: {serviceName: search, servicePort: 9200}}"), Address},
		"to others":                   {route("networking.k8s.io/v1", "Ingress", strings.Replace(rule, "name: search", "name: shop", 1)), Nothing},
		"Ingress that passes TLS":     {strings.Replace(route("networking.k8s.io/v1", "Ingress", rule), "{name: r}", "{name: r, annotations: {nginx.ingress.kubernetes.io/ssl-passthrough: \"true\"}}", 1), Nothing},
		"HTTPRoute":                   {route("gateway.networking.k8s.io/v1", "HTTPRoute", "{hostnames: [search.example.org], rules: [{backendRefs: [{name: search, port: 9200}]}]}"), Address},
		"TLSRoute":                    {route("gateway.networking.k8s.io/v1alpha2", "TLSRoute", "{rules: [{backendRefs: [{name: search, port: 9200}]}]}"), Nothing},
		"IngressRoute":                {route("traefik.io/v1alpha1", "IngressRoute", "{routes: [{match: Host(`search.example.org`), services: [{name: search, port: 9200}]}]}"), Address},
		"IngressRouteTCP":             {route("traefik.io/v1alpha1", "IngressRouteTCP", "{tls: {secretName: s}, routes: [{services: [{name: search}]}]}"), Address},
		"IngressRouteTCP that passes": {route("traefik.io/v1alpha1", "IngressRouteTCP", "{tls: {passthrough: true}, routes: [{services: [{name: search}]}]}"), Nothing},
		"VirtualService":              {route("networking.istio.io/v1", "VirtualService", "{hosts: [search], http: [{route: [{destination: {host: search.logging.svc.cluster.local}}]}]}"), Address},
		"VirtualService that passes":  {route("networking.istio.io/v1", "VirtualService", "{hosts: [search], tls: [{route: [{destination: {host: search}}]}]}"), Nothing},
		"Route":                       {route("route.openshift.io/v1", "Route", "{host: search.example.org, to: {kind: Service, name: search}, tls: {termination: reencrypt}}"), Address},
		"Route that passes":           {route("route.openshift.io/v1", "Route", "{to: {kind: Service, name: search}, tls: {termination: passthrough}}"), Nothing},
		"with another authority":      {route("networking.istio.io/v1", "VirtualService", "{http: [{rewrite: {authority: search}, route: [{destination: {host: shop}}]}]}"), Address},
		"with another host name":      {route("gateway.networking.k8s.io/v1", "HTTPRoute", "{rules: [{filters: [{urlRewrite: {hostname: search.default.svc}}]}]}"), Address},
		"HTTPProxy":                   {route("projectcontour.io/v1", "HTTPProxy", "{virtualhost: {tls: {secretName: s}}, routes: [{services: [{name: search, port: 9200}]}]}"), Address},
		"HTTPProxy that passes":       {route("projectcontour.io/v1", "HTTPProxy", "{virtualhost: {tls: {passthrough: true}}, tcpproxy: {services: [{name: search, port: 9200}]}}"), Nothing},
		"VirtualServer":               {route("k8s.nginx.org/v1", "VirtualServer", "{upstreams: [{name: es, service: search, port: 9200}]}"), Address},
		"TransportServer that passes": {route("k8s.nginx.org/v1", "TransportServer", "{listener: {protocol: TLS_PASSTHROUGH}, upstreams: [{name: es, service: search}]}"), Nothing},
		"Mapping":                     {route("getambassador.io/v3alpha1", "Mapping", "{prefix: /, service: 'https://search:9200'}"), Address},
		"Application, to a cluster":   {route("argoproj.io/v1alpha1", "Application", "{destination: {name: search}}"), Nothing},
		"a resource of Elasticsearch": {custom("{elasticsearch: {name: search}}"), Address},
		"a custom resource":           {custom("{backendRef: {name: search}}"), Address},
	} {
		t.Run(name, func(t *testing.T) {
			all := find(t, server("")+c.object)
			if got := strongest(all); got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, all)
			}
			if c.want == Address && !all[0].Route {
				t.Error("is no route")
			}
		})
	}
}

// TestNames holds by what a server may be called.
func TestNames(t *testing.T) {
	alias := "apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: apps}\nspec: {type: ExternalName, externalName: %s}\n---\n"
	manual := "apiVersion: v1\nkind: Service\nmetadata: {name: by-hand}\nspec: {ports: [{port: 9200}]}\n---\n"
	endpoints := "apiVersion: v1\nkind: Endpoints\nmetadata: {name: by-hand}\nsubsets: [{addresses: [{ip: %s}], ports: [{port: %d}]}]\n---\n"
	slice := "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: by-hand-x, labels: {kubernetes.io/service-name: by-hand}}\n" +
		"endpoints: [{addresses: [10.1.2.3], targetRef: {kind: Pod, name: %s-0}}]\n---\n"
	machine := "apiVersion: v1\nkind: Service\nmetadata: {name: outer}\nspec: {type: NodePort, selector: {app: es}, ports: [{name: http, port: 9200, nodePort: 30920}, " +
		"{name: transport, port: 9300, nodePort: 30930}]}\n---\n"
	aliased := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostAliases: [{ip: %s, hostnames: [es.example.org]}], containers: [{name: p, image: x}]}\n---\n"
	for name, c := range map[string]struct {
		more, text string
		want       Strength
	}{
		"a port of a machine":                  {machine, "https://$(HOST_IP):30920", Address},
		"of one that is written":               {machine, "192.168.0.7:30920", Address},
		"by itself":                            {machine, "30920", May},
		"in another number":                    {machine, "1.30920", Nothing},
		"of the nodes":                         {machine, "https://$(HOST_IP):30930", Nothing},
		"a host alias of its address":          {fmt.Sprintf(aliased, "10.96.7.7"), "https://es.example.org:9200", Address},
		"a host alias of another":              {fmt.Sprintf(aliased, "10.96.7.8"), "https://es.example.org:9200", Nothing},
		"an address of IPv6 in another form":   {"", "http://[fd00:0:0::7]:9200", Address},
		"TestF3: an alias":                     {fmt.Sprintf(alias, "es", "search.default.svc.cluster.local"), "https://es:9200", Address},
		"TestF3: an alias of an alias":         {fmt.Sprintf(alias, "es", "far.apps.svc") + fmt.Sprintf(alias, "far", "search.default.svc"), "https://es.apps:9200", Address},
		"TestF3: an alias of others":           {fmt.Sprintf(alias, "es", "other.example.org"), "https://es:9200", Nothing},
		"TestF3: endpoints by hand":            {manual + fmt.Sprintf(endpoints, "10.1.2.3", 9200), "https://by-hand:9200", Address},
		"TestF3: endpoints of others":          {manual + fmt.Sprintf(endpoints, "10.1.2.3", 8080), "https://by-hand:9200", Nothing},
		"TestF3: endpoints of its address":     {manual + fmt.Sprintf(endpoints, "192.0.2.9", 443), "https://by-hand:9200", Address},
		"TestF3: a slice of its pods":          {manual + fmt.Sprintf(slice, "node"), "https://by-hand:9200", Address},
		"TestF3: a slice of other pods":        {manual + fmt.Sprintf(slice, "shop"), "https://by-hand:9200", Nothing},
		"TestF13: the address of a Service":    {"", "http://10.96.7.7:9200", Address},
		"TestF13: an address of IPv6":          {"", "http://[fd00::7]:9200", Address},
		"TestF13: an address from outside":     {"", "http://192.0.2.9:9200", Address},
		"TestF13: another address":             {"", "http://10.96.7.70:9200", Nothing},
		"a headless Service that is not there": {"", "https://node-0.search-headless:9200", Address},
		"a variable of Kubernetes":             {"", "https://$(SEARCH_SERVICE_HOST):$(SEARCH_SERVICE_PORT)", Address},
		"another one":                          {"", "$(ES_MAIN_PORT)", Address},
		"the address in it":                    {"", "${ES_MAIN_PORT_9200_TCP_ADDR}", Address},
		"a variable of another Service":        {"", "https://$(SHOP_SERVICE_HOST):80", Nothing},
		"a variable called so":                 {"", "https://$search:9200", May},
	} {
		t.Run(name, func(t *testing.T) {
			all := find(t, server("")+c.more+env("U", c.text))
			if got := strongest(all); got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, all)
			}
		})
	}
	t.Run("TestP5: a host that another client calls", func(t *testing.T) {
		for host, want := range map[string]Strength{"https://es.example.org:9200": Address, "https://www.example.org": Nothing} {
			if got := strongest(find(t, env("U", host), "es.example.org")); got != want {
				t.Errorf("%s: %s, want %s", host, got, want)
			}
		}
	})
}

// TestBesideServers holds by what a container calls a server in its own pod.
func TestBesideServers(t *testing.T) {
	beside := func(more string) string { return server("      - name: beside\n" + indent(more, 8)) }
	for name, c := range map[string]struct {
		more string
		want Strength
	}{
		"localhost":             {`env: [{name: U, value: "http://localhost:9200"}]`, Address},
		"another port":          {`env: [{name: U, value: "http://localhost:8080"}]`, Nothing},
		"without a port":        {`env: [{name: U, value: "http://localhost"}]`, Nothing},
		"127.1":                 {`args: ["http://127.1:9200"]`, Address},
		"0.0.0.0":               {`args: ["http://0.0.0.0:9200"]`, Address},
		"IPv6":                  {`args: ["http://[::1]:9200"]`, Address},
		"its address":           {`{env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: U, value: "http://$(IP):9200"}]}`, Address},
		"its name":              {`args: [sh, -c, "run https://$(hostname):9200"]`, Address},
		"host and port apart":   {`args: [--host, localhost, --port, "9200"]`, Address},
		"host and another port": {`args: [--host, localhost, --port, "8080"]`, Nothing},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(c.more, "{") {
				c.more = "env:\n- {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}\n- {name: U, value: \"http://$(IP):9200\"}"
			}
			all := find(t, beside(c.more))
			if got := strongest(all); got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, all)
			}
		})
	}
}

// TestF15AutodiscoveryIsFound holds what makes Beats call the pods of a server: hints there, and templates.
func TestF15AutodiscoveryIsFound(t *testing.T) {
	template := func(module, more string) string {
		return conf("metricbeat.yml", "metricbeat.autodiscover:\n  providers:\n  - templates:\n    - config:\n      - module: "+module+"\n        hosts: [\"https://${data.host}:9200\"]\n"+more)
	}
	hints := strings.Replace(server(""), "{note: none}", `{co.elastic.metrics/module: elasticsearch, co.elastic.metrics/hosts: "${data.host}:9200"}`, 1)
	for name, c := range map[string]struct {
		stream string
		want   Strength
	}{
		"a template":             {server("") + template("elasticsearch", ""), Address},
		"of another module":      {server("") + template("nginx", ""), Nothing},
		"one with a certificate": {server("") + template("elasticsearch", "        ssl.certificate: /c\n"), May},
		"hints":                  {hints, Address},
	} {
		t.Run(name, func(t *testing.T) {
			all := find(t, c.stream)
			if got := strongest(all); got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, all)
			}
		})
	}
}

// TestPlaces holds that a mention says where it stands.
func TestPlaces(t *testing.T) {
	stream := server("") + env("ES", "http://search:9200") + "---\n" + `apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  a.yaml: |
    a: b
    out:
      hosts: [other, search]
  b.ini: |
    # search
    x = y
    host = search
`
	first := strings.Count(server(""), "\n") + 1
	want := fmt.Sprintf(`Deployment/search search spec.template.spec.containers[search].env[ES].value 7-13 line %d plain
ConfigMap/conf  data[a.yaml] > out.hosts[1] 0-6 line %d Deployment/search/search
ConfigMap/conf  data[b.ini] 22-28 line %d Deployment/search/search
`, first+15, first+24, first+28)
	var b strings.Builder
	for _, m := range find(t, stream) {
		fmt.Fprintf(&b, "%s %s %s", m.Object.ID, m.Container, m.Path)
		if m.Inside != nil {
			fmt.Fprintf(&b, " > %s", m.Inside)
		}
		fmt.Fprintf(&b, " %d-%d line %d", m.Span.From, m.Span.To, m.StreamLine())
		if m.Plain {
			b.WriteString(" plain")
		}
		for _, r := range m.Readers {
			b.WriteString(" " + r.Ref())
		}
		b.WriteByte('\n')
	}
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestEachIsFound holds that one mention hides no other in its text.
func TestEachIsFound(t *testing.T) {
	if all := find(t, server("")+conf("a.conf", "host = search\nx = y\nhost = search\n")); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}

// TestClaims holds that a claim is of a place: the same words elsewhere are not answered for.
func TestClaims(t *testing.T) {
	all := find(t, server("")+script("curl https://search:9200; wget https://search:9200"))
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	claims := &Claims{}
	claims.Add(all[0].node, Span{5, 24}, nil)
	if claims.Open(all[0], nil) || !claims.Open(all[1], nil) {
		t.Error("the claim is not of its place")
	}
}
