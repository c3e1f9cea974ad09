//go:build checks

package checks

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	fenced     = regexp.MustCompile("(?ms)^[ \t]*(```|~~~).*?^[ \t]*(```|~~~)[ \t]*$")
	inlineCode = regexp.MustCompile("`[^`\n]*`")
	link       = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	definition = regexp.MustCompile(`(?m)^ {0,3}\[[^\]\n]+\]:[ \t]*(\S+)`)
	heading    = regexp.MustCompile(`(?m)^#{1,6}[ \t]+(.+?)[ \t]*#*$`)
	anchor     = regexp.MustCompile(`<a (?:name|id)="([^"]+)"`)
	target     = regexp.MustCompile(`(?m)^([a-z][a-z-]*):(?:[^=]|$)`)
	makes      = regexp.MustCompile("(?m)(?:`|^[ \t]*\\$?[ \t]*)make ((?:[a-z-]+[ \t]*)+)")
)

func TestLinksInDocuments(t *testing.T) {
	for _, name := range documents(t) {
		for _, destination := range destinations(read(t, name)) {
			if err := follow(t, name, destination); err != nil {
				t.Errorf("%s: link %q: %v", name, destination, err)
			}
		}
	}
}

// Every `make …` that a document names is a target of the Makefile.
func TestTargetsInDocuments(t *testing.T) {
	known := map[string]bool{}
	for _, found := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		known[found[1]] = true
	}
	for _, name := range documents(t) {
		for _, found := range makes.FindAllStringSubmatch(read(t, name), -1) {
			for _, word := range strings.Fields(found[1]) {
				if !known[word] {
					t.Errorf("%s: `make %s`: the Makefile has no such target", name, word)
				}
			}
		}
	}
}

func TestHelpNamesEveryTarget(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, found := range target.FindAllStringSubmatch(makefile, -1) {
		if !regexp.MustCompile(`(?m)^` + found[1] + `:.*## \S`).MatchString(makefile) {
			t.Errorf("target %s says nothing about itself: add \"## …\" to its line", found[1])
		}
	}
}

// documents are the Markdown files that people read: not those that tests take as input.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range files(t, ".md") {
		if !strings.Contains(name, "testdata/") {
			names = append(names, name)
		}
	}
	return names
}

// destinations lists where a document's links lead, in code and fences aside.
func destinations(text string) []string {
	text = inlineCode.ReplaceAllString(fenced.ReplaceAllString(text, ""), "code")
	var all []string
	for _, pattern := range []*regexp.Regexp{link, definition} {
		for _, found := range pattern.FindAllStringSubmatch(text, -1) {
			all = append(all, found[1])
		}
	}
	return all
}

// follow checks one link: a file and a heading of ours must be there; of anything outside only the form is looked at.
func follow(t *testing.T, from, destination string) error {
	t.Helper()
	parsed, err := url.Parse(destination)
	if err != nil {
		return err
	}
	if parsed.Scheme != "" {
		if parsed.Scheme == "mailto" || parsed.Scheme == "https" && strings.Contains(parsed.Host, ".") {
			return nil
		}
		return fmt.Errorf("not an https address")
	}
	file := from
	if parsed.Path != "" {
		file = path.Join(path.Dir(from), parsed.Path)
	}
	if strings.HasPrefix(file, "..") {
		return fmt.Errorf("leads out of the repository")
	}
	if _, err := os.Stat(filepath.Join(root, file)); err != nil {
		return fmt.Errorf("no such file")
	}
	if parsed.Fragment != "" && strings.HasSuffix(file, ".md") && !anchors(read(t, file))[parsed.Fragment] {
		return fmt.Errorf("%s has no heading of that name", file)
	}
	return nil
}

// anchors are the names under which a document's headings can be linked to, as GitHub makes them.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	for _, found := range anchor.FindAllStringSubmatch(text, -1) {
		names[found[1]] = true
	}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		name := slug(found[1])
		unique := name
		for i := 1; names[unique]; i++ {
			unique = fmt.Sprintf("%s-%d", name, i)
		}
		names[unique] = true
	}
	return names
}

func slug(title string) string {
	title = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

func TestLinksAreRead(t *testing.T) {
	const text = "# A *b*: c\n[x](y.md#a-b-c \"title\") ![i](p.png)\n`[no](code)`\n```\n[no](fence)\n```\n[r]: z.md\n"
	got := fmt.Sprint(destinations(text))
	if want := "[y.md#a-b-c p.png z.md]"; got != want {
		t.Errorf("destinations: %s, want %s", got, want)
	}
	if !anchors(text)["a-b-c"] {
		t.Errorf("anchors: %v", anchors(text))
	}
}
