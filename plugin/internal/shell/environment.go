package shell

import (
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// What a script does to the environment of the commands in it: a variable that is set once, on the way to a command,
// has that value there; one that is set in any other way is not known.

// command makes a command of the script.
func (s *scope) command(words []Word, node syntax.Node, sure bool) Command {
	made := Command{Words: words, Sure: sure}
	var own []*syntax.Assign
	if call, ok := node.(*syntax.CallExpr); ok {
		own = call.Assigns
	}
	use := node.Pos().Offset()
	made.env = func(name string) (Word, bool) { return s.variableFor(name, own, use) }
	made.changed = func() (names []string, open, bare bool) {
		names, open, bare = s.from.changed()
		for _, name := range slices.Sorted(maps.Keys(s.set)) {
			only := func(a *syntax.Assign) bool { return s.alone[a] && !slices.Contains(own, a) }
			if !slices.ContainsFunc(s.set[name], func(a *syntax.Assign) bool { return !only(a) }) {
				continue
			}
			names = append(names, name)
		}
		slices.Sort(names)
		return slices.Compact(names), open || s.takesIn(0, use), bare
	}
	return made
}

// variableFor gives a variable as a command has it in its environment; own are the assignments that are for that
// command alone.
func (s *scope) variableFor(name string, own []*syntax.Assign, use uint) (Word, bool) {
	for _, a := range slices.Backward(own) {
		if a.Name != nil && a.Name.Value == name {
			return s.assigned(a), true
		}
	}
	given, set := s.from.env(name)
	changes := slices.DeleteFunc(slices.Clone(s.set[name]), func(a *syntax.Assign) bool { return s.alone[a] })
	gone := s.unset[name]
	unknown := Word{Text: "$()"}
	switch {
	case len(changes) == 0 && s.takesIn(0, use):
		return unknown, true
	case len(changes) == 0, !set && !s.exported[name] && !s.allOut:
		return given, set
	case len(changes) > 1:
		return unknown, true
	case changes[0] == nil && len(gone) == 1 && gone[0].from < use && use <= gone[0].to &&
		!s.takesIn(gone[0].from, use):
		return Word{}, false
	case changes[0] == nil && len(gone) == 1 && use < gone[0].from && !s.again:
		return given, set
	case changes[0] == nil:
		return unknown, true
	}
	a := changes[0]
	end, certain := s.until[a]
	switch {
	case use < a.Pos().Offset() && !s.again:
		return given, set
	case !certain || use < a.End().Offset() || use > end || s.takesIn(a.Pos().Offset(), use):
		return unknown, true
	}
	return s.assigned(a), true
}

// assigned gives the value of an assignment.
func (s *scope) assigned(a *syntax.Assign) Word {
	switch {
	case a.Append || a.Array != nil || a.Index != nil || !s.follow():
		return Word{Text: "$()"}
	case a.Value == nil:
		return Word{Known: true}
	}
	return s.word(a.Value.Parts)
}

// declares notes what a declaration exports.
func (s *scope) declares(node *syntax.DeclClause) {
	out := node.Variant.Value == "export"
	for _, a := range node.Args {
		if a.Naked && a.Value != nil && strings.HasPrefix(a.Value.Lit(), "-") {
			out = out || strings.Contains(a.Value.Lit(), "x")
		}
	}
	for _, a := range node.Args {
		if out && a.Name != nil {
			s.exported[a.Name.Value] = true
		}
	}
	if out && slices.ContainsFunc(node.Args,
		func(a *syntax.Assign) bool { return a.Name == nil && a.Value != nil && a.Value.Lit() == "" }) {
		s.taken = append(s.taken, node.Pos().Offset()) // export $X sets anything
	}
}

// takesAway notes what unset takes away.
func (s *scope) takesAway(call *syntax.CallExpr, end uint) {
	for _, name := range setters(call) {
		s.unset[name] = append(s.unset[name], span{call.Pos().Offset(), end})
	}
}
