// Package plain gives a writer for what people read on a terminal: text of others goes in, and comes out without what
// was secret and without what a terminal would obey.
package plain

import (
	"io"
	"strings"
	"unicode"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
)

// Rune is a character as a terminal may have it: control characters, C1 among them, those that turn the direction of
// writing, and those that cannot be seen become a space. The line end stays.
func Rune(r rune) rune {
	if r == '\n' || r != unicode.ReplacementChar && unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// Text makes a text plain.
func Text(text string) string { return strings.Map(Rune, credential.Redact(text)) }

// Writer makes plain what is written to out. Each write is a whole line or more, as loggers and fmt write.
type Writer struct{ Out io.Writer }

// Write writes all of it, or fails.
func (w Writer) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.Out, Text(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}
