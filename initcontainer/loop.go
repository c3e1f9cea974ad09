package initcontainer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/secret"
)

// The times of the protocol. None of them decides about a token: the first two prevent that runs wait for each other
// for ever, the third allows to forget.
const (
	patience = 30 * time.Second // a claim unchanged, or a 401, for so long
	tooLate  = 20 * time.Second // after its claim, no create is sent any more
	old      = 10 * time.Minute // after this no create of a doomed name can be under way

	requestTime = 10 * time.Second
	createTime  = 30 * time.Second // a slow answer is worth more than a second name
)

// store is where the Secret is: a cluster, a file, standard output.
type store interface {
	fmt.Stringer
	Get(context.Context) (protocol.State, error)
	Patch(ctx context.Context, from, to protocol.State) (protocol.State, error)
}

// holder carries out the protocol for one Secret. It decides nothing: it reads, asks package protocol, and does that.
type holder struct {
	storage
	o     config.Ensure
	es    *elastic.Client
	clock clock
	log   *slog.Logger
	wait  *waiting

	pod      string
	stale    time.Duration // patience and jitter
	mine     protocol.Mine
	watch    protocol.Watch
	unclear  bool // the token read last could not be judged; true before anything is read
	replaces bool // the value that is being written takes the place of another one
	renewing bool // a token that works is replaced all the same
	foreign  bool // tokens that were not made for this Secret may be deleted, too

	leave      bool  // the records of a token that works as they are
	unmendable error // why
	unknown    int   // creates without an answer
	refused    refusal
	listed     map[string]bool // the tokens that there are, if this round asked
	minterOK   bool
	minterBad  time.Time // since when the minter is refused
	red        time.Time // since when the cluster's health is red
}

// refusal is since when a token gets 401.
type refusal struct {
	token credential.Token
	since time.Time
}

// final is an error that waiting does not cure.
type final struct{ error }

func (e final) Unwrap() error { return e.error }

// awaitElasticsearch returns as soon as Elasticsearch answers. A wrong password is an answer: where the token in the
// Secret works, nobody needs the password.
func (h *holder) awaitElasticsearch(ctx context.Context) error {
	for {
		err := h.authenticate(ctx)
		switch failure.Of(err) {
		case failure.None, failure.Unauthorized, failure.Forbidden, failure.IndexClosed, failure.Blocked:
			h.wait.moved("Elasticsearch answers")
			return nil
		}
		if err := h.wait.pause(ctx, "Elasticsearch", err, 0); err != nil {
			return err
		}
	}
}

func (h *holder) authenticate(ctx context.Context) error {
	ctx, cancel := h.wait.limited(ctx, requestTime)
	defer cancel()
	_, err := h.es.Authenticate(ctx)
	h.minterOK = err == nil
	return err
}

// hold goes round the protocol until the Secret holds a token that works, and returns the Secret as it then was.
func (h *holder) hold(ctx context.Context) (protocol.State, error) {
	for {
		s, err := h.read(ctx) // 1
		if err == nil {
			var held bool
			if s, held, err = h.advance(ctx, s); held {
				return s, nil
			}
		}
		if fatal := (final{}); errors.As(err, &fatal) {
			return s, fatal.error
		}
		if err := h.wait.pause(ctx, "a token in "+h.store.String(), err, h.slower()); err != nil {
			return s, err
		}
	}
}

// slower makes longer pauses after creates without an answer: each of them costs a name that has to be deleted.
func (h *holder) slower() time.Duration {
	if h.unknown == 0 {
		return 0
	}
	return min(time.Second<<(h.unknown-1), tooLate)
}

// read is step 1. Where it fails nothing is deleted (R8), whoever made what.
func (h *holder) read(ctx context.Context) (protocol.State, error) {
	h.unclear = false
	limited, cancel := h.wait.limited(ctx, requestTime)
	defer cancel()
	s, err := h.store.Get(limited)
	if err == nil {
		h.watch = h.watch.See(s.Claim, h.clock.now())
	}
	return s, err
}

// advance is steps 2 to 8: from one read as far as answers lead. It returns an error where the Secret must be read
// again.
func (h *holder) advance(ctx context.Context, s protocol.State) (protocol.State, bool, error) {
	h.mine = protocol.Recall(s, h.mine) // 2
	if protocol.Written(s, h.mine) {    // 3
		h.wait.moved("the token is in the Secret", "name", s.Has)
		return s, true, nil
	}
	verdict, reason := h.judge(ctx, s) // 4
	for {
		action := protocol.Decide(h.input(s, verdict)) // 5 to 8
		switch action.Kind {
		case protocol.Done:
			h.wait.moved("the token in the Secret works", "name", s.Has)
			return s, true, nil
		case protocol.Wait:
			return s, false, h.why(s, reason)
		case protocol.Full:
			return s, false, h.full(ctx, s)
		case protocol.Alien:
			return s, false, final{secret.Foreign(h.store.String(), h.place)}
		case protocol.PatchMend:
			return h.mend(ctx, s, action)
		}
		var err error
		if s, err = h.do(ctx, s, action); err != nil {
			return s, false, err
		}
		if action.Kind == protocol.PatchWrite {
			return s, true, nil
		}
	}
}

