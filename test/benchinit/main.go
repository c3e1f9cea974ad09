// Command benchinit measures elk-mtls-init with a real Elasticsearch that requires client certificates and a real API server: how soon
// the Secret is written once Elasticsearch is ready, and how long a first token takes beside a bare program and a script that make the
// same calls, in turn, in one run. Ratios are what counts; times belong to this machine and to this minute. What it measured it writes
// into docs/performance.md, between two marks.
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
	warmUp   = 60 // rounds that are not counted: Java compiles meanwhile
	rounds   = 61 // each program
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
	for _, t := range m.targets() {
		if !t.met() {
			fmt.Fprintf(os.Stderr, "missed: %s: %.2f%s\n", t.what, t.number, t.unit)
		}
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

// turns runs the programs in turn, so that what disturbs one disturbs all, with Elasticsearch ready before they start.
func (s *stage) turns(ctx context.Context, programs []program) (map[string][]measure.Taken, error) {
	all := map[string][]measure.Taken{}
	for round := range warmUp + rounds {
		for _, p := range programs {
			if err := s.blank(ctx); err != nil {
				return nil, err
			}
			taken, err := s.run(ctx, p)
			if err != nil {
				return nil, err
			}
			if round >= warmUp {
				all[p.name] = append(all[p.name], taken)
			}
		}
	}
	return all, nil
}
