package plan

import (
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// TestCallsByCurl holds which scripts call Elasticsearch (es) by curl: the address of a call counts, not what it sends.
func TestCallsByCurl(t *testing.T) {
	const body = `'{"connection.url":"https://es:9200"}'`
	for _, test := range []struct {
		name, script string
		calls        bool
	}{
		{"the address", "curl -fsk https://es:9200/_cat", true},
		{"the address before the options", "curl https://es:9200 -d x", true},
		{"the address as an option", "curl --url https://es:9200", true},
		{"the address behind joined options", "curl -sSfXPOST https://es:9200 -d x", true},
		{"the value of a short option is no address", "curl -sX https://es:9200 http://connect", false},
		{"what it sends", "curl -X POST http://connect:8083 -d " + body, false},
		{"what it sends, before the address", "curl --data-binary " + body + " http://connect:8083", false},
		{"what it sends, in a variable", "BODY=" + body + `; curl -d "$BODY" http://connect:8083`, false},
		{"what it sends on standard input", "curl -d @- http://connect:8083 <<EOF\nhttps://es:9200\nEOF", false},
		{"a header", "curl -H 'Origin: https://es:9200' http://connect:8083", false},
		{"a call of each kind", "curl -d " + body + " http://connect:8083; curl https://es:9200", true},
		{"an address in a variable", `ES=https://es:9200; curl "$ES/_cat"`, true},
		{"an address in a variable of the container", `curl "$ES_URL/_cat"`, true},
		{"a variable of the container that no call uses", "curl http://connect:8083", false},
		{"an address in a loop", `for h in es other; do curl "https://$h:9200"; done`, true},
		{"an address that cannot be read, where only a body names it", `curl -d ` + body + ` "$CONNECT"`, false},
		{"another program", "wget https://es:9200", false},
		{"a whole call in a variable", `C="curl -sk -u elastic:$(cat /pw)"; until $C https://es:9200; do sleep 1; done`, true},
		{"installed only", "sudo apt-get install -y curl; wget https://es:9200", false},
		{"an address that xargs adds", "echo https://es:9200 | xargs -n1 curl -s", true},
		{"another resolution of a name that is not known", "curl --resolve es:9200:10.0.0.1 $(cat /url)", true},
		{"printed", "echo curl https://es:9200", false},
		{"behind another program", "timeout 5 curl https://es:9200", true},
		{"in a substitution", `code=$(curl -so /dev/null -w '%{http_code}' https://es:9200)`, true},
		{"in a condition", "until curl -sf https://es:9200; do sleep 1; done", true},
		{"no script that can be read", "curl https://es:9200 {{ if", true},
		{"a script that cannot be parsed", "if curl https://es:9200 then", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			pod := object.Pod{Spec: yaml.MustParse("containers: [{name: a, command: [sh, -c], args: [''], env: [{name: ES_URL, value: 'https://es:9200'}]}]")}
			c := pod.Containers()[0]
			object.Items(c.Node, "args")[0].Value = test.script
			if got := callsByCurl(process.Of(c, nil), func(text string) bool { return shell.Host(text) == "es" }); got != test.calls {
				t.Errorf("calls: %v, expected %v", got, test.calls)
			}
		})
	}
}
