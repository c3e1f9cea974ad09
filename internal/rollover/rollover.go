// Package rollover tells where a replacement of the CA has got to: what each side trusts and presents goes in, one of
// the three steps of docs/certificates.md comes out.
package rollover

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
)

// Side is who takes part in connections to Elasticsearch.
type Side struct {
	Name     string
	Trusts   []*x509.Certificate // nil: not known
	Presents []*x509.Certificate // the leaf first; nil: nothing, or not known
}

// State is how far a replacement is.
type State struct {
	Step int      `json:"step"` // 1: trust both, 2: replace the key pairs, 3: remove the old CA
	Done bool     `json:"done"` // as far as the sides show: the next step can begin
	Old  string   `json:"old"`  // subjects of the CAs
	New  string   `json:"new"`
	Left []string `json:"left"` // sides that the step has yet to reach
}

// Of gives the state of a replacement, and false where the sides show none: where they do not know exactly two CAs, or
// as no step has it.
//
//	old CA trusted by | new CA trusted by | leaves signed by | step
//	all               | some              | old              | 1
//	all               | all               | old              | 1, done
//	all               | all               | both             | 2
//	all               | all               | new              | 2, done
//	some              | all               | new              | 3
func Of(sides []Side) (State, bool) {
	was, next, ok := authorities(sides)
	if !ok {
		return State{}, false
	}
	known := slices.Concat([]*x509.Certificate{was, next}, trusted(sides))
	s := State{Old: was.Subject.String(), New: next.Subject.String(), Left: []string{}}
	var both, noOld, noNew, byOld, byNew names
	for _, side := range sides {
		if side.Trusts != nil {
			hasOld, hasNew := leads(side.Trusts, was, known), leads(side.Trusts, next, known)
			both.add(side.Name, hasOld && hasNew)
			noOld.add(side.Name, !hasOld)
			noNew.add(side.Name, !hasNew)
		}
		if len(side.Presents) > 0 {
			root := rootOf(side.Presents[0], slices.Concat(side.Presents[1:], known))
			byOld.add(side.Name, same(root, was))
			byNew.add(side.Name, same(root, next))
		}
	}
	allBoth := len(noOld)+len(noNew) == 0
	switch {
	case len(noOld) == 0 && len(byOld) > 0 && len(byNew) == 0:
		s.Step, s.Done, s.Left = 1, allBoth, append(s.Left, noNew...)
	case allBoth && len(byNew) > 0:
		s.Step, s.Done, s.Left = 2, len(byOld) == 0, append(s.Left, byOld...)
	case len(noNew) == 0 && len(byOld) == 0 && len(byNew) > 0:
		s.Step, s.Left = 3, append(s.Left, both...)
	default:
		return State{}, false
	}
	return s, true
}

// names are of sides, each once: one object may have several connections.
type names []string

func (n *names) add(name string, holds bool) {
	if holds && !slices.Contains(*n, name) {
		*n = append(*n, name)
	}
}

// String says it on one line.
func (s State) String() string {
	left := strings.Join(s.Left, ", ")
	switch {
	case s.Step == 1 && s.Done:
		return fmt.Sprintf("step 1 is done: %q and %q are trusted", s.Old, s.New)
	case s.Step == 1:
		return fmt.Sprintf("step 1, trust both: %q is not yet trusted by %s", s.New, left)
	case s.Step == 2 && s.Done:
		return fmt.Sprintf("step 2 is done: every certificate is signed by %q", s.New)
	case s.Step == 2:
		return fmt.Sprintf("step 2, replace the key pairs: %q still signed the certificate of %s", s.Old, left)
	}
	return fmt.Sprintf("step 3, remove the old CA: %q is still trusted by %s", s.Old, left)
}

// Remedy says what to do next.
func (s State) Remedy() string {
	switch {
	case s.Step == 1 && !s.Done:
		return "finish step 1: add the new CA there"
	case s.Step == 1:
		return "unless both are to stay: when all others trust both too, go on with step 2: give each a certificate " +
			"of the new CA"
	case s.Step == 2 && !s.Done:
		return "unless both CAs are to stay: finish step 2: give each a certificate of the new CA"
	case s.Step == 2:
		return "when all others have a certificate of the new CA, go on with step 3: remove the old CA"
	}
	return "finish step 3: remove the old CA there"
}

// authorities gives the two CAs at the top of all that is trusted, the older one first.
func authorities(sides []Side) (was, next *x509.Certificate, ok bool) {
	all := trusted(sides)
	var roots []*x509.Certificate
	for _, ca := range all {
		root := rootOf(ca, all)
		if !slices.ContainsFunc(roots, func(r *x509.Certificate) bool { return same(r, root) }) {
			roots = append(roots, root)
		}
		if len(roots) > 2 {
			return nil, nil, false // a bundle of many: nothing tells which of them replaces which
		}
	}
	if len(roots) < 2 || roots[0].NotBefore.Equal(roots[1].NotBefore) {
		return nil, nil, false
	}
	if roots[1].NotBefore.Before(roots[0].NotBefore) {
		slices.Reverse(roots)
	}
	return roots[0], roots[1], true
}

func trusted(sides []Side) (all []*x509.Certificate) {
	for _, side := range sides {
		for _, ca := range side.Trusts {
			if !slices.ContainsFunc(all, ca.Equal) {
				all = append(all, ca)
			}
		}
	}
	return all
}

// leads tells whether one of the certificates is a CA, or is signed by it.
func leads(certificates []*x509.Certificate, ca *x509.Certificate, known []*x509.Certificate) bool {
	return slices.ContainsFunc(certificates, func(c *x509.Certificate) bool { return same(rootOf(c, known), ca) })
}

// rootOf follows signatures as far as the known certificates lead. Dates do not matter: an old CA may have ended.
func rootOf(c *x509.Certificate, known []*x509.Certificate) *x509.Certificate {
	for range 8 { // no chain is longer, and two CAs may have signed each other
		i := slices.IndexFunc(known, func(ca *x509.Certificate) bool {
			return bytes.Equal(c.RawIssuer, ca.RawSubject) && c.CheckSignatureFrom(ca) == nil
		})
		if i < 0 || bytes.Equal(c.RawSubject, c.RawIssuer) {
			return c
		}
		c = known[i]
	}
	return c
}

// same holds for a CA and another certificate of it, with the same name and key.
func same(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo)
}
