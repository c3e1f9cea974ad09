package initcontainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// judge is step 4: it gathers the evidence and has it judged. The error says why a verdict is unclear.
func (h *holder) judge(ctx context.Context, s protocol.State) (protocol.Verdict, error) {
	h.listed = nil
	if h.renewing { // 10
		h.unclear = false
		return protocol.Invalid, nil
	}
	var evidence protocol.Evidence
	var reason error
	if !protocol.Hopeless(s) {
		evidence, reason = h.examine(ctx, s)
	}
	verdict := protocol.Judge(s, evidence, patience)
	h.unclear = verdict == protocol.Unclear
	if !h.unclear {
		reason = nil
	}
	return verdict, reason
}

// examine asks Elasticsearch about data.token, and where it refuses the token, whether it knows one of that name.
func (h *holder) examine(ctx context.Context, s protocol.State) (protocol.Evidence, error) {
	limited, cancel := h.wait.limited(ctx, requestTime)
	defer cancel()
	before := h.refused
	h.refused = refusal{}
	id, err := h.es.AuthenticateToken(limited, s.Token)
	switch {
	case err == nil && id.Username == h.o.Account.String():
		return protocol.Evidence{Answer: protocol.Accepted}, nil
	case err == nil:
		return protocol.Evidence{Answer: protocol.OtherAccount}, nil
	case failure.Of(err) != failure.Unauthorized:
		h.minterBad = time.Time{}
		return protocol.Evidence{}, err
	}
	names, err := h.es.Names(limited, h.o.Account)
	if err != nil {
		return protocol.Evidence{Answer: protocol.Refused}, h.minter(
			fmt.Errorf("token %s is refused (401), and the list of tokens cannot be read: %w", s.Has, err), patience)
	}
	h.minterBad = time.Time{}
	h.listed = names
	if !names[s.Has] {
		return protocol.Evidence{Answer: protocol.Refused, Listing: protocol.Unlisted}, nil
	}
	h.refused = refusal{s.Token, h.clock.now()}
	if before.token.Equal(s.Token) && !before.since.IsZero() {
		h.refused.since = before.since
	}
	return protocol.Evidence{Answer: protocol.Refused, Listing: protocol.Listed,
			RefusedFor: h.clock.now().Sub(h.refused.since)},
		failure.New(failure.Unauthorized, fmt.Errorf("token %s is refused (401), but Elasticsearch lists one of that "+
			"name", s.Has),
			"a node may answer so while the index .security is not available; if it lasts, a new token is made")
}

// ready reports whether a create has a prospect: each claim costs a name. The minter must be known, and the cluster's
// health not red; for half a minute only, because red may be an index that nobody cares for.
func (h *holder) ready(ctx context.Context) error {
	if !h.minterOK {
		if err := h.authenticate(ctx); err != nil {
			return h.minter(err, 0)
		}
	}
	h.minterBad = time.Time{}
	limited, cancel := h.wait.limited(ctx, requestTime)
	defer cancel()
	status, err := h.es.Health(limited)
	switch {
	case failure.Of(err) == failure.Forbidden: // a minter without monitor
		return nil
	case err != nil:
		return err
	case status == "red" && h.red.IsZero():
		h.red = h.clock.now()
	}
	if status == "red" && h.clock.now().Sub(h.red) < patience {
		return errRed
	}
	return nil
}

var errRed = failure.New(failure.Unavailable, errors.New("the cluster's health is red"),
	"fix Elasticsearch; GET /_cluster/allocation/explain says why: the index .security may not be available yet")

// minter judges an error of the minter's. A refusal is final when it lasts: right after a start Elasticsearch may
// answer 401 because the index .security is not there yet. Where nothing is at stake 403 is final at once; where the
// Secret holds a token that is refused too, it gets the same patience.
func (h *holder) minter(err error, forbidden time.Duration) error {
	h.minterOK = false
	wait := patience
	switch failure.Of(err) {
	case failure.Forbidden:
		wait = forbidden
	case failure.Unauthorized, failure.IndexClosed:
	default:
		h.minterBad = time.Time{}
		return err
	}
	now := h.clock.now()
	if h.minterBad.IsZero() {
		h.minterBad = now
	}
	if now.Sub(h.minterBad) < wait {
		return err
	}
	if wait > 0 {
		err = fmt.Errorf("refused for %s: %w", wait, err)
	}
	return final{err}
}

// unverified decides what the end of the time means: a token that is there, and of which Elasticsearch said nothing,
// is left to Kibana, which tries again by itself. Only a state that was read, and whose token nobody found invalid,
// counts. An answer is none of that: a token that was refused, a certificate that we do not trust.
func (h *holder) unverified(ctx context.Context, cause error) error {
	var over outOfTime
	if !errors.As(cause, &over) {
		return cause
	}
	if !h.unclear || !failure.Of(cause).Silent() {
		return cause
	}
	limited, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	s, err := h.store.Get(limited)
	switch {
	case err != nil || protocol.Hopeless(s):
		return cause
	case h.o.RequireVerified:
		return failure.New(failure.Unreachable, fmt.Errorf("the token in %s could not be verified: %w", h.store, cause),
			failure.Hint(cause))
	}
	h.log.Warn("the token in the Secret could not be verified in time; Kibana starts with it all the same",
		"name", s.Has, "reason", oneLine(cause), "hint", failure.Hint(cause))
	return nil
}
