package plugin

import (
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Text is folded to the width of the terminal, within these bounds; where there is none, to the lower one.
const minWidth, maxWidth = 80, 120

// terminal gives the terminal that stdout is, nil for none.
func (o *options) terminal() *os.File {
	if stdout, ok := o.stdout.(*os.File); ok && term.IsTerminal(int(stdout.Fd())) {
		return stdout
	}
	return nil
}

// coloured follows https://no-color.org.
func (o *options) coloured() bool { return o.env("NO_COLOR") == "" && o.terminal() != nil }

func (o *options) width() int {
	if stdout := o.terminal(); stdout != nil {
		if width, _, err := term.GetSize(int(stdout.Fd())); err == nil {
			return max(minWidth, min(width, maxWidth))
		}
	}
	return minWidth
}

// fold breaks lines that are wider than the width at spaces. What follows an indented line is indented two columns deeper. A
// word that is wider itself stays whole: it may be something to copy.
func fold(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) <= width {
			b.WriteString(line + "\n")
			continue
		}
		words := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(words)]
		column := 0
		for i, word := range strings.Split(words, " ") {
			switch long := utf8.RuneCountInString(word); {
			case i == 0:
				b.WriteString(indent + word)
				column = len(indent) + long
				if indent != "" {
					indent += "  "
				}
			case column+1+long > width:
				b.WriteString("\n" + indent + word)
				column = len(indent) + long
			default:
				b.WriteString(" " + word)
				column += 1 + long
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// foldDiff folds the lines of a unified diff. What follows a line bears its sign.
func foldDiff(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) <= width || strings.HasPrefix(line, "@@") {
			b.WriteString(line)
			continue
		}
		sign := line[:1]
		for i, part := range strings.Split(strings.TrimSuffix(fold(line[1:], width-3), "\n"), "\n") {
			if i > 0 {
				part = "  " + strings.TrimLeft(part, " ")
			}
			b.WriteString(sign + part + "\n")
		}
	}
	return b.String()
}

// The colours of a diff.
const (
	red, green, bold, faint, plain = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
)

// paintDiff colours a diff that is folded: a line has the colour of its sign, or else that of the line it goes on from.
func paintDiff(text string) string {
	var b strings.Builder
	colour := ""
	for line := range strings.Lines(text) {
		switch words := strings.TrimLeft(line, " "); {
		case strings.HasPrefix(words, "- "):
			colour = red
		case strings.HasPrefix(words, "+ "):
			colour = green
		case strings.HasPrefix(words, "# "):
			colour = faint
		case !strings.HasPrefix(line, " "):
			colour = bold
		case !strings.HasPrefix(line, "      "):
			colour = ""
		}
		body := strings.TrimSuffix(line, "\n")
		if colour == "" || body == "" {
			b.WriteString(line)
			continue
		}
		b.WriteString(colour + body + plain + "\n")
	}
	return b.String()
}

// colours of the words that a reader looks for first.
var colours = strings.NewReplacer(
	"NOT PROVEN", "\x1b[31mNOT PROVEN\x1b[0m", "PROVEN IF", "\x1b[33mPROVEN IF\x1b[0m",
	"PROVEN", "\x1b[32mPROVEN\x1b[0m", "UNMANAGED", "\x1b[2mUNMANAGED\x1b[0m",
)
