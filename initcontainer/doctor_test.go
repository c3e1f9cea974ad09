package initcontainer

import (
	"bytes"
	"crypto/x509"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// What ensure fails of, doctor names, with the same advice, where it can be seen without a change.
func TestDoctorNamesTheCause(t *testing.T) {
	seen := 0
	for _, f := range slices.Concat(connectionFailures(), elasticsearchFailures(), kubernetesFailures(), modeFailures()) {
		if f.claims || slices.Contains(f.args, "revoke") || slices.Contains(f.args, "--require-verified") || strings.HasPrefix(f.name, "the index") {
			continue // a create, or a wait
		}
		seen++
		t.Run(f.name, func(t *testing.T) {
			s := newScene(t, f)
			if f.arrange != nil {
				f.arrange(s)
			}
			line := []string{"doctor"}
			for _, flag := range slices.Sorted(maps.Keys(s.flags)) {
				if value := s.flags[flag]; value != "" && flag != "timeout" {
					line = append(line, "--"+flag+"="+value)
				}
			}
			var out, log bytes.Buffer
			code := run(append(line, f.args...), nil, &out, &log)
			if code != 1 && code != 2 {
				t.Errorf("exit code %d", code)
			}
			if text := out.String() + log.String(); !strings.Contains(text, f.hint) {
				t.Errorf("it does not say %q:\n%s", f.hint, text)
			}
		})
	}
	t.Logf("%d set-ups", seen)
}

// A certificate that renews itself is warned of when its renewal, at a third of its life before the end, did not happen.
func TestWhenACertificateIsWarnedOf(t *testing.T) {
	now := time.Now()
	for life, warned := range map[time.Duration]time.Duration{
		24 * time.Hour: 6 * time.Hour, 90 * day: 90 * day / 4, 240 * day: 60 * day, 365 * day: 60 * day, 3650 * day: 60 * day,
	} {
		if got := expiring(&x509.Certificate{NotBefore: now, NotAfter: now.Add(life)}); got != warned {
			t.Errorf("of a life of %s it is warned %s before the end, want %s", life, got, warned)
		}
	}
}
