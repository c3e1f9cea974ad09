package initcontainer

import (
	"context"
	"time"
)

// clock is the time: the system's, or a test's own. Differences are taken by the monotonic reading that time.Now has.
type clock struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration)
}

func systemClock() clock {
	return clock{now: time.Now, sleep: func(ctx context.Context, d time.Duration) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}}
}
