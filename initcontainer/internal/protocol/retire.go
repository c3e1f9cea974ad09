package protocol

import (
	"slices"
	"time"
)

// Retire is step 12, rotate's end: of the names that were in previous when the new token was written, those that still
// are and that nothing in the Secret names are doomed (R5). What came to previous later belongs to pods that are
// younger than the restart. may says which names are ours to delete; the others stay.
func Retire(s State, names []string, may func(string) bool, now time.Time) (next State, changed bool) {
	next = s.clone()
	for _, name := range names {
		if name == s.Has || name == s.TokenName || !slices.Contains(s.Previous, name) || !may(name) {
			continue
		}
		next.drop(name)
		next.doom(name, now)
		changed = true
	}
	return next, changed
}

// Revoke is step 13: nothing stays in the Secret, and every name that it held is doomed. Names that are not ours to
// delete stay recorded as previous, and a value that is not ours stays where it is.
func Revoke(s State, may func(string) bool, now time.Time) (next State, changed bool) {
	names := append([]string{s.Has, s.TokenName, s.Claim.Name}, s.Previous...)
	next = s.clone()
	next.Has, next.TokenName, next.Claim, next.Previous = "", "", Claim{}, nil
	if !Foreign(s) {
		next.Token = State{}.Token
	}
	for _, name := range names {
		if may(name) {
			next.doom(name, now)
		} else {
			next.keep(name)
		}
	}
	changed = !s.Token.Equal(next.Token) || s.TokenName != "" || s.Claim.Name != "" ||
		len(next.Previous) != len(s.Previous)
	return next, changed
}

// Orphans are the names that carry the prefix of this Secret and that nothing in it names: tokens made for it before
// somebody emptied it. List first and read the Secret then: a name is claimed before it is created.
func Orphans(s State, listed []string, ours func(string) bool) []string {
	var names []string
	for _, name := range listed {
		if ours(name) && name != s.Has && !s.recorded(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *State) drop(name string) {
	s.Previous = slices.DeleteFunc(s.Previous, func(p string) bool { return p == name })
}
