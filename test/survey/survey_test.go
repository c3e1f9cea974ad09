//go:build integration || survey

package survey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestSurvey is the proof: SURVEY_SETS sets of clients, SURVEY_BATCH of them in one survey.
func TestSurvey(t *testing.T) {
	sets, batch, seed := number("SURVEY_SETS", 8), number("SURVEY_BATCH", 8), uint64(number("SURVEY_SEED", 1))
	w := newWorld(t, number("SURVEY_NODES", 1))
	clients, named, cleared, restarts := 0, 0, 0, 0
	for from := 0; from < sets; from += batch {
		var all []*client
		for n := from; n < min(from+batch, sets); n++ {
			all = append(all, clientsOf(seed, n, true)...)
		}
		restart := (from/batch)%4 == 1
		if restart {
			restarts++
		}
		text := w.batch(t, all, seed, restart)
		clients += len(all)
		named += compare(t, all, text, restart)
		cleared += w.require(t, all, w.judged(t, all, text))
	}
	t.Logf("seed %d: %d sets, %d of %d clients named rightly, the others not answered in time or only around a restart; %d cleared and let in under required, %d node restarts",
		seed, sets, named, clients, cleared, restarts)
}

// batch lets the clients work while a survey looks, and gives its evidence.
func (w *world) batch(t *testing.T, all []*client, seed uint64, restart bool) string {
	t.Helper()
	for i, c := range all {
		must(t, c.open(w.nodes[i%len(w.nodes)].URL, w.with, w.without, w.nodes[0].Password))
		t.Cleanup(c.stop)
		if c.ip != "::1" {
			w.api.add("shop", c.pod, "Deployment/"+c.pod, c.ip)
		}
		if c.kind == idle {
			must(t, c.request(t.Context()))
		}
	}
	long := time.Duration(number("SURVEY_SECONDS", 20)) * time.Second
	if restart { // most of it has to be before or after
		long = max(long, 4*w.started)
	}
	s := w.begin(t, "--for="+long.String(), "--every=1s")
	lines := s.text(t)
	read, err := evidence.Read(strings.NewReader(lines))
	must(t, err)
	begin, end := time.Now(), read.Lines[0].Until
	if end.Sub(begin) < 5*time.Second {
		t.Fatalf("only %s of the window are left", end.Sub(begin))
	}
	var done sync.WaitGroup
	for i, c := range all {
		done.Go(func() { c.work(t.Context(), begin, end, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	if restart {
		time.Sleep(end.Sub(begin) / 3)
		must(t, w.nodes[len(w.nodes)-1].Restart(t.Context(), nil))
	}
	done.Wait()
	text := s.wait(t)
	if settings := w.call(t, "GET", "/_cluster/settings?flat_settings=true", nil); bytes.Contains(settings, []byte("survey")) || bytes.Contains(settings, []byte("logger")) {
		t.Errorf("something was left: %s", settings)
	}
	for _, hidden := range []string{"hidden-in", password, w.nodes[0].Password} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q is in the evidence", hidden)
		}
	}
	return text
}

// compare compares what the evidence says with what the clients know, and gives how many are right.
func compare(t *testing.T, all []*client, text string, restart bool) int {
	t.Helper()
	read, err := evidence.Read(strings.NewReader(text))
	must(t, err)
	got, whose := map[string]evidence.Certificate{}, map[string]evidence.Whose{}
	gap := false
	for _, l := range read.Lines {
		gap = gap || l.Kind == evidence.Gap && !l.From.Equal(read.Lines[0].Time) // before the clients began
		if l.Kind == evidence.Client && strings.HasPrefix(l.Agent, "agent-") {
			key := l.Address + " " + l.Agent
			if got[key] != evidence.Absent {
				got[key] = l.Certificate
			}
			whose[key] = l.Whose
		}
	}
	want := map[string]evidence.Certificate{}
	for _, c := range all {
		switch {
		case c.kind == idle && !restart:
			want[c.key()] = evidence.Unknown
		case c.sent.Load() == 0:
			delete(got, c.key()) // it was not answered in time
		case c.certificate:
			want[c.key()] = evidence.Present
		default:
			want[c.key()] = evidence.Absent
		}
		is := evidence.Whose{Place: evidence.InPod, Namespace: "shop", Workload: "Deployment/" + c.pod, Pod: c.pod}
		if c.six { // as through kubectl port-forward
			is = evidence.Whose{Place: evidence.Loopback}
		}
		if want[c.key()] != "" && got[c.key()] != "" && whose[c.key()] != is {
			t.Errorf("%s is of %+v, want %+v", c.key(), whose[c.key()], is)
		}
	}
	if restart {
		// A connection with a certificate that sent something only around the restart is not known of, or unknown, and the gap says so.
		// One without is named.
		for _, c := range all {
			if c.certificate && (got[c.key()] == "" || got[c.key()] == evidence.Unknown) {
				delete(want, c.key())
				delete(got, c.key())
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("certificates (-want +got):\n%s\n%s", diff, describe(all))
	}
	if gap != restart {
		t.Errorf("a gap is told of: %v, a node was restarted: %v\n%s", gap, restart, text)
	}
	if len(want) < len(all)/2 {
		t.Errorf("of %d clients only %d came in time to be judged: give the machine more time by SURVEY_SECONDS", len(all), len(want))
	}
	return len(want)
}

func describe(all []*client) string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s %s certificate %v sent %d %v\n", c.key(), c.kind, c.certificate, c.sent.Load(), c.errs)
	}
	return b.String()
}

// judged gives the evidence to elk-mtls survey, which has to list those without a certificate and nobody else, and gives whom it clears:
// seen with a certificate, and neither without one nor unknown.
func (w *world) judged(t *testing.T, all []*client, text string) map[string]bool {
	t.Helper()
	ask := func(args ...string) ([]byte, error) {
		cmd := exec.Command(w.plugin, append([]string{"survey"}, args...)...)
		cmd.Stdin = strings.NewReader(text)
		return cmd.Output()
	}
	out, err := ask("-o", "json", "-")
	must(t, err)
	var report struct {
		Without, Unknown, With []struct {
			Agent    string
			Requests int
		}
	}
	must(t, json.Unmarshal(out, &report))
	cleared, got, want := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range report.With {
		cleared[c.Agent] = true
	}
	for _, c := range slices.Concat(report.Without, report.Unknown) {
		delete(cleared, c.Agent)
	}
	for _, c := range report.Without {
		if strings.HasPrefix(c.Agent, "agent-") {
			got[c.Agent] = true
		}
	}
	for _, c := range all {
		if !c.certificate && c.sent.Load() > 0 {
			want[c.agent] = true
		}
		if c.sent.Load() == 0 && c.late.Load() > 0 {
			delete(got, c.agent)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("without a certificate (-want +got):\n%s", diff)
	}
	if _, err := ask("--gate", "-"); (err == nil) != (len(report.Without)+len(report.Unknown) == 0) {
		t.Errorf("the gate says %v, with %d without a certificate", err, len(report.Without))
	}
	return cleared
}

// require switches required on, and back: whom the gate has cleared is let in, and who has no certificate is not.
func (w *world) require(t *testing.T, all []*client, gate map[string]bool) (cleared int) {
	t.Helper()
	const setting = "xpack.security.http.ssl.client_authentication"
	for _, n := range slices.Backward(w.nodes) {
		must(t, n.Restart(t.Context(), map[string]string{setting: "required"}))
	}
	for i, c := range all {
		c.stop()
		must(t, c.open(w.nodes[(i+1)%len(w.nodes)].URL, w.with, w.without, w.nodes[0].Password))
		err := c.request(t.Context())
		c.stop()
		if (err == nil) != c.certificate || err != nil && gate[c.agent] {
			t.Errorf("%s, certificate %v, cleared %v: %v", c.key(), c.certificate, gate[c.agent], err)
		} else if gate[c.agent] {
			cleared++
		}
	}
	for _, n := range slices.Backward(w.nodes) {
		must(t, n.Restart(t.Context(), map[string]string{setting: "optional"}))
	}
	return cleared
}
