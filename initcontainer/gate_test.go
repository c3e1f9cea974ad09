package initcontainer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// actor is one ensure whose every request stops at a gate until the script says what becomes of it.
type actor struct {
	t     *testing.T
	name  string
	clock *testClock
	log   bytes.Buffer // read it after the end only
	out   bytes.Buffer // the same
	stop  context.CancelFunc
	calls chan *call
	done  chan error
	sent  []string // what was sent so far
}

// call is one request that waits at the gate.
type call struct {
	kind string // get, claim, write, mend, doom; login, verify, health, list, create, delete; workload, pods, rights, restart
	name string // of the token in the path of create and delete; of the claimed name in a claim
	req  *http.Request
	next http.RoundTripper
	fate chan func() (*http.Response, error)
}

var errCut = errors.New("connection cut by the script")

// start runs an ensure of a pod.
func (w *world) start(t *testing.T, pod string, change ...func(*config.Ensure)) *actor {
	t.Helper()
	o := w.settings(pod)
	for _, f := range change {
		f(&o)
	}
	return w.act(t, pod, func(ctx context.Context, e edge) error { return ensure(ctx, o, e) })
}

// startRotate runs a rotate of the Deployment kibana.
func (w *world) startRotate(t *testing.T, name string) *actor {
	t.Helper()
	o := w.rotation(name)
	return w.act(t, name, func(ctx context.Context, e edge) error { return rotate(ctx, o, e) })
}

// startRevoke runs a revoke.
func (w *world) startRevoke(t *testing.T, name string, change ...func(*config.Revoke)) *actor {
	t.Helper()
	o := config.Revoke{Ensure: w.settings(name)}
	for _, f := range change {
		f(&o)
	}
	return w.act(t, name, func(ctx context.Context, e edge) error { return revoke(ctx, o, e) })
}

func (w *world) act(t *testing.T, name string, run func(context.Context, edge) error) *actor {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	a := &actor{t: t, name: name, clock: newTestClock(), stop: stop, calls: make(chan *call), done: make(chan error, 1)}
	kubernetes := rest.CopyConfig(w.kubernetes)
	kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper { return gate{a, next} })
	go func() {
		a.done <- run(ctx, edge{
			clock: a.clock.clock(), log: slog.New(slog.NewTextHandler(&a.log, nil)), stdout: &a.out, kubernetes: kubernetes,
			transport: func(next http.RoundTripper) http.RoundTripper { return gate{a, closing(t)(next)} },
		})
	}()
	t.Cleanup(stop)
	return a
}

type gate struct {
	actor *actor
	next  http.RoundTripper
}

