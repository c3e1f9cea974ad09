package parts

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	quietFor  = 2 * time.Second // a step shorter than this is told once, when it is done
	heartbeat = 30 * time.Second
)

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// announce prints what is about to be built, and about how long that takes. Nothing to build, nothing to print.
func announce(todo []part) {
	if len(todo) == 0 {
		return
	}
	dir, _ := cacheDir()
	total := 0.0
	for _, p := range todo {
		total += p.minutes
	}
	say("Real parts to make once, into %s (about %s on two cores):", dir, estimate(total))
	for _, p := range todo {
		say("  %-14s %-52s %s", p.name, p.what, estimate(p.minutes))
	}
}

func estimate(minutes float64) string {
	if minutes < 1 {
		return fmt.Sprintf("%.0f s", minutes*60)
	}
	return fmt.Sprintf("%.0f min", minutes)
}

// step runs do and says on stderr that it is done and how long it took; if that takes a while, also that it runs.
func step(what string, do func() error) error {
	start := time.Now()
	stop := running(what, start)
	err := do()
	stop()
	mark := "✓"
	if err != nil {
		mark = "✗"
	}
	say("%s %-60s %s", mark, what, took(start))
	return err
}

// running tells that the work goes on until stop is called: on a terminal in place, else in a line now and then.
func running(what string, start time.Time) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		live := isTerminal(os.Stderr)
		wait := quietFor
		for {
			select {
			case <-done:
				if live {
					fmt.Fprintf(os.Stderr, "\r%s\r", strings.Repeat(" ", 78))
				}
				return
			case <-time.After(wait):
			}
			if live {
				fmt.Fprintf(os.Stderr, "\r· %-60s %s", what, took(start))
				wait = time.Second
			} else {
				say("· %-60s %s", what, took(start))
				wait = heartbeat
			}
		}
	}()
	return func() {
		close(done)
		wg.Wait()
	}
}

func took(start time.Time) string {
	d := time.Since(start)
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
