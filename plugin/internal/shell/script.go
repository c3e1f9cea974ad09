package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// parse reads a script; false where it is none, or longer than anybody writes into a manifest.
func (r *reader) parse(from script, sure bool) ([]Command, bool) {
	if len(from.text) > maxScript || depth(from.text) > maxDepth {
		return nil, false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(from.text), "")
	if err != nil {
		return nil, false
	}
	sure = sure && from.sure
	s := &scope{
		reader: r, from: from, args: from.args, at: r.within(from.at, from.text), whole: r.expanded(from.at, from.text),
		set: map[string][]*syntax.Assign{}, until: map[*syntax.Assign]uint{}, unset: map[string][]span{},
		alone: map[*syntax.Assign]bool{}, exported: map[string]bool{},
		giving: map[*syntax.CallExpr]uint{}, piped: map[*syntax.Stmt]*syntax.Stmt{},
	}
	syntax.Walk(file, s.note)
	var all []Command
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Stmt:
			call, ok := node.Cmd.(*syntax.CallExpr)
			if ok {
				if words := s.words(nil, call.Args); len(words) > 0 {
					made := s.command(words, call, sure)
					made.Into, made.from = s.into(node.Redirs), s.input(node)
					all = append(all, made)
				}
			}
			for _, redirect := range node.Redirs {
				if redirect.Hdoc != nil { // a shell may read it
					all = append(all, s.command([]Word{{Text: "<<", Known: true}, s.word(redirect.Hdoc.Parts)},
						callOr(call, redirect), sure))
				}
			}
		case *syntax.WordIter:
			all = append(all, s.command(s.words([]Word{{Text: "for", Known: true}}, node.Items), node, sure))
		}
		return true
	})
	return all, true
}

// callOr gives the command that a redirection belongs to, else itself.
func callOr(call *syntax.CallExpr, redirect *syntax.Redirect) syntax.Node {
	if call != nil {
		return call
	}
	return redirect
}

// depth gives how deep brackets are nested in a text.
func depth(text string) int {
	now, deepest := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{':
			now++
			deepest = max(deepest, now)
		case ')', '}':
			now = max(0, now-1)
		}
	}
	return deepest
}

// scope is what the variables of a script are.
type scope struct {
	*reader
	from   script
	set    map[string][]*syntax.Assign // nil entries stand for other ways to set a variable, such as read
	until  map[*syntax.Assign]uint     // where the list of statements ends in which every run makes the assignment
	taken  []uint                      // where it takes in another script, which may set anything
	args   []Word                      // its own; nil where they are not known
	given  []given                     // what gives it others
	giving map[*syntax.CallExpr]uint   // those that every run makes: set --, up to where that holds
	own    []*syntax.FuncDecl          // which have arguments of their own
	at     *Piece                      // where the text stands, nil when nowhere as it is
	whole  int                         // the word of the command line that it is with its variables put in; -1 for none
	unset  map[string][]span           // where a variable is taken away, and how far that holds
	alone  map[*syntax.Assign]bool     // those for a single command
	piped  map[*syntax.Stmt]*syntax.Stmt
	again  bool // parts of it may run more than once, or later than where they stand

	exported map[string]bool
	allOut   bool // set -a exports what it sets
}

// span is a part of a script.
type span struct{ from, to uint }

// piece gives the place of a part of the script.
func (s *scope) piece(part syntax.Node) []Piece {
	if s.at == nil {
		return nil
	}
	return []Piece{{s.at.Word, s.at.From + int(part.Pos().Offset()), s.at.From + int(part.End().Offset())}}
}

// placed notes where a part of the script is written.
func (s *scope) placed(w Word, part syntax.Node) Word {
	switch {
	case s.at != nil:
		w.Written = append(w.Written, s.piece(part)...)
	case s.whole >= 0:
		written, from := s.written(Piece{s.whole, int(part.Pos().Offset()), int(part.End().Offset())})
		w.Written = append(w.Written, written)
		for _, name := range from {
			w.add(Word{Known: true}, name)
		}
	}
	return w
}

// used notes where a variable stands that is put in.
func (s *scope) used(w Word, part syntax.Node) Word {
	before := len(w.Written)
	w = s.placed(w, part)
	w.Uses = slices.Clone(w.Written[before:])
	return w
}

// takesIn tells whether another script is taken in between two places.
func (s *scope) takesIn(from, to uint) bool {
	return slices.ContainsFunc(s.taken, func(at uint) bool { return from <= at && at < to })
}

