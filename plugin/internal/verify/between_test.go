package verify

import (
	"strings"
	"testing"
)

// TestDNSOfPods holds that a pod which does not ask the DNS of the cluster is named: it may not find Elasticsearch.
func TestDNSOfPods(t *testing.T) {
	for spec, assumes := range map[string]bool{
		"":                        false,
		"dnsPolicy: ClusterFirst": false,
		"dnsPolicy: Default":      true,
		"dnsPolicy: None":         true,
		"hostNetwork: true":       true,
		"hostNetwork: true\n  dnsPolicy: ClusterFirstWithHostNet":                  false,
		"dnsPolicy: Default\n  hostAliases: [{ip: 192.0.2.7, hostnames: [other]}]": true,
	} {
		stream := beatWith(beatOutput, "").String()
		if spec != "" {
			stream = strings.Replace(stream, "spec:\n  containers:", "spec:\n  "+spec+"\n  containers:", 1)
		}
		g := judged(t, node{}.String()+stream, Options{})
		if is := strings.Contains(strings.Join(g.Assumptions, "\n"), "does not ask the DNS of the cluster"); is != assumes || codesOf(g) != "" {
			t.Errorf("%s: got %v, expected %v\n%s", spec, is, assumes, g.Text())
		}
	}
}

// TestFilesOfTheKubelet holds that a token or a field of the pod in place of a key or certificate is a finding.
func TestFilesOfTheKubelet(t *testing.T) {
	for source, codes := range map[string]string{
		"serviceAccountToken: {path: tls.key}":                                                         "EMT026",
		"downwardAPI: {items: [{path: tls.crt, fieldRef: {fieldPath: metadata.name}}]}":                "EMT026",
		"serviceAccountToken: {path: token}":                                                           "",
		"podCertificate: {signerName: example.com/a, keyPath: tls.key, certificateChainPath: tls.crt}": "",
	} {
		stream := strings.Replace(beatWith(beatOutput, "").String(), "{name: tls, secret: {secretName: search-tls}}",
			"{name: tls, projected: {sources: [{secret: {name: search-tls}}, {"+source+"}]}}", 1)
		if g := judged(t, node{}.String()+stream, Options{}); codesOf(g) != codes {
			t.Errorf("%s: got %q, expected %q\n%s", source, codesOf(g), codes, g.Text())
		}
	}
}

// TestFleetServerThatIsOff holds that variables of a Fleet Server say nothing where none is switched on.
func TestFleetServerThatIsOff(t *testing.T) {
	const host = "{name: FLEET_SERVER_ELASTICSEARCH_HOST, value: 'https://search:9200'}"
	for enable, codes := range map[string]string{
		"": "",
		", {name: FLEET_SERVER_ENABLE, value: '0'}":                                      "",
		", {name: FLEET_SERVER_ENABLE, value: '1'}":                                      "EMT007 EMT008",
		", {name: FLEET_SERVER_ENABLE, valueFrom: {secretKeyRef: {name: none, key: a}}}": "EMT007 EMT008",
	} {
		c := client{image: "elastic-agent:8.19.2", lines: "env: [" + host + enable + "]"}
		if g := judged(t, node{}.String()+c.String(), Options{}); codesOf(g) != codes {
			t.Errorf("%s: got %q, expected %q\n%s", enable, codesOf(g), codes, g.Text())
		}
	}
}

// TestFilesThatAreTakenIn holds that a variable which no file reads is no call, where the files that others take in are all shown.
func TestFilesThatAreTakenIn(t *testing.T) {
	const output = "[OUTPUT]\n  Name es\n  Host search\n  Port 9200\n  tls On\n  tls.ca_file /tls/ca.crt\n  tls.crt_file /tls/tls.crt\n  tls.key_file /tls/tls.key\n"
	for _, test := range []struct{ name, text, codes string }{
		{"none", "[SERVICE]\n  Flush 1\n", ""},
		{"one that is shown", "@INCLUDE out.conf\n", ""},
		{"one by its whole path", "@INCLUDE /fluent-bit/etc/out.conf\n", ""},
		{"one that is not shown", "@INCLUDE other.conf\n", "EMT021"},
		{"a pattern, of which the image may have more", "@INCLUDE o*.conf\n", "EMT021"},
		{"one that a variable names", "@INCLUDE ${FILE}\n", "EMT021"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := client{image: "fluent-bit:3.1", dir: "/fluent-bit/etc", files: map[string]string{"fluent-bit.conf": test.text, "out.conf": output},
				lines: "env: [{name: ES_HOST, value: search}]"}
			if g := judged(t, node{}.String()+c.String(), Options{}); codesOf(g) != test.codes {
				t.Errorf("got %q, expected %q\n%s", codesOf(g), test.codes, g.Text())
			}
		})
	}
}

