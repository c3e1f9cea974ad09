// Package page finds what a document tells its reader to type, and types it. In goes Markdown; out come its blocks of commands, each with who
// answers for it.
//
// A block of commands is one between fences of sh or console, or one that is indented by four columns. Everything else between fences is a
// file or an output; between fences of text stands what the block before prints. A comment above a block says what is special about it:
//
//	<!-- typed by TestName -->      this test types it, and not the page's own; several names are joined by "and"
//	<!-- not run: the reason -->    no test does
package page

import (
	"regexp"
	"slices"
	"strings"
)

// A Block is what stands in a document to be typed at once.
type Block struct {
	Line   int      // the first one of the block, from 1
	Text   string   // the commands, without their indent
	By     []string // the tests that type it; none for the page's own
	NotRun string   // why no test types it; "" where one does
	Shows  string   // what stands between fences of text behind it: what it prints, where a test compares that
}

// Blocks gives the blocks of commands of a document, in their order.
func Blocks(document string) []Block {
	var r reader
	for line := range strings.Lines(document) {
		r.read(strings.TrimRight(line, "\r\n"))
	}
	r.end()
	return r.blocks
}

// For gives what a test types: the blocks that are marked with its name or, if there are none, those that are not marked.
func For(document, test string) []Block {
	var marked, plain []Block
	for _, b := range Blocks(document) {
		switch {
		case b.NotRun != "":
		case slices.Contains(b.By, test):
			marked = append(marked, b)
		case b.By == nil:
			plain = append(plain, b)
		}
	}
	if marked != nil {
		return marked
	}
	return plain
}

type reader struct {
	blocks []Block
	line   int
	fence  string // the language of the fence that is open, "plain" for none, "" outside
	open   *Block
	by     []string // what the comment before the next block says
	notRun string
}

func (r *reader) read(line string) {
	r.line++
	trimmed := strings.TrimSpace(line)
	switch language, fence := strings.CutPrefix(trimmed, "```"); {
	case fence && r.fence == "":
		r.end()
		r.fence = language
		if r.fence == "" {
			r.fence = "plain"
		}
	case fence:
		r.end()
		r.fence, r.by, r.notRun = "", nil, ""
	case r.fence == "sh" || r.fence == "console", r.fence == "" && strings.HasPrefix(line, "    ") && trimmed != "":
		r.add(trimmed)
	case r.fence == "text" && len(r.blocks) > 0:
		r.blocks[len(r.blocks)-1].Shows += trimmed + "\n"
	case r.fence != "", trimmed == "" && r.open == nil:
	case trimmed == "":
		r.end()
	default:
		r.end()
		r.by, r.notRun = marks(trimmed)
	}
}

func (r *reader) add(text string) {
	if r.open == nil {
		r.open = &Block{Line: r.line, By: r.by, NotRun: r.notRun}
		r.by, r.notRun = nil, ""
	}
	r.open.Text += text + "\n"
}

func (r *reader) end() {
	if r.open != nil {
		r.blocks = append(r.blocks, *r.open)
	}
	r.open = nil
}

var testNames = regexp.MustCompile(`^Test[A-Za-z0-9]+( and Test[A-Za-z0-9]+)*$`)

// marks reads a line that is a comment about the next block.
func marks(line string) (by []string, notRun string) {
	comment, ok := strings.CutPrefix(line, "<!-- ")
	comment, ended := strings.CutSuffix(comment, " -->")
	if !ok || !ended {
		return nil, ""
	}
	if tests, found := strings.CutPrefix(comment, "typed by "); found && testNames.MatchString(tests) {
		return strings.Split(tests, " and "), ""
	}
	if why, found := strings.CutPrefix(comment, "not run: "); found {
		return nil, strings.TrimSpace(why)
	}
	return nil, ""
}
