package verify

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestEverySettingIsJudged holds that verify knows of each setting of Elasticsearch that it watches what to make of it.
func TestEverySettingIsJudged(t *testing.T) {
	text, err := os.ReadFile("../catalog/elasticsearch-settings.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name := strings.Fields(line)[0]
		if !beginsAny(name, watched[:]) {
			continue
		}
		kinds := 0
		for _, kind := range [][]string{judgedSettings[:], harmlessSettings[:], opaqueSettings[:]} {
			if beginsAny(name, kind) {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%s: %d kinds, want one", name, kinds)
		}
	}
}

// TestNodesThatDoNotStart holds values and references with which no node runs.
func TestNodesThatDoNotStart(t *testing.T) {
	with := func(name, value string) string { return node{env: map[string]string{name: value}}.String() }
	const stops, lacks = string(NotStarted), string(NoKeyInObject)
	const masters, map1 = "cluster.initial_master_nodes", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {there: a}\n"
	of := func(key, more string) string {
		return node{lines: "- {name: X, valueFrom: {configMapKeyRef: {name: c, key: " + key + more + "}}}"}.String() + map1
	}
	volume := func(key, more string) string {
		return node{}.String() + "      - name: more\n        configMap: {name: c, items: [{key: " + key + ", path: a}]" + more + "}\n" + map1
	}
	beside := func(key string) string {
		return strings.Replace(node{}.String(), "      volumes:", "      - name: beside\n        image: busybox\n        env: [{name: X, valueFrom: {configMapKeyRef: {name: c, key: "+key+"}}}]\n      volumes:", 1) + map1
	}
	const empty = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	layer := node{env: map[string]string{transportSSL + "enabled": "true", transportSSL + "key": "tls/tls.key", transportSSL + "certificate": "tls/node.crt"}}.String()
	runServerCases(t, []serverCase{
		{"a type of discovery that does not exist", with("discovery.type", "single"), stops},
		{"several nodes", node{env: map[string]string{"discovery.type": "multi-node", masters: "search-0"}}.String(), ""},
		{"several nodes, in an old word", node{env: map[string]string{"discovery.type": "zen"}}.String(), ""},
		{"one that is not known", node{env: map[string]string{"discovery.type": ""}, lines: "- {name: discovery.type, valueFrom: {secretKeyRef: {name: d, key: d}}}"}.String(), ""},
		{"initial masters of a single node", with(masters, "search-0"), stops},
		{"roles", with("node.roles", "master,data_hot, ingest"), ""},
		{"a role that does not exist", with("node.roles", "master,nobody"), stops},
		{"a role that goes with another", with("node.roles", "voting_only, master"), ""},
		{"without the other", with("node.roles", "voting_only"), stops},
		{"a Boolean of another word", with("bootstrap.memory_lock", "maybe"), stops},
		{"a size", with("indices.memory.index_buffer_size", "512mb"), ""},
		{"a size of no number", with("indices.memory.index_buffer_size", "lots"), stops},
		{"a time", with("indices.recovery.internal_action_timeout", "30s"), ""},
		{"a time without a unit", with("indices.recovery.internal_action_timeout", "30"), stops},
		{"a number", with("cluster.max_shards_per_node", "2000"), ""},
		{"a number below the least", with("cluster.max_shards_per_node", "0"), stops},
		{"a number in a list", with("cluster.max_shards_per_node", "[2000]"), stops},
		{"a port that is none", with("transport.port", "93OO"), stops},
		{"a word of others", with("cluster.routing.allocation.enable", "some"), stops},
		{"words and minus", with("action.auto_create_index", "+logs-*,-x"), ""},
		{"a heap", with("ES_JAVA_OPTS", "-Xms512m -Xmx1g"), ""},
		{"a heap above its maximum", with("ES_JAVA_OPTS", "-Xms4g -Xmx1024m"), stops},
		{"a heap of no size", with("ES_JAVA_OPTS", "-Xmx512mb"), stops},
		{"a heap without a size", with("ES_JAVA_OPTS", "-Xms -Xmx1G"), stops},
		{"a heap in other digits", with("ES_JAVA_OPTS", "-Xmx0x20000000 -Xss1m"), ""},
		{"a heap beyond all numbers", with("ES_JAVA_OPTS", "-Xms1g -Xmx2000000000t"), ""},
		{"a heap with a sign", with("ES_JAVA_OPTS", "-Xmx+512m"), stops},
		{"options of the JDK", with("ES_JAVA_OPTS", "-Da=b -ea -XX:+UseG1GC -XX:-UsePerfData -XX:MaxDirectMemorySize=1g -XX:HeapDumpPath=/a -XX:MaxRAMPercentage=12.5 -Xlog:gc"), ""},
		{"a switch with a value", with("ES_JAVA_OPTS", "-XX:UseG1GC=true"), stops},
		{"a value without one", with("ES_JAVA_OPTS", "-XX:MaxRAMPercentage"), stops},
		{"a value that is switched", with("CLI_JAVA_OPTS", "-XX:+MaxRAMPercentage"), stops},
		{"a size in other letters", with("ES_JAVA_OPTS", "-XX:MaxDirectMemorySize=512mb"), stops},
		{"a number that is none", with("ES_JAVA_OPTS", "-XX:MaxRAMPercentage=5d"), stops},
		{"a locked option", with("ES_JAVA_OPTS", "-XX:+PrintAssembly -XX:+UnlockDiagnosticVMOptions"), stops},
		{"an unlocked one", with("ES_JAVA_OPTS", "-XX:+UnlockDiagnosticVMOptions -XX:+PrintAssembly"), ""},
		{"whatever the JDK knows", with("ES_JAVA_OPTS", "-XX:UseG1GC=true -XX:+IgnoreUnrecognizedVMOptions"), ""},
		{"a heap in a file", withOptions("jvm.options.d/a.options", "# heap\n-Xms1g\n-Xmx1g\n\n8-13:-XX:+NoSuch\n14-:-XX:+UseG1GC\n"), ""},
		{"a heap in a file above the maximum of a variable", strings.Replace(withOptions("jvm.options.d/a.options", "-Xms1g\n"), "        env:\n", "        env:\n        - {name: ES_JAVA_OPTS, value: -Xmx512m}\n", 1), stops},
		{"a line that is no option", withOptions("jvm.options.d/a.options", "Xms1g\n"), stops},
		{"one of a file that nobody reads", withOptions("jvm.options.d/a", "Xms1g\n"), ""},
		{"a wrong option in the file of the image", withOptions("jvm.options", "17-:-XX:+MaxRAMPercentage\n"), stops},
		{"a heap in bytes", with("ES_JAVA_OPTS", "-Xms4294967296 -Xmx4g"), ""},
		{"a key of a ConfigMap", of("there", ""), ""},
		{"a key that is not there", of("nope", ""), lacks},
		{"and it is set again", node{lines: "- {name: X, valueFrom: {configMapKeyRef: {name: c, key: nope}}}\n- {name: X, value: a}"}.String() + map1, lacks},
		{"one that need not be there", of("nope", ", optional: true"), ""},
		{"a container beside it that lacks a key", beside("nope"), lacks},
		{"one that has it", beside("there"), ""},
		{"a volume of a key", volume("there", ""), ""},
		{"a volume of a key that is not there", volume("nope", ""), lacks},
		{"one that need not be there, in a volume", volume("nope", ", optional: true"), ""},
		{"one of a Secret that somebody fills", node{lines: "- {name: X, valueFrom: {secretKeyRef: {name: s, key: a}}}"}.String() + empty, ""},
		{"a file that a mounted Secret lacks", layer + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: search-tls}\nstringData: {tls.crt: a, tls.key: a, ca.crt: a}\n", lacks},
	})
}

// withOptions is a node with a file of options of the JDK.
func withOptions(file, text string) string {
	return strings.Replace(node{}.String(), "        volumeMounts:\n", "        volumeMounts:\n        - {name: options, subPath: a, mountPath: /usr/share/elasticsearch/config/"+file+"}\n", 1) +
		fmt.Sprintf("      - {name: options, configMap: {name: options}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: options}\ndata: {a: %q}\n", text)
}
