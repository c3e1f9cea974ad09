package verify

import (
	"strings"
	"testing"
)

// policy gives a NetworkPolicy with a spec.
func policy(spec string) string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: walls}\nspec: {" + spec + "}\n"
}

// TestPolicies holds what NetworkPolicies let through: what one for the pod allows, and nothing else.
func TestPolicies(t *testing.T) {
	const isNode, isBeat = "podSelector: {matchLabels: {app: search}}", "podSelector: {matchLabels: {app: beat}}"
	beat := strings.Replace(filebeat(wholeSecret), "spec:\n  template:\n    spec:", "spec:\n  template:\n    metadata: {labels: {app: beat}}\n    spec:", 1)
	const keeps, letsIn = "EMT033", "NetworkPolicy/walls lets it through"
	const dns = "{ports: [{port: 53, protocol: UDP}]}"
	space := "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: logs, labels: {team: logs}}\n"
	in := func(namespace, text string) string {
		return strings.ReplaceAll(strings.ReplaceAll(text, "  name: search\n", "  name: search\n  namespace: "+namespace+"\n"), "{name: walls}", "{name: walls, namespace: "+namespace+"}")
	}
	elsewhere := strings.ReplaceAll(beat, "metadata: {name: beat}", "metadata: {name: beat, namespace: logs}")
	elsewhere = strings.ReplaceAll(elsewhere, "https://search:9200", "https://search.es:9200")
	for _, test := range []struct{ name, text, codes, says string }{
		{"nobody may call", node{}.String() + beat + policy(isNode), keeps, "NetworkPolicy/walls keeps Deployment/beat"},
		{"everybody may", node{}.String() + beat + policy(isNode+", ingress: [{}]"), "", ""},
		{"a client in the network of its machine", node{}.String() + strings.Replace(beat, "beat}}\n    spec:", "beat}}\n    spec:\n      hostNetwork: true\n"+
			"      dnsPolicy: ClusterFirstWithHostNet", 1) + policy(isNode), "", letsIn},
		{"it is for other pods", node{}.String() + beat + policy("podSelector: {matchLabels: {app: other}}"), "", ""},
		{"for every pod", node{}.String() + beat + policy("podSelector: {}"), keeps, ""},
		{"what they send alone", node{}.String() + beat + policy(isNode+", policyTypes: [Egress]"), "", ""},
		{"the port", node{}.String() + beat + policy(isNode+", ingress: [{ports: [{port: 9200}]}]"), "", ""},
		{"a range of ports", node{}.String() + beat + policy(isNode+", ingress: [{ports: [{port: 9000, endPort: 9300}]}]"), "", ""},
		{"another port", node{}.String() + beat + policy(isNode+", ingress: [{ports: [{port: 9300}]}]"), keeps, ""},
		{"another protocol", node{}.String() + beat + policy(isNode+", ingress: [{ports: [{port: 9200, protocol: UDP}]}]"), keeps, ""},
		{"these pods", node{}.String() + beat + policy(isNode+", ingress: [{from: ["+"{"+isBeat+"}]}]"), "", ""},
		{"other pods", node{}.String() + beat + policy(isNode+", ingress: [{from: [{podSelector: {matchLabels: {app: other}}}]}]"), keeps, ""},
		{"pods of a Job", node{}.String() + beat + policy(isNode+", ingress: [{from: [{podSelector: {matchLabels: {job-name: other}}}]}]"), "", letsIn},
		{"addresses", node{}.String() + beat + policy(isNode+", ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"), "", letsIn},
		{"all addresses", node{}.String() + beat + policy(isNode+", ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"), "", ""},
		{"a second one allows it", node{}.String() + beat + policy(isNode) + strings.Replace(policy(isNode+", ingress: [{}]"), "walls", "gate", 1), "", ""},
		{"another namespace", in("es", node{}.String()+policy(isNode+", ingress: [{from: [{"+isBeat+"}]}]")) + elsewhere, keeps, ""},
		{"which it names", in("es", node{}.String()+policy(isNode+", ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: logs}}}]}]")) + elsewhere, "", ""},
		{"by a label that nothing shows", in("es", node{}.String()+policy(isNode+", ingress: [{from: [{namespaceSelector: {matchLabels: {team: logs}}}]}]")) + elsewhere, "", letsIn},
		{"that the input shows", in("es", node{}.String()+policy(isNode+", ingress: [{from: [{namespaceSelector: {matchLabels: {team: logs}}}]}]")) + elsewhere + space, "", ""},
		{"that is another", in("es", node{}.String()+policy(isNode+", ingress: [{from: [{namespaceSelector: {matchLabels: {team: web}}}]}]")) + elsewhere + space, keeps, ""},
		{"every namespace, other pods", in("es", node{}.String()+policy(isNode+", ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: other}}}]}]")) + elsewhere, keeps, ""},
		{"the client may send nothing", node{}.String() + beat + policy(isBeat+", policyTypes: [Egress]"), keeps, "keeps Deployment/beat"},
		{"to Elasticsearch, and ask for no name", node{}.String() + beat + policy(isBeat+", policyTypes: [Egress], egress: [{ports: [{port: 9200}]}]"), keeps, "from the DNS of the cluster"},
		{"both", node{}.String() + beat + policy(isBeat+", policyTypes: [Egress], egress: [{ports: [{port: 9200}]}, "+dns+"]"), "", ""},
		{"to other pods", node{}.String() + beat + policy(isBeat+", egress: [{to: [{podSelector: {matchLabels: {app: other}}}]}, "+dns+"]"), keeps, ""},
		{"an Elasticsearch elsewhere", beat + policy(isBeat+", egress: [{to: [{podSelector: {}}], ports: [{port: 9200}]}, "+dns+"]"), "", letsIn},
		{"a policy of a plugin", node{}.String() + beat + "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: walls}\nspec: {}\n", "", "CiliumNetworkPolicy/walls, which a network plugin"},
	} {
		g := judged(t, test.text, Options{})
		text := strings.Join(strings.Fields(g.Text()), " ")
		if got := codesOf(g); got != test.codes || !strings.Contains(text, test.says) {
			t.Errorf("%s: got %q, expected %q with %q\n%s", test.name, got, test.codes, test.says, g.Text())
		}
		if test.codes == "" && test.says == "" && strings.Contains(text, "NetworkPolicy/walls") {
			t.Errorf("%s: it is an assumption\n%s", test.name, g.Text())
		}
	}
}

