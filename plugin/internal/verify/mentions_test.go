package verify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// A Service is often called "elasticsearch", and a client told its bare name: as the host in a variable, an option or
// a file. That nobody saw, unless the name had a dash. Where the name says nothing of a host it is a word like
// others.
func TestBareHosts(t *testing.T) {
	pod := func(container string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  template:\n" +
			"    metadata:\n      labels:\n        search: search\n        host: search\n" +
			"    spec:\n      hostname: search\n      containers:\n      - name: search\n        image: search:9.2\n" +
			indented(container, 8)
	}
	custom := func(spec string) string { return "apiVersion: a/v1\nkind: Output\nmetadata:\n  name: o\n" + spec }
	env := func(name, value string) string {
		return pod(fmt.Sprintf("env:\n- name: %s\n  value: %q\n", name, value))
	}
	config := func(kind, key, text string) string {
		field := map[string]string{"ConfigMap": "data", "Secret": "stringData"}[kind]
		volume := map[string]string{"ConfigMap": "configMap: {name: shop}", "Secret": "secret: {secretName: shop}"}[kind]
		return fmt.Sprintf("apiVersion: v1\nkind: %s\nmetadata:\n  name: shop\n%s:\n  %s: %q\n---\n", kind, field, key, text) +
			podNamed("reads") + "    volumeMounts:\n    - {name: c, mountPath: /c}\n  volumes:\n  - {name: c, " + volume + "}\n"
	}
	const found = "EMT021"
	for name, c := range map[string]struct{ object, want string }{
		"a variable":                      {env("ES_HOST", "search"), found},
		"a variable with its domain":      {env("ES_HOST", "search.obs.svc"), found},
		"a variable with a list":          {env("ES_NODES", "search,other"), found},
		"a variable of the product":       {env("ELASTICSEARCH", "search"), found},
		"a URI":                           {env("ES_URI", "search"), found},
		"a full name in any variable":     {env("SEARCH_DNS_NAME", "search.obs.svc.cluster.local"), found},
		"the name of a pod":               {env("ES_HOST", "search-0.search"), found},
		"options in a variable":           {env("JAVA_OPTS", "-Xmx1g -Des.host=search -Des.port=9200"), found},
		"an option":                       {pod("args: [--es-host=search]\n"), found},
		"an option in two words":          {pod("args: [--host, search, --port, \"9200\"]\n"), found},
		"an option in a script":           {pod("command: [sh, -c, \"exec index --host search --port 9200\"]\n"), found},
		"a probe of another pod":          {pod("readinessProbe:\n  httpGet:\n    host: search\n    port: 9200\n"), found},
		"a key of a ConfigMap":            {config("ConfigMap", "ES_HOST", "search"), found},
		"a key of a Secret":               {config("Secret", "ES_HOST", "search"), found},
		"a line of an .ini":               {config("ConfigMap", "a.ini", "[es]\nes_host = search\nport = 9200\n"), found},
		"a line of YAML":                  {config("ConfigMap", "a.yaml", "es:\n  host: search\n  port: 9200\n"), found},
		"a list of YAML":                  {config("ConfigMap", "a.yaml", "es:\n  hosts:\n  - other\n  - search\n"), found},
		"a list of YAML on a line":        {config("ConfigMap", "a.yaml", "es: {hosts: [other, search]}\n"), found},
		"JSON":                            {config("Secret", "a.json", `{"es":{"host":"search","port":9200}}`), found},
		"two words":                       {config("ConfigMap", "a.conf", "<server>\n  Host search\n</server>\n"), found},
		"a custom resource":               {custom("spec:\n  elasticsearch:\n    host: search\n    port: 9200\n"), found},
		"the environment of one":          {custom("spec:\n  env:\n  - name: ES_HOST\n    value: search\n"), found},
		"none: another name":              {env("FULLNAME", "search"), ""},
		"none: a user":                    {env("ELASTICSEARCH_USERNAME", "search"), ""},
		"none: an index":                  {env("ELASTICSEARCH_INDEX", "search"), ""},
		"none: another host of that name": {env("ES_HOST", "search-other"), ""},
		"none: seeds":                     {env("DISCOVERY_SEED_HOSTS", "search"), ""},
		"none: a word of a script":        {pod("command: [sh, -c, \"run search now; exec search\"]\n"), ""},
		"none: a comment":                 {config("ConfigMap", "a.yaml", "# host: search\nhost: other\n"), ""},
		"none: prose":                     {config("ConfigMap", "a.md", "The host of a search engine\nand what may search\n"), ""},
		"none: labels and annotations":    {custom("  labels:\n    host: search\nspec:\n  labels:\n    host: search\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if g := judged(t, node{}.String()+"---\n"+c.object, Options{}); codesOf(g) != c.want {
				t.Errorf("%q, want %q\n%s", codesOf(g), c.want, g.Text())
			}
		})
	}
}

