package mention

import (
	"regexp/syntax"
	"strings"
)

// labelText is a part of a text: a label, or what stands between two. Of an open one nothing is known.
type labelText struct {
	text string
	open bool
}

// whole gives a text of which nothing is open.
func whole(pieces []labelText) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

// mayMatch tells whether some text that consists of these pieces matches a pattern. Conditions such as \b count as met.
func mayMatch(pattern string, pieces []labelText) bool {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return false
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return false
	}
	at := noStates(prog)
	at.enter(prog.Start)
	for _, p := range pieces {
		if p.open {
			at = at.behindAny()
			continue
		}
		for _, r := range p.text {
			at = at.behind(func(i *syntax.Inst) bool { return i.MatchRune(r) })
		}
	}
	for pc, is := range at.in {
		if is && prog.Inst[pc].Op == syntax.InstMatch {
			return true
		}
	}
	return false
}

// states are where a pattern may stand in a text.
type states struct {
	*syntax.Prog
	in []bool // by the instructions of the pattern
}

func noStates(prog *syntax.Prog) states { return states{prog, make([]bool, len(prog.Inst))} }

// enter adds a state, and those that need no letter to get to.
func (s states) enter(pc int) {
	if s.in[pc] {
		return
	}
	s.in[pc] = true
	switch i := &s.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		s.enter(int(i.Out))
		s.enter(int(i.Arg))
	case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
		s.enter(int(i.Out))
	}
}

// behind gives the states behind one letter.
func (s states) behind(takes func(*syntax.Inst) bool) states {
	next := noStates(s.Prog)
	for pc, is := range s.in {
		if i := &s.Inst[pc]; is && isRune(i.Op) && takes(i) {
			next.enter(int(i.Out))
		}
	}
	return next
}

func isRune(op syntax.InstOp) bool {
	return op == syntax.InstRune || op == syntax.InstRune1 || op == syntax.InstRuneAny || op == syntax.InstRuneAnyNotNL
}

// behindAny gives the states behind any number of any letters.
func (s states) behindAny() states {
	for {
		next := s.behind(func(*syntax.Inst) bool { return true })
		isMore := false
		for pc, is := range s.in {
			isMore = isMore || next.in[pc] && !is
			next.in[pc] = next.in[pc] || is
		}
		if s = next; !isMore {
			return s
		}
	}
}
