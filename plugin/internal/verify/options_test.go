package verify

import (
	"strings"
	"testing"
)

// TestOptionsOfCalls holds what curl, Wget and their environment say about a connection. GOOD is the pair and the CA, as curl names them.
func TestOptionsOfCalls(t *testing.T) {
	const url = " https://search:9200"
	const pair, wget = "--cert /tls/tls.crt --key /tls/tls.key", "wget --certificate=/tls/tls.crt --private-key /tls/tls.key"
	for _, test := range []struct{ name, script, env, codes, assumes string }{
		{"a folder of CAs", "curl --capath /etc/ssl/certs " + pair + url, "", "", "--capath names the CA"},
		{"a CA by a variable", "curl " + pair + url, "{name: CURL_CA_BUNDLE, value: /tls/ca.crt}", "", ""},
		{"a CA by a variable of the script", "export CURL_CA_BUNDLE=/tls/ca.crt; curl " + pair + url, "", "", ""},
		{"a CA by a variable that names no file", "curl " + pair + url, "{name: SSL_CERT_FILE, value: /none}", "EMT015", ""},
		{"an option against the variable", "curl --cacert /none " + pair + url, "{name: CURL_CA_BUNDLE, value: /tls/ca.crt}", "EMT015", ""},
		{"a store", "curl --cacert /tls/ca.crt --cert-type P12 --cert /tls/tls.crt:pw" + url, "", "", "holds a certificate that Elasticsearch trusts, and its key"},
		{"a token of its machine", "curl --cacert /tls/ca.crt --cert-type ENG --cert a" + url, "", "", "name a key pair that Elasticsearch trusts"},
		{"an old version of TLS", "curl --tls-max 1.1 GOOD" + url, "", "EMT032", ""},
		{"the newest but one", "curl --tls-max 1.2 GOOD" + url, "", "", ""},
		{"a proxy", "curl -x http://proxy:3128 GOOD" + url, "", "", "the proxy that"},
		{"a proxy by a variable", "curl GOOD" + url, "{name: https_proxy, value: 'http://proxy:3128'}", "", "the proxy that env[https_proxy] names"},
		{"a proxy for others", "curl GOOD" + url, "{name: HTTPS_PROXY, value: 'http://p:1'}, {name: NO_PROXY, value: '.svc,search'}", "", ""},
		{"a proxy that is not asked", "curl -x http://proxy:3128 --noproxy '*' GOOD" + url, "", "", ""},
		{"a list of options", "A=(GOOD); curl \\\"${A[@]}\\\"" + url, "", "", ""},
		{"a list without the pair", "A=(--cacert /tls/ca.crt); curl \\\"${A[@]}\\\"" + url, "", "EMT008", ""},
		{"a list that is made", "A=(); for x in a b; do A+=($x); done; curl \\\"${A[@]}\\\"" + url, "", "EMT022", ""},
		{"GNU Wget", wget + " --ca-certificate=/tls/ca.crt -qO- " + url, "", "", "the wget of its image is GNU Wget"},
		{"GNU Wget without a CA", wget + " -nv " + url, "", "EMT007", "GNU Wget"},
		{"GNU Wget that verifies nothing", wget + " --no-check-certificate -O x " + url, "", "", "nobody is between"},
		{"GNU Wget without the key", "wget --ca-certificate=/tls/ca.crt --certificate=/tls/tls.crt" + url, "", "EMT008", ""},
		{"GNU Wget, asked for its version", "wget --version " + url, "", "EMT021", ""},
		{"Wget without options", "wget -qO- " + url, "", "EMT021", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := strings.ReplaceAll(test.script, "GOOD", pairOfCurl)
			c := client{image: "any:1", lines: "command: [bash, -c, \"" + script + "\"]\nenv: [" + test.env + "]"}
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

// TestImageThatIsCurl holds that arguments of curl's own image are a call of curl.
func TestImageThatIsCurl(t *testing.T) {
	for args, codes := range map[string]string{
		"[-sS, --cacert, /tls/ca.crt, --cert, /tls/tls.crt, --key, /tls/tls.key, 'https://search:9200']": "",
		"['https://search:9200', --cacert, /tls/ca.crt]":                                                 "EMT008",
		"[sh, -c, 'curl https://search:9200']":                                                           "EMT007 EMT008",
	} {
		c := client{image: "curlimages/curl:8.9.1", lines: "args: " + args}
		if g := judged(t, node{}.String()+c.String(), Options{}); codesOf(g) != codes {
			t.Errorf("%s: got %q, expected %q\n%s", args, codesOf(g), codes, g.Text())
		}
	}
}

// TestProxiesOfPrograms holds that a proxy between a program and Elasticsearch is named.
func TestProxiesOfPrograms(t *testing.T) {
	for _, test := range []struct {
		name, text, env string
		assumes         bool
	}{
		{"none", "", "", false},
		{"a setting", "  proxy_url: http://proxy:3128\n", "", true},
		{"a variable", "", "{name: HTTPS_PROXY, value: 'http://proxy:3128'}", true},
		{"an empty variable", "", "{name: HTTPS_PROXY, value: ''}", false},
		{"a variable for others", "", "{name: HTTPS_PROXY, value: 'http://proxy:3128'}, {name: no_proxy, value: 'a.b,search:9200'}", false},
	} {
		g := judged(t, node{}.String()+beatWith(beatOutput+test.text, "env: ["+test.env+"]").String(), Options{})
		if is := strings.Contains(strings.Join(g.Assumptions, "\n"), "lets its calls through"); is != test.assumes || codesOf(g) != "" {
			t.Errorf("%s: got %v, expected %v\n%s", test.name, is, test.assumes, g.Text())
		}
	}
}
