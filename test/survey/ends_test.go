//go:build integration || survey

package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const logger = "logger.org.elasticsearch.xpack.security.Security"

// settings are those of the cluster.
func (w *world) settings(t *testing.T) map[string]any {
	t.Helper()
	var s struct{ Persistent map[string]any }
	must(t, json.Unmarshal(w.call(t, http.MethodGet, "/_cluster/settings?flat_settings=true", nil), &s))
	return s.Persistent
}

// TestKills kills the survey at any moment, SURVEY_KILLS times; Elasticsearch is restarted now and then. Afterwards the logger is as it
// was; or the record is there, doctor says so, and --restore or the next survey puts it back.
func TestKills(t *testing.T) {
	w := newWorld(t, 1)
	kills, seed := number("SURVEY_KILLS", 5), uint64(number("SURVEY_SEED", 1))
	chance := rand.New(rand.NewPCG(seed, 22))
	left, whole := 0, 0
	for i := range kills {
		var old any
		if chance.IntN(2) == 0 {
			old = "INFO"
		}
		w.call(t, http.MethodPut, "/_cluster/settings", map[string]any{"persistent": map[string]any{logger: old}})
		s := w.start(t, "--for=3s", "--every=1s")
		time.Sleep(time.Duration(chance.Int64N(int64(6 * time.Second))))
		must(t, s.cmd.Process.Signal(syscall.SIGKILL))
		_ = s.cmd.Wait()
		if i%20 == 5 {
			must(t, w.nodes[0].Restart(t.Context(), nil))
		}
		if i%10 == 7 {
			w.api.server.CloseClientConnections()
		}
		w.settled(t)
		now := w.settings(t)
		if now["cluster.metadata.elk-mtls-survey"] == nil {
			whole++
			if now[logger] != old {
				t.Errorf("kill %d: the logger is %v, was %v, and nothing says so", i, now[logger], old)
			}
			continue
		}
		left++
		if out := w.doctor(t); !strings.Contains(out, `"code": "survey"`) || !strings.Contains(out, "a logger of Elasticsearch") {
			t.Errorf("kill %d: doctor says nothing:\n%s", i, out)
		}
		if chance.IntN(2) == 0 {
			out, err := exec.Command(w.init, append(append([]string{}, w.args...), "--restore")...).CombinedOutput()
			if err != nil {
				t.Errorf("kill %d: --restore: %v\n%s", i, err, out)
			}
		} else {
			w.start(t, "--for=1s", "--every=1s").wait(t)
		}
		if now := w.settings(t); now[logger] != old || now["cluster.metadata.elk-mtls-survey"] != nil {
			t.Errorf("kill %d: afterwards %v, was %v", i, now, old)
		}
	}
	t.Logf("seed %d: %d kills, %d of them left a record, which was put back", seed, kills, left)
	if whole == kills || left == 0 {
		t.Error("no kill was in time")
	}
}

// settled waits until nothing of the killed survey is under way: Elasticsearch has seen its connections end, and has no change before it.
// A change that comes later would be one of nobody.
func (w *world) settled(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		var stats struct {
			Nodes map[string]struct {
				HTTP struct {
					Clients []struct {
						Agent  string
						Closed int64 `json:"closed_time_millis"`
					}
				}
			}
		}
		must(t, json.Unmarshal(w.call(t, http.MethodGet, "/_nodes/stats/http", nil), &stats))
		open := 0
		for _, n := range stats.Nodes {
			for _, c := range n.HTTP.Clients {
				if strings.HasPrefix(c.Agent, "elk-mtls-init") && c.Closed == 0 {
					open++
				}
			}
		}
		if open == 0 && bytes.Contains(w.call(t, http.MethodGet, "/_cluster/pending_tasks", nil), []byte(`"tasks":[]`)) {
			return
		}
		if time.Now().After(until) {
			t.Fatal("requests of a survey that was killed are still under way")
		}
	}
}

func (w *world) doctor(t *testing.T) string {
	t.Helper()
	var args []string
	for _, a := range w.args[1:] {
		if !strings.HasPrefix(a, "--kubeconfig") {
			args = append(args, a)
		}
	}
	out, _ := exec.Command(w.init, append([]string{"doctor", "-o", "json", "--secret=x", "--namespace=x", "--timeout=1m"}, args...)...).Output()
	return string(out)
}

