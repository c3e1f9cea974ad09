package shell

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Scripts reach a shell by other ways than their names, too: cat FILE | sh, or tr -d '\r' <FILE >COPY && sh COPY.

// keepers are filters that keep a script what it is, each with the arguments with which they do: they take carriage
// returns out.
var keepers = map[string][]string{
	"cat": {""}, "dos2unix": {""}, "tr": {`-d \r`, `-d \015`}, "sed": {`s/\r//g`, `s/\r//`, `s/\r$//`, `s/\r$//g`},
}

// Passes gives the file whose script a command prints; "" where it prints something else, or nobody knows what.
func (c Command) Passes() string {
	main := c.Main()
	if len(main) == 0 || slices.ContainsFunc(main, func(w Word) bool { return !w.Known }) {
		return ""
	}
	var words []string
	for _, w := range main[1:] {
		words = append(words, w.Text)
	}
	file := c.from
	if last := len(words) - 1; last >= 0 && path.IsAbs(words[last]) {
		file, words = words[last], words[:last]
	}
	if !slices.Contains(keepers[path.Base(main[0].Text)], strings.Join(words, " ")) {
		return ""
	}
	return file
}

// Copies tells whether a command makes a copy of a script, and where.
func (c Command) Copies() (from, to string, ok bool) {
	if from = c.Passes(); from != "" && c.Into != "" {
		return from, c.Into, true
	}
	main := c.Main()
	if len(main) != 3 || path.Base(main[0].Text) != "cp" {
		return "", "", false
	}
	from, to = main[1].Text, main[2].Text
	if strings.HasSuffix(to, "/") {
		to = path.Join(to, path.Base(from))
	}
	return from, to, main[1].Known && main[2].Known && path.IsAbs(from) && path.IsAbs(to)
}

// input gives the file whose script is the standard input of a statement; "" for none.
func (s *scope) input(statement *syntax.Stmt) string {
	for _, redirect := range statement.Redirs {
		if redirect.Op == syntax.RdrIn && (redirect.N == nil || redirect.N.Value == "0") {
			if w := s.word(redirect.Word.Parts); w.Known && path.IsAbs(w.Text) {
				return w.Text
			}
			return ""
		}
	}
	before := s.piped[statement]
	for before != nil {
		chain, ok := before.Cmd.(*syntax.BinaryCmd)
		if !ok || chain.Op != syntax.Pipe {
			break
		}
		before = chain.Y
	}
	if before == nil {
		return ""
	}
	call, ok := before.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return ""
	}
	return Command{Words: s.words(nil, call.Args), from: s.input(before)}.Passes()
}
