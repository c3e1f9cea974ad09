package protocol

import (
	"slices"
	"strings"
	"time"
)

// Deletable is the first half of step 9: the doomed names to delete. Only names that carry this Secret's UID: a Secret
// restored from a backup brings the records of another object. Sparing what is in the Secret is a belt; nothing in the
// protocol leads there.
func Deletable(s State, prefix string) []string {
	var names []string
	for _, d := range s.Abandoned {
		if d.Name != s.Has && d.Name != s.TokenName && strings.HasPrefix(d.Name, prefix) {
			names = append(names, d.Name)
		}
	}
	return names
}

// Forget is the second half of step 9: the state without the names that are gone for good. A name that was found is;
// one that was not may still be created by a request under way, and is kept until it is old. What is of another object
// is not deleted here, and is not kept for ever either.
func Forget(s State, prefix string, found map[string]bool, now time.Time, old time.Duration) (next State,
	changed bool) {
	next = s.clone()
	next.Abandoned = slices.DeleteFunc(next.Abandoned, func(d Doomed) bool {
		was, asked := found[d.Name]
		foreign := !strings.HasPrefix(d.Name, prefix) && d.Name != s.Has && d.Name != s.TokenName
		return asked && was || (asked || foreign) && now.Sub(d.Since) > old
	})
	return next, len(next.Abandoned) != len(s.Abandoned)
}
