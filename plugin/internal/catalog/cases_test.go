package catalog

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

var (
	fill = strings.NewReplacer("{url}", "https://es:9200", "{host}", "es", "{alias}", "other", "{far}", "es-far", "{tls}", "es-tls",
		"{ca}", "/c/ca", "{cert}", "/c/cert", "{key}", "/c/key", "{lockedcert}", "/c/cert", "{locked}", "/c/locked",
		"{store}", "/c/store", "{trust}", "/c/trust", "{print}", "00ff")
	unfilled = regexp.MustCompile(`(^|[^$#%a-z])\{[a-z]+\}|%s`)
	address  = regexp.MustCompile(`\{(url|host|alias|far|tls)\}`)
	pair     = regexp.MustCompile(`\{(cert|key|lockedcert|locked|store)\}`)
)

// TestCases holds that the cases of a description can be filled, that no two say different things of one container, and
// that one holds by its pair and one lacks it. TestCatalogCases holds them against both halves.
func TestCases(t *testing.T) {
	for _, p := range All() {
		wants, presents, asks := map[string]Want{}, false, false
		for _, c := range p.Cases() {
			text := strings.Join(append(append([]string{c.File, c.Text}, c.Args...), c.Env...), "\n")
			id := fmt.Sprintf("%s %s %q", c.Image, c.Mode, text)
			if other, known := wants[id]; known && other != c.Want {
				t.Errorf("%s, %s: its container is there with another answer", p.App, c.Name)
			}
			wants[id] = c.Want
			presents = presents || c.Want == Holds && address.MatchString(text) && pair.MatchString(text)
			asks = asks || c.Want == NeedsPair && !pair.MatchString(text)
			if wrong := malformed(c, text); wrong != "" {
				t.Errorf("%s, %s: %s\n%s", p.App, c.Name, wrong, text)
			}
		}
		if !presents || !asks {
			t.Errorf("%s: a case presents a pair and holds: %t; one needs it: %t", p.App, presents, asks)
		}
	}
}

// malformed says what is wrong with a case by itself, "" for nothing.
func malformed(c Case, text string) string {
	filled := fill.Replace(text)
	switch {
	case c.Name == "" || (c.File == "") != (c.Text == "") || c.File != "" && !path.IsAbs(c.File):
		return "it has no name, a text without a file, or a file without one"
	case unfilled.MatchString(filled):
		return "it is not filled: " + unfilled.FindString(filled)
	case !address.MatchString(text) && c.Want == NeedsPair:
		return "it calls nobody, and needs no pair"
	}
	for _, v := range c.Env {
		if name, _, isSet := strings.Cut(v, "="); !isSet || name == "" {
			return v + " is no variable"
		}
	}
	if IsYAML(c.File) && c.Want != Breaks {
		if _, err := yaml.Parse(fill.Replace(c.Text) + "\n"); err != nil {
			return err.Error()
		}
	}
	return ""
}

// TestCasesAt holds what is made of one block: the case itself, and one for each line that breaks it or is assumed.
func TestCasesAt(t *testing.T) {
	all := casesAt("x", "/x.yml", "a:\n  %s", "b: 1\nc: 2", "c: 3", "~d: 4")
	want := []Case{
		{Name: "x", File: "/x.yml", Text: "a:\n  b: 1\n  c: 2"},
		{Name: "x with c: 3", File: "/x.yml", Text: "a:\n  b: 1\n  c: 3", Want: Breaks},
		{Name: "x with d: 4", File: "/x.yml", Text: "a:\n  b: 1\n  c: 2\n  d: 4", Want: Assumes},
	}
	if got := fmt.Sprintf("%+v", all); got != fmt.Sprintf("%+v", want) {
		t.Errorf("got      %s\nexpected %+v", got, want)
	}
	doubled := twice("/x.yml", "a:\n  %s", "b: 1\nc: 2")[0]
	if doubled.Text != "a:\n  b: 1\n  c: 2\n  c: 2" || doubled.Want != Breaks {
		t.Errorf("a key twice: %+v", doubled)
	}
	said := byVariable(all, "1", "${SAID}", Holds)[0]
	if said.Text != "a:\n  b: ${SAID}\n  c: 2" || strings.Join(said.Env, " ") != "EMPTY= SAID=1" {
		t.Errorf("by a variable: %+v", said)
	}
	if got := relative(locked("{ca} {cert} {key}"), "../"); got != "../{ca} {lockedcert} {locked}" {
		t.Errorf("relative and locked: %s", got)
	}
}
