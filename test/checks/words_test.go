//go:build checks

package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A phrase is what a reader has to read twice, and what is said instead.
type phrase struct {
	pattern *regexp.Regexp
	instead string
}

// foreign are words and phrases that are not used in prose: private words of the project, and English that reads as a translation.
var foreign = phrases([][2]string{
	{`doors?`, "integration, way in"},
	{`sweep`, "search for mentions"},
	{`minters?`, "user that creates tokens (the setting is `minter`)"},
	{`stages?`, "client authentication, step"},
	{`streams?`, "manifests, input"},
	{`stand-ins?`, "what the program is: a small program in place of Kibana"},
	{`pairs?`, "key pair"},
	{`(?-i:Away|Over\.)$`, "Uninstall"},
	{`(?:to be|be|is|are) had`, "available"},
	{`mends?|mended`, "repair, fix"},
	{`anew`, "again"},
	{`whoever`, "anyone who"},
	{`somebody's own`, "their own"},
	{`let (?:anybody|anyone|nobody) in`, "grant access"},
	{`for want of`, "for lack of"},
	{`of (?:ours|yours)`, "our, your"},
	{`forms? no cluster`, "cannot form a cluster"},
	{`(?:is|are) no (?:manifest|setting|token|configuration|page|pages|connection|part)s?`, "is not a …"},
	{`takes? up|taken up`, "picks up, reloads"},
	{`leaves byte for byte`, "passes through byte for byte"},
	{`tells? (?:how|whether|which|what|of|when)`, "says, shows"},
	{`thrown? away`, "discard"},
	{`who has (?:it|one|none)`, "anyone who has it"},
	{`newest version`, "latest release"},
	{`told of`, "reported"},
	{`made of`, "created from, consists of"},
	{`goes by`, "uses"},
	{`comes? to (?:its|their) ends?`, "finishes"},
	{`in the place of`, "instead of"},
	{`what is read once`, "read at startup"},
	{`by chance`, "at random"},
	{`gives? one`, "the noun"},
	{`not to be`, "cannot be, not available"},
})

// phrases compiles a list; each pattern stands for whole words in any case.
func phrases(list [][2]string) []phrase {
	var all []phrase
	for _, p := range list {
		all = append(all, phrase{regexp.MustCompile(`(?i)\b(?:` + p[0] + `)(?:\b|$)`), p[1]})
	}
	return all
}

// found lists what a line of prose should not say.
func found(line string) []string {
	line = minterSetting.ReplaceAllString(keyPair.ReplaceAllString(line, "certificate"), "")
	var all []string
	for _, p := range foreign {
		if word := p.pattern.FindString(line); word != "" {
			all = append(all, word+": write "+p.instead)
		}
	}
	return all
}

var (
	keyPair       = regexp.MustCompile(`(?i)\bkey[- ]pairs?\b`)
	minterSetting = regexp.MustCompile(`\bminter(?:\.|$)|\bin minter\b`)
)

func TestPagesUsePlainWords(t *testing.T) {
	for _, name := range pages(t) {
		var all []string
		for i, line := range strings.Split(prose(read(t, name)), "\n") {
			for _, f := range found(line) {
				all = append(all, name+":"+strconv.Itoa(i+1)+": "+f)
			}
		}
		if all != nil {
			t.Errorf("%s", strings.Join(all, "\n"))
		}
	}
}

// Messages are the texts of more than one word in the code that users run: help, errors, hints, reports.
func TestMessagesUsePlainWords(t *testing.T) {
	for _, name := range files(t, ".go") {
		if strings.HasSuffix(name, "_test.go") || !regexp.MustCompile(`^(?:plugin|initcontainer|internal)/`).MatchString(name) {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, read(t, name), 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil || !strings.Contains(text, " ") {
				return true
			}
			for _, line := range strings.Split(prose(text), "\n") {
				for _, f := range found(line) {
					t.Errorf("%s: %s, in %q", set.Position(literal.Pos()), f, strings.TrimSpace(line))
				}
			}
			return true
		})
	}
}

// pages are all documents of the repository but the change log, whose entries stay as they were released.
func pages(t *testing.T) []string {
	return slices.DeleteFunc(documents(t), func(name string) bool { return name == "CHANGELOG.md" })
}

// prose is a page without code, addresses of links, and what stands between fences; its lines keep their numbers.
func prose(text string) string {
	text = fenced.ReplaceAllStringFunc(text, func(block string) string { return strings.Repeat("\n", strings.Count(block, "\n")) })
	text = regexp.MustCompile(`(?m)^(?: {4}|\t).*$|<!--.*?-->`).ReplaceAllString(text, "")
	text = inlineCode.ReplaceAllString(text, "`code`")
	return regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(text, "]")
}

// A term is a word of the project, as the glossary's first table has it, and the pages on which its row says more.
type term struct {
	word  string
	pages []string
}

func glossary(t *testing.T) []term {
	_, table, _ := strings.Cut(read(t, "docs/glossary.md"), "## Words of elk-mtls")
	table, _, _ = strings.Cut(table, "\n## ")
	var all []term
	for _, row := range regexp.MustCompile("(?m)^\\| `?([^|`]+?)`? \\| (.*) \\|$").FindAllStringSubmatch(table, -1) {
		if row[1] == "word" || row[1] == "---" {
			continue
		}
		at := term{word: row[1]}
		for _, to := range destinations(row[2]) {
			file, _, _ := strings.Cut(to, "#")
			at.pages = append(at.pages, path.Join("docs", file))
		}
		all = append(all, at)
	}
	return all
}

// A page that uses a word of the project says where it is explained: it leads to the glossary or to a page that the glossary names for it,
// or is that page.
func TestPagesExplainTheWordsOfTheProject(t *testing.T) {
	terms := glossary(t)
	if len(terms) < 5 {
		t.Fatalf("the glossary has %d words of elk-mtls", len(terms))
	}
	for _, name := range pages(t) {
		text := read(t, name)
		leads := []string{name}
		for _, to := range destinations(text) {
			file, _, _ := strings.Cut(to, "#")
			leads = append(leads, path.Join(path.Dir(name), file))
		}
		for _, term := range terms {
			used := regexp.MustCompile(`\b` + term.word + `s?\b`).MatchString(fileMode.ReplaceAllString(prose(text), ""))
			explained := slices.ContainsFunc(append(term.pages, "docs/glossary.md"), func(page string) bool { return slices.Contains(leads, page) })
			if used && !explained {
				t.Errorf("%s says %q: link its first use to docs/glossary.md, or to one of %v", name, term.word, term.pages)
			}
		}
	}
}

var fileMode = regexp.MustCompile(`\bmode 0\d+`)

// What the test of words calls private has to be in the glossary, where the word is allowed at all.
func TestGlossaryHasThePrivateWords(t *testing.T) {
	terms := glossary(t)
	for _, word := range []string{"Guard", "minter", "mode", "finding", "ready rule", "unmanaged"} {
		if !slices.ContainsFunc(terms, func(t term) bool { return t.word == word }) {
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
		"each client has a key pair":   false,
		"each client has its pair":     true,
		"```\ndoors\n```\n":            false,
	} {
		if got := len(found(strings.TrimSpace(prose(text)))) > 0; got != want {
			t.Errorf("%q: found %v, want %v", text, got, want)
		}
	}
}
