package pod

import "testing"

func TestExpand(t *testing.T) {
	env := map[string]string{"A": "x", "B": "", "C": "$(A)"}
	for text, want := range map[string]string{
		"": "", "a": "a", "$(A)": "x", "-$(A)-$(B)-": "-x--", "$(NOBODY)": "$(NOBODY)", "$$(A)": "$(A)", "$$$(A)": "$x", "$A ${A}": "$A ${A}",
		"$": "$", "a$": "a$", "$(": "$(", "$(A": "$(A", "$(C)": "$(A)", "$()": "$()",
	} {
		if got := expand(text, env); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}
