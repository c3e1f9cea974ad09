package verify

import (
	"strings"
	"testing"
)

// pairOfCurl names the pair as curl does.
const pairOfCurl = "--cacert /tls/ca.crt --cert /tls/tls.crt --key /tls/tls.key"

// TestOneGoodCallHidesNothing holds that a call with a certificate speaks for itself alone: what other commands make of its address is seen
// apart. GOOD is a call of curl with the pair.
func TestOneGoodCallHidesNothing(t *testing.T) {
	const url, host = "{name: URL, value: 'https://search:9200'}", "{name: NAME, value: search}"
	for _, test := range []struct{ name, script, env, codes, assumes string }{
		{"alone", "GOOD $URL", url, "", ""},
		{"a variable of the container", "GOOD $URL; wget $URL", url, "EMT021", ""},
		{"a variable of the script", "U=https://search:9200; GOOD $U; wget $U", "", "EMT021", ""},
		{"a part of an address", "GOOD https://$NAME:9200; wget https://$NAME:9200", host, "EMT021", ""},
		{"another program", "GOOD $URL; load --to $URL", url, "EMT021", "load, which gets URL too"},
		{"without braces and port", "wget https://$NAME", host, "EMT021", "env[NAME]"},
		{"another call of curl", "GOOD $URL; curl $URL", url, "EMT007 EMT008", ""},
		{"what is printed and tested", "test -n $URL; GOOD $URL; echo called $URL", url, "", ""},
		{"a program that gets the variable", "GOOD $URL; exec load", url, "", "load, which gets URL too"},
		{"tools that get the variable", "GOOD $URL | jq .; sleep 1", url, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := strings.ReplaceAll(test.script, "GOOD", "curl "+pairOfCurl)
			c := client{image: "any:1", lines: "command: [sh, -c, \"" + script + "\"]\nenv: [" + test.env + "]"}
			g := judged(t, node{}.String()+c.String(), Options{})
			if got := codesOf(g); got != test.codes {
				t.Errorf("got %q, expected %q\n%s", got, test.codes, g.Text())
			}
			if text := strings.Join(g.Assumptions, "\n"); !strings.Contains(text, test.assumes) || test.assumes == "" && strings.Contains(text, "client\":") {
				t.Errorf("no %q in\n%s", test.assumes, text)
			}
		})
	}
}

// TestGoodCallInAFile holds the same for a script of a ConfigMap, and for a program that its image starts.
func TestGoodCallInAFile(t *testing.T) {
	c := client{image: "any:1", dir: "/s", files: map[string]string{"run.sh": "U=https://search:9200\ncurl " + pairOfCurl + " $U\nwget $U"}, lines: "command: [sh, /s/run.sh]"}
	if g := judged(t, node{}.String()+c.String(), Options{}); codesOf(g) != "EMT021" || !strings.HasSuffix(g.Findings[0].Path, "data[run.sh]") {
		t.Errorf("got %q\n%s", codesOf(g), g.Text())
	}
	c = client{image: "any:1", lines: "env: [{name: URL, value: 'https://search:9200'}]\n" +
		"readinessProbe: {exec: {command: [sh, -c, 'curl " + pairOfCurl + " $URL']}}"}
	if g := judged(t, node{}.String()+c.String(), Options{}); codesOf(g) != "" || !strings.Contains(g.Text(), "the program of its image, which gets URL too") {
		t.Errorf("got %q\n%s", codesOf(g), g.Text())
	}
}
