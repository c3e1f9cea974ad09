package protocol

import (
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
)

// Mine is what this process did itself. A process that starts knows nothing, also when its pod claimed something
// before.
type Mine struct {
	Name         string           // the name it claimed
	Sent         time.Time        // when the claim was sent, by the own monotonic clock
	Posted       bool             // its create was sent, and not refused for sure
	Value        credential.Token // its create was answered
	WriteUnknown bool             // a token patch of it has no answer

	Pending     string // a name whose claim patch has no answer
	PendingSent time.Time
}

// Claimed says that the claim of name stands: everything about an earlier name is over.
func Claimed(name string, sent time.Time) Mine { return Mine{Name: name, Sent: sent} }

// Recall is step 2: a claim patch without an answer is judged by the Secret. A name that is not there is forgotten for
// ever, because the patch was bound to a resourceVersion that has moved, or moves before it can come late (R4).
func Recall(s State, mine Mine) Mine {
	if mine.Pending == "" {
		return mine
	}
	if s.Claim.Name == mine.Pending {
		return Claimed(mine.Pending, mine.PendingSent)
	}
	mine.Pending, mine.PendingSent = "", time.Time{}
	return mine
}

// Written is step 3: the Secret holds what this process made. Both must name it (R7): with the name alone, garbage by
// hand in data.token would count as done.
func Written(s State, mine Mine) bool {
	return !mine.Value.IsZero() && s.TokenName == mine.Name && s.Has == mine.Name && s.Token.Equal(mine.Value)
}

// lost is step 5: the own name, where a wipe took every record of it.
func lost(s State, mine Mine) string {
	if mine.Posted && !s.recorded(mine.Name) {
		return mine.Name
	}
	return ""
}

// record writes a lost name down again: kept if it is or may have been in data.token, so that a pod may hold it; else
// doomed (R2).
func (s *State) record(name string, mine Mine, now time.Time) {
	switch {
	case name == "" || s.recorded(name):
	case mine.WriteUnknown, name == s.Has:
		s.keep(name)
	default:
		s.doom(name, now)
	}
}

// Watch remembers since when a claim stands unchanged, by the own monotonic clock.
type Watch struct {
	Claim Claim
	Since time.Time
}

// See looks at the claim once more.
func (w Watch) See(claim Claim, now time.Time) Watch {
	if w.Claim == claim {
		return w
	}
	return Watch{claim, now}
}

// Stale reports whether the claim may be taken over: nobody moved it for so long; or at once, if an earlier process of
// this pod made it. It only prevents that all wait for a dead holder: a holder that still runs is safe, too, because
// taking over fences its claim first.
func (w Watch) Stale(now time.Time, patience time.Duration, pod string, mine Mine) bool {
	if w.Claim.Name == "" {
		return false
	}
	return w.Claim.Holder == pod && w.Claim.Name != mine.Name || now.Sub(w.Since) >= patience
}
