package credential

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNoPrinterShowsASecret(t *testing.T) {
	const text = "opensesame"
	type holder struct {
		Shown  Token
		hidden Token
		word   Password
	}
	h := holder{NewToken(text), NewToken(text), NewPassword(text)}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%c", "%t", "%p"} {
		for _, value := range []any{h, &h, h.Shown, &h.Shown, h.word, []Token{h.Shown}, map[string]any{"t": h.Shown}} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	for _, value := range []any{h, h.Shown, h.word} {
		b, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("m", "token", h.Shown, "holder", h, "password", h.word)
	}
	out.Write(log.Bytes())
	if got := out.String(); strings.Contains(got, text) || strings.Contains(got, fmt.Sprintf("%x", text)) {
		t.Errorf("a printer shows the text:\n%s", got)
	}
	if h.Shown.Reveal() != text || h.word.Reveal() != text {
		t.Error("Reveal does not give the text back")
	}
}

func TestDecode(t *testing.T) {
	encode := func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) }
	good := encode("\x00\x01\x00\x01elastic/kibana/my-token:0123456789abcdef")
	for _, test := range []struct{ name, value, want string }{
		{"a token as Elasticsearch makes it", good, "my-token"},
		{"padding is taken, as Elasticsearch takes it", good + "==", "my-token"},
		{"no value", "", ""},
		{"not base64", "nonsense!", ""},
		{"a line end would break the HTTP header", good + "\n", ""},
		{"a line end inside", good[:10] + "\n" + good[10:], ""},
		{"cut off in the secret", encode("\x00\x01\x00\x01elastic/kibana/my-token:01234"), ""},
		{"cut off in the name", encode("\x00\x01\x00\x01elastic/kibana/my-to"), ""},
		{"another kind of token", encode("\x00\x01\x00\x02elastic/kibana/my-token:0123456789abcdef"), ""},
		{"another account", encode("\x00\x01\x00\x01elastic/fleet-server/my-token:0123456789abcdef"), ""},
		{"a name that would leave its place in a URL", encode("\x00\x01\x00\x01elastic/kibana/..:0123456789abcdef"), ""},
	} {
		if got := NameOf(NewToken(test.value), Account{"elastic", "kibana"}); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNames(t *testing.T) {
	prefix := Prefix("my-ns", "kibana.es_token", "0a1b2c3d-4e5f-6789-abcd-ef0123456789")
	if want := "elk-mtls_my-ns_kibana-es-token_0a1b2c3d_"; prefix != want {
		t.Errorf("got %q, want %q", prefix, want)
	}
	long := strings.Repeat("a.", 200)
	seen := map[string]bool{}
	for range 100 {
		name := NewName(Prefix(long, long, long))
		if !ValidName(name) || seen[name] {
			t.Fatalf("%q (%d characters) is not a new valid name", name, len(name))
		}
		seen[name] = true
	}
	for name, want := range map[string]bool{"": false, "_a": false, "a_": true, "-": true, "a.b": false, "a/b": false, strings.Repeat("a", 256): true, strings.Repeat("a", 257): false} {
		if ValidName(name) != want {
			t.Errorf("ValidName(%q) is not %v", name, want)
		}
	}
}
