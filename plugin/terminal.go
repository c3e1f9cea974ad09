package plugin

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Text is folded to the width of the terminal, within these bounds; where there is none, to the lower one.
const minWidth, maxWidth = 80, 120

// terminal gives the terminal that stdout is, nil for none.
func terminal(stdout io.Writer) *os.File {
	if file, ok := stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}

// coloured follows https://no-color.org.
func (o *options) coloured() bool { return o.env("NO_COLOR") == "" && terminal(o.stdout) != nil }

func width(stdout io.Writer) int {
	if screen := terminal(stdout); screen != nil {
		if width, _, err := term.GetSize(int(screen.Fd())); err == nil {
			return max(minWidth, min(width, maxWidth))
		}
	}
	return minWidth
}

// fold breaks lines that are wider than the width at spaces. What follows a line that is indented, or that begins with
// a sign such as "+", is indented two columns deeper. A word that is wider itself stays whole, as it may be something
// to copy, and a sign is never alone.
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
		column, afterSign := 0, false
		for i, word := range strings.Split(words, " ") {
			long := utf8.RuneCountInString(word)
			switch isSign := i == 0 && long == 1; {
			case i == 0:
				b.WriteString(indent + word)
				column = len(indent) + long
				if afterSign = isSign; indent != "" || isSign {
					indent += "  "
				}
			case column+1+long > width && !(i == 1 && afterSign):
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

// paintDiff folds a diff and colours it: every part of a line has the colour of its sign.
func paintDiff(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		colour := ""
		switch words := strings.TrimLeft(line, " "); {
		case strings.HasPrefix(words, "- "):
			colour = red
		case strings.HasPrefix(words, "+ "):
			colour = green
		case strings.HasPrefix(words, "# "):
			colour = faint
		case !strings.HasPrefix(line, " "):
			colour = bold
		}
		for part := range strings.Lines(fold(line, width)) {
			if body := strings.TrimSuffix(part, "\n"); colour != "" && body != "" {
				part = colour + body + plain + "\n"
			}
			b.WriteString(part)
		}
	}
	return b.String()
}

// paintVerify folds what verify says and colours the verdicts.
func paintVerify(text string, width int) string { return colours.Replace(fold(text, width)) }

// colours of the words that a reader looks for first.
var colours = strings.NewReplacer(
	"NOT PROVEN", "\x1b[31mNOT PROVEN\x1b[0m", "PROVEN IF", "\x1b[33mPROVEN IF\x1b[0m",
	"PROVEN", "\x1b[32mPROVEN\x1b[0m", "UNMANAGED", "\x1b[2mUNMANAGED\x1b[0m",
)
