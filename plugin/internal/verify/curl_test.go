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
