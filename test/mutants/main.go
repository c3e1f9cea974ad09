// Command mutants changes the code in one place at a time and runs the fast tests: what no test notices, nothing holds. The sources stay as
// they are: the go command is shown changed ones by -overlay.
//
//	go run ./test/mutants -n 200 -seed 1 -survivors survivors.txt
//	go run ./test/mutants -hand
package main

import (
	"context"
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
	all, err := found(packages)
	if *hand {
		all, err = handmade("test/mutants/testdata/hand.txt")
		*least, *n = 100, len(all)
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if !*hand {
		r := rand.New(rand.NewPCG(*seed, 0))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return try(ctx, all, *n, time.Now().Add(*limit), *least, dir, *survivors, out)
}

// try runs the tests against each mutant that compiles, until there are n.
func try(ctx context.Context, all []mutant, n int, end time.Time, least int, dir, survivors string, out io.Writer) error {
	var killed, tried int
	var alive []string
	for _, m := range all {
		if tried == n || time.Now().After(end) || ctx.Err() != nil {
			break
		}
		fate, err := m.test(ctx, dir)
		if err != nil {
			return err
		}
		switch {
		case fate == noMutant && m.name != "":
			return fmt.Errorf("%s does not compile", m)
		case fate == noMutant:
			continue
		}
		tried++
		if fate == isKilled {
			killed++
		} else {
			alive = append(alive, m.String())
		}
		_, _ = fmt.Fprintf(out, "%d %s: %s\n", tried, fate, m)
	}
	if survivors != "" {
		if err := os.WriteFile(filepath.Clean(survivors), []byte(strings.Join(append(alive, ""), "\n")), 0o600); err != nil {
			return err
		}
	}
	if tried == 0 {
		return fmt.Errorf("no mutant was tried")
	}
	percent := 100 * killed / tried
	_, _ = fmt.Fprintf(out, "%d of %d killed, %d %%\n", killed, tried, percent)
	if percent < least {
		return fmt.Errorf("%d %% are killed, want at least %d %%", percent, least)
	}
	return nil
}
