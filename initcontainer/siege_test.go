package initcontainer

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// siege is a second harness beside test/chaos, of which it has no line: one process, where every run has a clock of its own,
// so that pauses of a minute and clocks off by hours take no time. SIEGE_ROUNDS=… makes it longer, SIEGE_SEED=… replays its
// decisions.
type siege struct {
	*world
	t      *testing.T
	es     *standin.Server
	api    *kubefake.Server
	random *rand.Rand
	relied map[string]bool // an exit 0 rested on these: nobody may delete them
	killed map[string]bool // we did ourselves
	zeros  int             // exits 0
	backup *corev1.Secret
}

func TestSiege(t *testing.T) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	rounds, seed := number("SIEGE_ROUNDS", 20), number("SIEGE_SEED", int(time.Now().UnixNano()%1e6))
	t.Logf("SIEGE_SEED=%d SIEGE_ROUNDS=%d", seed, rounds)
	w, es, api := localWorld(t)
	s := &siege{w, t, es, api, rand.New(rand.NewPCG(uint64(seed), 1)), map[string]bool{}, map[string]bool{}, 0, nil}
	s.settings("")
	for n := range rounds {
		s.storm()
		s.condition()
		s.calm()
		if t.Failed() {
			t.Fatalf("in round %d", n)
		}
	}
	t.Logf("%d exits 0, %d tokens were deleted by hand", s.zeros, len(s.killed))
}

// storm lets some run at once over a bad network, while the Secret is changed under them.
func (s *siege) storm() {
	var group sync.WaitGroup
	relied := make(chan string, 8)
	for i := range 1 + s.random.IntN(4) {
		seed := s.random.Uint64()
		group.Go(func() {
			if name, err := s.run("pod-"+strconv.Itoa(i), rand.New(rand.NewPCG(seed, 2))); err == nil {
				relied <- name
			}
		})
	}
	for range s.random.IntN(3) {
		time.Sleep(time.Duration(s.random.IntN(5)) * time.Millisecond)
		s.hand()
	}
	group.Wait()
	close(relied)
	for name := range relied {
		s.rely(name)
	}
}

// rely remembers on what an exit 0 rests. Unverified it may be a token that we deleted ourselves.
func (s *siege) rely(name string) {
	s.zeros++
	if name != "" && !s.killed[name] {
		s.relied[name] = true
	}
}

// hand is a person, Helm, or a restore from a backup, which makes a new object.
func (s *siege) hand() {
	switch s.random.IntN(5) {
	case 0:
		s.blank()
	case 1:
		s.api.Delete()
		s.api.Render(s.namespace, s.secret)
	case 2:
		s.relabel()
	case 3:
		s.backup = s.read()
	case 4:
		if old := s.backup; old != nil {
			s.api.Delete()
			s.api.Render(s.namespace, s.secret)
			s.edit(func(secret *corev1.Secret) { secret.Data, secret.Annotations = old.Data, old.Annotations })
		}
	}
}

// run is one ensure. With random, its clock is off, requests and answers are lost, and before any of them it may stand still
// for up to a minute. It returns the name of the token that the log says the Secret holds.
func (s *siege) run(pod string, random *rand.Rand) (string, error) {
	clock := newTestClock()
	around := closing(s.t)
	kubernetes := rest.CopyConfig(s.kubernetes)
	if random != nil {
		clock.advance(time.Duration(random.IntN(7)-3) * time.Hour)
		bad := &rough{random: random, clock: clock}
		around = func(next http.RoundTripper) http.RoundTripper { return badly{bad, closing(s.t)(next)} }
		kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper { return badly{bad, next} })
	}
	var log strings.Builder
	err := ensure(context.Background(), s.world.settings(pod), edge{
		clock: clock.clock(), log: slog.New(slog.NewTextHandler(&log, nil)), stdout: io.Discard, kubernetes: kubernetes, transport: around,
	})
	name := ""
	for line := range strings.SplitSeq(log.String(), "\n") {
		if strings.Contains(line, "the token in the Secret") || strings.Contains(line, "wrote the new token") || strings.Contains(line, "the token is in the Secret") {
			_, rest, _ := strings.Cut(line, " name=")
			name, _, _ = strings.Cut(rest, " ")
		}
	}
	return name, err
}

// rough is a bad network, and a machine that stands still.
type rough struct {
	sync.Mutex
	random *rand.Rand
	clock  *testClock
}

func (r *rough) draw(n int) int {
	r.Lock()
	defer r.Unlock()
	return r.random.IntN(n)
}

type badly struct {
	*rough
	next http.RoundTripper
}

func (b badly) RoundTrip(req *http.Request) (*http.Response, error) {
	switch b.draw(15) {
	case 0:
		return nil, errCut
	case 1:
		res, err := b.next.RoundTrip(req)
		if err == nil {
			_ = res.Body.Close()
		}
		return nil, errCut
	case 2:
		b.clock.advance(time.Duration(b.draw(60)) * time.Second)
		time.Sleep(time.Duration(b.draw(4)) * time.Millisecond)
	case 3:
		return b.spoil(req, func(body io.ReadCloser) io.ReadCloser { return &dribble{body, b, all} })
	case 4: // the other end closed its half: what was under way is lost, and it is no error of the connection
		return b.spoil(req, func(body io.ReadCloser) io.ReadCloser { return &dribble{body, b, b.draw(40)} })
	case 5: // the request reaches it, then nothing comes: after a while our own time is over
		return b.spoil(req, func(body io.ReadCloser) io.ReadCloser { return silent{body, b} })
	}
	return b.next.RoundTrip(req)
}

