package main

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
	limited, cancel := h.limited(ctx, requestTime)
	defer cancel()
	before := h.refused
	h.refused = refusal{}
	id, err := h.es.AuthenticateToken(limited, s.Token)
	switch {
	case err == nil && id.Username == h.o.Account.String():
		return protocol.Evidence{Answer: protocol.Accepted}, nil
	case err == nil:
		return protocol.Evidence{Answer: protocol.OtherAccount}, nil
	case failure.Code(err) != failure.Unauthorized:
		return protocol.Evidence{}, err
	}
	names, err := h.es.Names(limited, h.o.Account)
	if err != nil {
		return protocol.Evidence{Answer: protocol.Refused}, fmt.Errorf("token %s is refused (401), which proves nothing yet: %w", s.Has, err)
	}
	h.listed = names
	if !names[s.Has] {
		return protocol.Evidence{Answer: protocol.Refused, Listing: protocol.Unlisted}, nil
	}
	h.refused = refusal{s.Token, h.clock.now()}
	if before.token.Equal(s.Token) && !before.since.IsZero() {
		h.refused.since = before.since
	}
	return protocol.Evidence{Answer: protocol.Refused, Listing: protocol.Listed, RefusedFor: h.clock.now().Sub(h.refused.since)},
		failure.New(failure.Unauthorized, fmt.Errorf("token %s is refused (401), but Elasticsearch lists one of that name", s.Has),
			"a node may answer so while the index .security is not available; if it lasts, a new token is made")
}

// ready reports whether a create has a prospect: each claim costs a name. The minter must be known, and the cluster's
// health not red; for half a minute only, because red may be an index that nobody cares for.
func (h *holder) ready(ctx context.Context) error {
	if !h.minterOK {
		if err := h.authenticate(ctx); err != nil {
			return h.minter(err)
		}
	}
	h.minterBad = time.Time{}
	limited, cancel := h.limited(ctx, requestTime)
	defer cancel()
	status, err := h.es.Health(limited)
	switch {
	case failure.Code(err) == failure.Forbidden: // a minter without monitor
		return nil
	case err != nil:
		return err
	case status == "red" && h.red.IsZero():
		h.red = h.clock.now()
	}
	if status == "red" && h.clock.now().Sub(h.red) < patience {
		return failure.New(failure.Unavailable, errors.New("the cluster's health is red"),
			"the index .security may not be available yet")
	}
	return nil
}

// minter judges an error of the minter's. 403 is final. So is 401 when it lasts: right after a start Elasticsearch may
// answer it because the index .security is not there yet.
func (h *holder) minter(err error) error {
	h.minterOK = false
	switch failure.Code(err) {
	case failure.Forbidden:
		return final{err}
	case failure.Unauthorized:
		if h.minterBad.IsZero() {
			h.minterBad = h.clock.now()
		}
		if h.clock.now().Sub(h.minterBad) >= patience {
			return final{fmt.Errorf("refused for %s: %w", patience, err)}
		}
	default:
		h.minterBad = time.Time{}
	}
	return err
}

// unverified decides what the end of the time means: a token that is there and could not be judged is left to Kibana,
// which tries again by itself. Only a state that was read, and whose token nobody found invalid, counts.
func (h *holder) unverified(ctx context.Context, cause error) error {
	var over outOfTime
	if !errors.As(cause, &over) {
		return cause
	}
	if !h.unclear {
		return cause
	}
	limited, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	s, err := h.store.Get(limited)
	switch {
	case err != nil || protocol.Hopeless(s):
		return cause
	case h.o.RequireVerified:
		return failure.New(failure.Unreachable, fmt.Errorf("the token in %s could not be verified: %w", h.store, cause), failure.Hint(cause))
	}
	h.log.Warn("the token in the Secret could not be verified in time; Kibana starts with it all the same",
		"name", s.Has, "reason", oneLine(cause), "hint", failure.Hint(cause))
	return nil
}
