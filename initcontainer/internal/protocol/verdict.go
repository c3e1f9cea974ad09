package protocol

import "time"

// Verdict is what is known about data.token.
type Verdict int

// Unclear proves nothing: wait, and read again.
const (
	Unclear Verdict = iota
	Valid
	Invalid
)

// Answer is what Elasticsearch said to _authenticate with data.token.
type Answer int

// Silent is no answer, or one that says nothing about the token.
const (
	Silent Answer = iota
	Accepted
	OtherAccount
	Refused // 401
)

// Listing is whether Elasticsearch lists a token of that name.
type Listing int

// Unlisted counts only where the whole list was read, tokens of the index and of files.
const (
	Unread Listing = iota
	Listed
	Unlisted
)

// Evidence is what was found out about data.token.
type Evidence struct {
	Answer     Answer
	Listing    Listing
	RefusedFor time.Duration // 401 all that time, while the minter's own calls worked
}

// Hopeless reports whether data.token is invalid without asking anybody: absent, not a service token of the account, or
// doomed (R6): a doomed token put back by hand works until somebody deletes it.
func Hopeless(s State) bool { return s.Has == "" || s.doomed(s.Has) }

// Foreign reports whether data.token holds what nobody of us wrote: no service token of the account, in a Secret whose
// records name none. It is never overwritten. With a token-name there, somebody spoiled a value of ours.
func Foreign(s State) bool { return !s.Token.IsZero() && s.Has == "" && s.TokenName == "" }

// Judge is step 4.
//
//	                  accepted   another account   401, unlisted   401, listed   401, list unread   silent
//	the right account  valid      invalid           invalid        unclear; invalid   unclear       unclear
//	                                                               after patience
//
// A single 401 proves nothing: Elasticsearch answers it also while .security is not there.
func Judge(s State, e Evidence, patience time.Duration) Verdict {
	switch {
	case Hopeless(s), e.Answer == OtherAccount:
		return Invalid
	case e.Answer == Accepted:
		return Valid
	case e.Answer == Refused && e.Listing == Unlisted:
		return Invalid
	case e.Answer == Refused && e.Listing == Listed && e.RefusedFor >= patience:
		return Invalid
	}
	return Unclear
}
