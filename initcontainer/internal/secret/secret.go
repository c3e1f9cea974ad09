// Package secret gives the places where the token's Secret lives: Kubernetes, a file, standard output. A read comes out
// as a state of the protocol; a patch goes in as two states and is done exactly when nobody was first.
package secret

import (
	"errors"
	"fmt"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
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

// Outrun reports whether a patch came to nothing because the Secret was changed in between, or is gone.
func Outrun(err error) bool {
	return errors.Is(err, errChanged) || failure.Of(err) == failure.SecretMissing
}

var errChanged = errors.New("was changed by somebody else in between")

// Foreign is the error for a Secret that holds something else at the place of the token.
func Foreign(what string, place Place) error {
	remedy := fmt.Sprintf("kubectl patch secret -n %s %s --type=json -p '[{\"op\": \"remove\", \"path\": "+
		"\"/data/%s\"}]'", place.Namespace, place.Name, place.Key)
	if place.Namespace == "" {
		remedy = "edit the file"
	}
	return failure.New(failure.SecretForeign,
		fmt.Errorf("%s: its key %q contains something other than a service token, and is not overwritten", what,
			place.Key),
		"name the right Secret, and the right --secret-key; or, if nobody needs the value, take it out: "+remedy)
}

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
