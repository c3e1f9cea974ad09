package plain

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
)

func TestWriter(t *testing.T) {
	for text, want := range map[string]string{
		"plain text, ✓ ‼ ✗ → é 日本 😀\n":       "plain text, ✓ ‼ ✗ → é 日本 😀\n",
		"\x1b[31mred\x07\r":                  " [31mred  ",
		"C1 \u009b31m \u0085":                "C1  31m  ",
		"bidi \u202egnp\u202c \u2066x\u2069": "bidi  gnp   x ",
		"\u200bhidden\u2028line\ufeff":       " hidden line ",
		"not UTF-8 \xff\x9b":                 "not UTF-8   ",
	} {
		var out bytes.Buffer
		if n, err := (Writer{&out}).Write([]byte(text)); n != len(text) || err != nil || out.String() != want {
			t.Errorf("%q became %q, want %q (%d, %v)", text, out.String(), want, n, err)
		}
	}
}

// Whatever comes back of what we sent is taken out, in whatever form.
func TestWhatWasSentIsTakenOut(t *testing.T) {
	const secret, inner = `pa"ss wörd/+é`, "cGVuIHNlc2FtZQ-inner"
	login := base64.StdEncoding.EncodeToString([]byte("elastic:" + secret))
	token := base64.StdEncoding.EncodeToString([]byte("\x00\x01\x00\x01elastic/kibana/name:" + inner))
	credential.NewPassword(secret).Reveal()
	credential.NewPassword(login).Reveal()
	credential.NewToken(token).Reveal()
	credential.NewPassword("abc").Reveal() // too short to be looked for
	for _, text := range []string{
		secret, login, token, inner, strings.TrimRight(token, "="), url.QueryEscape(secret), url.PathEscape(secret), fmt.Sprintf("%q", secret),
		fmt.Sprintf("%x", secret), base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		got := Text("before " + text + " after abc")
		if !strings.Contains(got, "[redacted]") || strings.Contains(got, text) || len(got) > len("before  after abc")+len(`"[redacted]"`) || !strings.HasSuffix(got, " after abc") {
			t.Errorf("%q became %q", text, got)
		}
	}
}
