package initcontainer

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

func TestEnsureMakesATokenAndThenLeavesItAlone(t *testing.T) {
	w, _, api := localWorld(t)
	a := w.start(t, "pod-a")
	a.ends(0)
	if want := []string{"login", "get", "health", "claim", "create", "write"}; !slices.Equal(a.sent, want) {
		t.Errorf("the first run sent %v, want %v", a.sent, want)
	}
	before, writes := w.works(t), api.Writes()
	b := w.start(t, "pod-b")
	b.ends(0)
	if want := []string{"login", "get", "verify"}; !slices.Equal(b.sent, want) {
		t.Errorf("the second run sent %v, want %v", b.sent, want)
	}
	if after := w.works(t); after.Version != before.Version || api.Writes() != writes {
		t.Errorf("the second run wrote: resourceVersion %s, was %s", after.Version, before.Version)
	}
}

func TestTenAtOnceGiveOneToken(t *testing.T) {
	w, es, _ := localWorld(t)
	tenAtOnce(t, w)
	if made := len(es.Tokens()); made != 1 {
		t.Errorf("%d tokens", made)
	}
}

// tenAtOnce runs as many pods at the same time, by the real clock.
func tenAtOnce(t *testing.T, w *world) {
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			o := w.settings("pod-" + string(rune('a'+i)))
			err := ensure(context.Background(), o, edge{
				clock: systemClock(), log: slog.New(slog.DiscardHandler), stdout: io.Discard, kubernetes: w.kubernetes,
			})
			if err != nil {
				t.Errorf("pod %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if s := w.works(t); s.Claim.Name != "" || len(s.Abandoned)+len(s.Previous) > 0 {
		t.Errorf("left over: claim %v, abandoned %v, previous %v", s.Claim, s.Abandoned, s.Previous)
	}
}

// Elasticsearch refuses a token that it lists. For 30 s that proves nothing.
func TestARefusedTokenThatIsListed(t *testing.T) {
	refusal := standin.Fault{On: "GET /_security/_authenticate", Status: http.StatusUnauthorized, Reason: "error attempting to authenticate request"}
	t.Run("is kept when it works again", func(t *testing.T) {
		w, es, _ := localWorld(t)
		w.start(t, "pod-a").ends(0)
		before := w.works(t)
		refusal.Times = 20 // about 15 s
		es.Fail(refusal)
		w.start(t, "pod-b").ends(0)
		if after := w.works(t); after.Version != before.Version {
			t.Errorf("has %s, had %s", after.Has, before.Has)
		}
	})
	t.Run("is replaced after that, and kept alive", func(t *testing.T) {
		w, es, _ := localWorld(t)
		w.start(t, "pod-a").ends(0)
		old := w.works(t).Has
		b := w.start(t, "pod-b")
		refusal.Times = 1
		c := b.until("verify")
		begin := b.clock.now()
		for c.kind == "verify" {
			es.Fail(refusal)
			c.pass()
			c = b.untilThat(func(c *call) bool { return c.kind == "verify" || c.kind == "claim" }, "verify or claim")
		}
		if waited := b.clock.now().Sub(begin); waited < patience || waited > patience+5*time.Second {
			t.Errorf("it waited %s", waited)
		}
		c.pass()
		b.ends(0)
		if s := w.works(t); s.Has == old || !slices.Contains(s.Previous, old) || !w.alive(t, old) {
			t.Errorf("has %s, previous %v", s.Has, s.Previous)
		}
	})
}

func TestAClaimOfAnotherPodIsWaitedForButNotForEver(t *testing.T) {
	w, _, _ := localWorld(t)
	s := w.state(t)
	n := unique(w.prefix(s))
	s.Claim = protocol.Claim{Name: n, Holder: "pod-gone"}
	w.annotate(s)
	b := w.start(t, "pod-b")
	begin := b.clock.now()
	b.ends(0)
	if waited := b.clock.now().Sub(begin); waited < patience || waited > patience+15*time.Second {
		t.Errorf("it waited %s", waited)
	}
	if s := w.works(t); len(s.Abandoned) != 1 || s.Abandoned[0].Name != n {
		t.Errorf("abandoned %v, want %s: its create may still be under way", s.Abandoned, n)
	}
	if lines := strings.Count(b.log.String(), "waiting for"); lines != 1 {
		t.Errorf("%d lines about the wait:\n%s", lines, b.log.String())
	}
}

// A create that is refused for sure is sent again under the same name while the claim is young, then under a new one.
func TestACreateIsNotSentLateAfterItsClaim(t *testing.T) {
	w, es, _ := localWorld(t)
	es.Fail(standin.Fault{On: "POST /_security", Status: http.StatusTooManyRequests})
	a := w.start(t, "pod-a")
	first := a.until("create")
	first.pass()
	second := a.until("create")
	if second.name != first.name {
		t.Errorf("%s, then %s: a name was wasted", first.name, second.name)
	}
	a.clock.advance(tooLate)
	second.pass()
	es.Heal()
	a.ends(0)
	if s := w.works(t); s.Has == first.name || a.count("claim") != 2 {
		t.Errorf("has %s; A sent %v", s.Has, a.sent)
	}
}

func TestTooManyAbandonedNames(t *testing.T) {
	w, _, _ := localWorld(t)
	s := w.state(t)
	for range protocol.MaxAbandoned {
		s.Abandoned = append(s.Abandoned, protocol.Doomed{Name: unique(w.prefix(s)), Since: time.Now()})
	}
	w.annotate(s)
	a := w.start(t, "pod-a", func(o *config.Ensure) { o.Timeout = 3 * time.Second })
	a.ends(failure.Other)
	if a.count("claim") > 0 {
		t.Errorf("A sent %v", a.sent)
	}
	// Once the names are old, deleting them makes room.
	b := w.start(t, "pod-b", func(o *config.Ensure) { o.Timeout = time.Hour })
	b.clock.advance(old + time.Minute)
	b.ends(0)
	if s := w.works(t); len(s.Abandoned) > 0 {
		t.Errorf("abandoned %v", s.Abandoned)
	}
}

func TestSettleOnlyAfterAReplacement(t *testing.T) {
	w, _, _ := localWorld(t)
	if log, _ := w.plain(t, "pod-a"); strings.Contains(log, "replaced") {
		t.Errorf("the first token is waited for:\n%s", log)
	}
	w.put("garbage")
	log, err := w.plain(t, "pod-b")
	if err != nil || !strings.Contains(log, "the token was replaced; waiting") {
		t.Errorf("%v, log:\n%s", err, log)
	}
}

// An answer that never comes must not end the wait for what the Secret says.
func TestATokenThatCouldNotBeVerified(t *testing.T) {
	w, es, api := localWorld(t)
	w.start(t, "pod-a").ends(0)
	writes := api.Writes()
	es.Fail(standin.Fault{On: "GET /_security/_authenticate", Status: http.StatusServiceUnavailable})
	if log, err := w.plain(t, "pod-b"); err != nil || !strings.Contains(log, "level=WARN") {
		t.Errorf("%v, log:\n%s", err, log)
	}
	_, err := w.plain(t, "pod-c", func(o *config.Ensure) { o.RequireVerified = true })
	if failure.Of(err) != failure.Unreachable {
		t.Errorf("with --require-verified: %v", err)
	}
	w.edit(func(s *corev1.Secret) { s.Data = nil })
	if _, err := w.plain(t, "pod-d"); failure.Of(err) != failure.Unavailable {
		t.Errorf("without a token: %v", err)
	}
	if api.Writes() != writes {
		t.Error("it wrote")
	}
}

// Somebody's own Secret, made by hand and immutable: its token works, and that is all that matters.
func TestAnImmutableSecretWithATokenThatWorks(t *testing.T) {
	w, _, api := localWorld(t)
	w.put(w.mint(t, "by-hand").Reveal())
	w.edit(func(s *corev1.Secret) { s.Immutable = new(true) })
	if log, err := w.plain(t, "pod-a"); err != nil || !strings.Contains(log, "immutable") || api.Writes() > 0 {
		t.Errorf("%v, %d writes, log:\n%s", err, api.Writes(), log)
	}
	w.kill(t, "by-hand")
	if _, err := w.plain(t, "pod-b"); failure.Of(err) != failure.SecretImmutable {
		t.Errorf("a dead token: %v", err)
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	w, es, _ := localWorld(t)
	es.Fail(standin.Fault{On: "POST /_security", CutAfter: true, Times: 2}, standin.Fault{On: "DELETE", Status: 502, Times: 1})
	log, err := w.plain(t, "pod-a")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range es.Tokens() {
		if strings.Contains(log, value) || strings.Contains(log, testPassword) {
			t.Errorf("the log shows the value of %s:\n%s", name, log)
		}
	}
	var out bytes.Buffer
	h, err := newHolder(w.settings("pod-b"), edge{clock: systemClock(), log: slog.New(slog.DiscardHandler), kubernetes: w.kubernetes})
	must(t, err)
	_, err = h.hold(t.Context())
	must(t, err)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "holder", h, "mine", h.mine, "state", w.state(t))
	for _, value := range es.Tokens() {
		if strings.Contains(out.String(), value) {
			t.Errorf("a printed struct shows a token: %s", out.String())
		}
	}
}
