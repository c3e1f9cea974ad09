package verify

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every call of curl in a script is a client. One that is not seen is let in by nobody's proof.
func TestCallsOfCurl(t *testing.T) {
	call := func(url string, options ...string) curlCall {
		c := curlCall{urls: []string{url}, options: map[string]string{}}
		for i := 0; i+1 < len(options); i += 2 {
			c.options[options[i]] = options[i+1]
		}
		return c
	}
	insecure := func(c curlCall) curlCall { c.insecure = true; return c }
	for name, c := range map[string]struct {
		words []string
		want  []curlCall
	}{
		"curl by itself, its options": {
			[]string{"/usr/bin/curl", "-sS", "--cacert", "/ca.crt", "-E", "/tls.crt", "--key=/tls.key", "https://es:9200"},
			[]curlCall{call("https://es:9200", "cacert", "/ca.crt", "cert", "/tls.crt", "key", "/tls.key")},
		},
		"a script": {
			[]string{"bash", "-ec", "set -e\ncurl -sk \\\n  'https://es:9200/a?b=c&d=e' | grep green"},
			[]curlCall{insecure(call("https://es:9200/a?b=c&d=e"))},
		},
		"one after the other": {
			[]string{"sh", "-c", "curl https://a:9200 && curl -k https://b:9200 || curl https://c:9200; curl https://d:9200"},
			[]curlCall{call("https://a:9200"), insecure(call("https://b:9200")), call("https://c:9200"), call("https://d:9200")},
		},
		"behind something that is printed": {
			[]string{"sh", "-c", "echo waiting && curl https://a:9200"},
			[]curlCall{call("https://a:9200")},
		},
		"in a condition and a substitution": {
			[]string{"sh", "-c", "if curl https://a:9200; then x=$(curl https://b:9200); fi"},
			[]curlCall{call("https://a:9200"), call("https://b:9200")},
		},
		"in each kind of substitution, also inside of quotes": {
			[]string{"sh", "-c", "[ \"$(curl https://a:9200)\" = `curl https://b:9200` ] && echo \"$(curl https://c:9200)\""},
			[]curlCall{call("https://a:9200"), call("https://b:9200"), call("https://c:9200")},
		},
		"with substitutions among its words": {
			[]string{"sh", "-c", "curl -sk -u \"elastic:$(cat /run/pw)\" -H \"X: `cat a | b`\" https://a:9200; curl -u elastic:$(</run/pw) https://b:9200"},
			[]curlCall{insecure(call("https://a:9200")), call("https://b:9200")},
		},
		"its password by a substitution in the address": {
			[]string{"sh", "-c", "curl https://elastic:$(cat /run/pw)@a:9200"},
			[]curlCall{call("https://elastic:$()@a:9200")},
		},
		"without an address that can be read": {
			[]string{"sh", "-c", "curl \"$@\"; curl -K /run/options; timeout -s KILL 5 curl $(cat /run/url)"},
			[]curlCall{call("$@"), {options: map[string]string{}}, call("$()")},
		},
		"behind --next, with options of its own": {
			[]string{"curl", "-k", "https://a:9200", "--next", "https://b:9200"},
			[]curlCall{insecure(call("https://a:9200")), call("https://b:9200")},
		},
		"letters behind an option that takes a value": {
			[]string{"sh", "-c", "curl -ukeeper:pw -Hkbn-xsrf:true -E/tls.crt -so /dev/null https://a:9200 2>/dev/null >/tmp/k"},
			[]curlCall{call("https://a:9200", "cert", "/tls.crt")},
		},
		"in a shell of its own, and in a here-document of it": {
			[]string{"bash", "-c", "timeout 5 bash -c 'curl https://a:9200'\nbash <<EOF\necho don't\ncurl https://b:9200\nEOF\ncurl https://c:9200"},
			[]curlCall{call("https://c:9200"), call("https://a:9200"), call("https://b:9200")},
		},
		"behind a quote that stands open": {
			[]string{"bash", "-c", "x=it's\ncurl https://a:9200"},
			[]curlCall{call("https://a:9200")},
		},
		"looked for, installed, or asked for its version": {
			[]string{"sh", "-c", "command -v curl || apk add curl; [ -x \"$(which curl)\" ]; curl --version; log 'no curl $X'"},
			nil,
		},
		"without its file of options": {
			[]string{"curl", "-q", "https://a:9200"},
			[]curlCall{{urls: []string{"https://a:9200"}, ignores: true, options: map[string]string{}}},
		},
		"printed, or in a comment": {[]string{"sh", "-c", "echo curl https://a:9200\n# curl https://b:9200"}, nil},
		"another program":          {[]string{"wget", "https://a:9200"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, script{words: c.words}.calls(), cmp.AllowUnexported(curlCall{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
