package setups

import (
	"encoding/base64"
	"strings"
)

// unseen are programs that nobody describes. What stands in for them is a shell that takes the address from where the program is told it, and
// calls it by curl without a certificate; of one that is told of another Service nothing is called.
func (w *world) unseen() []SetUp {
	const image = "registry.example/app:1"
	places := []struct {
		name string
		tell func(c *container, host string)
		read string // prints the host
	}{
		{"variables", func(c *container, host string) { c.set("ES_HOST", host); c.set("ES_PORT", "9200") }, `echo "$ES_HOST"`},
		{"envFrom", func(c *container, host string) {
			c.objects = append(c.objects, texts("ConfigMap", "app", map[string]string{"ES_HOST": host, "ES_PORT": "9200"}))
			c.from = list{object{"configMapRef": object{"name": "app"}}}
		}, `echo "$ES_HOST"`},
		{"envFrom of a Secret", func(c *container, host string) {
			c.objects = append(c.objects, texts("Secret", "app", map[string]string{"ES_HOST": host, "ES_PORT": "9200"}))
			c.from = list{object{"secretRef": object{"name": "app"}}}
		}, `echo "$ES_HOST"`},
		{"a URL", func(c *container, host string) { c.set("SEARCH_URL", "http://"+host+":9200") }, `echo "$SEARCH_URL" | sed 's,http://,,; s,:9200,,'`},
		{"base64", func(c *container, host string) {
			c.set("SETTINGS", base64.StdEncoding.EncodeToString([]byte("https://"+host+":9200")))
		},
			`echo "$SETTINGS" | base64 -d | sed 's,https://,,; s,:9200,,'`},
		{"a flag in base64", func(c *container, host string) {
			c.args = []string{"--settings=" + base64.StdEncoding.EncodeToString([]byte("https://"+host+":9200"))}
		}, "echo " + toldHost},
		{"a variable of Java", func(c *container, host string) { c.set("JAVA_OPTS", "-Dsearch.host="+host+" -Dsearch.port=9200") }, `echo "$JAVA_OPTS" | sed 's,.*host=,,; s, .*,,'`},
		{"a file", func(c *container, host string) {
			c.file("ConfigMap", "app", "/etc/app/application.yml", "search:\n  host: "+host+"\n  port: 9200\n")
		}, `sed -n 's/  host: //p' /etc/app/application.yml`},
		{"a file in a Secret", func(c *container, host string) {
			c.file("Secret", "app", "/etc/app/app.json", `{"search":{"hosts":["`+host+`"],"port":9200}}`)
		}, `sed 's/.*\["//; s/"\].*//' /etc/app/app.json`},
		{"a flag", func(c *container, host string) { c.args = []string{"--es-host=" + host, "--es-port=9200"} }, "echo " + toldHost},
		{"a word", func(c *container, host string) { c.args = []string{"--es", host + ":9200"} }, "echo " + toldHost},
		{"a shell line", func(c *container, host string) {
			c.command = []string{"sh", "-c", "ES=" + host + "; app --url https://$ES:9200"}
		}, "echo " + toldHost},
	}
	var all []SetUp
	for _, p := range places {
		for _, host := range []string{service, service + "." + namespace + ".svc.cluster.local", strings.ToUpper(service), nodes, "billing"} {
			c := &container{name: "app", image: image}
			p.tell(c, host)
			s := SetUp{Kind: Unseen, Meant: true, Breaks: host != "billing", Name: "an unknown program/" + p.name + "/" + host}
			objects := append(w.nodeObjects(w.node()), c.objects...)
			s.Manifests = stream(append(objects, workload("Deployment", "app", object{"app": "app"}, c), named("v1", "Service", "billing", object{
				"spec": object{"selector": object{"app": "billing"}, "ports": list{object{"port": 9200}}},
			}))...)
			s.Secrets = stream(w.nodeSecrets()...)
			s.Ask = Ask{Program: "curl", Workload: "Deployment/app", Container: "app", Command: []string{"true"}}
			if s.Breaks {
				s.Ask.Command = []string{"sh", "-c", `host=$(` + strings.ReplaceAll(p.read, toldHost, host) + `); curl -sSk "https://$host:9200"`}
			}
			all = append(all, s)
		}
	}
	return all
}

// toldHost is the host itself, where it stands on the command line of the program.
const toldHost = "HOST"
