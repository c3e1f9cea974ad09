package initcontainer

import (
	"slices"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/rollout"
)

// The scripts in which somebody rotates or revokes; R is that run.

func rotations() []interleaving {
	return []interleaving{
		{"Rotate", rotateOnce},
		{"RotateMeetsPutBack", rotateMeetsPutBack},
		{"RotateDoomsYoung", rotateDoomsYoung},
		{"RotatePreviousPutBack", rotatePreviousPutBack},
		{"RotateKilledAnywhere", rotateKilledAnywhere},
		{"RotateUnansweredDoom", rotateUnansweredDoom},
		{"RotateBlankedInBetween", rotateBlankedInBetween},
		{"Revoke", revokeRecorded},
		{"RevokeUnanswered", revokeUnanswered},
		{"RevokeLeavesForeign", revokeLeavesForeign},
		{"RevokeOrphans", revokeOrphans},
	}
}

func TestRotations(t *testing.T) {
	for _, script := range rotations() {
		t.Run(script.name, func(t *testing.T) {
			w, _, api := localWorld(t)
			api.Workloads.Deploy("kibana", 2, "")
			script.play(t, w)
		})
	}
}

func (w *world) rotation(pod string) config.Rotate {
	o := config.Rotate{Ensure: w.settings(pod), Workloads: []rollout.Workload{{Kind: "Deployment", Name: "kibana"}}, KubeletPause: 90 * time.Second}
	o.Timeout = 15 * time.Minute
	return o
}

func rotateOnce(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	old := w.state(t).Has
	r := w.startRotate(t, "rotate")
	begin := r.clock.now()
	r.until("restart").pass()
	if waited := r.clock.now().Sub(begin); waited < 90*time.Second {
		t.Errorf("it restarts after %s: a kubelet may still hand out the old token", waited)
	}
	if s := w.state(t); s.Has == old || !slices.Contains(s.Previous, old) || !w.alive(t, old) {
		t.Errorf("before the restart is over: has %s, previous %v, %s lives: %v", s.Has, s.Previous, old, w.alive(t, old))
	}
	r.ends(0)
	s := w.works(t)
	if s.Has == old || w.alive(t, old) || len(s.Previous)+len(s.Abandoned) > 0 {
		t.Errorf("has %s, previous %v, abandoned %v; the old %s lives: %v", s.Has, s.Previous, s.Abandoned, old, w.alive(t, old))
	}
	w.start(t, "pod-b").ends(0)
	if after := w.works(t); after.Version != s.Version {
		t.Error("the next run writes")
	}
}

// R5: T is put back by hand when R is about to doom it.
func rotateMeetsPutBack(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	before := w.state(t)
	r := w.startRotate(t, "rotate")
	doom := r.until("doom")
	w.put(before.Token.Reveal())
	doom.pass() // 409
	r.ends(0)
	if !w.alive(t, before.Has) || r.count("delete") > 0 {
		t.Errorf("the token in data.token was deleted; R sent %v", r.sent)
	}
	w.start(t, "pod-b").ends(0)
	if s := w.works(t); s.Has != before.Has {
		t.Errorf("has %s, want %s", s.Has, before.Has)
	}
}

// R5: what came to previous after R's write belongs to pods that R does not wait for.
func rotateDoomsYoung(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	old := w.state(t).Has
	r := w.startRotate(t, "rotate")
	doom := r.until("restart")
	young := w.state(t).Has
	w.start(t, "pod-b").ends(0) // relies on it
	w.put(w.mint(t, unique("by-hand")).Reveal())
	w.start(t, "pod-c").ends(0) // adopts that
	doom.pass()
	r.ends(0)
	if s := w.works(t); !slices.Contains(s.Previous, young) || !w.alive(t, young) || w.alive(t, old) {
		t.Errorf("previous %v; %s lives: %v; the old %s lives: %v", s.Previous, young, w.alive(t, young), old, w.alive(t, old))
	}
}

// R3: T is put back and adopted while R waits for the rollout.
func rotatePreviousPutBack(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	before := w.state(t)
	r := w.startRotate(t, "rotate")
	restart := r.until("restart")
	fresh := w.state(t).Has
	w.put(before.Token.Reveal())
	w.start(t, "pod-b").ends(0)
	restart.pass()
	r.ends(0)
	if s := w.works(t); s.Has != before.Has || !slices.Equal(s.Previous, []string{fresh}) || !w.alive(t, fresh) || r.count("delete") > 0 {
		t.Errorf("has %s, previous %v; R sent %v", s.Has, s.Previous, r.sent)
	}
}

// Wherever R is killed, the token in the Secret works, and so does every one that a pod may have; a second R finishes.
func rotateKilledAnywhere(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	for _, step := range []string{"get", "claim", "create", "write", "pods", "restart", "workload", "doom", "delete"} {
		before := w.works(t)
		r := w.startRotate(t, "rotate-"+step)
		last := r.until(step)
		if step == "write" || step == "doom" || step == "restart" {
			_, _ = last.act()
		}
		r.killed()
		if !w.alive(t, before.Has) {
			t.Errorf("killed at %s: the old token is gone", step)
		}
		again := w.startRotate(t, "again-"+step)
		again.ends(0)
		if s := w.works(t); s.Has == before.Has || w.alive(t, before.Has) || len(s.Previous) > 0 {
			t.Errorf("killed at %s: has %s, previous %v, the old one lives: %v", step, s.Has, s.Previous, w.alive(t, before.Has))
		}
	}
}