// spoil lets a request arrive, and its answer come as a bad connection brings it.
func (b badly) spoil(req *http.Request, how func(io.ReadCloser) io.ReadCloser) (*http.Response, error) {
	res, err := b.next.RoundTrip(req)
	if err == nil {
		res.Body = how(res.Body)
	}
	return res, err
}

// dribble brings an answer byte by byte, while the clock of who waits goes on by seconds; after so many bytes it ends.
type dribble struct {
	io.ReadCloser
	bad  badly
	left int
}

const all = -1

func (d *dribble) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if d.left > 0 {
		d.left--
	}
	if d.bad.draw(20) == 0 {
		d.bad.clock.advance(time.Duration(d.bad.draw(5)) * time.Second)
	}
	return d.ReadCloser.Read(p[:min(len(p), 1)])
}

// silent is an answer whose head came and whose body does not: its reader's time is over.
type silent struct {
	io.Closer
	bad badly
}

func (s silent) Read([]byte) (int, error) {
	s.bad.clock.advance(10 * time.Second)
	return 0, context.DeadlineExceeded
}

// condition lets one run meet something that lasts, and holds its exit to the table.
func (s *siege) condition() {
	const all, service = "GET /_security", "/_security/service"
	fails := func(faults ...standin.Fault) func() { return func() { s.es.Fail(faults...) } }
	has := s.held()
	works, hopeless := has != "" && !protocol.Hopeless(s.state(s.t)), protocol.Hopeless(s.state(s.t))
	unless := func(fine bool, cause failure.Cause) failure.Cause {
		if fine {
			return failure.None
		}
		return cause
	}
	dead := func(then ...standin.Fault) func() {
		return func() {
			for qualified := range s.es.Tokens() {
				s.killed[strings.TrimPrefix(qualified, kibana.String()+"/")] = true
			}
			s.es.Revoke()
			s.relied = map[string]bool{}
			s.es.Fail(then...)
		}
	}
	conditions := []struct {
		name  string
		begin func()
		want  failure.Cause
	}{
		{"the index is closed", fails(standin.Fault{On: all, Status: 401}), failure.Unauthorized},
		{"the index is lost, and the minter with it", dead(standin.Fault{On: all, Status: 401}), failure.Unauthorized},
		{"the minter lost its right", dead(standin.Fault{On: "GET " + service, Status: 403}, standin.Fault{On: "POST " + service, Status: 403}), failure.Forbidden},
		{"no writes", dead(standin.Fault{On: "POST " + service, Status: 403, Type: "cluster_block_exception"}), failure.Blocked},
		{"no master", fails(standin.Fault{On: "GET /", Status: 503}), unless(!hopeless, failure.Unavailable)},
		{"the token is gone", dead(), failure.None},
		{"no right to patch", func() { s.api.DenyPatch(403) }, unless(works, failure.KubeForbidden)},
		{"no right at all", func() { s.api.Deny(403) }, failure.KubeForbidden},
		{"a webhook is down", func() { s.api.DenyPatch(500) }, unless(works, failure.Other)},
		{"no answer", fails(standin.Fault{On: "GET /", CutBefore: true}), unless(!hopeless, failure.Unreachable)},
	}
	c := conditions[s.random.IntN(len(conditions))]
	c.begin()
	name, err := s.run("stranger", nil)
	if failure.Of(err) != c.want {
		s.t.Errorf("%s, with %q in the Secret: exit %d, want %d: %v", c.name, has, failure.Of(err).Code(), c.want.Code(), err)
	}
	if err == nil {
		s.rely(name)
	}
	s.es.Heal()
	s.api.Deny(0)
	s.api.DenyPatch(0)
}

// held is the name of the token in the Secret, where Elasticsearch has it.
func (s *siege) held() string {
	state := s.state(s.t)
	for qualified, value := range s.es.Tokens() {
		if value == state.Token.Reveal() {
			return strings.TrimPrefix(qualified, kibana.String()+"/")
		}
	}
	return ""
}

// calm lets one run go undisturbed, and checks what must hold.
func (s *siege) calm() {
	name, err := s.run("calm", nil)
	state := s.state(s.t)
	if err != nil || name != state.Has || s.held() == "" || state.TokenName != state.Has {
		s.t.Errorf("undisturbed: %v; relied on %q, the Secret has %q and names %q, Elasticsearch has it: %v", err, name, state.Has, state.TokenName, s.held() != "")
	}
	s.rely(name)
	tokens := s.es.Tokens()
	for name := range s.relied {
		if tokens[kibana.String()+"/"+name] == "" {
			s.t.Errorf("%s is gone, and an exit 0 rested on it", name)
		}
	}
}
