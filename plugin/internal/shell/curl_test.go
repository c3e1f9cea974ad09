package shell

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestRequests holds that every request of curl in a script is seen: each is a client that nobody else looks for.
func TestRequests(t *testing.T) {
	call := func(address string, options ...string) Request {
		known := !strings.Contains(address, "$")
		r := Request{Addresses: []Word{{Text: address, Known: known}}, Options: map[string]Word{}}
		for i := 0; i+1 < len(options); i += 2 {
			r.Options[options[i]] = Word{Text: options[i+1], Known: true}
		}
		return r
	}
	insecure := func(r Request) Request { r.Insecure = true; return r }
	loose := func(r Request) Request { r.Addresses[0].Loose = true; return r }
	for name, c := range map[string]struct {
		words []string
		want  []Request
	}{
		"curl by itself, its options": {
			[]string{"/usr/bin/curl", "-sS", "--cacert", "/ca.crt", "-E", "/tls.crt", "--key=/tls.key", "https://es:9200"},
			[]Request{call("https://es:9200", "cacert", "/ca.crt", "cert", "/tls.crt", "key", "/tls.key")},
		},
		"a script": {
			[]string{"bash", "-ec", "set -e\ncurl -sk \\\n  'https://es:9200/a?b=c&d=e' | grep green"},
			[]Request{insecure(call("https://es:9200/a?b=c&d=e"))},
		},
		"one after the other": {
			[]string{"sh", "-c", "curl https://a:9200 && curl -k https://b:9200 || curl https://c:9200; curl https://d:9200"},
			[]Request{call("https://a:9200"), insecure(call("https://b:9200")), call("https://c:9200"), call("https://d:9200")},
		},
		"behind something that is printed": {
			[]string{"sh", "-c", "echo waiting && curl https://a:9200"},
			[]Request{call("https://a:9200")},
		},
		"in a condition and a substitution": {
			[]string{"sh", "-c", "if curl https://a:9200; then x=$(curl https://b:9200); fi"},
			[]Request{call("https://a:9200"), call("https://b:9200")},
		},
		"in each kind of substitution, also inside of quotes": {
			[]string{"sh", "-c", "[ \"$(curl https://a:9200)\" = `curl https://b:9200` ] && echo \"$(curl https://c:9200)\""},
			[]Request{call("https://a:9200"), call("https://b:9200"), call("https://c:9200")},
		},
		"with substitutions among its words": {
			[]string{"sh", "-c", "curl -sk -u \"elastic:$(cat /run/pw)\" -H \"X: `cat a | b`\" https://a:9200; curl -u elastic:$(</run/pw) https://b:9200"},
			[]Request{insecure(call("https://a:9200")), call("https://b:9200")},
		},
		"its password by a substitution in the address": {
			[]string{"sh", "-c", "curl https://elastic:$(cat /run/pw)@a:9200"},
			[]Request{call("https://elastic:$()@a:9200")},
		},
		"without an address that can be read": {
			[]string{"sh", "-c", "f() { curl \"$@\"; }; curl -K /run/options; timeout -s KILL 5 curl $(cat /run/url)"},
			[]Request{loose(call("$()")), {Options: map[string]Word{}, Files: []Word{{Text: "/run/options", Known: true}}}, call("$()")},
		},
		"behind a program with options of its own": {
			[]string{"sh", "-c", "timeout -v 5 curl -k https://a:9200; env -v curl -o -h https://b:9200; xargs -v curl -V"},
			[]Request{insecure(call("https://a:9200")), call("https://b:9200")},
		},
		"behind --next, with options of its own": {
			[]string{"curl", "-k", "https://a:9200", "--next", "https://b:9200"},
			[]Request{insecure(call("https://a:9200")), call("https://b:9200")},
		},
		"letters behind an option that takes a value": {
			[]string{"sh", "-c", "curl -ukeeper:pw -Hkbn-xsrf:true -E/tls.crt -so /dev/null https://a:9200 2>/dev/null >/tmp/k"},
			[]Request{call("https://a:9200", "cert", "/tls.crt")},
		},
		"in a shell of its own, and in a here-document of it": {
			[]string{"bash", "-c", "timeout 5 bash -c 'curl https://a:9200'\nbash <<EOF\necho done\ncurl https://b:9200\nEOF\ncurl https://c:9200"},
			[]Request{call("https://c:9200"), call("https://a:9200"), call("https://b:9200")},
		},
		"looked for, installed, or asked for its version": {
			[]string{"sh", "-c", "command -v curl || apk add curl; [ -x \"$(which curl)\" ]; curl --version; log 'no curl $X'"},
			nil,
		},
		"without its file of options": {
			[]string{"curl", "-q", "https://a:9200"},
			[]Request{{Addresses: []Word{{Text: "https://a:9200", Known: true}}, IgnoresFiles: true, Options: map[string]Word{}}},
		},
		"printed, or in a comment": {[]string{"sh", "-c", "echo curl https://a:9200\n# curl https://b:9200"}, nil},
		"another program":          {[]string{"wget", "https://a:9200"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []Request
			run, _ := Commands(c.words, func(string) (Word, bool) { return Word{}, false })
			for _, command := range run {
				got = append(got, command.Requests()...)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(Request{}, "Sent"), cmpopts.IgnoreFields(Word{}, "At", "Written", "Uses"), cmpopts.IgnoreUnexported(Request{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPieces holds that a word says where it stands: in its script, in what a variable of the script is set to, and in
// a word of the command line by itself.
func TestPieces(t *testing.T) {
	for script, want := range map[string][]string{
		"curl https://es:9200":                 {"https://es:9200"},
		"A=es; curl \"https://$A\":9200/_cat":  {"https://", "es", "$A", ":9200/_cat"},
		"curl 'https://es' # es":               {"'https://es'"},
		"curl https://$(HOST):9200/$$A # $(B)": {"https://$(HOST):9200/", "$$A"},
		"curl $(url)":                          nil,
	} {
		all, _ := Commands([]string{"sh", "-c", script}, func(name string) (Word, bool) { return Word{Text: "e", Known: true}, name == "HOST" || name == "B" })
		var got []string
		for _, c := range all {
			for _, r := range c.Requests() {
				for _, p := range r.Addresses[0].Written {
					got = append(got, script[p.From:p.To])
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", script, diff)
		}
	}
	all, _ := Commands([]string{"curl", "https://es:9200"}, func(string) (Word, bool) { return Word{}, false })
	if diff := cmp.Diff([]Piece{{Word: 1}}, all[0].Requests()[0].Addresses[0].Written); diff != "" {
		t.Error(diff)
	}
}

// TestPort holds which port an address names.
func TestPort(t *testing.T) {
	for text, want := range map[string]string{
		"https://es:9200/a": "9200", "es:9200": "9200", "es": "", "https://es": "", "https://a:b@es:9200": "9200", "[::1]:9200": "9200", "https://[::1]": "",
		"es:$PORT": "", "es:9200x": "9200", "": "",
	} {
		if got := Port(text); got != want {
			t.Errorf("%s: got %q, expected %q", text, got, want)
		}
	}
}