// RoundTrip waits for the script.
func (g gate) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &call{req: req, next: g.next, fate: make(chan func() (*http.Response, error), 1)}
	if err := c.classify(); err != nil {
		return nil, err
	}
	// That it is on its way counts as a connection: an answer that does not come leaves open what happened.
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	select {
	case g.actor.calls <- c:
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	select {
	case fate := <-c.fate:
		return fate()
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// classify names the request by what the protocol calls it.
func (c *call) classify() error {
	var body []byte
	if c.req.Body != nil {
		var err error
		if body, err = io.ReadAll(c.req.Body); err != nil {
			return err
		}
		c.req.Body = io.NopCloser(bytes.NewReader(body))
	}
	path := c.req.URL.Path
	_, c.name, _ = strings.Cut(path, "/credential/token/")
	switch bearer := strings.HasPrefix(c.req.Header.Get("Authorization"), "Bearer "); {
	case strings.HasSuffix(path, "/_authenticate") && bearer:
		c.kind = "verify"
	case strings.HasSuffix(path, "/_authenticate"):
		c.kind = "login"
	case strings.HasSuffix(path, "/_cluster/health"):
		c.kind = "health"
	case strings.HasSuffix(path, "/pods"):
		c.kind = "pods"
	case strings.HasSuffix(path, "/selfsubjectaccessreviews"):
		c.kind = "rights"
	case strings.Contains(path, "/apis/apps/"):
		c.kind = map[string]string{http.MethodGet: "workload", http.MethodPatch: "restart"}[c.req.Method]
	case strings.HasSuffix(path, "/credential"):
		c.kind = "list"
	case c.req.Method == http.MethodPost:
		c.kind = "create"
	case c.req.Method == http.MethodDelete:
		c.kind = "delete"
	case c.req.Method == http.MethodGet:
		c.kind = "get"
	case bytes.Contains(body, []byte(`"data":`)):
		c.kind = "write"
	case bytes.Contains(body, []byte(`"elk-mtls.dev/claim":"`)):
		c.kind = "claim"
		_, rest, _ := strings.Cut(string(body), `"elk-mtls.dev/claim":"`)
		c.name, _, _ = strings.Cut(rest, " ")
	case bytes.Contains(body, []byte(`"elk-mtls.dev/abandoned":"`)) && !bytes.Contains(body, []byte(`"elk-mtls.dev/claim"`)):
		c.kind = "doom"
	default:
		c.kind = "mend"
	}
	return nil
}

// act sends the request now, whoever waits for it, and returns its answer whole.
func (c *call) act() (*http.Response, error) {
	req := c.req.Clone(context.Background())
	res, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, err
}

// pass lets the request through, and its answer back.
func (c *call) pass() {
	res, err := c.act()
	c.fate <- func() (*http.Response, error) { return res, err }
}

// lose cuts the connection; the request may act later.
func (c *call) lose() { c.fate <- func() (*http.Response, error) { return nil, errCut } }

// actThenLose lets the request act and loses the answer.
func (c *call) actThenLose(t *testing.T) {
	t.Helper()
	_, err := c.act()
	must(t, err)
	c.lose()
}

// late lets a request act whose sender has given up, or is dead.
func (c *call) late(t *testing.T) int {
	t.Helper()
	res, err := c.act()
	must(t, err)
	return res.StatusCode
}

// until lets everything through before a request of this kind, and returns that one, held at the gate.
func (a *actor) until(kind string) *call {
	a.t.Helper()
	return a.untilThat(func(c *call) bool { return c.kind == kind }, kind)
}

func (a *actor) untilThat(wanted func(*call) bool, what string) *call {
	a.t.Helper()
	for {
		select {
		case c := <-a.calls:
			a.sent = append(a.sent, c.kind)
			if wanted(c) {
				return c
			}
			c.pass()
		case err := <-a.done:
			a.t.Fatalf("%s ended (%v) before it sent %q; it sent %v\n%s", a.name, err, what, a.sent, a.log.String())
		case <-time.After(2 * time.Minute):
			a.t.Fatalf("%s hangs before %q; it sent %v", a.name, what, a.sent)
		}
	}
}

// ends lets everything through to the end and checks the cause.
func (a *actor) ends(cause failure.Cause) {
	a.t.Helper()
	for {
		select {
		case c := <-a.calls:
			a.sent = append(a.sent, c.kind)
			c.pass()
		case err := <-a.done:
			if got := failure.Of(err); got != cause {
				a.t.Fatalf("%s ends with %d (%v), want %d; it sent %v\n%s", a.name, got, err, cause, a.sent, a.log.String())
			}
			return
		case <-time.After(2 * time.Minute):
			a.t.Fatalf("%s hangs; it sent %v", a.name, a.sent)
		}
	}
}

// next returns the next request, held at the gate; nil where the actor has ended.
func (a *actor) next() *call {
	select {
	case c := <-a.calls:
		a.sent = append(a.sent, c.kind)
		return c
	case err := <-a.done:
		a.done <- err
		return nil
	}
}

// runs lets everything through to the end.
func (a *actor) runs() error {
	for {
		c := a.next()
		if c == nil {
			return <-a.done
		}
		c.pass()
	}
}

// killed ends the actor where it stands.
func (a *actor) killed() {
	a.t.Helper()
	a.stop()
	a.ends(failure.Other)
}

// count says how many requests of a kind were sent.
func (a *actor) count(kind string) int {
	n := 0
	for _, k := range a.sent {
		if k == kind {
			n++
		}
	}
	return n
}
