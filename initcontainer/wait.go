package initcontainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// waiting paces the retries, says once what it waits for, and ends when the time is over.
type waiting struct {
	clock   clock
	log     *slog.Logger
	timeout time.Duration
	started time.Time
	pauses  *backoff.ExponentialBackOff
	last    error                // why we wait
	seen    time.Time            // when that was found out
	busy    time.Time            // since when somebody answers; zero while nobody does
	state   string               // what was said last
	said    map[string]time.Time // when
}

func newWaiting(c clock, log *slog.Logger, timeout time.Duration) *waiting {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = 250*time.Millisecond, quick, 1.5
	pauses.Reset()
	return &waiting{clock: c, log: log, timeout: timeout, started: c.now(), pauses: pauses,
		said: map[string]time.Time{}}
}

// The pauses between two tries, before chance makes each up to a half longer or shorter. While nobody answers they
// stay short: a try costs nobody anything, and a node that starts is not to be waited for. Who answers for half a
// minute what does not help is asked less and less.
const (
	quick = 500 * time.Millisecond
	slow  = 3300 * time.Millisecond // five seconds at most
)

func (w *waiting) elapsed() time.Duration { return w.clock.now().Sub(w.started) }

func (w *waiting) left() time.Duration { return w.timeout - w.elapsed() }

// moved says what was reached; the next wait begins with a short pause again.
func (w *waiting) moved(message string, args ...any) {
	w.log.Info(message, append(args, "after", w.elapsed().Round(time.Millisecond))...)
	w.state = ""
	w.hurry()
}

// hurry makes the pauses short again.
func (w *waiting) hurry() {
	w.busy = time.Time{}
	w.pauses.MaxInterval = quick
	w.pauses.Reset()
}

// pace makes the pauses longer for who has answered for long.
func (w *waiting) pace(reason error) {
	now := w.clock.now()
	switch {
	case w.busy.IsZero() && !nobody(reason):
		w.busy = now
	case w.busy.IsZero():
	case nobody(reason):
		w.hurry()
	case now.Sub(w.busy) >= patience:
		w.pauses.MaxInterval = slow
	}
}

// nobody reports whether nobody took the connection.
func nobody(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// pause waits before the next try. It returns an error when there is none: interrupted, or the time is over; then the
// reason seen last decides about exit code and message.
func (w *waiting) pause(ctx context.Context, what string, reason error, atLeast time.Duration) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	w.pace(reason)
	reason = w.telling(reason)
	if w.left() <= 0 {
		return timeOver(what, reason, w.timeout)
	}
	w.say(what, reason)
	w.clock.sleep(ctx, min(max(w.pauses.NextBackOff(), atLeast), w.left()))
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// limited bounds one request by its own time and by what is left.
func (w *waiting) limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(d, max(w.left(), time.Second)))
}

// repeat tries again until it works or the time is over. What the cluster forbids, it forbids for good.
func (w *waiting) repeat(ctx context.Context, what string, try func(context.Context) error) error {
	for {
		limited, cancel := w.limited(ctx, requestTime)
		err := try(limited)
		cancel()
		fatal := final{}
		switch cause := failure.Of(err); {
		case err == nil:
			return nil
		case errors.As(err, &fatal):
			return fatal.error
		case cause == failure.KubeForbidden, cause == failure.Usage, cause == failure.SecretMissing:
			return err
		}
		if err := w.pause(ctx, what, err, 0); err != nil {
			var over outOfTime
			if errors.As(err, &over) {
				return over.error
			}
			return err
		}
	}
}

// telling keeps the reason before, where a try ends without any. A refused certificate: with TLS 1.3 the server's
// alert comes after our request, and may be lost when the connection is torn down. Any answer, where our own time for
// a try was over before the next one came: a busy node is no lost one. After half a minute of that, it counts as no
// answer.
func (w *waiting) telling(reason error) error {
	switch now := w.clock.now(); {
	case torn(reason) && failure.Of(w.last) == failure.ClientCertificate:
	case w.last != nil && late(reason) && !late(w.last) && now.Sub(w.seen) <= patience:
	default:
		w.last, w.seen = reason, now
	}
	return w.last
}

// late reports whether a try ended because its time was over.
func late(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// torn reports whether a connection ended without a reason.
func torn(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// say logs a change of state. Hosts that fail in different ways would change it with each try: the same is said again
// only after a while.
func (w *waiting) say(what string, reason error) {
	state := fmt.Sprint(what, failure.Of(reason), failure.Hint(reason))
	now := w.clock.now()
	if last, ok := w.said[state]; w.state == state || ok && now.Sub(last) < 30*time.Second {
		return
	}
	w.state, w.said[state] = state, now
	args := []any{"reason", oneLine(reason), "after", w.elapsed().Round(time.Millisecond)}
	if hint := failure.Hint(reason); hint != "" {
		args = append(args, "hint", hint)
	}
	w.log.Info("waiting for "+what, args...)
}

var errInterrupted = failure.New(failure.Other, errors.New("interrupted"),
	"nothing is lost: the next run goes on from what the Secret says")

// outOfTime is what pause returns at the deadline.
type outOfTime struct{ error }

func (e outOfTime) Unwrap() error { return e.error }

func timeOver(what string, reason error, timeout time.Duration) error {
	return outOfTime{failure.New(failure.Of(reason), fmt.Errorf("waited %s for %s: last: %w", timeout, what, reason),
		failure.Hint(reason))}
}
