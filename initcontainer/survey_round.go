package initcontainer

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/survey"
	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

// watch listens and asks until the time is over.
func (s *surveyor) watch(ctx context.Context, until time.Time) (reason string, err error) {
	pace := time.NewTicker(s.o.Every)
	defer pace.Stop()
	over := time.NewTimer(until.Sub(s.edge.clock.now()))
	defer over.Stop()
	if err := s.round(ctx, false); err != nil {
		return evidence.Failed, err
	}
	for {
		select {
		case <-ctx.Done():
			return evidence.Interrupted, nil
		case h := <-s.logs.heard:
			s.hear(h)
			if h.fatal != nil {
				return evidence.Failed, h.fatal
			}
			if s.bytes > s.o.MaxLogMB<<20 {
				s.edge.log.Warn("as much of the logs was read as --max-log-mb allows; the survey ends", "mb",
					s.o.MaxLogMB)
				return evidence.TooMuchLog, nil
			}
		case <-pace.C:
			if err := s.round(ctx, false); err != nil {
				return evidence.Failed, err
			}
		case <-over.C:
			return evidence.Complete, s.last(ctx)
		}
	}
}

// last looks once more, until the logs have come to a request of ours that is later than the end.
func (s *surveyor) last(ctx context.Context) error {
	end := s.edge.clock.now()
	for s.edge.clock.now().Sub(end) < max(time.Minute, 3*s.o.Every) && ctx.Err() == nil {
		s.drain(ctx, 3*time.Second)
		if err := s.round(ctx, true); err != nil {
			return err
		}
		done := true
		for _, n := range s.nodes {
			if from, heard := s.tracker.Watched(n.Name); !from.IsZero() && heard.Before(end.Add(5*time.Second)) {
				done = false
			}
		}
		if done {
			return nil
		}
	}
	return nil
}

// drain listens for a while.
func (s *surveyor) drain(ctx context.Context, long time.Duration) {
	over := time.NewTimer(long)
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-s.logs.heard:
			s.hear(h)
		case <-over.C:
			return
		}
	}
}

// hear takes what a reader of logs has to say.
func (s *surveyor) hear(h heard) {
	now := s.edge.clock.now()
	s.bytes += int64(len(h.line)) + 1
	for _, n := range s.nodes {
		if h.lost != "" && (h.node == "" || h.node == n.Name) {
			s.tracker.Lost(n.Name, h.lost)
		}
	}
	if h.note != "" {
		if err := s.write(evidence.Line{Kind: evidence.Node, Time: now.UTC(), Node: h.node, Source: h.source,
			Reason: h.note}); err != nil {
			s.edge.log.Error("writing a line", "error", err)
		}
	}
	e := survey.Parse(h.line)
	if e.Kind == survey.Nothing {
		return
	}
	if h.node != "" && !slices.ContainsFunc(s.nodes, func(n elastic.NodeInfo) bool { return n.Name == e.Node }) {
		e.Node = h.node
	}
	if !h.at.IsZero() {
		e.Time, e.Zoned = h.at, true
	}
	s.tracker.Line(e, now)
}

// round looks at nodes and pods, knocks without a certificate at each node, and reads the statistics. What fails now
// is tried again by the next round: meanwhile the nodes count as not watched.
func (s *surveyor) round(ctx context.Context, last bool) error {
	limited, cancel := context.WithTimeout(ctx, max(requestTime, s.o.Every))
	defer cancel()
	err := s.look(limited)
	if err == nil {
		err = s.listen(ctx)
	}
	if err == nil {
		err = s.logger.mine(limited)
	}
	if errors.Is(err, errTakenOver) {
		return err
	}
	if err == nil {
		s.knock(limited)
		s.drain(ctx, 100*time.Millisecond)
		err = s.ask(limited)
	}
	now := s.edge.clock.now()
	switch cause := failure.Of(err); {
	case ctx.Err() != nil:
		return nil
	case cause == failure.Forbidden, cause == failure.KubeForbidden:
		return hinted(err)
	case err != nil && s.failing != oneLine(err):
		s.failing = oneLine(err)
		s.edge.log.Warn("a look failed; it is tried again", "reason", s.failing)
	case err == nil:
		s.failing = ""
	}
	if s.unheard() && now.Sub(s.began) > s.o.Timeout {
		return errDeaf
	}
	all := s.said.IsZero() || now.Sub(s.said) > time.Hour
	for _, l := range s.tracker.Lines(now, all && !last, false) {
		if err := s.write(l); err != nil {
			return err
		}
	}
	if all {
		s.said = now
	}
	return nil
}

var errDeaf = failure.New(failure.Other, errors.New("no log has named our own requests without a certificate: so it "+
	"names nobody else's"),
	"set client_authentication to optional first, where it is none; or read the logs of the right nodes, with --log "+
		"or by the pods' addresses. Where it is required already, --refused lists who is refused")

func (s *surveyor) unheard() bool {
	for _, n := range s.nodes {
		if _, heard := s.tracker.Watched(n.Name); !heard.IsZero() {
			return false
		}
	}
	return true
}

// knock sends a request without certificate and login to each node: by its own address, or where that cannot be
// reached, by the addresses that we have.
func (s *surveyor) knock(ctx context.Context) {
	client, closing := strangers()
	defer closing()
	knock := func(address string) error {
		limited, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		local, err := elastic.Knock(limited, client, address, s.run+"-canary")
		s.tracker.Knocked(local, s.edge.clock.now())
		return err
	}
	far := false
	for _, n := range s.nodes {
		if err := knock(n.HTTP.Publish); err != nil {
			far = true
			s.edge.log.Debug("a node cannot be reached by its own address", "node", n.Name, "reason", oneLine(err))
		}
	}
	for _, u := range s.o.URLs {
		if parsed, err := url.Parse(u); err == nil && far {
			_ = knock(parsed.Host) // the log tells whether it came
		}
	}
}

// ask reads the statistics.
func (s *surveyor) ask(ctx context.Context) error {
	all, err := s.es.HTTPStats(ctx, s.run)
	if err != nil {
		return err
	}
	for _, n := range all {
		stats := survey.Stats{Node: n.Name, Boot: elastic.Millis(n.JVM.Timestamp - n.JVM.Uptime)}
		for _, c := range n.HTTP.Clients {
			stats.Clients = append(stats.Clients, survey.Client{
				Remote: survey.Address(c.Remote), Agent: c.Agent, Path: c.URI, Opaque: c.Opaque,
				Forwarded: c.Forwarded != "",
				Opened:    elastic.Millis(c.Opened), Closed: elastic.Millis(c.Closed),
				LastRequest:  elastic.Millis(c.Last),
				RequestCount: c.Requests,
			})
		}
		s.tracker.Stats(stats)
	}
	return nil
}
