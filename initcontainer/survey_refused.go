package initcontainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/pods"
	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

// refused reads the logs as far back as --for says.
func (s *surveyor) refused(ctx context.Context) error {
	if s.es != nil {
		if err := s.until(ctx, "Elasticsearch", s.look); err != nil {
			return err
		}
	} else if s.logs.kube != nil {
		if all, err := s.logs.kube.List(ctx); err == nil {
			s.index.Update(all)
		}
	}
	now := s.edge.clock.now()
	s.began = now.Add(-s.o.For)
	if err := s.write(evidence.Line{Kind: evidence.Start, Time: s.began.UTC(), Version: evidence.Version, Run: s.run,
		Until: now.UTC()}); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- s.readBack(ctx, s.began) }()
	var err error
	for finished := false; !finished; {
		select {
		case h := <-s.logs.heard:
			s.hear(h)
		case err = <-done:
			finished = true
		}
	}
	s.drain(ctx, 100*time.Millisecond)
	for _, l := range s.tracker.Lines(now, true, false) {
		if l.Kind == evidence.Refused && !l.Time.Before(s.began) {
			err = errors.Join(err, s.write(l))
		}
	}
	return errors.Join(err, s.write(evidence.Line{Kind: evidence.End, Time: now.UTC(), From: s.began.UTC(),
		To: now.UTC(), Reason: evidence.Complete, LogBytes: s.bytes}))
}

// readBack reads all logs to their present end.
func (s *surveyor) readBack(ctx context.Context, since time.Time) error {
	if len(s.o.Logs) > 0 {
		for _, name := range s.o.Logs {
			if err := s.logs.readWhole(ctx, name); err != nil {
				return usage(fmt.Errorf("--log: %w", err))
			}
		}
		return nil
	}
	for _, n := range s.nodes {
		pod, ok := s.podOf(n)
		if !ok {
			return fmt.Errorf("no pod has the address of node %s: give its log with --log", n.Name)
		}
		for _, previous := range []bool{true, false} {
			err := s.logs.kube.Lines(ctx, pod, pods.Request{Since: since, Previous: previous},
				func(at time.Time, line string) {
					s.logs.heard <- heard{node: n.Name, at: at, line: line}
				})
			if err != nil && (!previous || failure.Of(err) == failure.KubeForbidden) {
				return err
			}
		}
	}
	return nil
}
