package verify

import (
	"strings"
	"testing"
)

// TestWhoStartsElasticsearch holds that a command of the user's own is read as far as it can be, and named where it cannot.
func TestWhoStartsElasticsearch(t *testing.T) {
	run := func(text string) string { return node{lines: "command: [bash, -c, \"" + text + "\"]"}.String() }
	emptied := func(init string) string {
		stream := strings.Replace(node{}.String(), "        volumeMounts:\n", "        volumeMounts:\n        - {name: own, mountPath: /usr/share/elasticsearch/config}\n", 1)
		stream = strings.Replace(stream, "      volumes:\n", "      volumes:\n      - {name: own, emptyDir: {}}\n", 1)
		return strings.Replace(stream, "      containers:\n", "      initContainers:\n      - name: first\n        image: any\n        command: "+init+
			"\n        volumeMounts:\n        - {name: own, mountPath: /own}\n      containers:\n", 1)
	}
	const unread, config = string(NotJudged), "/usr/share/elasticsearch/config/elasticsearch.yml"
	for _, c := range []struct{ name, stream, codes, assumed string }{
		{"the image's own", node{}.String(), "", ""},
		{"flags alone", node{lines: "args: [-q, -p, /tmp/pid]"}.String(), "", ""},
		{"its entry script", run("exec docker-entrypoint.sh eswrapper"), "", ""},
		{"its program", node{lines: "command: [/usr/share/elasticsearch/bin/elasticsearch]"}.String(), "", ""},
		{"behind another", node{lines: "command: [/bin/tini, --, /usr/local/bin/docker-entrypoint.sh, eswrapper]"}.String(), "", ""},
		{"a program of the user's", node{lines: "command: [/opt/start]"}.String(), "", "its command (start) starts Elasticsearch"},
		{"a program for data of that name", node{lines: "command: [/opt/start, /data/elasticsearch]"}.String(), "", "its command (start) starts Elasticsearch"},
		{"a script that only names its folder", run("chown 1000 /usr/share/elasticsearch && exec /opt/start"), "", "its command (bash) starts Elasticsearch"},
		{"with words from elsewhere", run("echo -Ea=b | xargs docker-entrypoint.sh eswrapper"), "", "its command (bash) starts Elasticsearch"},
		{"another behind its entry script", node{lines: "args: [docker-entrypoint.sh, /opt/start]"}.String(), "", "starts Elasticsearch as its image does"},
		{"by another user", run("exec gosu elasticsearch env A=b /usr/local/bin/docker-entrypoint.sh eswrapper"), "", ""},
		{"by su", run("su elasticsearch -c bin/elasticsearch"), "", ""},
		{"a script that changes the file", run("sed -i s/a/b/ config/elasticsearch.yml; exec docker-entrypoint.sh"), unread, ""},
		{"a script that adds to the file", run("echo a >>" + config + "; exec docker-entrypoint.sh"), unread, ""},
		{"a script that brings the file", run("cp /mine/elasticsearch.yml config/; exec docker-entrypoint.sh"), unread, ""},
		{"a script that does something else", run("echo hello; exec docker-entrypoint.sh"), "", ""},
		{"options of the JDK", node{env: map[string]string{"CLI_JAVA_OPTS": "-Des.path.conf=/x"}}.String(), "", "the options of CLI_JAVA_OPTS"},
		{"memory", node{env: map[string]string{"ES_JAVA_OPTS": "-Xmx1g"}}.String(), "", ""},
		{"a folder that somebody else fills", emptied("[/fill]"), "", "it listens on an address that clients reach"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := judged(t, c.stream, Options{})
			text := strings.Join(g.Assumptions, "\n")
			if got := codesOf(g); got != c.codes || !strings.Contains(text, c.assumed) || c.assumed == "" && strings.Contains(text, "StatefulSet/search container") {
				t.Errorf("got %q, expected %q and %q\n%s", got, c.codes, c.assumed, g.Text())
			}
		})
	}
}

func TestWhoStartsKibana(t *testing.T) {
	const image = "        image: kibana:8.19.2\n"
	for lines, assumed := range map[string]bool{
		"":                      false,
		"command: [/opt/start]": true,
		"command: [sh, -c, 'cd /usr/share/kibana; ./x']":         true,
		"command: [sh, -c, 'exec /usr/local/bin/kibana-docker']": false,
		"command: [/bin/tini, --, bin/kibana]":                   false,
	} {
		g := judged(t, node{}.String()+strings.Replace(board, image, image+indented(lines, 8), 1), Options{})
		if strings.Contains(strings.Join(g.Assumptions, "\n"), "starts Kibana as its image does") != assumed {
			t.Errorf("%s: expected %v\n%s", lines, assumed, g.Text())
		}
	}
}
