package initcontainer

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"
)

// pauses lets somebody wait for so long, and returns each pause with the time at its end.
func pauses(t *testing.T, w *waiting, c *testClock, reason func(after time.Duration) error, total time.Duration) (all []time.Duration, ends []time.Duration) {
	t.Helper()
	begin := c.now()
	for c.now().Sub(begin) < total {
		before := c.now()
		if err := w.pause(context.Background(), "x", reason(before.Sub(begin)), 0); err != nil {
			t.Fatal(err)
		}
		all, ends = append(all, c.now().Sub(before)), append(ends, c.now().Sub(begin))
	}
	return all, ends
}

// Whoever answers for long what does not help is asked less and less, and never all at the same moment.
func TestPauses(t *testing.T) {
	c := newTestClock()
	w := newWaiting(c.clock(), slog.New(slog.DiscardHandler), 5*time.Minute)
	all, ends := pauses(t, w, c, func(time.Duration) error { return errors.New("503") }, 4*time.Minute)
	seen, late := map[time.Duration]bool{}, 0
	for i, pause := range all {
		switch {
		case pause > 5*time.Second, ends[i] < 30*time.Second && pause > 750*time.Millisecond:
			t.Errorf("a pause of %s after %s", pause, ends[i])
		case ends[i] > time.Minute:
			late++
			seen[pause] = true
		}
	}
	if late > 100 || len(seen) < late/2 {
		t.Errorf("%d tries in three minutes, %d different pauses", late, len(seen))
	}
	if len(all) > 200 {
		t.Errorf("%d tries in four minutes", len(all))
	}
	w.moved("something")
	if all, _ := pauses(t, w, c, func(time.Duration) error { return errors.New("503") }, 10*time.Second); all[0] > time.Second || len(all) < 10 {
		t.Errorf("after progress: %v", all)
	}
}

// From the first answer of a node that took minutes to start, a token is there within a second: the pauses stay short until
// it answers, and for half a minute after.
func TestANodeThatTakesLong(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	c := newTestClock()
	w := newWaiting(c.clock(), slog.New(slog.DiscardHandler), time.Hour)
	all, _ := pauses(t, w, c, func(after time.Duration) error {
		if after > 100*time.Second && after < 160*time.Second || after > 3*time.Minute { // somebody in front of it
			return errors.New("503")
		}
		return refused
	}, 200*time.Second)
	for i, pause := range all[len(all)-20:] {
		if pause > 750*time.Millisecond {
			t.Errorf("pause %d is %s", i, pause)
		}
	}
}
