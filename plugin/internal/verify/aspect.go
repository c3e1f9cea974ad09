package verify

import "fmt"

// Verdict is the answer for an edge, a server or all of the manifests.
type Verdict string

// The verdicts.
const (
	Proven    Verdict = "PROVEN"
	ProvenIf  Verdict = "PROVEN IF"
	NotProven Verdict = "NOT PROVEN"
	Unmanaged Verdict = "UNMANAGED"
)

// Aspect is one link of a proof: what is wrong with it, and what it takes for granted.
type Aspect struct {
	State       string    `json:"state"` // ok, if, no, off, -
	Assumptions []string  `json:"assumptions,omitempty"`
	Findings    []Finding `json:"findings,omitempty"`
	idle        string    // the state when there is nothing to prove
}

// The states of an aspect.
const (
	stateOK   = "ok"
	stateIf   = "if"  // under the assumptions
	stateNo   = "no"  // the findings say why
	stateOff  = "off" // switched off by the user, where that does not refuse anybody
	stateNone = "-"   // nothing asks for it
)

func (a *Aspect) assume(format string, args ...any) {
	a.Assumptions = append(a.Assumptions, fmt.Sprintf(format, args...))
}

func (a *Aspect) fail(at place, code Code, format string, args ...any) {
	a.Findings = append(a.Findings, at.finding(code, fmt.Sprintf(format, args...)))
}

// take takes over findings and assumptions.
func (a *Aspect) take(other *Aspect) {
	a.Assumptions = append(a.Assumptions, other.Assumptions...)
	a.Findings = append(a.Findings, other.Findings...)
}

// add takes over what following a file has brought.
func (a *Aspect) add(l link) {
	for _, text := range l.assumptions {
		a.assume("%s", text)
	}
	if l.code != "" {
		a.fail(l.at, l.code, "%s", l.reason)
	}
}

// close says each thing once, and gives the state that follows.
func (a *Aspect) close() {
	a.Findings = appendNew(nil, map[Finding]bool{}, a.Findings)
	a.Assumptions = appendNew(nil, map[string]bool{}, a.Assumptions)
	switch {
	case len(a.Findings) > 0:
		a.State = stateNo
	case a.idle != "":
		a.State = a.idle
	case len(a.Assumptions) > 0:
		a.State = stateIf
	default:
		a.State = stateOK
	}
}

// verdict closes aspects and gives what follows from all of them.
func verdict(aspects ...*Aspect) Verdict {
	v := Proven
	for _, a := range aspects {
		a.close()
		switch {
		case len(a.Findings) > 0:
			return closeAll(aspects)
		case len(a.Assumptions) > 0:
			v = ProvenIf
		}
	}
	return v
}

func closeAll(aspects []*Aspect) Verdict {
	for _, a := range aspects {
		a.close()
	}
	return NotProven
}
