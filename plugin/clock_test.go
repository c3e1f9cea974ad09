package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestClock asks verify --now about a release with the certificates that certs makes, which nobody renews: it stays proven until the warning,
// and refused it is only when that came 30 days before. make prove-clock asks about each day of two years, else it is a sample.
func TestClock(t *testing.T) {
	const days, notice, years = 200, 30, 730
	dir, input := t.TempDir(), read(t, "testdata/charts/release/input.yaml")
	configuration := filepath.Join(dir, "elk-mtls.yaml")
	begin := time.Now()
	secrets := runs(t, input, "certs", "--namespace", "elastic", "--days", "200", "--config-out", configuration)
	patched := runsIn(t, []string{"ELK_MTLS_MINTER_SECRET_NAME=minter"}, input, "--config", configuration, "--init-image", testImage, "--hooks", "off")
	stream := slices.Concat(secrets, []byte("---\n"), patched)
	ask := func(day int, more ...string) int {
		moment := begin.AddDate(0, 0, day).Add(time.Hour).UTC().Format(time.RFC3339) // an hour later: they end at the hour of begin
		var out, messages bytes.Buffer
		return run(append([]string{"verify", "--now", moment}, more...), nil, bytes.NewReader(stream), &out, &messages)
	}
	for day := range years + 1 {
		if near := max(day-days, days-day); os.Getenv("CLOCK_EVERY") == "" && day%60 > 0 && near > 1 && max(near-notice, notice-near) > 1 {
			continue
		}
		exit := map[bool]int{false: exitDone, true: exitError}
		if plain, early := ask(day), ask(day, "--fail-if-expires-within", "30d"); plain != exit[day >= days] || early != exit[day >= days-notice] {
			t.Fatalf("day %d of %d: exit %d, with the warning %d", day, days, plain, early)
		}
	}
}
