//go:build elasticsearch || integration

package wiring

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/parts"
)

// asElasticsearch runs a class of testdata with the libraries of Elasticsearch, and gives what it prints.
func asElasticsearch(t *testing.T, class string, args ...string) []string {
	t.Helper()
	said, err := parts.Ask(t.Context(), filepath.Join("testdata", class+".java"), nil, args...)
	parts.SkipOrFail(t, err)
	return said
}

// TestRegisteredSettings holds the list of settings that verify knows against what Elasticsearch registers.
func TestRegisteredSettings(t *testing.T) {
	major, _, _ := strings.Cut(parts.ElasticsearchVersion(), ".")
	text, err := os.ReadFile("../../plugin/internal/catalog/elasticsearch-settings.txt")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(text)) {
		if said, known := inVersion(line, major); known {
			listed = append(listed, said)
		}
	}
	registered := asElasticsearch(t, "ServerSettings")
	for _, said := range registered {
		if !slices.Contains(listed, said) {
			t.Errorf("version %s has %q, which is not in the list", major, said)
		}
	}
	for _, said := range listed {
		if !slices.Contains(registered, said) {
			t.Errorf("version %s does not have %q, which is in the list", major, said)
		}
	}
}

// inVersion gives what a line of the list says of a version; false where that does not have the setting.
func inVersion(line, major string) (said string, known bool) {
	words := strings.Fields(line)
	said = words[0]
	for _, word := range words[1:] {
		version, only, _ := strings.Cut(word, ":")
		switch other := version == "8" || version == "9"; {
		case !other:
			said += " " + word
		case version == major && only != "":
			said += " " + only
		case version != major && only == "":
			return "", false
		}
	}
	return said, true
}

const ownSettings = "network.host: 0.0.0.0\ndiscovery.type: single-node\nxpack.security.enabled: true\n"

// ownHTTP are the lines of TLS for HTTP, but the one that says how clients are asked.
const ownHTTP = "xpack.security.http.ssl.enabled: true\nxpack.security.http.ssl.certificate: tls/tls.crt\nxpack.security.http.ssl.key: tls/tls.key\n" +
	"xpack.security.http.ssl.certificate_authorities: tls/ca.crt\n"

// ownFiles are files of settings, most of which Elasticsearch refuses in part: verify must know which.
func ownFiles() []string {
	const all, ssl = ownSettings + ownHTTP, "xpack.security.http.ssl."
	stage := func(value string) string { return all + ssl + "client_authentication: " + value + "\n" }
	more := func(line string) string { return stage("required") + line + "\n" }
	return []string{
		stage("required"), stage("REQUIRED"), stage(`"required"`), stage("'required '"), stage("|\n  required"), stage(">-\n  required"), stage("[required]"),
		stage("require"), stage("true"), stage("no"), stage("&a required"), stage("!!str required"), stage("{}"), stage("*a") + "node.attr.a: b\n",
		"node.attr.a: &a required\n" + stage("*a"), "node.attr: &a\n  b: c\n<<: *a\n" + stage("required"),
		stage("${NOWHERE:required}"), stage("${NOWHERE:-required}"), stage("$NOWHERE"),
		more(""), more("# comment"), more("---"), more("---\nnode.attr.a: b"), more("..."), "---\n" + more(""), "# comment\n---\n" + more(""),
		more("node.attr.a:"), more("node.attr.a: ~"), more("node.attr.a: null"), more(`node.attr.a: ""`), more("node.attr:\n  a: b\n  a: c"), more("network.host: ::"),
		more("node.roles: [~]"), more("node.roles: [{a: b}]"), more("node.roles.0: master"), more("node.roles: []"), more("  node.attr.a: b"), more("a"), more("- a"),
		more("node.atr.a: b"), more("node.attr.a.b: c"), more("network.hosts: a"), more("Xpack.security.enabled: true"), more("1: 2"), more("a: b"),
		more(ssl + "client_authentification: required"), more(ssl + "secure_key_passphrase: x"), more(ssl + "key_passphrase: x"),
		more(ssl + "verification_mode: none"), more(ssl + "verification_mode: never"), more(ssl + "supported_protocols: [TLSv1.3]"),
		more(ssl + "keystore.path: "), more(`"` + ssl + `keystore.type": x`), more("xpack.security.transport.ssl.enabled: \"True\""),
		more("xpack.security.transport.ssl.enabled: off"), more("xpack.security.transport.ssl.enabled: 0"), more("http.cors.enabled: Yes"), more("http.cors.enabled: \"yes\""),
		more("xpack.security.authc.realms.pki.a.order: 1"), more("xpack.security.authc.realms.pki.a.odrer: 1"), more("transport.profiles.a.port: 9500"),
		more("force.node.attr.a: b"), more("remote_cluster_server.enabled: false"), more("xpack.security.authc.api_key.enabled: TRUE"),
	}
}

