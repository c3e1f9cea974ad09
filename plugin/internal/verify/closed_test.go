package verify

import (
	"os"
	"strings"
	"testing"
)

// TestEverySettingIsJudged holds that verify knows of each setting of Elasticsearch that it watches what to make of it.
func TestEverySettingIsJudged(t *testing.T) {
	text, err := os.ReadFile("../catalog/elasticsearch-settings.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name := strings.Fields(line)[0]
		if !beginsAny(name, watched[:]) {
			continue
		}
		kinds := 0
		for _, kind := range [][]string{judgedSettings[:], harmlessSettings[:], opaqueSettings[:]} {
			if beginsAny(name, kind) {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%s: %d kinds, want one", name, kinds)
		}
	}
}
