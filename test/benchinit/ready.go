package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/elk-mtls/elk-mtls/test/minting"
)

// outage starts the program while nobody can reach Elasticsearch, lets it wait, and measures from the end of the outage to that of the
// program.
func (s *stage) outage(ctx context.Context, wait time.Duration) (time.Duration, error) {
	s.proxy.Outage(true)
	return s.after(ctx, "https://"+s.proxy.Address, func() time.Time {
		time.Sleep(wait)
		s.proxy.Outage(false)
		return time.Now()
	})
}

// restart does the same with an Elasticsearch that really starts. It is ready when the minter can log in.
func (s *stage) restart(ctx context.Context) (time.Duration, error) {
	restarted := make(chan error, 1)
	go func() { restarted <- s.node.Restart(ctx, nil) }()
	minter := func(r *http.Request) { r.SetBasicAuth(minting.Username, minting.Password) }
	await := func(up bool) {
		for ctx.Err() == nil {
			if status, err := s.logIn(ctx, minter); (err == nil && status == http.StatusOK) == up {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	await(false) // the old one is gone
	took, err := s.after(ctx, s.node.URL, func() time.Time {
		await(true)
		return time.Now()
	})
	return took, errors.Join(err, <-restarted)
}

// after runs the program on the blank Secret, and measures from the moment that ready returns to its end.
func (s *stage) after(ctx context.Context, url string, ready func() time.Time) (time.Duration, error) {
	if err := s.blank(ctx); err != nil {
		return 0, err
	}
	type ending struct {
		at  time.Time
		err error
	}
	ended := make(chan ending, 1)
	go func() {
		p := s.ensure(url)
		_, err := s.launcher.Run(ctx, os.DevNull, nil, p.command...)
		ended <- ending{time.Now(), err}
	}()
	begin := ready()
	end := <-ended
	if err := errors.Join(ctx.Err(), end.err); err != nil {
		return 0, err
	}
	return end.at.Sub(begin), s.written(ctx)
}
