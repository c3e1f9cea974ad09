//go:build integration || survey

package survey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

// TestOverhead measures what the logger costs the node: SURVEY_REQUESTS requests without a certificate with it off, and as many with it
// on. They alternate in short runs, so that what else the machine does is in both.
func TestOverhead(t *testing.T) {
	const runs = 20
	requests := number("SURVEY_REQUESTS", 0) / runs
	if requests == 0 {
		t.Skip("SURVEY_REQUESTS=20000 measures it")
	}
	w := newWorld(t, 1)
	c := clientsOf(1, 0, false)[0]
	c.kind, c.certificate = kept, false
	must(t, c.open(w.nodes[0].URL, w.with, w.without, w.nodes[0].Password))
	run := func(level any) (micros, rate float64) {
		w.call(t, http.MethodPut, "/_cluster/settings", map[string]any{"persistent": map[string]any{logger: level}})
		before, began := w.cpu(t), time.Now()
		c.flood(t, requests)
		took := time.Since(began)
		return float64((w.cpu(t) - before).Microseconds()) / float64(requests), float64(requests) / took.Seconds()
	}
	for range 10 { // the node compiles what it runs often
		run(nil)
		run("DEBUG")
	}
	var off, on, more, rates []float64
	size := w.logSize(t)
	for range runs {
		without, _ := run(nil)
		with, rate := run("DEBUG")
		off, on, more, rates = append(off, without), append(on, with), append(more, with-without), append(rates, rate)
	}
	size = w.logSize(t) - size
	t.Logf("%d requests each, µs of CPU a request: off %s; on %s; more %s: at 2,000 requests a second %.1f %% of a core", requests*runs, spread(off), spread(on),
		spread(more), median(more)*2000/1e6*100)
	t.Logf("%d bytes of log a request; measured at %.0f requests a second", size/int64(requests*runs), median(rates))
}

// flood sends that many requests, eight at a time.
func (c *client) flood(t *testing.T, requests int) {
	t.Helper()
	var left atomic.Int64
	left.Store(int64(requests))
	done := make(chan error, 8)
	for range cap(done) {
		go func() {
			for left.Add(-1) >= 0 {
				if err := c.request(t.Context()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range cap(done) {
		must(t, <-done)
	}
}

func median(all []float64) float64 { return slices.Sorted(slices.Values(all))[len(all)/2] }

func spread(all []float64) string {
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%.1f (quartiles %.1f and %.1f)", median(all), sorted[len(all)/4], sorted[len(all)*3/4])
}

// TestMuchLog ends a survey when it has read as much log as it may: the logger is as it was, and the gate says why the evidence ends.
func TestMuchLog(t *testing.T) {
	w := newWorld(t, 1)
	c := clientsOf(1, 0, false)[0]
	c.kind, c.certificate = kept, false
	must(t, c.open(w.nodes[0].URL, w.with, w.without, w.nodes[0].Password))
	s := w.begin(t, "--for=1h", "--every=1s", "--max-log-mb=1")
	ended := make(chan string)
	go func() { ended <- s.wait(t) }()
	sent, text := 0, ""
	for text == "" {
		select {
		case text = <-ended:
		default:
			if c.flood(t, 200); sent > 50_000 {
				t.Fatal("it does not end")
			}
			sent += 200
		}
	}
	read, err := evidence.Read(strings.NewReader(text))
	must(t, err)
	end := read.Lines[len(read.Lines)-1]
	if end.Kind != evidence.End || end.Reason != evidence.TooMuchLog || end.LogBytes < 1<<20 || end.LogBytes > 2<<20 {
		t.Errorf("after %d requests: %+v", sent, end)
	}
	if now := w.settings(t); now[logger] != nil || now[record] != nil {
		t.Errorf("something was left: %v", now)
	}
	cmd := exec.Command(w.plugin, "survey", "--gate", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, _ := cmd.Output(); !bytes.Contains(out, []byte("the survey ended early (max-log-mb)")) {
		t.Errorf("%s", out)
	}
}

// cpu is what the node's process has used, by the system: the node's own statistics are a second old.
func (w *world) cpu(t *testing.T) time.Duration {
	t.Helper()
	var s struct {
		Nodes map[string]struct{ Process struct{ ID int } }
	}
	must(t, json.Unmarshal(w.call(t, http.MethodGet, "/_nodes/process", nil), &s))
	var user, system int64
	for _, n := range s.Nodes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.Process.ID))
		must(t, err)
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		_, err = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
		must(t, err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
}

func (w *world) logSize(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(w.nodes[0].Log)
	must(t, err)
	return info.Size()
}
