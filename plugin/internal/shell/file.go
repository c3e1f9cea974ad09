package shell

import (
	"path"
	"strings"
)

// File is a script in a file, which a command runs.
type File struct {
	Path  string
	Args  []Word
	plain bool // a shell reads it, whatever its first line says
}

// File gives the file that a command runs, takes in or hands to a shell; false where its name is not known.
func (c Command) File() (f File, ok bool) {
	main := c.Main()
	if len(main) == 0 || c.IsPrint() {
		return File{}, false
	}
	at := 0
	switch {
	case main[0].Text == "." || main[0].Text == "source":
		at, f.plain = 1, true
	case IsShell(main[0].Text):
		for at, f.plain = 1, true; at < len(main) && strings.HasPrefix(main[at].Text, "-"); at++ {
			if strings.Contains(main[at].Text, "c") {
				return File{}, false // the script is on the command line
			}
		}
	}
	if f.plain && at == len(main) && IsShell(main[0].Text) && c.from != "" {
		f.Path = c.from
		return f, true
	}
	if at >= len(main) || !main[at].Known || !path.IsAbs(main[at].Text) {
		return File{}, false
	}
	f.Path = path.Clean(main[at].Text)
	for _, w := range main[at+1:] {
		w.At, w.Written = nil, nil // it stands in another text
		f.Args = append(f.Args, w)
	}
	return f, true
}

// IsScript tells whether a shell reads the text of the file.
func (f File) IsScript(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	rest, ok := strings.CutPrefix(first, "#!")
	if !ok || f.plain {
		return f.plain
	}
	for _, word := range strings.Fields(rest) {
		if IsShell(word) {
			return true
		}
	}
	return false
}

// Script gives the commands of a script in a file that a command runs. Its text is the only word of the command line.
func (f File) Script(text string, by Command) (all []Command, ok bool) {
	r := &reader{env: by.Variable, argv: []string{text}, left: maxVariables, put: make([][]put, 1),
		words: []Word{{Text: text, Known: true}}}
	at := []Piece{{Word: 0}}
	from := script{text: text, sure: true, seen: true, at: at, args: append([]Word{}, f.Args...), env: by.Variable,
		changed: by.Changed}
	if all, ok = r.parse(from, by.Sure); !ok {
		return nil, false
	}
	return r.read(all, true)
}
