package survey

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// span is a time from one moment to another.
type span struct{ from, to time.Time }

func (s span) long() time.Duration { return max(0, s.to.Sub(s.from)) }

// window finds when the survey looked, what it missed, and the longest time in which it missed nothing.
func (r *Report) window(e evidence.Evidence) {
	for _, run := range r.runs(e) {
		if r.From.IsZero() || run.from.Before(r.From) {
			r.From = run.from
		}
		if run.to.After(r.To) {
			r.To = run.to
		}
		for _, rest := range r.without(run) {
			r.watched = max(r.watched, rest.long())
		}
	}
	r.watched = r.watched.Truncate(time.Second)
	r.Watched = r.watched.String()
}

// runs gives the times in which a survey ran, and notes the gaps in them.
func (r *Report) runs(e evidence.Evidence) (runs []span) {
	open := span{}
	for _, l := range e.Lines {
		switch l.Kind {
		case evidence.Start:
			if !open.from.IsZero() {
				runs = append(runs, open)
			}
			open = span{l.Time, l.Time}
		case evidence.End:
			runs = append(runs, span{l.From, l.To})
			open = span{}
			if l.Reason != evidence.Complete {
				r.NotLooked = append(r.NotLooked,
					fmt.Sprintf("what came after %s: the survey ended early (%s)", l.To.Format(time.RFC3339), l.Reason))
			}
			if l.Restored != nil && !*l.Restored {
				r.NotLooked = append(r.NotLooked, "the logger of Elasticsearch is still on: elk-mtls-init survey "+
					"--restore puts it back")
			}
		case evidence.Gap:
			r.Gaps = append(r.Gaps, Gap{l.Node, l.From, l.To, l.Reason})
		default:
		}
		if !open.from.IsZero() && l.Time.After(open.to) {
			open.to = l.Time
		}
	}
	if !open.from.IsZero() {
		runs = append(runs, open)
		r.NotLooked = append(r.NotLooked, "what came after "+open.to.Format(time.RFC3339)+": the survey has no end. "+
			"It was killed, or it still runs; elk-mtls-init survey --restore puts the logger back")
	}
	return runs
}

// without takes the gaps out of a span.
func (r *Report) without(s span) []span {
	gaps := slices.Clone(r.Gaps)
	slices.SortFunc(gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
	var rest []span
	for _, g := range gaps {
		if !g.To.After(s.from) || !g.From.Before(s.to) {
			continue
		}
		rest = append(rest, span{s.from, g.From})
		s.from = g.To
	}
	return append(rest, s)
}

// gate decides.
func (r *Report) gate(e evidence.Evidence, g *verify.Graph, periodic []Periodic) {
	shut := func(format string, args ...any) {
		r.Gate.Reasons = append(r.Gate.Reasons, fmt.Sprintf(format, args...))
	}
	for _, c := range r.Without {
		what := "give it one"
		if !c.known() {
			what = "find out who it is, and give it one"
		}
		shut("%s presents no certificate (%s, %s, last at %s): %s", c.Name(), named(c.Agent),
			Count(c.Requests, "request"), c.Last.Format(time.RFC3339), what)
	}
	for _, c := range r.Unknown {
		shut("%s has a connection that sent nothing while it was watched (%s): survey for longer, or restart it",
			c.Name(), named(c.Agent))
	}
	if !slices.ContainsFunc(e.Lines, func(l evidence.Line) bool { return l.Kind == evidence.Node && l.Source == "" }) {
		shut("no node of Elasticsearch was watched: this is no evidence of anything")
	}
	switch last := e.Lines[len(e.Lines)-1]; {
	case last.Kind != evidence.End:
		shut("the survey has no end: it was killed, or it still runs")
	case last.Reason == evidence.Failed:
		shut("the survey failed before its end: run it again")
	}
	if r.watched <= 0 {
		shut("no node was watched for any time without a gap: this is no evidence of anything")
	}
	if g != nil && len(g.Servers)+len(g.Edges) == 0 {
		shut("the manifests hold neither Elasticsearch nor a client of it: give those of the release, and name its " +
			"address in elasticsearch.url of --config")
	}
	for _, p := range periodic {
		switch {
		case g != nil && !slices.ContainsFunc(g.Edges, func(edge *verify.Edge) bool { return edge.Client == p.Object }):
		case p.Problem != "":
			shut("%s: %s, so it is unknown how long to survey", p.Object, p.Problem)
		case p.Longest > r.watched:
			shut("%s runs every %s (%q) and the longest time without a gap is %s: survey for longer", p.Object,
				short(p.Longest), p.Schedule, short(r.watched))
		}
	}
	for _, p := range r.Never {
		if p.Verdict == verify.NotProven {
			shut("%s was never seen, and the manifests do not prove that it presents a certificate: elk-mtls verify "+
				"says why", p)
		}
	}
	r.Gate.Open = len(r.Gate.Reasons) == 0
}

func named(agent string) string {
	if agent == "" {
		return "no agent"
	}
	return agent
}

const (
	horizon = 400 * 24 * time.Hour
	steps   = 100_000
)

// Schedules finds the CronJobs of manifests, and how long it is between two of their times, at most, in the year after
// a moment.
func Schedules(stream *manifest.Stream, from time.Time) ([]Periodic, error) {
	var all []Periodic
	for _, doc := range stream.Documents() {
		objects, err := object.In(doc)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if o.Kind != "CronJob" {
				continue
			}
			p := Periodic{Object: o.ID.String(), Schedule: object.Text(o.Node, "spec", "schedule")}
			schedule, err := cron.ParseStandard(strings.TrimSpace(p.Schedule))
			switch {
			case object.Text(o.Node, "spec", "suspend") == "true":
				continue
			case err != nil:
				p.Problem = fmt.Sprintf("its schedule %q cannot be read", p.Schedule)
			default:
				p.Longest, p.Problem = longest(schedule, from.UTC())
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// longest finds the longest time between two.
func longest(schedule cron.Schedule, from time.Time) (most time.Duration, problem string) {
	last := schedule.Next(from)
	if last.IsZero() {
		return 0, "its schedule never comes"
	}
	for range steps {
		next := schedule.Next(last)
		if next.IsZero() || next.Sub(from) > horizon {
			break
		}
		most, last = max(most, next.Sub(last)), next
	}
	if most == 0 {
		return horizon, ""
	}
	return most, ""
}
