package object

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Commands gives the commands that a command line of the container runs.
func (c Container) Commands(argv []string) (all []shell.Command, ok bool) {
	return shell.Commands(argv, c.Variable)
}

// Variable gives a variable as the container's own list has it. One that may come from a whole Secret or ConfigMap may be set.
func (c Container) Variable(name string) (shell.Word, bool) {
	e, ok := c.Env(name)
	if !ok {
		return shell.Word{}, len(Items(c.Node, "envFrom")) > 0
	}
	return shell.Word{Text: e.Value, Known: !e.From}, true
}

// copiedFrom gives the files of which commands may make a file by copying one as it is: under a new name, into a folder, with its folder, or in
// a loop. A file that one of them makes in another way is no copy.
func copiedFrom(commands []shell.Command, file string) []string {
	var all, items []string
	for _, c := range commands {
		if makes(c, file) {
			return nil
		}
		switch c.Program() {
		case "for":
			items = nil
			for _, w := range c.Words[1:] {
				items = append(items, w.Text)
			}
		case "cat":
			if len(c.Words) == 2 && c.Into != "" {
				all = append(all, sources(c.Words[1:], c.Into, file, items)...)
			}
		default:
			at := slices.IndexFunc(c.Words, func(w shell.Word) bool {
				return slices.Contains([]string{"cp", "install", "mv", "ln", "rsync"}, path.Base(w.Text))
			})
			if at >= 0 {
				operands, target := operandsOf(c.Words[at+1:])
				all = append(all, sources(operands, target, file, items)...)
			}
		}
	}
	return all
}

// makes tells whether a command writes a file itself: joined from several, or as the output of a program.
func makes(c shell.Command, file string) bool {
	if c.Into != "" && path.Clean(c.Into) == file {
		return c.Program() != "cat" || len(c.Words) != 2
	}
	for i, w := range c.Words {
		if i > 0 && path.Clean(w.Text) == file && slices.Contains([]string{"-out", "-keyout", "--out", "-o"}, c.Words[i-1].Text) {
			return true
		}
	}
	return false
}

// operandsOf gives what a command copies, and where to.
func operandsOf(words []shell.Word) (operands []shell.Word, target string) {
	for i := 0; i < len(words); i++ {
		switch text := words[i].Text; {
		case text == "-t" && i+1 < len(words):
			i++
			target = words[i].Text
		case !strings.HasPrefix(text, "-"):
			operands = append(operands, words[i])
		}
	}
	if target == "" && len(operands) > 1 {
		target = operands[len(operands)-1].Text
		operands = operands[:len(operands)-1]
	}
	return operands, target
}

// sources gives the operands that become a file where they are copied to a target. items are what a loop runs over: in it, a word that is not
// known is one of them.
func sources(operands []shell.Word, target, file string, items []string) []string {
	var all []string
	for _, w := range operands {
		for _, text := range braces(w.Text) {
			for _, item := range append([]string{"$()"}, items...) {
				from, to := strings.ReplaceAll(text, "$()", item), path.Clean(strings.ReplaceAll(target, "$()", path.Base(item)))
				if item != "$()" && !strings.Contains(text, "$()") {
					continue
				}
				if source := becomes(from, to, file, strings.Contains(target, "$()")); source != "" {
					all = append(all, source)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// becomes gives the file that is copied to another one, "" when from is not copied there. A name that a loop makes is that of what it copies.
func becomes(from, to, file string, loopName bool) string {
	folder, name := path.Split(from)
	base := path.Base(file)
	matches, _ := path.Match(name, base)
	switch inFolder := to == path.Dir(file) || loopName && path.Dir(to) == path.Dir(file); {
	case strings.Contains(from, "$"):
		return ""
	case to == file && !strings.ContainsAny(name, "*?["):
		return from
	case inFolder && matches:
		return path.Join(folder, base)
	case inFolder && (name == "" || name == "." || path.Ext(name) == "" && !strings.ContainsAny(name, "*?[")): // a folder
		return path.Join(from, base)
	}
	return ""
}

// braces gives what a shell makes of the first braces in a word: a{b,c}d is abd and acd.
func braces(text string) []string {
	before, rest, ok := strings.Cut(text, "{")
	inside, after, closed := strings.Cut(rest, "}")
	if !ok || !closed || !strings.Contains(inside, ",") || strings.HasSuffix(before, "$") {
		return []string{text}
	}
	var all []string
	for _, piece := range strings.Split(inside, ",") {
		all = append(all, before+piece+after)
	}
	return all
}