// What a server is told of its own nodes is no client's. A name alone is only one that may be called, whatever it
// looks like.
func TestBareHostsOfServers(t *testing.T) {
	variable := func(name, value string) string { return "env:\n- name: " + name + "\n  value: " + value + "\n" }
	beside := node{}.String() + "      initContainers:\n      - name: wait\n" + indented(variable("ES_HOST", "search"), 8)
	dashed := strings.ReplaceAll(node{}.String(), "name: search\n", "name: es-search\n")
	for name, c := range map[string]struct {
		stream string
		want   string
	}{
		"a node's own names":            {node{env: map[string]string{"network.publish_host": "search"}}.String(), ""},
		"a container beside the node":   {beside, "EMT021"},
		"a dashed name in any variable": {dashed + podNamed("p") + indented(variable("BACKEND", "es-search"), 4), ""},
		"but of another name":           {dashed + podNamed("p") + indented(variable("FULLNAME", "es-search"), 4), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if g := judged(t, c.stream, Options{}); codesOf(g) != c.want {
				t.Errorf("%q, want %q\n%s", codesOf(g), c.want, g.Text())
			}
		})
	}
}

// A script is that of the container which is seen to run it. One that runs another of the same folder, and does not name this one, is taken
// to leave it alone, and that is said.
func TestAScriptThatAnotherContainerRuns(t *testing.T) {
	stream := func(first string) string {
		return node{}.String() + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts}\ndata:\n  first.sh: \"true\"\n" +
			"  calls.sh: curl --cacert /ca.crt --cert /c --key /k https://search:9200\n---\n" +
			"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  volumes: [{name: s, configMap: {name: scripts}}]\n" +
			"  initContainers:\n  - {name: first, image: x, command: [sh, -c, \"" + first + "\"], volumeMounts: [{name: s, mountPath: /s}]}\n" +
			"  containers:\n  - {name: calls, image: x, command: [sh, /s/calls.sh], volumeMounts: [{name: s, mountPath: /s}]}\n"
	}
	const left = "which names \"search\", calls it with a certificate, or not at all"
	for first, leaves := range map[string]bool{
		"sh /s/first.sh":                           true,
		"cat /s/first.sh | sh":                     true,
		"cp /s/first.sh /tmp/ && sh /tmp/first.sh": true,
		"sh /s/first.sh; ls /s/calls.sh":           false,
		"run-parts /s":                             false,
		"true":                                     false,
	} {
		g := judged(t, stream(first), Options{ClientAuthentication: "required"})
		called := slices.ContainsFunc(g.Edges, func(e *Edge) bool { return e.Container == "first" })
		if said := strings.Contains(strings.Join(strings.Fields(g.Text()), " "), left); said != leaves || called == leaves {
			t.Errorf("%s: left %v, called %v\n%s", first, said, called, g.Text())
		}
	}
}

// A Secret may be in the manifests and in a further file. What an edge reads in the one is claimed in the other, where it says the same.
func TestASecretThatIsShownTwice(t *testing.T) {
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: beat}\nstringData:\n  filebeat.yml: |\n    output.elasticsearch:\n      hosts: [\"https://search:9200\"]\n"
	beat := "apiVersion: v1\nkind: Pod\nmetadata: {name: beat}\nspec:\n  volumes: [{name: c, secret: {secretName: beat}}]\n  containers:\n" +
		"  - {name: filebeat, image: \"docker.elastic.co/beats/filebeat:8.19.0\", volumeMounts: [{name: c, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}]}\n"
	for name, c := range map[string]struct {
		with string
		want bool
	}{
		"the same": {secret + "  other: x\n", false},
		"another":  {strings.Replace(secret, "hosts", "urls", 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Manifests(streamOf(t, node{}.String()+"---\n"+secret+"---\n"+beat), []*manifest.Stream{streamOf(t, c.with)}, Options{ClientAuthentication: "required"})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(codesOf(g), "EMT021"); got != c.want {
				t.Errorf("%q\n%s", codesOf(g), g.Text())
			}
		})
	}
}

func streamOf(t *testing.T, text string) *manifest.Stream {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return stream
}
