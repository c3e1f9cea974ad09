// Command mutants changes the code in one place at a time and runs the fast tests: what no test notices, nothing holds. The sources stay as
// they are: the go command is shown changed ones by -overlay.
//
//	go run ./test/mutants -n 200 -seed 1 -survivors survivors.txt
//	go run ./test/mutants -hand
//
// Mutants by chance are compiled all at once, each beside what it changes, and asked for one after the other: compiling took most of the
// time. Only the tests that come to a mutant are run, those of its own package first, and the quickest of these first.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// packages are those that decide: the readers that both halves use, and verify.
var packages = []string{"mention", "object", "process", "catalog", "recognise", "verify"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ExitOnError)
	n := flags.Int("n", 200, "how many")
	seed := flags.Uint64("seed", 1, "which of all that there are")
	limit := flags.Duration("limit", time.Hour, "no mutant is begun later")
	survivors := flags.String("survivors", "", "file for the survivors")
	hand := flags.Bool("hand", false, "those of testdata/hand.txt instead, all of which must be killed")
	least := flags.Int("least", 75, "percent that must be killed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t := tally{out: out, end: time.Now().Add(*limit)}
	if *hand {
		*least = 100
		err = t.byHand(ctx, dir)
	} else {
		err = t.byChance(ctx, *n, *seed, dir)
	}
	if err != nil {
		return err
	}
	if *survivors != "" {
		if err := os.WriteFile(filepath.Clean(*survivors), []byte(strings.Join(append(t.alive, ""), "\n")), 0o600); err != nil {
			return err
		}
	}
	return t.judge(*least)
}

// tally is what has been tried so far.
type tally struct {
	out           io.Writer
	end           time.Time
	tried, killed int
	alive         []string
}

// byChance tries n mutants of a seed.
func (t *tally) byChance(ctx context.Context, n int, seed uint64, dir string) error {
	all, err := found(packages)
	if err != nil {
		return err
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range all {
		all[i].number = i
	}
	some, err := compiling(ctx, all, n, dir)
	if err != nil {
		return err
	}
	tests, err := suites(ctx, packages, some, dir)
	if err != nil {
		return err
	}
	for _, m := range some {
		if t.isOver(ctx) {
			break
		}
		own := filepath.Dir(m.file)
		killed := false
		for _, s := range tests {
			if isOwn := s.folder == own; !killed && (isOwn || s.folder == "plugin") {
				if killed, err = s.kills(ctx, m, dir); err != nil {
					return err
				}
			}
		}
		t.add(m.String(), killed)
	}
	return nil
}

// byHand tries those that were made by hand.
func (t *tally) byHand(ctx context.Context, dir string) error {
	all, err := handmade("test/mutants/testdata/hand.txt")
	if err != nil {
		return err
	}
	for _, m := range all {
		if t.isOver(ctx) {
			return fmt.Errorf("the time is over before %s", m.name)
		}
		killed, err := m.isKilled(ctx, dir)
		if err != nil {
			return err
		}
		t.add(m.name, killed)
	}
	return nil
}

func (t *tally) isOver(ctx context.Context) bool { return time.Now().After(t.end) || ctx.Err() != nil }

func (t *tally) add(name string, killed bool) {
	fate := "killed"
	if t.tried++; killed {
		t.killed++
	} else {
		fate = "SURVIVED"
		t.alive = append(t.alive, name)
	}
	_, _ = fmt.Fprintf(t.out, "%d %s: %s\n", t.tried, fate, name)
}

func (t *tally) judge(least int) error {
	if t.tried == 0 {
		return errors.New("no mutant was tried")
	}
	percent := 100 * t.killed / t.tried
	_, _ = fmt.Fprintf(t.out, "%d of %d killed, %d %%\n", t.killed, t.tried, percent)
	if percent < least {
		return fmt.Errorf("%d %% are killed, want at least %d %%", percent, least)
	}
	return nil
}