// TestNobodyRuns holds that nodes without replicas answer nobody, and that nobody misses those that nobody calls.
func TestNobodyRuns(t *testing.T) {
	none := func(text string) string {
		return strings.Replace(text, "spec:\n  template:", "spec:\n  replicas: 0\n  template:", 1)
	}
	group := func(name string) string {
		return strings.Replace(node{}.String(), "kind: StatefulSet\nmetadata:\n  name: search", "kind: StatefulSet\nmetadata:\n  name: "+name, 1)
	}
	_, second, _ := strings.Cut(none(group("spare")), "---")
	_, other, _ := strings.Cut(strings.NewReplacer("elasticsearch", "elasticsearch", "search", "spare").Replace(none(node{}.String())), "---")
	headless := "---\napiVersion: v1\nkind: Service\nmetadata: {name: pods}\nspec: {clusterIP: None, selector: {app: search}, ports: [{port: 9200}]}\n"
	named := func(text string) string {
		return strings.ReplaceAll(text, "\n  template:", "\n  serviceName: pods\n  template:")
	}
	beat, isNone := filebeat(wholeSecret), "it has no replicas: no node runs, and none answers Deployment/beat"
	to := func(host string) string {
		return strings.Replace(beat, "https://search:9200", "https://"+host+":9200", 1)
	}
	for _, test := range []struct{ name, text, codes, says string }{
		{"no replicas", none(node{}.String()), "", "nobody calls it, as it has no replicas"},
		{"somebody calls it", none(node{}.String()) + beat, "EMT030", isNone},
		{"who has no replicas either", none(node{}.String()) + none(beat), "", ""},
		{"other nodes answer", node{}.String() + "---" + second + beat, "", ""},
		{"nor they", none(node{}.String()) + "---" + second + beat, "EMT030", isNone},
		{"others that nobody calls", node{}.String() + "---" + other + beat, "", ""},
		{"a pod of its own name", named(node{}.String()+"---"+second) + headless + to("spare-0.pods"), "EMT030", isNone},
		{"a pod beside it", named(node{}.String()+"---"+second) + headless + to("search-0.pods"), "", "search-0.pods"},
	} {
		g := judged(t, test.text, Options{})
		if got := codesOf(g); got != test.codes || !strings.Contains(strings.Join(strings.Fields(g.Text()), " "), test.says) {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, got, test.codes, g.Text())
		}
		if strings.Contains(g.Text(), "nobody calls it") != (test.name == "no replicas" || test.name == "somebody calls it" || test.name == "who has no replicas either" || test.name == "nor they") {
			t.Errorf("%s: the assumption\n%s", test.name, g.Text())
		}
	}
}

// TestOutputsOfABeat holds that a Beat starts with one output alone.
func TestOutputsOfABeat(t *testing.T) {
	for lines, want := range map[string]struct{ codes, says string }{
		"output.logstash.hosts: [a:5044]\n":                                     {"EMT022", "several outputs that are enabled (elasticsearch, logstash)"},
		"output.logstash: {hosts: [a:5044], enabled: false}\n":                  {"", ""},
		"output.logstash: {hosts: [a:5044], enabled: no}\n":                     {"", ""},
		"output.logstash: {hosts: [a:5044], enabled: '${PERHAPS}'}\n":           {"", "one of its outputs (elasticsearch, logstash) is enabled"},
		"output.console.pretty: true\noutput.file: {path: /a, enabled: true}\n": {"EMT022", ""},
	} {
		text := strings.Replace(filebeat(wholeSecret), "    output.elasticsearch:", indented(lines, 4)+"    output.elasticsearch:", 1)
		text = strings.Replace(text, "        image: filebeat:8.19.2\n", "        image: filebeat:8.19.2\n        env: [{name: PERHAPS, valueFrom: {secretKeyRef: {name: x, key: y}}}]\n", 1)
		g := judged(t, node{}.String()+text, Options{})
		if got := codesOf(g); got != want.codes || !strings.Contains(g.Text(), want.says) {
			t.Errorf("%s: got %q, expected %q\n%s", lines, got, want.codes, g.Text())
		}
	}
}

// TestListedPeers holds that a file which lists certificates is named, for the layer between nodes.
func TestListedPeers(t *testing.T) {
	const listed = transportSSL + "trust_restrictions.path"
	of := func(file string) *Graph {
		return judged(t, node{env: map[string]string{
			transportSSL + "enabled": "true", transportSSL + "certificate": "tls/tls.crt", transportSSL + "key": "tls/tls.key", listed: file,
		}}.String(), Options{})
	}
	if g := of("tls/ca.crt"); codesOf(g) != "" || !strings.Contains(g.Text(), listed+" lets in those whom the layer is for") {
		t.Errorf("not named:\n%s", g.Text())
	}
	if g := of("/etc/listed.yml"); codesOf(g) != "EMT029" {
		t.Errorf("outside of the folder of settings:\n%s", g.Text())
	}
}
