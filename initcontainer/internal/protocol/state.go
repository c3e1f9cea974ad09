// Package protocol gives the decisions of the token Secret protocol: what one read of the Secret says goes in, the next
// thing to do comes out. It does no I/O and knows no clock and no logger; the loop that carries out what is decided is
// beside the commands.
//
// The protocol was searched exhaustively as a model; the numbers in the comments are the steps of its text, R1 to R8
// the repairs that the search asked for. Three sentences carry it: a name is claimed once, written only while its
// claim stands, and deleted only after a patch that doomed it was seen; a patch moves the resourceVersion, so nothing
// late can resurrect it; what was ever in data.token goes to previous, never to abandoned.
package protocol

import (
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
)

// The annotations that hold the state. None is rendered by the post-renderer: Helm would reset it at every upgrade.
const (
	TokenNameKey = "elk-mtls.dev/token-name"
	ClaimKey     = "elk-mtls.dev/claim"
	AbandonedKey = "elk-mtls.dev/abandoned"
	PreviousKey  = "elk-mtls.dev/previous"
)

// Keys lists the annotations that hold the state.
func Keys() []string { return []string{TokenNameKey, ClaimKey, AbandonedKey, PreviousKey} }

// State is what one version of the Secret says.
type State struct {
	UID     string // of the Secret; token names carry its beginning
	Version string // its resourceVersion
	Locked  bool   // immutable: true

	Token     credential.Token // data.token: what pods get; everything else is a hint
	Has       string           // the name in Token, "" where Token is no service token of the account
	TokenName string           // name that was last seen working or was written
	Claim     Claim            // name that may exist or come to exist, never yet in Token
	Abandoned []Doomed         // nobody may use these any more, anybody may delete them
	Previous  []string         // were in Token: a pod may hold them; ensure never deletes them
}

// Claim is a name, the UID of the pod that claimed it, and when, by its clock. The time only allows to clear away what
// a dead holder left beside a token that works.
type Claim struct {
	Name, Holder string
	Since        time.Time
}

// Aged reports whether nobody can be at work on the claim any more. A claim without a time is of an earlier version.
func (c Claim) Aged(now time.Time, old time.Duration) bool {
	return c.Name != "" && now.Sub(c.Since) > old
}

// Doomed is a name that nobody may use, and since when.
type Doomed struct {
	Name  string
	Since time.Time
}

// Read makes a State of annotations and a value. Entries that are no valid token names are left out: people can write
// annotations, and names go into URLs.
func Read(annotations map[string]string, token credential.Token, account credential.Account) State {
	s := State{Token: token, Has: credential.NameOf(token, account)}
	s.TokenName = valid(annotations[TokenNameKey])
	name, holder, _ := strings.Cut(annotations[ClaimKey], " ")
	if valid(name) != "" {
		holder, at, _ := strings.Cut(holder, " ")
		since, _ := time.Parse(time.RFC3339, at)
		s.Claim = Claim{name, holder, since}
	}
	for _, entry := range split(annotations[AbandonedKey]) {
		name, at, _ := strings.Cut(entry, "=")
		since, _ := time.Parse(time.RFC3339, at) // unreadable: since ever
		if valid(name) != "" {
			s.Abandoned = append(s.Abandoned, Doomed{name, since})
		}
	}
	for _, name := range split(annotations[PreviousKey]) {
		if valid(name) != "" {
			s.Previous = append(s.Previous, name)
		}
	}
	return s
}

func valid(name string) string {
	if credential.ValidName(name) {
		return name
	}
	return ""
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// Annotations is the other direction of Read: each key with its text, "" where there is nothing to say.
func (s State) Annotations() map[string]string {
	doomed := make([]string, len(s.Abandoned))
	for i, d := range s.Abandoned {
		doomed[i] = d.Name + "=" + d.Since.UTC().Format(time.RFC3339)
	}
	claim := s.Claim.Name
	if claim != "" {
		claim += " " + s.Claim.Holder
	}
	if claim != "" && !s.Claim.Since.IsZero() {
		claim += " " + s.Claim.Since.UTC().Format(time.RFC3339)
	}
	return map[string]string{
		TokenNameKey: s.TokenName,
		ClaimKey:     claim,
		AbandonedKey: strings.Join(doomed, ","),
		PreviousKey:  strings.Join(s.Previous, ","),
	}
}

func (s State) clone() State {
	s.Abandoned, s.Previous = slices.Clone(s.Abandoned), slices.Clone(s.Previous)
	return s
}

func (s State) doomed(name string) bool {
	return slices.ContainsFunc(s.Abandoned, func(d Doomed) bool { return d.Name == name })
}

// recorded reports whether some annotation names it.
func (s State) recorded(name string) bool {
	return name == s.Claim.Name || name == s.TokenName || s.doomed(name) || slices.Contains(s.Previous, name)
}

// doom writes the name down for deletion. What is or was in data.token is spared: a pod may run with it.
func (s *State) doom(name string, now time.Time) {
	if name == "" || name == s.Has || name == s.TokenName || s.doomed(name) || slices.Contains(s.Previous, name) {
		return
	}
	s.Abandoned = append(s.Abandoned, Doomed{name, now})
}

// fence takes the claim out and dooms its name: from here on its holder cannot write it.
func (s *State) fence(now time.Time) {
	old := s.Claim.Name
	s.Claim = Claim{}
	s.doom(old, now)
}

// keep puts a name where ensure never deletes it.
func (s *State) keep(name string) {
	if name != "" && !s.doomed(name) && !slices.Contains(s.Previous, name) {
		s.Previous = append(s.Previous, name)
	}
}

// settle makes name the token-name and keeps the one that was (R1, R3).
func (s *State) settle(name string) {
	if s.TokenName != name {
		s.keep(s.TokenName)
	}
	s.TokenName = name
	s.Previous = slices.DeleteFunc(s.Previous, func(p string) bool { return p == name })
}

// lapse drops from previous what Elasticsearch lists neither in the index nor in files: each of these names was
// created and answered once, so none can come late. Only patches that are written anyway do so.
func (s *State) lapse(listed map[string]bool) {
	if listed != nil {
		s.Previous = slices.DeleteFunc(s.Previous, func(p string) bool { return !listed[p] })
	}
}
