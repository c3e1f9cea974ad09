// Command benchinit measures elk-mtls-init with a real Elasticsearch that requires client certificates and a real API server: how soon
// the Secret is written once Elasticsearch is ready, and how long a first token takes beside a bare program and a script that make the
// same calls, in turn, in one run. Ratios are what counts; times belong to this machine and to this minute. What it measured it writes
// into docs/performance.md, between two marks; it fails where a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/measure"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

// How often.
const (
	rounds   = 31 // each program
	outages  = 40
	restarts = 5
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchinit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("benchinit", flag.ExitOnError)
	document := flags.String("document", "docs/performance.md", "where the tables go; - is stdout")
	if err := flags.Parse(args); err != nil {
		return err
	}
	m, err := all(ctx)
	if err != nil {
		return err
	}
	if *document == "-" {
		_, err = io.WriteString(os.Stdout, m.describe())
	} else {
		err = measure.Replace(*document, "measured: elk-mtls-init", m.describe())
	}
	var missed []string
	for _, t := range m.targets() {
		if !t.met() {
			missed = append(missed, fmt.Sprintf("%s: %.2f%s", t.what, t.number, t.unit))
		}
	}
	if len(missed) > 0 {
		err = errors.Join(err, errors.New("missed: "+strings.Join(missed, "; ")))
	}
	return err
}

// all measures everything that the document shows.
func all(ctx context.Context) (m measured, err error) {
	s, err := newStage(ctx)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return m, err
	}
	if m.versions, err = s.versions(ctx); err != nil {
		return m, err
	}
	m.programs, m.lacks = s.compared()
	if len(m.lacks) > 0 {
		fmt.Fprintln(os.Stderr, "ATTENTION: LEFT OUT:", strings.Join(m.lacks, "; "))
		if parts.Required() {
			return m, errors.New("ELK_MTLS_REQUIRE_REAL is set, and something is left out")
		}
	}
	if m.taken, err = s.turns(ctx, m.programs); err != nil {
		return m, err
	}
	for i := range outages {
		took, err := s.outage(ctx, time.Second+time.Duration(i*73)*time.Millisecond)
		if err != nil {
			return m, err
		}
		m.behind = append(m.behind, took)
	}
	for range restarts {
		took, err := s.restart(ctx)
		if err != nil {
			return m, err
		}
		m.started = append(m.started, took)
	}
	return m, nil
}

// turns runs the programs in turn, so that what disturbs one disturbs all, with Elasticsearch ready before they start. The first round is
// not counted.
func (s *stage) turns(ctx context.Context, programs []program) (map[string][]measure.Taken, error) {
	all := map[string][]measure.Taken{}
	for round := range rounds + 1 {
		for _, p := range programs {
			if err := s.blank(ctx); err != nil {
				return nil, err
			}
			taken, err := s.run(ctx, p)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				all[p.name] = append(all[p.name], taken)
			}
		}
	}
	return all, nil
}
