package elastic

import (
	"strings"
	"testing"
)

// A value with a star is a pattern to Elasticsearch, any other stands for itself: escaped, that one would never match.
func TestLiteral(t *testing.T) {
	for _, test := range []struct{ name, text, want, fails string }{
		{name: "a plain subject", text: `CN=kibana, O=lab`, want: `CN=kibana, O=lab`},
		{name: "a star", text: `CN=*.elk`, want: `CN=\*.elk`},
		{name: "nothing but a star", text: `*`, want: `\*`},
		{name: "a question mark alone is no pattern", text: `CN=k?b`, want: `CN=k?b`},
		{name: "a question mark beside a star", text: `CN=k?b*`, want: `CN=k\?b\*`},
		{name: "a backslash alone is no pattern", text: `CN="a\\b"`, want: `CN="a\\b"`},
		{name: "a backslash before a star", text: `CN="a\\*"`, want: `CN="a\\\\\*"`},
		{name: "slashes inside are no regular expression", text: `CN=/k.*/`, want: `CN=/k.\*/`},
		{name: "a comma, quotation marks, a plus", text: `CN="a, \"b\" + c"`, want: `CN="a, \"b\" + c"`},
		{name: "the same beside a star", text: `CN="a, \"b\" + *"`, want: `CN="a, \\"b\\" + \*"`},
		{name: "letters of any script", text: `CN=kibäna*, O=ラボ`, want: `CN=kibäna\*, O=ラボ`},
		{name: "a character above U+FFFF", text: `CN=😀*`, want: `CN=😀\*`},
		{name: "a regular expression", text: `/CN=.*/`, fails: "regular expression"},
		{name: "what Elasticsearch could not read", text: "CN=\uFFFD", fails: "not UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := literal(test.text)
			if got != test.want || (err == nil) != (test.fails == "") {
				t.Fatalf("%s, %v; want %s", got, err, test.want)
			}
			if err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%v, want %q", err, test.fails)
			}
		})
	}
}
