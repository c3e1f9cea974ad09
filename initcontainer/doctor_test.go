package main

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
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
