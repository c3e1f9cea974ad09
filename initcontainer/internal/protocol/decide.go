package protocol

import (
	"maps"
	"time"
)

// MaxAbandoned bounds the names that wait for deletion: annotations end at 256 KiB.
const MaxAbandoned = 50

// Kind is what to do.
type Kind int

// A patch turns State into Next, and is bound to State.Version.
const (
	Wait       Kind = iota // and read again
	PatchMend              // data.token works; the records do not fit it
	PatchClaim             // NewName
	Create                 // POST the claimed name
	PatchWrite             // the value that the create answered
	Full                   // too many doomed names: delete some first
	Alien                  // data.token is not ours to overwrite
	Done
)

// String names the kind for a log line.
func (k Kind) String() string {
	return [...]string{"wait", "mend", "claim", "create", "write", "full", "alien", "done"}[k]
}

// Input is all that a decision rests on.
type Input struct {
	State   State
	Mine    Mine
	Verdict Verdict
	Stale   bool   // the claim may be taken over
	Aged    bool   // nobody can be at work on the claim any more
	Late    bool   // the own claim was sent too long ago to create its name
	NewName string // made for this decision alone (R4)
	Pod     string // UID of the own pod
	Now     time.Time
	// the names that Elasticsearch lists, where they were asked for after State was read; else nil
	Listed map[string]bool
}

// Action is what to do next, and for a patch what the Secret says after it.
type Action struct {
	Kind Kind
	Next State
}

// Decide is steps 5 to 8.
func Decide(in Input) Action {
	switch in.Verdict {
	case Valid:
		return mend(in)
	case Invalid:
		if Foreign(in.State) {
			return Action{Kind: Alien}
		}
		return mint(in)
	}
	return Action{Kind: Wait}
}

// mend is step 6: data.token works. Whatever the annotations say otherwise is set right in one patch.
func mend(in Input) Action {
	s, next := in.State, in.State.clone()
	next.settle(s.Has) // R3
	if s.Claim.Name == in.Mine.Name || in.Stale || in.Aged {
		next.fence(in.Now)
	}
	next.record(lost(s, in.Mine), in.Mine, in.Now) // 5
	if maps.Equal(s.Annotations(), next.Annotations()) {
		return Action{Kind: Done}
	}
	return Action{PatchMend, next}
}

// mint is step 7: data.token is invalid for sure.
//
//	claim                        value known   never posted   posted, no value
//	mine                         write         create         new claim
//	mine, sent too long ago      write         new claim      new claim
//	another's                    wait          wait           wait
//	another's and stale, none    new claim     new claim      new claim
func mint(in Input) Action {
	s, mine := in.State, in.Mine
	holds := s.Claim.Name != "" && s.Claim.Name == mine.Name
	switch {
	case holds && !mine.Value.IsZero():
		return write(in)
	case holds && !mine.Posted && !in.Late:
		return Action{Kind: Create}
	case s.Claim.Name != "" && !holds && !in.Stale:
		return Action{Kind: Wait}
	case len(s.Abandoned) >= MaxAbandoned:
		return Action{Kind: Full}
	}
	next := s.clone()
	next.lapse(in.Listed)
	next.fence(in.Now)
	next.record(lost(s, mine), mine, in.Now) // 5
	next.Claim = Claim{in.NewName, in.Pod, in.Now.UTC().Truncate(time.Second)}
	return Action{PatchClaim, next}
}

// write is step 8: never without the own claim in the Secret.
func write(in Input) Action {
	next := in.State.clone()
	next.settle(in.Mine.Name) // R1
	next.Claim = Claim{}
	next.Token, next.Has = in.Mine.Value, in.Mine.Name
	return Action{PatchWrite, next}
}