// note collects what sets variables.
func (s *scope) note(node syntax.Node) bool {
	switch node := node.(type) {
	case *syntax.File:
		s.list(node.Stmts)
	case *syntax.Block:
		s.list(node.Stmts)
	case *syntax.Subshell:
		s.list(node.Stmts)
	case *syntax.IfClause:
		s.list(node.Then)
	case *syntax.WhileClause:
		s.again = true
		s.list(node.Do)
	case *syntax.ForClause:
		s.again = true
		s.list(node.Do)
	case *syntax.DeclClause:
		s.declares(node)
	case *syntax.BinaryCmd:
		if node.Op == syntax.Pipe {
			s.piped[node.Y] = node.X
		}
	case *syntax.CaseItem:
		s.list(node.Stmts)
	case *syntax.CmdSubst:
		s.list(node.Stmts)
	case *syntax.Assign:
		if node.Name != nil && !node.Naked {
			s.set[node.Name.Value] = append(s.set[node.Name.Value], node)
		}
	case *syntax.WordIter:
		s.set[node.Name.Value] = append(s.set[node.Name.Value], nil)
	case *syntax.FuncDecl:
		s.own, s.again = append(s.own, node), true
	case *syntax.ParamExp:
		if node.Exp != nil && node.Param != nil &&
			(node.Exp.Op == syntax.AssignUnset || node.Exp.Op == syntax.AssignUnsetOrNull) {
			s.set[node.Param.Value] = append(s.set[node.Param.Value], nil)
		}
	case *syntax.CallExpr:
		s.call(node)
	}
	return true
}

// call collects what sets variables in a call.
func (s *scope) call(node *syntax.CallExpr) {
	for _, a := range node.Assigns {
		s.alone[a] = len(node.Args) > 0
	}
	for _, name := range setters(node) {
		s.set[name] = append(s.set[name], nil)
	}
	if setsArguments(node) {
		until, certain := s.giving[node] // of the list that it is in, which comes first
		s.given = append(s.given, given{node, node.End().Offset(), until, certain})
	}
	s.allOut = s.allOut || exportsAll(node)
	if len(node.Args) > 0 && slices.Contains([]string{".", "source", "eval"}, node.Args[0].Lit()) {
		s.taken = append(s.taken, node.Pos().Offset())
	}
}

// list notes the assignments that every run of some statements makes.
func (s *scope) list(statements []*syntax.Stmt) {
	if len(statements) == 0 {
		return
	}
	end := statements[len(statements)-1].End().Offset()
	for _, statement := range statements {
		s.assigns(statement, end)
	}
}

// assigns notes those of one statement, and tells whether it does nothing else: then what stands behind && runs too.
func (s *scope) assigns(statement *syntax.Stmt, end uint) bool {
	if statement.Background {
		return false
	}
	switch command := statement.Cmd.(type) {
	case *syntax.CallExpr:
		for _, a := range command.Assigns {
			if len(command.Args) == 0 {
				s.until[a] = end
			}
		}
		if len(command.Args) > 0 && command.Args[0].Lit() == "unset" {
			s.takesAway(command, end)
			return true
		}
		if isNewArguments(command) {
			s.giving[command] = end
			return true
		}
		return len(command.Args) == 0
	case *syntax.DeclClause:
		for _, a := range command.Args {
			s.until[a] = end
		}
		return true
	case *syntax.BinaryCmd:
		// the sides of a pipe have shells of their own
		inShell := command.Op == syntax.AndStmt || command.Op == syntax.OrStmt
		return inShell && s.assigns(command.X, end) && command.Op == syntax.AndStmt && s.assigns(command.Y, end)
	}
	return false
}

// exportsAll holds for set -a.
func exportsAll(call *syntax.CallExpr) bool {
	return len(call.Args) > 1 && call.Args[0].Lit() == "set" &&
		slices.ContainsFunc(call.Args[1:], func(arg *syntax.Word) bool {
			text := arg.Lit()
			return text == "allexport" || strings.HasPrefix(text, "-") && strings.Contains(text, "a")
		})
}

// setters gives the variables that a command sets.
func setters(call *syntax.CallExpr) []string {
	var names []string
	if len(call.Args) > 1 && call.Args[0].Lit() == "printf" && call.Args[1].Lit() != "-v" {
		return nil
	}
	for i, arg := range call.Args {
		switch text := arg.Lit(); {
		case i == 0 && !slices.Contains([]string{"read", "mapfile", "readarray", "getopts", "unset", "printf"}, text):
			return nil
		case i > 0 && !strings.HasPrefix(text, "-"):
			names = append(names, text)
		}
	}
	return names
}

