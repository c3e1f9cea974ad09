package initcontainer

import (
	"slices"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// The shortest interleavings that broke some earlier form of the protocol, and must not break this one. A and B are two
// runs of ensure, of two pods unless said; N is the name that A claims first.
type interleaving struct {
	name string
	play func(*testing.T, *world)
}

func TestInterleavings(t *testing.T) {
	for _, script := range interleavings() {
		t.Run(script.name, func(t *testing.T) {
			w, _, _ := localWorld(t)
			script.play(t, w)
		})
	}
}

func interleavings() []interleaving {
	return []interleaving{
		{"TakeoverDeletesUnfenced", takeoverDeletesUnfenced},
		{"TakeoverOfAStalledHolder", takeoverOfAStalledHolder},
		{"GiveUpThenLatePatch", giveUpThenLatePatch},
		{"RepeatedPatch409", repeatedPatch409},
		{"LateCreateAfter404", lateCreateAfter404},
		{"WipedAfterLostAnswer", wipedAfterLostAnswer},
		{"GoneAfterLostAnswer", goneAfterLostAnswer},
		{"ClaimTwice", claimTwice},
		{"ReplacedTokenIsRecorded", replacedTokenIsRecorded},
		{"RefusedTokenIsRecorded", refusedTokenIsRecorded},
		{"ForeignTokenOverOurs", foreignTokenOverOurs},
		{"PreviousPutBack", previousPutBack},
		{"DoomedPutBack", doomedPutBack},
		{"TokenNameMineDataSpoilt", tokenNameMineDataSpoilt},
		{"WriteWithoutClaim", writeWithoutClaim},
		{"BumpBetweenReadAndWrite", bumpBetweenReadAndWrite},
		{"DeadOldTokenAnd409", deadOldTokenAnd409},
		{"OwnClaimAfterRestart", ownClaimAfterRestart},
		{"ClaimBesideWorkingToken", claimBesideWorkingToken},
		{"UnansweredCreate", unansweredCreate},
		{"UnansweredClaim", unansweredClaim},
	}
}

// A's late patch commits just before B takes over: B's patch meets a 409, reads again, and deletes nothing.
func takeoverDeletesUnfenced(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	write := a.until("write")
	n := w.state(t).Claim.Name
	b := w.start(t, "pod-b")
	takeover := b.until("claim") // it has waited long enough
	if b.count("delete") > 0 {
		t.Error("B deletes before it has fenced the claim")
	}
	write.pass()
	a.ends(0)
	takeover.pass()
	b.ends(0)
	if s := w.works(t); s.Has != n || b.count("delete") > 0 {
		t.Errorf("the Secret has %s, A wrote %s; B sent %v", s.Has, n, b.sent)
	}
}

// B takes over first: A's patch meets a 409, and A ends with B's token.
func takeoverOfAStalledHolder(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	write := a.until("write")
	n := w.state(t).Claim.Name
	b := w.start(t, "pod-b")
	b.until("claim").pass()
	write.pass()
	again := a.until("get")
	b.ends(0)
	again.pass()
	a.ends(0)
	if s := w.works(t); s.Has == n || w.alive(t, n) || a.count("create")+a.count("write") != 2 {
		t.Errorf("the Secret has %s; A's %s lives: %v; A sent %v", s.Has, n, w.alive(t, n), a.sent)
	}
}

func giveUpThenLatePatch(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	first := a.until("write")
	n := w.state(t).Claim.Name
	first.lose()
	second := a.until("write") // a read showed the claim
	if status := first.late(t); status != 200 {
		t.Fatalf("the late patch is answered %d", status)
	}
	second.pass()
	a.ends(0)
	if s := w.works(t); s.Has != n || a.count("delete") > 0 || a.count("create") != 1 {
		t.Errorf("the Secret has %s, not %s; A sent %v", s.Has, n, a.sent)
	}
}

func repeatedPatch409(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	write := a.until("write")
	n := w.state(t).Claim.Name
	write.actThenLose(t)
	a.ends(0)
	if s := w.works(t); s.Has != n || a.count("delete") > 0 || a.count("create") != 1 {
		t.Errorf("the Secret has %s, not %s; A sent %v", s.Has, n, a.sent)
	}
}

func lateCreateAfter404(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	create := a.until("create")
	n := create.name
	a.killed()
	b := w.start(t, "pod-b")
	b.ends(0)
	if b.count("delete") != 1 {
		t.Errorf("B sent %v, want one delete", b.sent)
	}
	create.late(t)
	s := w.works(t)
	if !slices.ContainsFunc(s.Abandoned, func(d protocol.Doomed) bool { return d.Name == n }) || !w.alive(t, n) {
		t.Fatalf("%s is not both alive and in abandoned %v", n, s.Abandoned)
	}
	c := w.start(t, "pod-c")
	c.clock.advance(11 * time.Minute)
	c.ends(0)
	if s := w.works(t); w.alive(t, n) || len(s.Abandoned) > 0 {
		t.Errorf("abandoned %v; %s lives: %v", s.Abandoned, n, w.alive(t, n))
	}
}

// R2
func wipedAfterLostAnswer(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	write := a.until("write")
	n := w.state(t).Claim.Name
	write.actThenLose(t)
	read := a.until("get")
	b := w.start(t, "pod-b")
	b.ends(0) // relies on N
	w.blank()
	read.pass()
	a.ends(0)
	s := w.works(t)
	if s.Has == n || !slices.Contains(s.Previous, n) || !w.alive(t, n) {
		t.Errorf("B relies on %s; previous %v, alive %v", n, s.Previous, w.alive(t, n))
	}
}

// R8
func goneAfterLostAnswer(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	write := a.until("write")
	n := w.state(t).Claim.Name
	write.actThenLose(t)
	read := a.until("get")
	b := w.start(t, "pod-b")
	b.ends(0)
	w.remove()
	read.pass()
	a.ends(failure.SecretMissing)
	if a.count("delete") > 0 || !w.alive(t, n) {
		t.Errorf("B relies on %s; A sent %v", n, a.sent)
	}
}

// R4: B deletes N late; that must not hit A's second claim.
func claimTwice(t *testing.T, w *world) {
	b := w.start(t, "pod-b")
	read := b.until("get")
	a := w.start(t, "pod-a")
	claim := a.until("claim")
	n := claim.name
	claim.actThenLose(t)
	again := a.until("get")
	read.pass() // B sees the claim
	read = b.until("get")
	foreign := w.mint(t, unique("by-hand"))
	w.put(foreign.Reveal())
	b.clock.advance(time.Minute)
	read.pass()
	remove := b.until("delete")
	if remove.name != n {
		t.Fatalf("B deletes %s, not %s", remove.name, n)
	}
	w.put("garbage")
	again.pass()
	second := a.until("claim")
	if second.name == n {
		t.Errorf("A claims %s a second time", n)
	}
	second.pass()
	create := a.until("create")
	remove.pass()
	create.pass()
	a.ends(0)
	b.ends(0)
	if s := w.works(t); s.Has != second.name {
		t.Errorf("the Secret has %s, A claimed %s", s.Has, second.name)
	}
}

func writeWithoutClaim(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	write := a.until("write")
	n := w.state(t).Claim.Name
	b := w.start(t, "pod-b")
	remove := b.until("delete") // B has fenced N, and written its own
	if remove.name != n {
		t.Fatalf("B deletes %s, not %s", remove.name, n)
	}
	write.pass() // 409
	read := a.until("get")
	wiped := w.state(t).Has
	w.blank()
	read.pass()
	a.until("claim").pass() // not a write of N
	remove.pass()
	a.ends(0)
	b.ends(0)
	if s := w.works(t, wiped); s.Has == n || w.alive(t, n) {
		t.Errorf("has %s, alive %v", s.Has, w.alive(t, n))
	}
}

func bumpBetweenReadAndWrite(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	write := a.until("write")
	n := w.state(t).Claim.Name
	w.relabel()
	write.pass()
	a.ends(0)
	if s := w.works(t); s.Has != n || a.count("create") != 1 || a.count("write") != 2 {
		t.Errorf("has %s, want %s; A sent %v", s.Has, n, a.sent)
	}
}

// R7
func deadOldTokenAnd409(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	w.kill(t, w.state(t).Has)
	bumpBetweenReadAndWrite(t, w)
}

func ownClaimAfterRestart(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	a.until("write")
	n := w.state(t).Claim.Name
	a.killed()
	again := w.start(t, "pod-a")
	begin := again.clock.now()
	again.ends(0)
	if waited := again.clock.now().Sub(begin); waited > 5*time.Second {
		t.Errorf("it waited %s for itself", waited)
	}
	if s := w.works(t); len(s.Abandoned) > 0 || w.alive(t, n) {
		t.Errorf("abandoned %v; %s lives: %v", s.Abandoned, n, w.alive(t, n))
	}
}

// A create whose answer is lost is never sent again: the value is lost, so the name is fenced and deleted.
func unansweredCreate(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	create := a.until("create")
	create.actThenLose(t)
	second := a.until("create")
	if second.name == create.name {
		t.Errorf("%s is sent twice", second.name)
	}
	second.pass()
	a.ends(0)
	if s := w.works(t); w.alive(t, create.name) || len(s.Abandoned) > 0 {
		t.Errorf("abandoned %v; %s lives: %v", s.Abandoned, create.name, w.alive(t, create.name))
	}
}

// A claim whose answer is lost is judged by the Secret: it is there, and is used.
func unansweredClaim(t *testing.T, w *world) {
	a := w.start(t, "pod-a")
	claim := a.until("claim")
	claim.actThenLose(t)
	create := a.until("create")
	if create.name != claim.name {
		t.Errorf("claimed %s, created %s", claim.name, create.name)
	}
	create.pass()
	a.ends(0)
	w.works(t)
	if a.count("claim") != 1 {
		t.Errorf("A sent %v", a.sent)
	}
}