// TestFilesThatNobodyShows holds that a file which a configuration takes in, and which nothing shows, is named.
func TestFilesThatNobodyShows(t *testing.T) {
	const output = "[OUTPUT]\n  Name es\n  Host search\n  Port 9200\n  tls On\n  tls.ca_file /tls/ca.crt\n  tls.crt_file /tls/tls.crt\n  tls.key_file /tls/tls.key\n"
	const inYAML = "pipeline: {outputs: [{name: es, host: search, tls: on, tls.ca_file: /tls/ca.crt, tls.crt_file: /tls/tls.crt, tls.key_file: /tls/tls.key}]}\n"
	for _, test := range []struct{ name, file, text, says string }{
		{"shown", "fluent-bit.conf", output + "@INCLUDE more.conf\n", ""},
		{"not shown", "fluent-bit.conf", output + "@INCLUDE none.conf\n", "/fluent-bit/etc/none.conf, which its configuration takes in"},
		{"shown, in YAML", "fluent-bit.yaml", inYAML + "includes: [more.conf]\n", ""},
		{"not shown, in YAML", "fluent-bit.yaml", inYAML + "includes: [/other/none.yaml]\n", "/other/none.yaml, which its configuration takes in"},
	} {
		c := client{image: "fluent-bit:3.1", dir: "/fluent-bit/etc", files: map[string]string{test.file: test.text, "more.conf": "[SERVICE]\n  Flush 1\n"}}
		g := judged(t, node{}.String()+c.String(), Options{})
		if got := strings.Contains(g.Text(), "takes in"); codesOf(g) != "" || got != (test.says != "") || !strings.Contains(g.Text(), test.says) {
			t.Errorf("%s: %q\n%s", test.name, codesOf(g), g.Text())
		}
	}
}

// TestWrappedProgram holds that a known program in one word of another is judged, if that runs it.
func TestWrappedProgram(t *testing.T) {
	of := func(line string) *Graph {
		pod := podNamed("metrics") + "    command: [/opt/wrap, -run, \"" + line + "\"]\n    volumeMounts: [{name: tls, mountPath: /tls}]\n  volumes: [{name: tls, secret: {secretName: pair}}]\n"
		return judged(t, node{}.String()+pod, Options{})
	}
	const good = "elasticsearch_exporter --es.uri=https://search:9200 --es.ca=/tls/ca.crt --es.client-cert=/tls/tls.crt --es.client-private-key=/tls/tls.key"
	if g := of(good); codesOf(g) != "" || !strings.Contains(g.Text(), "wrap runs elasticsearch_exporter with the words behind it") {
		t.Errorf("%q\n%s", codesOf(g), g.Text())
	}
	if g := of(strings.Replace(good, " --es.client-cert=/tls/tls.crt", "", 1)); codesOf(g) != "EMT008" {
		t.Errorf("half a pair: %q\n%s", codesOf(g), g.Text())
	}
	if g := of("another --es.url=https://search:9200 --es.ca=/tls/ca.crt"); codesOf(g) != "EMT021" {
		t.Errorf("a program that nobody knows: %q\n%s", codesOf(g), g.Text())
	}
}

// TestCallersByRoutes holds that those whose TLS a route hands on are named.
func TestCallersByRoutes(t *testing.T) {
	of := func(annotation string) *Graph {
		return judged(t, node{}.String()+"---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: in, annotations: {nginx.ingress.kubernetes.io/ssl-passthrough: '"+annotation+"'}}\n"+
			"spec: {rules: [{http: {paths: [{backend: {service: {name: search, port: {number: 9200}}}}]}}]}\n", Options{})
	}
	if g := of("true"); codesOf(g) != "" || !strings.Contains(g.Text(), "Ingress/in: who calls search by it has a certificate") {
		t.Errorf("%q\n%s", codesOf(g), g.Text())
	}
	if g := of("false"); codesOf(g) != "EMT021" {
		t.Errorf("%q\n%s", codesOf(g), g.Text())
	}
}