// into gives the file that standard output goes to.
func (s *scope) into(redirects []*syntax.Redirect) string {
	for _, redirect := range redirects {
		fromOutput := redirect.N == nil || redirect.N.Value == "1"
		if fromOutput && slices.Contains([]syntax.RedirOperator{syntax.RdrOut, syntax.AppOut, syntax.RdrClob,
			syntax.RdrAll, syntax.AppAll}, redirect.Op) {
			return s.word(redirect.Word.Parts).Text
		}
	}
	return ""
}

// words gives the words of a command. A variable without quotes is as many words as its value has.
func (s *scope) words(all []Word, args []*syntax.Word) []Word {
	for _, arg := range args {
		if isArguments(arg) {
			if given, ok := s.arguments(arg.Pos().Offset()); ok && s.left >= len(given) && keeps(arg, given) {
				s.left -= len(given)
				all = append(all, given...)
				continue
			}
		}
		if elements, ok := s.elements(arg); ok {
			all = append(all, elements...)
			continue
		}
		w := s.word(arg.Parts)
		if _, bare := arg.Parts[0].(*syntax.ParamExp); !bare || len(arg.Parts) > 1 {
			w.Loose = isAll(arg)
			all = append(all, w)
			continue
		}
		for _, text := range strings.Fields(w.Text) {
			known := w.Known || !strings.Contains(text, "$")
			all = append(all, Word{Text: text, Known: known, From: w.From, Loose: text == w.Text && !known, At: w.At,
				Written: w.Written, Uses: w.Uses})
		}
	}
	return all
}

func (s *scope) word(parts []syntax.WordPart) Word {
	w := Word{Known: true}
	for _, part := range parts {
		piece := Word{Text: "$()"}
		switch part := part.(type) {
		case *syntax.Lit:
			piece = s.placed(Word{Text: unescaped(part.Value), Known: true, At: s.piece(part)}, part)
		case *syntax.SglQuoted:
			piece = s.placed(Word{Text: part.Value, Known: true, At: s.piece(part)}, part)
		case *syntax.DblQuoted:
			piece = s.word(part.Parts)
		case *syntax.ParamExp:
			piece = s.used(s.variable(part), part)
		}
		if w.add(piece, ""); len(w.Text) > maxText {
			return Word{Text: "$()"}
		}
	}
	return w
}

// unescaped takes the backslashes out of a text without quotes, and the ends of lines behind them.
func unescaped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			if i++; text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// variable gives the value of $NAME and ${NAME}, and of ${NAME:-fallback} where nothing sets NAME.
func (s *scope) variable(param *syntax.ParamExp) Word {
	if param.Param == nil || param.Length || param.Excl || param.Index != nil || param.Slice != nil ||
		param.Repl != nil {
		return Word{Text: "$()"}
	}
	fallbacks := []syntax.ParExpOperator{syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset,
		syntax.AssignUnsetOrNull}
	if param.Exp != nil && !slices.Contains(fallbacks, param.Exp.Op) {
		return Word{Text: "$()"}
	}
	name, use := param.Param.Value, param.Pos().Offset()
	if !syntax.ValidName(name) { // an argument, or what the shell sets itself
		return s.argument(name, use, isPlain(param))
	}
	if all := s.set[name]; len(all) > 0 {
		a := all[0]
		switch end, certain := s.until[a]; {
		case len(all) > 1 || a == nil || a.Append || a.Array != nil || a.Index != nil:
			return Word{Text: "$()"}
		case a.Pos().Offset() <= use && use < a.End().Offset(): // NAME=${NAME:-fallback}
		case !certain || use < a.End().Offset() || use > end || s.takesIn(a.Pos().Offset(), use):
			return Word{Text: "$()"}
		case a.Value == nil:
			return Word{Known: true}
		case !s.follow():
			return Word{Text: "$()"}
		default:
			return s.word(a.Value.Parts)
		}
	}
	value, set := s.from.env(name)
	value.Known = value.Known && !s.takesIn(0, use)
	switch {
	case set && (value.Known || value.Text != "" && !s.takesIn(0, use)) && s.follow():
		w := Word{Known: true}
		w.add(value, name)
		return w
	case set || param.Exp == nil || s.takesIn(0, use):
		return Word{Text: "${" + name + "}", From: []string{name}}
	case param.Exp.Word == nil:
		return Word{Known: true}
	}
	return s.word(param.Exp.Word.Parts)
}