// TestRights takes each right away: the survey says which one it lacks, and leaves nothing behind.
func TestRights(t *testing.T) {
	w := newWorld(t, 1)
	all := []string{"cluster:monitor/settings", "cluster:admin/settings/update", "cluster:monitor/nodes/info", "cluster:monitor/nodes/stats"}
	fails := func(what, says string, exit int) {
		t.Helper()
		out, err := exec.Command(w.init, append(append([]string{}, w.args...), "--for=5s", "--every=1s", "--timeout=20s")...).CombinedOutput()
		var ended *exec.ExitError
		if !errors.As(err, &ended) || ended.ExitCode() != exit || !bytes.Contains(out, []byte(says)) {
			t.Errorf("without %s: %v, want exit %d and %q:\n%s", what, err, exit, says, out)
		}
		if now := w.settings(t); now[logger] != nil || now["cluster.metadata.elk-mtls-survey"] != nil {
			t.Errorf("without %s: something was left: %v", what, now)
		}
	}
	for i, right := range all {
		w.user(t, append(append([]string{}, all[:i]...), all[i+1:]...))
		fails(right, "give the survey's user the cluster privileges", 16)
	}
	w.user(t, all)
	for _, resource := range []string{"pods", "pods/log"} {
		w.api.mu.Lock()
		w.api.forbid = resource
		w.api.mu.Unlock()
		fails(resource, "survey --print-role prints the roles", 20)
	}
	w.api.mu.Lock()
	w.api.forbid = ""
	w.api.mu.Unlock()
	w.start(t, "--for=1s", "--every=1s").wait(t)
}

// TestOptionalOnly: at none Elasticsearch names nobody, which is no evidence that everybody has a certificate.
func TestOptionalOnly(t *testing.T) {
	w := newWorld(t, 1)
	must(t, w.nodes[0].Restart(t.Context(), map[string]string{"xpack.security.http.ssl.client_authentication": "none"}))
	out, err := exec.Command(w.init, append(append([]string{}, w.args...), "--for=1m", "--every=1s", "--timeout=8s")...).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("set client_authentication to optional first")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestRefused lists whom Elasticsearch refuses at required, by its log.
func TestRefused(t *testing.T) {
	w := newWorld(t, 1)
	must(t, w.nodes[0].Restart(t.Context(), map[string]string{"xpack.security.http.ssl.client_authentication": "required"}))
	c := clientsOf(1, 0, false)[0]
	c.kind, c.certificate = short, false
	w.api.add("shop", c.pod, "Deployment/"+c.pod, c.ip)
	must(t, c.open(w.nodes[0].URL, w.with, w.without, w.nodes[0].Password))
	if c.request(t.Context()) == nil {
		t.Fatal("it was let in")
	}
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
		lines, err := exec.Command(w.init, append(append([]string{}, w.args...), "--refused", "--for=1h")...).Output()
		must(t, err)
		cmd := exec.Command(w.plugin, "survey", "--refused", "-")
		cmd.Stdin = bytes.NewReader(lines)
		out, err := cmd.Output()
		must(t, err)
		if strings.Contains(string(out), "shop/Deployment/"+c.pod+", 1 times") && strings.Contains(string(out), "it presents no certificate: give it one") {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%s\n%s", out, lines)
		}
	}
}

// TestOverhead measures what the logger costs the node: SURVEY_REQUESTS requests without a certificate, with it off and on.
func TestOverhead(t *testing.T) {
	requests := number("SURVEY_REQUESTS", 0)
	if requests == 0 {
		t.Skip("SURVEY_REQUESTS=20000 measures it")
	}
	w := newWorld(t, 1)
	c := clientsOf(1, 0, false)[0]
	c.kind, c.certificate = kept, false
	must(t, c.open(w.nodes[0].URL, w.with, w.without, w.nodes[0].Password))
	run := func() (cpu, took time.Duration) {
		before, began := w.cpu(t), time.Now()
		all := make(chan bool, requests)
		for range requests {
			all <- true
		}
		close(all)
		done := make(chan error, 8)
		for range 8 {
			go func() {
				for range all {
					if err := c.request(t.Context()); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range 8 {
			must(t, <-done)
		}
		return w.cpu(t) - before, time.Since(began)
	}
	run() // the node compiles what it runs often
	run()
	for round := range 3 {
		w.call(t, http.MethodPut, "/_cluster/settings", map[string]any{"persistent": map[string]any{logger: nil}})
		off, offTook := run()
		w.call(t, http.MethodPut, "/_cluster/settings", map[string]any{"persistent": map[string]any{logger: "DEBUG"}})
		size := w.logSize(t)
		on, onTook := run()
		per := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/float64(requests)) }
		t.Logf("round %d: off %s µs of CPU a request at %.0f a second; on %s µs at %.0f a second; %d bytes of log a request", round, per(off),
			float64(requests)/offTook.Seconds(), per(on), float64(requests)/onTook.Seconds(), (w.logSize(t)-size)/int64(requests))
	}
}

// cpu is what the node's process has used.
func (w *world) cpu(t *testing.T) time.Duration {
	t.Helper()
	var s struct {
		Nodes map[string]struct {
			Process struct {
				CPU struct {
					Total int64 `json:"total_in_millis"`
				}
			}
		}
	}
	must(t, json.Unmarshal(w.call(t, http.MethodGet, "/_nodes/stats/process", nil), &s))
	for _, n := range s.Nodes {
		return time.Duration(n.Process.CPU.Total) * time.Millisecond
	}
	return 0
}

func (w *world) logSize(t *testing.T) int64 {
	t.Helper()
	out, err := exec.Command("stat", "-c", "%s", filepath.Clean(w.nodes[0].Log)).Output()
	must(t, err)
	var n int64
	_, err = fmt.Sscan(string(out), &n)
	must(t, err)
	return n
}
