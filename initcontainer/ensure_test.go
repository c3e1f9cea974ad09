package main

import (
	"slices"
	"testing"
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
