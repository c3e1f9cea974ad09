package initcontainer

import (
	"slices"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// The scripts in which a person, or an earlier run, has left something in the Secret.

// R1
func replacedTokenIsRecorded(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	old := w.state(t).Has
	w.put("garbage")
	w.start(t, "pod-b").ends(0)
	if s := w.works(t); s.Has == old || !slices.Equal(s.Previous, []string{old}) || !w.alive(t, old) {
		t.Errorf("previous is %v, want %s; alive %v", s.Previous, old, w.alive(t, old))
	}
}

// A token that Elasticsearch does not know any more is replaced.
func refusedTokenIsRecorded(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	old := w.state(t).Has
	w.kill(t, old)
	b := w.start(t, "pod-b")
	b.ends(0)
	if s := w.works(t); s.Has == old || !slices.Equal(s.Previous, []string{old}) || b.count("delete") > 0 {
		t.Errorf("previous is %v, want %s; B sent %v", s.Previous, old, b.sent)
	}
}

// R3
func foreignTokenOverOurs(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	ours, name := w.state(t).Has, unique("by-hand")
	w.put(w.mint(t, name).Reveal())
	b := w.start(t, "pod-b")
	b.ends(0)
	if b.count("mend") != 1 || b.count("claim")+b.count("write")+b.count("delete") > 0 {
		t.Errorf("B sent %v, want one mend", b.sent)
	}
	if s := w.works(t); s.Has != name || !slices.Equal(s.Previous, []string{ours}) || !w.alive(t, ours) {
		t.Errorf("has %s, previous %v", s.Has, s.Previous)
	}
}

// R3, as far as ensure goes: rotate has written R, and T is put back by hand.
func previousPutBack(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	s := w.state(t)
	first, value := s.Has, s.Token
	w.put("garbage")
	w.start(t, "pod-b").ends(0)
	second := w.state(t).Has
	w.put(value.Reveal())
	w.start(t, "pod-c").ends(0)
	s = w.works(t)
	if s.Has != first || !slices.Equal(s.Previous, []string{second}) || !w.alive(t, first) || !w.alive(t, second) {
		t.Errorf("has %s, want %s; previous %v, want %s", s.Has, first, s.Previous, second)
	}
}

// R6
func doomedPutBack(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	s := w.state(t)
	doomed := s.Has
	s.TokenName, s.Abandoned = "", []protocol.Doomed{{Name: doomed, Since: time.Now()}}
	w.annotate(s)
	b := w.start(t, "pod-b")
	b.until("create")
	if b.count("verify") > 0 {
		t.Errorf("B asks about a doomed token: %v", b.sent)
	}
	b.killed()
	w.start(t, "pod-b").ends(0)
	if s := w.works(t); s.Has == doomed || w.alive(t, doomed) {
		t.Errorf("has %s; the doomed %s lives: %v", s.Has, doomed, w.alive(t, doomed))
	}
}

// R7
func tokenNameMineDataSpoilt(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	a.until("write").actThenLose(t)
	read := a.until("get")
	s := w.state(t)
	n := s.Has
	w.put(s.Token.Reveal()[:40])
	read.pass()
	a.ends(0)
	if s := w.works(t); s.Has == n || !slices.Contains(s.Previous, n) {
		t.Errorf("has %s, previous %v, first was %s", s.Has, s.Previous, n)
	}
}

func claimBesideWorkingToken(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	s := w.state(t)
	n := unique(w.prefix(s))
	w.mint(t, n)
	s.Claim = protocol.Claim{Name: n, Holder: "pod-b"}
	w.annotate(s)
	b := w.start(t, "pod-b")
	b.ends(0)
	if b.count("claim")+b.count("create")+b.count("write") > 0 {
		t.Errorf("B sent %v", b.sent)
	}
	after := w.works(t)
	if after.Has != s.Has || len(after.Abandoned) > 0 || after.Claim.Name != "" || w.alive(t, n) {
		t.Errorf("has %s, claim %v, abandoned %v; %s lives: %v", after.Has, after.Claim, after.Abandoned, n, w.alive(t, n))
	}
	w.start(t, "pod-c").ends(0)
	if last := w.works(t); last.Version != after.Version {
		t.Error("the next run writes")
	}
}
