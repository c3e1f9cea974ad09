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
		words := strings.Fields(line)
		if others := map[string]string{"8": "9", "9": "8"}; !slices.Contains(words[1:], others[major]) {
			listed = append(listed, words[0])
		}
	}
	registered := asElasticsearch(t, "ServerSettings")
	for _, name := range registered {
		if !slices.Contains(listed, name) {
			t.Errorf("version %s has %s, which is not in the list", major, name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(registered, name) {
			t.Errorf("version %s does not have %s, which is in the list", major, name)
		}
	}
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
	return all
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
	for i, set := range sets {
		if refused := judgedRefused(t, set); refused != (said[i] != "ok") {
			t.Errorf("EMT029: %t, and Elasticsearch says: %s\n%+v", refused, said[i], set)
		}
	}
}

// judgedRefused tells whether verify says that a node with such settings does not start, at least in the versions that are tested with.
func judgedRefused(t *testing.T, set own) bool {
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
	command := exec.CommandContext(t.Context(), filepath.Join(programs, "elk-mtls"), "verify", "-o", "json")
	command.Stdin = strings.NewReader(fmt.Sprintf(`apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {elasticsearch.yml: %s}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: search}
spec:
  template:
    spec:
      containers:
      - name: elasticsearch
        image: elasticsearch:%s
        env: %s
        volumeMounts:
        - {name: settings, mountPath: /usr/share/elasticsearch/config/elasticsearch.yml, subPath: elasticsearch.yml}
        - {name: tls, mountPath: /usr/share/elasticsearch/config/tls}
      volumes:
      - {name: settings, configMap: {name: settings}}
      - {name: tls, secret: {secretName: search-tls}}
`, quoted(set.file), parts.ElasticsearchVersion(), env))
	out, _ := command.Output()
	var graph struct {
		Findings    []struct{ Code string }
		Assumptions []string
	}
	if err := json.Unmarshal(out, &graph); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Contains(strings.Join(graph.Assumptions, " "), "is no YAML") || slices.ContainsFunc(graph.Findings, func(f struct{ Code string }) bool { return f.Code == "EMT029" })
}