func rotateUnansweredDoom(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	old := w.state(t).Has
	r := w.startRotate(t, "rotate")
	r.until("doom").actThenLose(t)
	r.ends(0)
	if s := w.works(t); w.alive(t, old) || len(s.Previous)+len(s.Abandoned) > 0 {
		t.Errorf("previous %v, abandoned %v; the old one lives: %v", s.Previous, s.Abandoned, w.alive(t, old))
	}
}

// Nothing says any more what was retired: nothing is deleted.
func rotateBlankedInBetween(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	old := w.state(t).Has
	r := w.startRotate(t, "rotate")
	restart := r.until("restart")
	fresh := w.state(t).Has
	w.blank()
	restart.pass()
	w.start(t, "pod-b").ends(0) // the init container of a new pod
	r.ends(0)
	if r.count("delete") > 0 || !w.alive(t, old) {
		t.Errorf("R sent %v", r.sent)
	}
	w.works(t, old, fresh)
}

func revokeRecorded(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	first := w.state(t).Has
	w.put("garbage")
	w.start(t, "pod-b").ends(0)
	second := w.state(t).Has
	r := w.startRevoke(t, "revoke")
	r.ends(0)
	s := w.state(t)
	if w.alive(t, first) || w.alive(t, second) || !s.Token.IsZero() || len(s.Previous)+len(s.Abandoned) > 0 || s.TokenName != "" {
		t.Errorf("has %s, token-name %s, previous %v, abandoned %v", s.Has, s.TokenName, s.Previous, s.Abandoned)
	}
	if _, there := w.read().Data[testKey]; there {
		t.Error("an empty value is left: a container would start with it")
	}
	w.startRevoke(t, "again").ends(0)
	if after := w.state(t); after.Version != s.Version {
		t.Error("a second revoke writes")
	}
}

func revokeUnanswered(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	name := w.state(t).Has
	r := w.startRevoke(t, "revoke")
	r.until("write").actThenLose(t)
	r.ends(0)
	if s := w.state(t); w.alive(t, name) || len(s.Abandoned) > 0 || r.count("write") != 1 {
		t.Errorf("abandoned %v; R sent %v", s.Abandoned, r.sent)
	}
}

func revokeLeavesForeign(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	ours, foreign := w.state(t).Has, unique("by-hand")
	w.put(w.mint(t, foreign).Reveal())
	w.start(t, "pod-b").ends(0)
	w.startRevoke(t, "revoke").ends(0)
	if s := w.state(t); w.alive(t, ours) || !w.alive(t, foreign) || !slices.Equal(s.Previous, []string{foreign}) {
		t.Errorf("previous %v; ours lives: %v, the foreign one: %v", s.Previous, w.alive(t, ours), w.alive(t, foreign))
	}
	w.startRevoke(t, "revoke", func(o *config.Revoke) { o.Foreign = true }).ends(0)
	if s := w.state(t); w.alive(t, foreign) || len(s.Previous)+len(s.Abandoned) > 0 {
		t.Errorf("with --foreign: previous %v, abandoned %v, it lives: %v", s.Previous, s.Abandoned, w.alive(t, foreign))
	}
}

func revokeOrphans(t *testing.T, w *world) {
	w.start(t, "pod-a").ends(0)
	orphan := w.state(t).Has
	w.blank()
	w.start(t, "pod-b").ends(0)
	s := w.works(t, orphan)
	s.Previous, s.Abandoned = []string{unique(w.prefix(s))}, []protocol.Doomed{{Name: unique(w.prefix(s)), Since: time.Now()}}
	w.annotate(s)
	other := unique("elk-mtls_" + w.namespace + "_" + w.secret + "_99999999_") // another cluster's Secret of the same name
	for _, name := range []string{s.Previous[0], s.Abandoned[0].Name, other, unique("foreign")} {
		w.mint(t, name)
	}
	list := w.startRevoke(t, "list", func(o *config.Revoke) { o.Orphans = true })
	list.ends(0)
	if list.out.String() != orphan+"\n" || list.count("delete") > 0 {
		t.Errorf("it lists %q, want %s; it sent %v", list.out.String(), orphan, list.sent)
	}
	w.startRevoke(t, "yes", func(o *config.Revoke) { o.Orphans, o.Yes = true, true }).ends(0)
	if w.alive(t, orphan) || !w.alive(t, other) || !w.alive(t, s.Has) || !w.alive(t, s.Previous[0]) {
		t.Errorf("orphan %v, another's %v, in use %v, previous %v", w.alive(t, orphan), w.alive(t, other), w.alive(t, s.Has), w.alive(t, s.Previous[0]))
	}
}
