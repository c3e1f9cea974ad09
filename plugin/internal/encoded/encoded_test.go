package encoded

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// plain gives a text with all pieces put in.
func plain(text string, pieces []Piece) string {
	for i := len(pieces) - 1; i >= 0; i-- {
		p := pieces[i]
		text = text[:p.From] + p.Text + text[p.To:]
	}
	return text
}

func TestEscapes(t *testing.T) {
	for text, want := range map[string]string{
		"http%3A%2F%2fsearch%3A9200":               "http://search:9200",
		`http\u003a\x2f\/search\:9200`:             "http://search:9200",
		`http\072//search\0729200`:                 "http://search:9200",
		`\U0000003a`:                               ":",
		"http&#58;&#x2F;&sol;search&colon;920":     "http://search:920",
		`a\nb`:                                     "a b",
		"100% of %zz and %ff, %0a, &nbsp; & &amp;": "100% of %zz and %ff, %0a, &nbsp; & &",
		`\bword \d+ \u20ac \x`:                     `\bword \d+ \u20ac \x`,
		"%":                                        "%", `\`: `\`, "&": "&",
	} {
		if got := plain(text, Escapes(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// inLines ends lines of a text after 76 letters.
func inLines(text, end string) string {
	var all []string
	for line := range slices.Chunk([]byte(text), 76) {
		all = append(all, string(line))
	}
	return strings.Join(all, end)
}

func TestBase64(t *testing.T) {
	in := base64.StdEncoding.EncodeToString
	url := in([]byte("http://search:9200"))
	long := in([]byte(strings.Repeat("a line of a file\n", 9)))
	for text, want := range map[string]string{
		url: "http://search:9200",
		strings.TrimRight(in([]byte("http://search:92")), "="):              "http://search:92",
		"echo " + url + " | base64 -d":                                      "echo http://search:9200 | base64 -d",
		"--config=" + url:                                                   "--config=http://search:9200",
		"CONFIG==" + url + "==" + url:                                       "CONFIG==http://search:9200http://search:9200",
		"data:text/plain;base64," + url:                                     "data:text/plain;base64,http://search:9200",
		long[:76] + "\n" + long[76:152] + "\n" + long[152:]:                 strings.Repeat("a line of a file\n", 9),
		inLines(in([]byte(strings.Repeat("a line of a file\n", 30))), "\r"): strings.Repeat("a line of a file\n", 30),
		"/usr/share/elasticsearch/config":                                   "/usr/share/elasticsearch/config",
		in([]byte("short")):                                                 in([]byte("short")),
		in([]byte("\x30\x82\x01\x0abinary")):                                in([]byte("\x30\x82\x01\x0abinary")),
		in([]byte("text, then \x00\x01\xff")):                               in([]byte("text, then \x00\x01\xff")),
	} {
		if got := plain(text, Base64(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// TestHolds holds that the screen lets through what the readers decode.
func TestHolds(t *testing.T) {
	full := "http://search:9200/" + strings.Repeat("a", 29) // 64 letters of base64 and no =
	wanted := words.Folded([]string{"search"})
	in := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for text, want := range map[string]bool{
		"a: " + in("http://search:9200"): true, "A=" + in("http://search:9200"): true, "a: " + in("http://billing:9200"): false, "a: " + in(in("http://search:9200")): false,
		"a: " + in(`http://sea\u0072ch:9200`): true, "a: search": false, "": false,
		"a: " + in(full) + "\nimage: x": true, "decode <<EOF\n" + in(full) + "\nEOF\n": true, "a: |\n  " + in(full) + "\n  " + in("http://a") + "\n": true,
	} {
		if got := Holds([]byte(text), wanted); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
	for text, want := range map[string]bool{
		"http://%53earch": true, `http://\x53earch`: true, "http://search%2Dhttp": true, `search\u002dhttp`: true, `search\\055http`: true, "search&#45;http": true,
		`url: "\x65s:9200"`: true, `url: "\U00000065s"`: true, "url: \"https://\\\n es": true, "url: \"https://\\\r\n es": true,
		`json: "\u003cb\u003e"`: false, `path: C:\new`: false, `end \`: false, `end \u00`: false, `end %`: false, `end &`: false,
		"http%3A%2F%2Fsearch": false, `search\.http \/ \- &amp; 100%`: false, "": false,
	} {
		if got := HidesName([]byte(text)); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

// TestLetters holds that eight bytes at once are judged as each of them is, wherever it stands.
func TestLetters(t *testing.T) {
	for _, beside := range []string{"a", " ", "\x00", "\x7f", "\x80", "\xff"} {
		for at := range 70 {
			for c := range 256 {
				text := []byte(strings.Repeat(beside, 70))
				text[at] = byte(c)
				var want uint64
				for i, c := range text[:64] {
					if isBase64[c] {
						want |= 1 << i
					}
				}
				if got := letters(text); got != want {
					t.Fatalf("byte %d at %d beside %q: %064b, want %064b", c, at, beside, got, want)
				}
			}
		}
	}
	if got := letters([]byte("ab cd")); got != 0b11011 {
		t.Errorf("a short text: %b", got)
	}
}
