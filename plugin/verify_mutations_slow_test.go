//go:build slow

package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestMutations breaks one thing at a time in everything that elk-mtls has patched, and holds that each is found, with the right code, and
// that nothing is found before. To rewrite the table it only counts.
func TestMutations(t *testing.T) {
	all := mutations()
	fixtures := make([]int, len(all))
	applied := make([]int, len(all))
	for _, p := range patchedReleases(t) {
		isFixture := !strings.HasSuffix(p.name, ".yaml")
		if flaws()[p.name] != nil || p.settings.ClientAuthentication != config.Required || *update && !isFixture {
			continue
		}
		whole := breakable(t, p)
		if g := whole.judge(t); len(g.Findings) > 0 {
			t.Errorf("%s: unbroken: %s %s", p.name, g.Findings[0].Code, g.Findings[0])
			continue
		}
		for i, m := range all {
			b := whole.copied()
			if !m.make(b) {
				continue
			}
			applied[i]++
			if isFixture {
				fixtures[i]++
			}
			if !*update {
				b.mustBeFound(t, m)
			}
		}
	}
	for i, m := range all {
		if fixtures[i] == 0 {
			t.Errorf("%s: no fixture has such a thing", m.name)
		}
	}
	t.Logf("%d kinds of breakage, %d broken releases", len(all), sum(applied))
	goldenTable(t, all)
}

// mustBeFound holds that verify finds what the mutation broke.
func (b *broken) mustBeFound(t *testing.T, m mutation) {
	t.Helper()
	g := b.judge(t)
	if got := codes(g); g.Verdict != verify.NotProven || !slices.ContainsFunc(m.want, func(c verify.Code) bool { return slices.Contains(got, c) }) {
		t.Errorf("%s: %s: %s with %v, want one of %v", b.patched.name, m.name, g.Verdict, got, m.want)
	}
}

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}

// goldenTable holds the table in docs/mutations.md.
func goldenTable(t *testing.T, all []mutation) {
	t.Helper()
	const file, begin, end = "../docs/mutations.md", "<!-- mutations -->\n", "<!-- /mutations -->\n"
	var table strings.Builder
	fmt.Fprintf(&table, "%d kinds of faults:\n\n| fault | finding |\n| --- | --- |\n", len(all))
	for _, m := range all {
		var found []string
		for _, code := range m.want {
			found = append(found, fmt.Sprintf("[%s](findings/%s.md)", code, code))
		}
		fmt.Fprintf(&table, "| %s | %s |\n", m.name, strings.Join(found, ", "))
	}
	text := string(read(t, file))
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	golden(t, file, []byte(before+begin+table.String()+end+after))
}

// copied gives a release to break: the same objects, the same CA and the same pairs.
func (b *broken) copied() *broken {
	fresh := *b
	fresh.objects = nil
	for _, o := range b.objects {
		fresh.objects = append(fresh.objects, copyOf(o).(dict))
	}
	fresh.secrets = map[string]map[string][]byte{}
	for name, data := range b.secrets {
		fresh.secrets[name] = maps.Clone(data)
	}
	return &fresh
}

// copyOf copies what JSON is made of.
func copyOf(v any) any {
	switch v := v.(type) {
	case dict:
		fresh := dict{}
		for name, value := range v {
			fresh[name] = copyOf(value)
		}
		return fresh
	case []any:
		fresh := make([]any, len(v))
		for i, item := range v {
			fresh[i] = copyOf(item)
		}
		return fresh
	}
	return v
}