// own is a file of settings, and a variable that overrides one.
type own struct{ file, name, value string }

// ownSets are the files, and a right one with variables.
func ownSets() []own {
	var all []own
	for _, text := range ownFiles() {
		all = append(all, own{file: text})
	}
	const stage = "xpack.security.http.ssl.client_authentication"
	for _, value := range []string{"required", "REQUIRED", "'required'", "required # of all", "[required]", "", "~", "#", "x: y", "*a", "${NOWHERE}", "${NOWHERE:required}", "-", "@a", "|"} {
		all = append(all, own{ownSettings + ownHTTP, stage, value})
	}
	for _, value := range []string{"True", "yes", "on", "1", `"True"`, "off"} {
		all = append(all, own{ownSettings + ownHTTP, "xpack.security.enabled", value})
	}
	for _, value := range []string{"b", "b:c", "b\nnode.atr.x: y", "{b: c}", "[b, c]", "[b, ~]", "'"} {
		all = append(all, own{ownSettings + ownHTTP, "node.attr.a", value})
	}
	for _, name := range typed {
		for _, value := range values {
			all = append(all, own{file: ownSettings + ownHTTP + name + ": " + value + "\n"})
		}
	}
	return all
}

// typed are settings of each kind of value, some of them with bounds.
var typed = []string{
	"indices.memory.index_buffer_size", "indices.recovery.max_bytes_per_sec", "http.max_content_length", "cluster.follower_lag.timeout",
	"indices.merge.disk.watermark.high", "cluster.max_shards_per_node", "cluster.routing.allocation.balance.shard", "http.port", "transport.port",
	"cluster.routing.allocation.enable", "transport.compress", "http.pipelining.max_events",
}

// values are texts of which each kind takes some.
var values = []string{
	"lots", "30", "0", "-1", "-2", "+1", "1_0", "0x10", "010", "1.5", ".5", "1e3", "NaN", "-Infinity", "1f", "100000", "3000000000", "99999999999999999999", `"1 "`, `" 5s "`,
	"30s", "30S", "5m", "5M", "1.5h", "-1s", "0ms", "+5s", "1x", "s", "7 days", "512mb", "512MB", "0.5gb", "1.5b", "-1b", "-1kb", "0b", "99999999pb", "64 k", "10%", "101%", "-1%", "0.9",
	"9200-9300", "9300-9200", "9200,lots", "65536", "9200-70000", "all", "ALL", "All", "None", "true", "True", "indexing_data", "[1]", "[true]", "[all, none]",
}

// TestFilesOfSettings holds what verify says of settings against Elasticsearch: EMT029 where it refuses them, and only there. What
// a variable says that is no YAML is an assumption.
func TestFilesOfSettings(t *testing.T) {
	sets, folders := ownSets(), []string(nil)
	for _, set := range sets {
		dir := t.TempDir()
		err := os.WriteFile(filepath.Join(dir, "elasticsearch.yml"), []byte(set.file), 0o600)
		if set.name != "" {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, "overrides"), []byte(set.name+"="+set.value), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, dir)
	}
	said := asElasticsearch(t, "ServerSettings", folders...)
	if len(said) != len(sets) {
		t.Fatalf("%d answers for %d files:\n%s", len(said), len(sets), strings.Join(said, "\n"))
	}
	for first := 0; first < len(sets); first += 50 {
		some := sets[first:min(first+50, len(sets))]
		for i, refused := range judgedRefused(t, some) {
			if says := said[first+i]; refused != (says != "ok") {
				t.Errorf("EMT029: %t, and Elasticsearch says: %s\n%+v", refused, says, some[i])
			}
		}
	}
}

