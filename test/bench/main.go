// Command bench compares elk-mtls with a plain copy and with other tools that patch manifests: whole processes, start included, in turn,
// in one run on one machine. Ratios are what counts; times belong to this machine and to this minute. What it measured it writes into
// docs/performance.md, between two marks. How it stands to our
// targets goes to stderr: they are for developers.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/elk-mtls/elk-mtls/test/measure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	document := flags.String("document", "docs/performance.md", "where the tables go; - is stdout")
	renders := flags.String("renders", os.Getenv("ELK_MTLS_RENDERS"), "folder of real renderings")
	b := &bench{}
	flags.IntVar(&b.rounds, "rounds", 11, "how often each program runs on each stream")
	flags.IntVar(&b.slow, "slow", 9, "the same where a program takes more than two seconds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "elk-mtls-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b.dir = dir
	if *renders == "" {
		*renders = "../shared/renders"
	}
	start := time.Now()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	results, err := b.all(ctx, *renders)
	if err != nil {
		return err
	}
	text := b.describe(results, time.Since(start))
	for _, t := range targets() {
		fmt.Fprint(os.Stderr, t.line(results))
	}
	if *document == "-" {
		_, err := io.WriteString(os.Stdout, text)
		return err
	}
	return measure.Replace(*document, "measured", text)
}
