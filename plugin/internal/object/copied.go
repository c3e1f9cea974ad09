package object

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
)

// Commands gives the commands that a command line of the container runs.
func (c Container) Commands(argv []string) (all []process.Command, ok bool) {
	return process.Commands(argv, c.variable)
}

// variable gives a variable as the container's own list has it. One that may come from a whole Secret or ConfigMap may be set.
func (c Container) variable(name string) (process.Word, bool) {
	e, ok := c.Env(name)
	if !ok {
		return process.Word{}, len(Items(c.Node, "envFrom")) > 0
	}
	return process.Word{Text: e.Value, Known: !e.From}, true
}

// copiedFrom gives the files of which commands may make a file by copying one as it is: under a new name, into a folder, with its folder, or in
// a loop over a folder.
func copiedFrom(commands []process.Command, file string) []string {
	var all []string
	inFolder := func(folder string) string { return path.Join(strings.TrimRight(folder, "*."), path.Base(file)) }
	loop := ""
	for _, command := range commands {
		call := command.Words
		at := slices.IndexFunc(call, func(w process.Word) bool {
			return slices.Contains([]string{"cp", "install", "mv", "ln", "rsync", "cat", "for"}, path.Base(w.Text))
		})
		switch {
		case at < 0:
			continue
		case call[at].Text == "for":
			if loop = ""; len(call) == at+2 && strings.HasSuffix(call[at+1].Text, "/*") {
				loop = inFolder(call[at+1].Text)
			}
			continue
		case loop != "" && slices.ContainsFunc(call[at+1:], func(w process.Word) bool { return !w.Known }):
			all = append(all, loop)
			continue
		case path.Base(call[at].Text) == "cat" || len(call) < at+3:
			continue
		}
		sources, target := call[at+1:len(call)-1], path.Clean(call[len(call)-1].Text)
		for _, source := range sources {
			switch {
			case target == file:
				all = append(all, sources[len(sources)-1].Text)
			case target != path.Dir(file):
			case path.Base(source.Text) == path.Base(file):
				all = append(all, source.Text)
			default: // a file of another name is not there, and a folder has it
				all = append(all, inFolder(source.Text))
			}
		}
	}
	return all
}
