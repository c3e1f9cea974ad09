package main

import "testing"

// TestHandmadeMutantsFitTheCode holds that what each of them replaces is there once: code moves.
func TestHandmadeMutantsFitTheCode(t *testing.T) {
	t.Chdir("../..")
	all, err := handmade("test/mutants/testdata/hand.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 14 {
		t.Errorf("%d mutants, want m1 to m14", len(all))
	}
}
