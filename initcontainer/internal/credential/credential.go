// Package credential gives the values that must not be seen: service tokens and passwords go in, placeholders come out
// of every printer, and the plain text only out of Reveal, which is called in the line that sends it.
//
// It also reads and makes token names, by the rules of Elasticsearch.
package credential

import (
	"fmt"
	"io"
	"log/slog"
)

const placeholder = "[redacted]"

// hidden keeps its text behind a pointer: fmt calls no methods on an unexported field of some other struct, and then
// prints an address instead of the text.
type hidden struct{ text *string }

// Reveal returns the plain text. From then on Redact knows it.
func (h hidden) Reveal() string {
	if h.text == nil {
		return ""
	}
	remember(*h.text)
	return *h.text
}

// IsZero reports whether there is no text.
func (h hidden) IsZero() bool { return h.text == nil || *h.text == "" }

// String, GoString, Format, LogValue, MarshalText and MarshalJSON print a placeholder.
func (hidden) String() string               { return placeholder }
func (hidden) GoString() string             { return placeholder }
func (hidden) LogValue() slog.Value         { return slog.StringValue(placeholder) }
func (hidden) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
func (hidden) MarshalJSON() ([]byte, error) { return []byte(`"` + placeholder + `"`), nil }

// Format serves every verb, also the wrong ones: fmt answers %d for a string with the string.
func (hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// Token is the value of a service token.
type Token struct{ hidden }

// NewToken hides a token's value.
func NewToken(value string) Token { return Token{hidden{&value}} }

// Equal reports whether two tokens have the same value.
func (t Token) Equal(other Token) bool { return t.Reveal() == other.Reveal() }

// Password is a password.
type Password struct{ hidden }

// NewPassword hides a password.
func NewPassword(value string) Password { return Password{hidden{&value}} }