// mend sets the records of a token that works right. The token is worth more than they are: a mend that fails for
// another reason than that somebody was first is not tried again. The Secret is read and the token judged once more,
// and that is all.
func (h *holder) mend(ctx context.Context, s protocol.State, action protocol.Action) (protocol.State, bool, error) {
	if s.Locked {
		h.leave, h.unmendable = true, secret.Immutable(h.store.String(), h.place)
	}
	if h.leave {
		h.log.Warn("the token in the Secret works; its records cannot be repaired", "name", s.Has, "reason",
			oneLine(h.unmendable),
			"hint", failure.Hint(h.unmendable))
		return s, true, nil
	}
	after, err := h.patch(ctx, s, action)
	switch {
	case err == nil:
		return after, true, nil
	case secret.Outrun(err):
		return s, false, err
	}
	h.leave, h.unmendable = true, err
	if s, err = h.read(ctx); err != nil {
		return s, false, err
	}
	return h.advance(ctx, s)
}

func (h *holder) input(s protocol.State, verdict protocol.Verdict) protocol.Input {
	now := h.clock.now()
	return protocol.Input{
		State: s, Mine: h.mine, Verdict: verdict, Pod: h.pod, Now: now,
		Stale:   h.watch.Stale(now, h.stale, h.pod, h.mine),
		Aged:    s.Claim.Aged(now, old),
		Late:    now.Sub(h.mine.Sent) > tooLate,
		NewName: credential.NewName(h.prefix(s.UID)), Listed: h.listed,
	}
}

// do carries out one action and returns the Secret as it is after it.
func (h *holder) do(ctx context.Context, s protocol.State, action protocol.Action) (protocol.State, error) {
	switch action.Kind {
	case protocol.Create:
		return s, h.create(ctx)
	case protocol.PatchClaim:
		if err := h.ready(ctx); err != nil {
			return s, err
		}
	case protocol.PatchWrite:
		h.replaces = !s.Token.IsZero()
	}
	after, err := h.patch(ctx, s, action)
	var changed string
	switch {
	case err != nil:
		return after, err
	case action.Kind == protocol.PatchWrite && !protocol.Written(after, h.mine):
		changed = "token was"
	case action.Kind == protocol.PatchClaim && after.Claim.Name != action.Next.Claim.Name:
		changed = "records were"
	default:
		return after, nil
	}
	return s, final{failure.New(failure.Other, fmt.Errorf("%s: the %s changed on the way into it", h.store, changed),
		"let the admission webhook that changes Secrets leave this one alone, its annotations included")}
}

// why says what a wait is for.
func (h *holder) why(s protocol.State, reason error) error {
	if reason != nil {
		return reason
	}
	return failure.New(failure.Unreachable, fmt.Errorf("pod %s is making token %s", s.Claim.Holder, s.Claim.Name),
		"if that pod is gone, its claim is taken over after half a minute")
}

// patch sends one patch and remembers what an answer, or the lack of one, means for what is mine.
func (h *holder) patch(ctx context.Context, s protocol.State, action protocol.Action) (protocol.State, error) {
	if s.Locked {
		return s, final{secret.Immutable(h.store.String(), h.place)}
	}
	sent := h.clock.now()
	limited, cancel := h.wait.limited(ctx, requestTime)
	defer cancel()
	after, err := h.store.Patch(limited, s, action.Next)
	var notDone *secret.NotDone
	switch {
	case err == nil:
		h.patched(action, sent)
		return after, nil
	case action.Kind == protocol.PatchMend: // mend judges it
	case failure.Of(err) == failure.SecretImmutable:
		return s, final{err}
	case errors.As(err, &notDone):
	case action.Kind == protocol.PatchClaim:
		h.mine.Pending, h.mine.PendingSent = action.Next.Claim.Name, sent
	case action.Kind == protocol.PatchWrite:
		h.mine.WriteUnknown = true
	}
	return s, err
}

func (h *holder) patched(action protocol.Action, sent time.Time) {
	switch action.Kind {
	case protocol.PatchClaim:
		h.mine = protocol.Claimed(action.Next.Claim.Name, sent)
		h.wait.moved("claimed a name for the new token", "name", h.mine.Name)
	case protocol.PatchWrite:
		h.wait.moved("wrote the new token", "name", h.mine.Name)
	case protocol.PatchMend:
		h.wait.moved("the token in the Secret works; repaired the records", "name", action.Next.Has)
	}
}

// create is the middle of step 7. What was refused for sure may be sent again while the claim is young; what has no
// answer never is.
func (h *holder) create(ctx context.Context) error {
	limited, cancel := h.wait.limited(ctx, createTime)
	defer cancel()
	token, err := h.es.Create(limited, h.o.Account, h.mine.Name)
	var refused *elastic.Refused
	var status *elastic.StatusError
	switch {
	case err == nil:
		h.mine.Posted, h.mine.Value = true, token
		h.wait.moved("created the token", "name", h.mine.Name)
		return nil
	case !errors.As(err, &refused):
		h.mine.Posted = true
		h.unknown++
		return err
	case failure.Of(err) == failure.IndexClosed:
		return final{err}
	case errors.As(err, &status) && status.Status == http.StatusBadRequest:
		return final{failure.New(failure.Other, err,
			"does this version of Elasticsearch have the service account "+h.o.AccountName+"?")}
	}
	return h.minter(err, 0)
}
