package shell

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The arguments of a script: $1, $2 and so on, and "$@".

// given is a command that gives a script other arguments; certain holds where every run makes it, and they hold up to
// until.
type given struct {
	call        *syntax.CallExpr
	from, until uint
	certain     bool
}

// arguments gives what "$@" stands for at a place; false where that is not known.
func (s *scope) arguments(at uint) ([]Word, bool) {
	inside := func(f *syntax.FuncDecl) bool { return f.Pos().Offset() <= at && at < f.End().Offset() }
	if slices.ContainsFunc(s.own, inside) || s.takesIn(0, at) {
		return nil, false
	}
	var last *syntax.CallExpr // to give others, before that place
	for _, g := range s.given {
		switch {
		case !g.certain:
			return nil, false // shift, or set in some runs only
		case g.from <= at && at <= g.until && !s.again:
			last = g.call
		case s.again || g.from <= at:
			return nil, false
		}
	}
	switch {
	case last == nil:
		return s.args, s.args != nil
	case !s.follow():
		return nil, false
	}
	return s.words([]Word{}, last.Args[2:]), true
}

// isNewArguments holds for set -- with arguments.
func isNewArguments(call *syntax.CallExpr) bool {
	return len(call.Args) > 1 && call.Args[0].Lit() == "set" && call.Args[1].Lit() == "--"
}

// setsArguments holds for what gives the script other arguments: shift, and set with some.
func setsArguments(call *syntax.CallExpr) bool {
	if len(call.Args) == 0 {
		return false
	}
	isOption := func(arg *syntax.Word) bool {
		return len(arg.Lit()) > 1 && strings.ContainsAny(arg.Lit()[:1], "-+") && arg.Lit() != "--"
	}
	switch call.Args[0].Lit() {
	case "shift":
		return true
	case "set":
		if slices.ContainsFunc(call.Args, func(arg *syntax.Word) bool { return arg.Lit() == "--" }) {
			return true
		}
		last := call.Args[len(call.Args)-1]
		// -o pipefail
		named := len(call.Args) > 2 && last.Lit() != "" && strings.HasSuffix(call.Args[len(call.Args)-2].Lit(), "o")
		return len(call.Args) > 1 && !isOption(last) && !named
	}
	return false
}

// argument gives the value of $1, $2 and so on.
func (s *scope) argument(name string, use uint, plain bool) Word {
	given, ok := s.arguments(use)
	n, err := strconv.Atoi(name)
	switch {
	case !ok || err != nil || n < 1 || !plain || !s.follow():
		return Word{Text: "$()"}
	case n > len(given):
		return Word{Known: true}
	}
	return given[n-1]
}

// isArguments holds for "$@", and for $@ and $* without quotes. "$*" is one word.
func isArguments(arg *syntax.Word) bool {
	parts := arg.Parts
	quoted, isQuoted := parts[0].(*syntax.DblQuoted)
	if isQuoted && len(parts) == 1 {
		parts = quoted.Parts
	}
	if len(parts) != 1 {
		return false
	}
	param, ok := parts[0].(*syntax.ParamExp)
	if !ok || param.Param == nil || !isPlain(param) {
		return false
	}
	return param.Param.Value == "@" || param.Param.Value == "*" && !isQuoted
}

// keeps tells whether the arguments stay the words that they are: without quotes, a shell splits them at blanks.
func keeps(arg *syntax.Word, given []Word) bool {
	_, isQuoted := arg.Parts[0].(*syntax.DblQuoted)
	return isQuoted || !slices.ContainsFunc(given,
		func(w Word) bool { return w.Text == "" || strings.ContainsAny(w.Text, " \t\n") })
}

// isPlain holds for $NAME and ${NAME}.
func isPlain(param *syntax.ParamExp) bool {
	return !param.Length && !param.Excl && param.Index == nil && param.Slice == nil && param.Repl == nil &&
		param.Exp == nil
}

// isAll holds for "$@" and "${NAME[@]}", which stand for any number of words.
func isAll(arg *syntax.Word) bool {
	quoted, ok := arg.Parts[0].(*syntax.DblQuoted)
	if !ok || len(arg.Parts) > 1 || len(quoted.Parts) != 1 {
		return false
	}
	param, ok := quoted.Parts[0].(*syntax.ParamExp)
	return ok && param.Param != nil && (param.Param.Value == "@" || param.Index != nil)
}

// elements gives the words of a list that is set once, on the way to "${NAME[@]}"; false where that is something else.
func (s *scope) elements(arg *syntax.Word) ([]Word, bool) {
	if !isAll(arg) {
		return nil, false
	}
	param := arg.Parts[0].(*syntax.DblQuoted).Parts[0].(*syntax.ParamExp)
	all, use := s.set[param.Param.Value], param.Pos().Offset()
	if len(all) != 1 || all[0] == nil || all[0].Array == nil || all[0].Append || param.Length || param.Excl ||
		param.Slice != nil || param.Repl != nil || param.Exp != nil {
		return nil, false
	}
	a := all[0]
	end, certain := s.until[a]
	if index, ok := param.Index.(*syntax.Word); !ok || index.Lit() != "@" || !certain || use < a.End().Offset() ||
		use > end || s.takesIn(a.Pos().Offset(), use) || !s.follow() {
		return nil, false
	}
	var words []*syntax.Word
	for _, e := range a.Array.Elems {
		if e.Index != nil || e.Value == nil {
			return nil, false
		}
		words = append(words, e.Value)
	}
	return s.words([]Word{}, words), true
}
