//go:build checks

package checks

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// foreign are words and phrases that a reader has to read twice, each with what is said instead. A private word of this project may stand
// only where the glossary explains it.
var foreign = []struct{ pattern, instead string }{
	{`doors?`, "integration, way in"},
	{`sweep`, "search for mentions"},
	{`minter\b(?:[^:.]|$)`, "credentials that create tokens (the setting is `minter`)"},
	{`Doors|Away|Over\.`, "Integrations, Uninstall"},
	{`to be had`, "available"},
	{`mends?|mended`, "repair, fix"},
	{`anew`, "again"},
	{`whoever`, "anyone who"},
	{`let anybody in`, "grant access"},
	{`for want of`, "for lack of"},
	{`of ours`, "of elk-mtls"},
	{`form no cluster`, "cannot form a cluster"},
	{`is no (?:manifest|setting|token|configuration)s?`, "is not a …"},
	{`are no manifests`, "are not manifests"},
	{`takes? up`, "picks up"},
	{`leaves byte for byte`, "passes through byte for byte"},
	{`tells? (?:how|whether|which|what)`, "says, shows"},
	{`thrown? away`, "discard"},
	{`who has (?:it|one|none)`, "anyone who has it"},
	{`newest version`, "latest release"},
	{`told of`, "reported"},
	{`made of it`, "created from it"},
	{`goes by`, "uses"},
}

// plain are the pages that a newcomer reads first. Whoever rewrites another page adds it here.
var plain = []string{
	"README.md", "RELEASING.md",
	"docs/faq.md", "docs/first-ten-minutes.md", "docs/from-the-hook.md", "docs/helm3.md", "docs/helm4.md", "docs/how-it-works.md",
	"docs/install.md", "docs/limits.md", "docs/modes.md", "docs/production.md", "docs/supported-versions.md", "docs/uninstall.md", "docs/upgrading.md",
	"docs/when-not.md",
}

func TestPagesUsePlainWords(t *testing.T) {
	for _, name := range plain {
		for i, line := range strings.Split(prose(read(t, name)), "\n") {
			for _, w := range foreign {
				if found := regexp.MustCompile(`(?i)\b(?:` + w.pattern + `)`).FindString(line); found != "" {
					t.Errorf("%s:%d: %q: write %s", name, i+1, found, w.instead)
				}
			}
		}
	}
}

// prose is a page without code, addresses of links, and what stands between fences; its lines keep their numbers.
func prose(text string) string {
	text = fenced.ReplaceAllStringFunc(text, func(block string) string { return strings.Repeat("\n", strings.Count(block, "\n")) })
	text = inlineCode.ReplaceAllString(text, "`code`")
	return regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(text, "]")
}

// private are words of this project. Where one stands in a page for newcomers, the glossary explains it.
var private = []string{"Guard", "minter", "pair", "stage", "stand-in", "stream", "finding", "report", "rule", "mode"}

func TestGlossaryExplainsPrivateWords(t *testing.T) {
	glossary := read(t, "docs/glossary.md")
	for _, word := range private {
		if !regexp.MustCompile(`(?m)^\| [^|]*\b` + word + `\b|\*` + word + `\*`).MatchString(glossary) {
			t.Errorf("docs/glossary.md does not explain %q", word)
		}
	}
}

func TestForeignWordsAreFound(t *testing.T) {
	for text, want := range map[string]bool{
		"Doors and windows":            true,
		"the setting `doors` is fine":  false,
		"[a link](doors.md)":           false,
		"Only the latest release":      false,
		"Only the newest version does": true,
		"```\ndoors\n```\n":            false,
	} {
		found := slices.ContainsFunc(foreign, func(w struct{ pattern, instead string }) bool {
			return regexp.MustCompile(`(?i)\b(?:` + w.pattern + `)`).MatchString(prose(text))
		})
		if found != want {
			t.Errorf("%q: found %v, want %v", text, found, want)
		}
	}
}
