package initcontainer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// ensureMode is the command ensure: each mode has its line.
func ensureMode(ctx context.Context, o config.Ensure, e edge) error {
	switch {
	case o.HasPassword():
		return ensurePassword(ctx, o, e)
	case o.Mode == config.ModePKI:
		return ensureCertificate(ctx, o, e)
	}
	return ensure(ctx, o, e)
}

// connect opens the connection to Elasticsearch. Files are read first: a certificate out of date is said before anybody
// dials.
func connect(c config.Common, e edge) (*elastic.Client, error) {
	if err := c.TLS.Check(e.clock.now()); err != nil {
		return nil, err
	}
	return dial(c, e)
}

// dial opens it without a look at the dates.
func dial(c config.Common, e edge) (*elastic.Client, error) {
	transport, err := c.TLS.Transport(e.clock.now)
	if err != nil {
		return nil, err
	}
	var trip http.RoundTripper = transport
	if e.transport != nil {
		trip = e.transport(transport)
	}
	return elastic.New(c.URLs, trip, c.Login)
}

// session is what the lines without a token go along: a connection and a deadline.
type session struct {
	o     config.Ensure
	es    *elastic.Client
	clock clock
	log   *slog.Logger
	wait  *waiting

	refusedSince time.Time // 401 ever since
}

func newSession(o config.Ensure, e edge) (*session, error) {
	es, err := connect(o.Common, e)
	if err != nil {
		return nil, err
	}
	return &session{o: o, es: es, clock: e.clock, log: e.log, wait: newWaiting(e.clock, e.log, o.Timeout)}, nil
}

// until tries again until it works, an error is final, or the time is over. Each try has a time of its own.
func (s *session) until(ctx context.Context, what string, try func(context.Context) error) error {
	for {
		limited, cancel := context.WithTimeout(ctx, min(requestTime, max(s.wait.left(), time.Second)))
		err := try(limited)
		cancel()
		if fatal := (final{}); errors.As(err, &fatal) {
			return fatal.error
		}
		if err == nil {
			return nil
		}
		if err := s.wait.pause(ctx, what, err, 0); err != nil {
			return err
		}
	}
}

// lasting makes a 401 final when it lasts: for a moment Elasticsearch answers it to everybody, while the index
// .security is not there. 403 is final at once.
func (s *session) lasting(err error) error {
	switch failure.Of(err) {
	case failure.Forbidden:
		return final{err}
	case failure.Unauthorized:
		if s.refusedSince.IsZero() {
			s.refusedSince = s.clock.now()
		}
		if s.clock.now().Sub(s.refusedSince) >= patience {
			return final{err}
		}
		return err
	}
	s.refusedSince = time.Time{}
	return err
}

// hinting replaces the hint of an error of that cause: what helps depends on who was refused.
func hinting(err error, cause failure.Cause, hint string) error {
	if failure.Of(err) == cause {
		return failure.New(cause, err, hint)
	}
	return err
}
