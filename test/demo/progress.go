package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

const tick = 2 * time.Second // how long the demo is silent at most

// ticking shows that a step is at work until stop is called: on a terminal in place, elsewhere a dot at a time.
func ticking(what string, start time.Time) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	terminal := term.IsTerminal(int(os.Stdout.Fd()))
	wait.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		shown := false
		for {
			select {
			case <-done:
				switch {
				case shown && terminal:
					fmt.Print("\r\x1b[K")
				case shown:
					fmt.Println()
				}
				return
			case <-ticker.C:
				switch {
				case terminal:
					fmt.Printf("\r\x1b[K  %s: %.0f s", what, time.Since(start).Seconds())
				case !shown:
					fmt.Printf("  %s .", what)
				default:
					fmt.Print(".")
				}
				shown = true
			}
		}
	})
	return func() { close(done); wait.Wait() }
}
