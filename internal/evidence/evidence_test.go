package evidence

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	at := time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	yes := true
	want := []Line{
		{Kind: Start, Time: at, Version: Version, Run: "r", Until: at.Add(time.Hour)},
		{Kind: Client, Time: at, Node: "n", Address: "10.0.0.1", Agent: "curl", Certificate: Absent, Requests: 3, Whose: Whose{Place: InPod, Workload: "Deployment/x"}},
		{Kind: End, Time: at, From: at, To: at.Add(time.Hour), Reason: Complete, Restored: &yes},
	}
	var text bytes.Buffer
	for _, l := range want {
		if err := Write(&text, l); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(&text)
	if err != nil || got.Cut {
		t.Fatal(err, got.Cut)
	}
	if diff := cmp.Diff(want, got.Lines); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoEvidence(t *testing.T) {
	const start = `{"kind":"start","time":"2026-11-30T16:00:00Z","version":1}` + "\n"
	for name, c := range map[string]struct{ text, says string }{
		"nothing":                      {"", "no line in it"},
		"something else":               {"hello\n", "line 1 is not from"},
		"a newer version":              {strings.Replace(start, `"version":1`, `"version":2`, 1), "is of version 2"},
		"a kind that nobody knows":     {start + `{"kind":"x"}` + "\n", `the kind "x" is unknown`},
		"no beginning":                 {`{"kind":"end"}` + "\n", "its beginning is missing"},
		"broken in the middle":         {start + "{\n" + start, "line 2 is not from"},
		"a client without certificate": {start + `{"kind":"client","address":"1.2.3.4"}` + "\n", "without a word about its certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	if e, err := Read(strings.NewReader(start + `{"time":"2026-11-30T16:00:00Z","level":"WARN","msg":"a look failed"}` + "\n")); err != nil || len(e.Lines) != 1 {
		t.Errorf("a line of the log: %v, %d lines", err, len(e.Lines))
	}
	if e, err := Read(strings.NewReader(start + `{"kind":"cli`)); err != nil || !e.Cut {
		t.Errorf("a line that a kill has cut off: %v, cut %v", err, e.Cut)
	}
}
