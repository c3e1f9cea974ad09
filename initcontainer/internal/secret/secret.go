// Package secret gives the places where the token's Secret lives: Kubernetes, a file, standard output. A read comes out
// as a state of the protocol; a patch goes in as two states and is done exactly when nobody was first.
package secret

import (
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// Place is which Secret, which key in it, and whose token.
type Place struct {
	Namespace string
	Name      string
	Key       string
	Account   credential.Account
}

// NotDone is a patch that surely changed nothing. Any other error of a patch leaves open what happened.
type NotDone struct{ Err error }

// Error returns the cause's text.
func (e *NotDone) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *NotDone) Unwrap() error { return e.Err }

// changes lists the annotations to write, nil for one to take out.
func changes(from, to protocol.State) map[string]*string {
	old, fresh := from.Annotations(), to.Annotations()
	out := map[string]*string{}
	for _, key := range protocol.Keys() {
		if text := fresh[key]; text != old[key] {
			out[key] = nil
			if text != "" {
				out[key] = &text
			}
		}
	}
	return out
}
