package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
)

// node is a StatefulSet of nodes that require certificates, behind the Service "search". Cases change its image and
// settings, and add lines to its container.
type node struct {
	image string
	mount string // of its certificates
	env   map[string]string
	lines string
}

func (n node) String() string {
	settings := map[string]string{
		"xpack.security.enabled": "true", ssl + "enabled": "true", ssl + "client_authentication": "required",
		ssl + "certificate": "tls/tls.crt", ssl + "key": "tls/tls.key", ssl + "certificate_authorities": "tls/ca.crt", "discovery.type": "single-node",
	}
	maps.Copy(settings, n.env)
	var env strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if settings[name] != "" {
			fmt.Fprintf(&env, "        - name: %s\n          value: %q\n", name, settings[name])
		}
	}
	return `apiVersion: v1
kind: Service
metadata:
  name: search
spec:
  selector:
    app: search
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: search
spec:
  template:
    metadata:
      labels:
        app: search
    spec:
      containers:
      - name: elasticsearch
        image: ` + or(n.image, "elasticsearch:8.19.2") + `
        volumeMounts:
        - name: tls
          mountPath: ` + or(n.mount, "/usr/share/elasticsearch/config/tls") + `
        env:
` + env.String() + indented(n.lines, 8) + `      volumes:
      - name: tls
        secret:
          secretName: search-tls
`
}

// podNamed begins a Pod with one container, to which lines may be added.
func podNamed(name string) string {
	return "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\nspec:\n  containers:\n  - name: " + name + "\n    image: any\n"
}