// judgedRefused tells whether verify says that nodes with such settings do not start, at least in the versions that are tested with.
func judgedRefused(t *testing.T, sets []own) []bool {
	t.Helper()
	var stream strings.Builder
	for i, set := range sets {
		stream.WriteString(nodeWith(t, fmt.Sprintf("search-%d", i), set))
	}
	command := exec.CommandContext(t.Context(), filepath.Join(programs, "elk-mtls"), "verify", "-o", "json")
	command.Stdin = strings.NewReader(stream.String())
	out, _ := command.Output()
	var graph struct {
		Findings    []struct{ Code, Object string }
		Assumptions []string
	}
	if err := json.Unmarshal(out, &graph); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	refused := make([]bool, len(sets))
	for i := range sets {
		name := fmt.Sprintf("search-%d", i)
		refused[i] = slices.ContainsFunc(graph.Assumptions, func(a string) bool { return strings.Contains(a, "/"+name+" ") && strings.Contains(a, "is no YAML") }) ||
			slices.ContainsFunc(graph.Findings, func(f struct{ Code, Object string }) bool {
				return f.Code == "EMT029" && (f.Object == "StatefulSet/"+name || f.Object == "ConfigMap/"+name)
			})
	}
	return refused
}

// nodeWith is the manifest of a node.
func nodeWith(t *testing.T, name string, set own) string {
	t.Helper()
	quoted := func(text string) string {
		made, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(made)
	}
	env := "[]"
	if set.name != "" {
		env = fmt.Sprintf("[{name: %s, value: %s}]", set.name, quoted(set.value))
	}
	return fmt.Sprintf(`---
apiVersion: v1
kind: ConfigMap
metadata: {name: %s}
data: {elasticsearch.yml: %s}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: %[1]s}
spec:
  template:
    spec:
      containers:
      - name: elasticsearch
        image: elasticsearch:%[3]s
        env: %[4]s
        volumeMounts:
        - {name: settings, mountPath: /usr/share/elasticsearch/config/elasticsearch.yml, subPath: elasticsearch.yml}
        - {name: tls, mountPath: /usr/share/elasticsearch/config/tls}
      volumes:
      - {name: settings, configMap: {name: %[1]s}}
      - {name: tls, secret: {secretName: search-tls}}
`, name, quoted(set.file), parts.ElasticsearchVersion(), env)
}

// TestOptionsOfJDK holds the list of options that verify knows against the JDK that is here.
func TestOptionsOfJDK(t *testing.T) {
	java, err := parts.Java()
	if err != nil {
		parts.SkipOrFail(t, &parts.Missing{Part: "a JDK", Why: err.Error(), Remedy: "install it"})
	}
	said, err := exec.CommandContext(t.Context(), java, "-XX:+UnlockDiagnosticVMOptions", "-XX:+UnlockExperimentalVMOptions", "-XX:+PrintFlagsFinal", "-version").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{"PrintGC": "bool", "PrintGCDetails": "bool"} // which stand for -Xlog
	kinds := map[string]string{"bool": "bool", "double": "number", "ccstr": "text", "ccstrlist": "text"}
	for line := range strings.Lines(string(said)) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.Contains(line, "{") {
			continue
		}
		kind := kinds[words[0]]
		if kind == "" {
			kind = "size"
		}
		for _, lock := range []string{"diagnostic", "experimental"} {
			if strings.Contains(line, lock+"}") {
				kind += " " + lock
			}
		}
		known[words[1]] = kind
	}
	list, err := os.ReadFile("../../plugin/internal/catalog/jdk-flags.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		name, says, _ := strings.Cut(strings.TrimSpace(line), " ")
		if known[name] != says {
			t.Errorf("%s is %q in the list, and %q to the JDK", name, says, known[name])
		}
	}
}
