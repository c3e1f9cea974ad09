//go:build integration || survey

package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
)

const (
	logger = "logger.org.elasticsearch.xpack.security.Security"
	record = "cluster.metadata.elk-mtls-survey"
)

// settings are those of the cluster.
func (w *world) settings(t *testing.T) map[string]any {
	t.Helper()
	var s struct{ Persistent map[string]any }
	must(t, json.Unmarshal(w.call(t, http.MethodGet, "/_cluster/settings?flat_settings=true", nil), &s))
	return s.Persistent
}

// TestKills kills the survey at any moment, SURVEY_KILLS times. Elasticsearch and the API server are restarted now and then, while it
// runs. Afterwards the logger is as it was; or the record is there, doctor says so, and --restore or the next survey puts it back.
func TestKills(t *testing.T) {
	w := newWorld(t, 1)
	server := w.cluster(t)
	kills, seed := number("SURVEY_KILLS", 6), uint64(number("SURVEY_SEED", 1))
	chance := rand.New(rand.NewPCG(seed, 22))
	count := map[string]int{}
	for i := range kills {
		var old any
		if chance.IntN(2) == 0 {
			old = "INFO"
		}
		w.call(t, http.MethodPut, "/_cluster/settings", map[string]any{"persistent": map[string]any{logger: old}})
		s := w.start(t, "--for=3s", "--every=1s")
		restarted := make(chan error, 1)
		switch i % 6 {
		case 3:
			count["restarts of Elasticsearch"]++
			go func() { restarted <- w.nodes[0].Restart(t.Context(), nil) }()
		case 5:
			count["restarts of the API server"]++
			go func() { restarted <- server.Restart(t.Context()) }()
		default:
			restarted <- nil
		}
		time.Sleep(time.Duration(chance.Int64N(int64(6 * time.Second))))
		must(t, s.cmd.Process.Signal(syscall.SIGKILL))
		_ = s.cmd.Wait()
		if s.text(t) != "" {
			count["had begun to watch"]++
		}
		must(t, <-restarted)
		w.settled(t)
		now := w.settings(t)
		if now[record] == nil {
			if now[logger] != old {
				t.Errorf("kill %d: the logger is %v, was %v, and nothing says so", i, now[logger], old)
			}
			continue
		}
		count["left a record"]++
		if out := w.doctor(t); !strings.Contains(out, `"code": "survey"`) || !strings.Contains(out, "a logger of Elasticsearch") {
			t.Errorf("kill %d: doctor says nothing:\n%s", i, out)
		}
		if chance.IntN(2) == 0 {
			count["put back by --restore"]++
			out, err := exec.Command(w.init, append(append([]string{}, w.args...), "--restore")...).CombinedOutput()
			if err != nil {
				t.Errorf("kill %d: --restore: %v\n%s", i, err, out)
			}
		} else {
			count["put back by the next survey"]++
			if text := w.start(t, "--for=1s", "--every=1s").wait(t); !watched(text, "node-0") {
				t.Errorf("kill %d: the next survey does not watch:\n%s", i, text)
			}
		}
		if now := w.settings(t); now[logger] != old || now[record] != nil {
			t.Errorf("kill %d: afterwards %v, was %v", i, now, old)
		}
	}
	t.Logf("seed %d: %d kills: %v", seed, kills, count)
	if left := count["left a record"]; left == 0 || left == kills {
		t.Error("no kill was in time, or none too early or too late")
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
		if now := w.settings(t); now[logger] != nil || now[record] != nil {
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
		if strings.Contains(string(out), "shop/Deployment/"+c.pod+", 1 time,") && strings.Contains(string(out), "it presents no certificate: give it one") {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%s\n%s", out, lines)
		}
	}
}

// TestLogs reads the log of a server outside Kubernetes, from a file and from standard input.
func TestLogs(t *testing.T) {
	w := newWorld(t, 1)
	c := clientsOf(1, 0, false)[0]
	c.kind, c.certificate = short, false
	must(t, c.open(w.nodes[0].URL, w.with, w.without, w.nodes[0].Password))
	w.args = slices.DeleteFunc(w.args, func(a string) bool { return strings.HasPrefix(a, "--kubeconfig") })
	for name, log := range map[string]string{"a file": w.nodes[0].Log, "standard input": "-"} {
		t.Run(name, func(t *testing.T) {
			tail := exec.Command("tail", "-n", "0", "-f", w.nodes[0].Log)
			var err error
			w.stdin, err = tail.StdoutPipe()
			must(t, err)
			must(t, tail.Start())
			defer func() { _, _ = tail.Process.Kill(), tail.Wait() }()
			s := w.begin(t, "--for=8s", "--every=1s", "--log="+log)
			must(t, c.request(t.Context()))
			read, err := evidence.Read(strings.NewReader(s.wait(t)))
			must(t, err)
			if !slices.ContainsFunc(read.Lines, func(l evidence.Line) bool {
				return l.Kind == evidence.Client && l.Address == c.ip && l.Agent == c.agent && l.Certificate == evidence.Absent && l.Place == evidence.Loopback
			}) {
				t.Errorf("%s has no certificate, and is not named: %+v", c.key(), read.Lines)
			}
		})
	}
}