// indented moves lines to the right.
func indented(lines string, by int) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		b.WriteString(strings.Repeat(" ", by) + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

// judged gives the graph of a stream, whose clients must present certificates.
func judged(t *testing.T, text string, options Options) *Graph {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	options.ClientAuthentication, options.Now = "required", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	g, err := Manifests(stream, nil, options)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// codesOf lists the codes of a graph's findings, each once, in order.
func codesOf(g *Graph) string {
	var all []string
	for _, f := range g.Findings {
		if !slices.Contains(all, string(f.Code)) {
			all = append(all, string(f.Code))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// In the official image variables win over -E, which wins over the file. The node of the first cases asks for no
// certificate or speaks no HTTPS, and was PROVEN; that of the next ones was not.
func TestOrderOfSettings(t *testing.T) {
	const none, stage, upper = "none", ssl + "client_authentication", "ES_SETTING_XPACK_SECURITY_HTTP_SSL_CLIENT__AUTHENTICATION"
	set := func(name, value string) map[string]string { return map[string]string{name: value} }
	flag := func(setting string) string { return "args: [\"-E" + setting + "\"]" }
	split := func(setting string) string { return "command: [elasticsearch]\nargs: [-E, " + setting + "]" }
	script := func(setting string) string {
		return "command: [bash, -c, \"exec docker-entrypoint.sh -E" + setting + " eswrapper\"]"
	}
	for name, c := range map[string]struct {
		node node
		want string
	}{
		"a dotted variable takes back a flag": {node{env: set(stage, none), lines: flag(stage + "=required")}, "EMT002"},
		"a variable in capitals takes back a flag": {
			node{env: map[string]string{stage: "", upper: none}, lines: flag(stage + "=required")}, "EMT002"},
		"and one in two words":                {node{env: set(stage, none), lines: split(stage + "=required")}, "EMT002"},
		"and one of a script":                 {node{env: set(stage, none), lines: script(stage + "=required")}, "EMT002"},
		"security is off":                     {node{env: set("xpack.security.enabled", "false"), lines: flag("xpack.security.enabled=true")}, "EMT001"},
		"HTTPS is off":                        {node{env: set(ssl+"enabled", "false"), lines: flag(ssl + "enabled=true")}, "EMT001"},
		"a flag does not override a variable": {node{lines: flag(ssl + "client_authentication=none")}, ""},
		"nor does one in a script":            {node{lines: script(ssl + "client_authentication=none")}, ""},
		"a flag by itself counts":             {node{env: set(stage, ""), lines: flag(stage + "=none")}, "EMT002"},
		"version 7 starts with neither": {
			node{image: "elasticsearch:7.17.3", lines: flag(ssl + "client_authentication=required")}, "EMT022"},
	} {
		t.Run(name, func(t *testing.T) {
			if g := judged(t, c.node.String(), Options{}); codesOf(g) != c.want {
				t.Errorf("%q, want %q\n%s", codesOf(g), c.want, g.Text())
			}
		})
	}
}

// A setting that two variables set to different things was taken from the one that a Go map gave last: in most runs
// PROVEN, in the others not.
func TestTwoSpellingsOfAVariable(t *testing.T) {
	const upper = "ES_SETTING_XPACK_SECURITY_HTTP_SSL_"
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"none and required":            {map[string]string{upper + "CLIENT__AUTHENTICATION": "none"}, "EMT022"},
		"HTTPS off and on":             {map[string]string{upper + "ENABLED": "false"}, "EMT022"},
		"another certificate":          {map[string]string{upper + "CERTIFICATE": "tls/other.crt"}, "EMT022"},
		"the same twice":               {map[string]string{upper + "CLIENT__AUTHENTICATION": "required"}, ""},
		"what decides nothing of this": {map[string]string{"cluster.name": "a", "ES_SETTING_CLUSTER_NAME": "b"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			stream := node{env: c.env}.String()
			first := judged(t, stream, Options{}).Text()
			for range 50 {
				g := judged(t, stream, Options{})
				if !strings.Contains(codesOf(g), c.want) || c.want == "" && codesOf(g) != "" {
					t.Fatalf("%q, want %q\n%s", codesOf(g), c.want, g.Text())
				}
				if g.Text() != first {
					t.Fatalf("one run says\n%s\nand another\n%s", first, g.Text())
				}
			}
		})
	}
}

// A call of curl whose address stands behind a substitution or in a variable was dropped, and with it the probe. What
// can be read is judged, what cannot is named. What calls another host is no finding.
func TestCurlIsNeverDropped(t *testing.T) {
	probe := func(text string) string {
		return fmt.Sprintf("readinessProbe:\n  exec:\n    command: [bash, -c, %q]\n", text)
	}
	const refused, lost = "EMT005", "EMT022"
	for name, c := range map[string]struct{ script, want string }{
		"a substitution in quotes":            {`curl -sk -u "elastic:$(cat /run/pw)" https://localhost:9200/`, refused},
		"a substitution without quotes":       {`curl -sk -u elastic:$(cat /run/pw) https://localhost:9200/`, refused},
		"a file in a substitution":            {`curl -sk -u "elastic:$(</run/pw)" https://localhost:9200/`, refused},
		"backticks":                           {"curl -sk -u elastic:`cat /run/pw` https://localhost:9200/", refused},
		"a pipe in a substitution":            {`curl -sk -H "Authorization: Basic $(cat /run/pw | base64)" https://localhost:9200/`, refused},
		"the password in the address":         {`curl -sk https://elastic:$(cat /run/pw)@localhost:9200/`, refused},
		"inside of a test":                    {`[ "$(curl -sk -o /dev/null -w '%{http_code}' https://localhost:9200)" = 200 ]`, refused},
		"the address in a variable":           {`URL=https://localhost:9200; curl -fsk "$URL/_cluster/health"`, refused},
		"with a default":                      {`URL=${URL:-https://localhost:9200}; curl -fsk "${URL}/_cluster/health"`, refused},
		"in a variable of small letters":      {`url=https://localhost; curl -fsk $url:9200/`, refused},
		"curl in a variable":                  {`C="curl -fsk"; $C https://localhost:9200/`, refused},
		"in a variable that names another":    {`H=localhost; U=https://$H:9200; curl -fsk $U`, refused},
		"its host unknown":                    {`curl -fsk https://$(hostname):9200/`, refused},
		"another name of the machine":         {`curl -fsk https://0.0.0.0:9200/ && curl -fsk https://127.1:9200/`, refused},
		"an address of IPv6":                  {`curl -fsk https://[::1]:9200/`, refused},
		"a variable that is set twice":        {`U=https://a.example; [ -e /x ] && U=https://localhost:9200; curl -fsk $U`, lost},
		"a variable of a loop":                {`for U in a b; do curl -fsk "$U/x"; done`, lost},
		"an address from a file":              {`curl -fsk $(cat /run/url)`, lost},
		"no address":                          {`curl -K /run/options`, lost},
		"beside one that can be read":         {`curl -fsk https://example.org/; curl -fsk "$U"`, lost},
		"another call beside it":              {`curl -fsk https://example.org/; wget https://localhost:9200`, refused},
		"another program beside it":           {`curl -fsk https://example.org/; /bin/ask localhost:9200`, refused},
		"behind a program with options":       {`timeout -v 5 curl -fsk https://localhost:9200; env -v true`, refused},
		"an option's value that is like one":  {`curl -fsk -o -h https://localhost:9200/`, refused},
		"several ports":                       {`curl -fsk "https://localhost:[9200-9201]/"`, refused},
		"several hosts":                       {`curl -fsk "https://{localhost,127.0.0.1}:9200/"`, "EMT005 EMT006"},
		"capital letters":                     {`curl -fsk https://LOCALHOST:9200/`, refused},
		"one that can be read, and another":   {`curl -fsk https://example.org "$(cat /run/url)"`, lost},
		"a file of options beside an address": {`curl -fsk -K /run/options https://example.org`, lost},
		"another program's own script":        {`curl -fsk https://example.org/; python3 -c "u = open('https://localhost:9200')"`, refused},
		"a script that is taken in":           {`U=https://example.org; . /run/env; curl -fsk $U`, lost},
		"another host":                        {`curl -fsS "https://example.org/$(cat /run/path)"`, ""},
		"another port of the machine":         {`curl -fsS http://localhost:9114/metrics`, "EMT031"},
		"no port":                             {`curl -fsSk https://localhost/`, "EMT031"},
		"another host, in a variable":         {`U=https://example.org; curl -fsS "$U/x"`, ""},
		"none: options in a variable":         {`curl -fsS $OPTIONS https://example.org`, ""},
		"none: curl is looked for":            {`command -v curl; which curl; curl --version`, ""},
		"none: it is printed, or in comments": {"# curl $U\necho \"curl $U\"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if g := judged(t, node{lines: probe(c.script)}.String(), Options{}); codesOf(g) != c.want {
				t.Errorf("%q, want %q\n%s", codesOf(g), c.want, g.Text())
			}
		})
	}
}

// The same for a client: where its container names a server, each of its calls is read or named.
func TestCurlOfAClientIsNeverDropped(t *testing.T) {
	pod := func(env, script string) string {
		return node{}.String() + podNamed("load") + "    env:\n" + indented(env, 4) + fmt.Sprintf("    command: [sh, -c, %q]\n", script)
	}
	const named, other = "- name: ES\n  value: https://search:9200", "- name: OTHER\n  value: https://example.org:9200"
	for name, c := range map[string]struct{ env, script, want string }{
		"by a variable of the script":      {other, `A=search; curl -k "https://$A:9200/"`, "EMT008"},
		"by a variable of the pod":         {"- name: A\n  value: search", `curl -k https://$(A):9200`, "EMT008"},
		"one that cannot be read":          {named, `curl "$(cat /run/url)"`, "EMT021 EMT022"},
		"one behind one that can":          {named, `curl -k $ES; curl $(cat /run/url)`, "EMT008 EMT022"},
		"nothing of it names a server":     {other, `curl "$(cat /run/url)"`, ""},
		"it calls another server, by name": {other, `curl "$OTHER/$(cat /run/path)"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if g := judged(t, pod(c.env, c.script), Options{}); codesOf(g) != c.want {
				t.Errorf("%q, want %q\n%s", codesOf(g), c.want, g.Text())
			}
		})
	}
	unmanaged := Options{Unmanaged: []Entry{{"Pod/load", "it sees to itself"}}}
	if g := judged(t, pod(named, `curl $(cat /run/url)`), unmanaged); codesOf(g) != "" {
		t.Errorf("of what is listed it finds %q", codesOf(g))
	}
}
