package setups

import (
	"strings"
	"testing"
)

func TestASeedMakesTheSameSetUps(t *testing.T) {
	o := Options{Seed: 7, Random: 4}
	one, other := Generate(o), Generate(o)
	if len(one) != len(other) {
		t.Fatalf("%d and %d set-ups", len(one), len(other))
	}
	names := map[string]bool{}
	for i := range one {
		if one[i].Name != other[i].Name || one[i].Manifests != other[i].Manifests {
			t.Errorf("%s: another the second time: %s", one[i].Name, other[i].Name)
		}
		if names[one[i].Name] {
			t.Errorf("%s is there twice", one[i].Name)
		}
		names[one[i].Name] = true
	}
}

// Of each channel of each program, each setting is tried once so that it holds, and once so that it breaks.
func TestCells(t *testing.T) {
	has := map[string]bool{}
	for _, s := range Generate(Options{Seed: 1}) {
		has[s.Name] = true
	}
	for _, p := range Programs() {
		for _, at := range p.Channels {
			for _, r := range roles(p) {
				for _, end := range []string{"holds", "breaks"} {
					if name := strings.Join([]string{p.Name, string(at), string(r) + " " + end}, "/"); p.carries(r, at) && !has[name] && (r != Verify || !p.Idle) {
						t.Errorf("there is no %s", name)
					}
				}
			}
		}
	}
}

// A sample holds the core, and enough of each kind.
func TestSample(t *testing.T) {
	for seed := range uint64(2) {
		o := Options{Seed: seed, Random: 2, Every: 8, Least: 20}
		has, counted := map[string]bool{}, map[Kind]int{}
		all := Generate(o)
		for _, s := range all {
			if has[s.Name] {
				t.Errorf("%s is there twice", s.Name)
			}
			has[s.Name] = true
			counted[s.Kind]++
		}
		for _, name := range core {
			if !has[name] {
				t.Errorf("seed %d: there is no %s", seed, name)
			}
		}
		for _, k := range Kinds {
			if counted[k] < o.Least {
				t.Errorf("seed %d: %d of %s", seed, counted[k], k)
			}
		}
	}
}
