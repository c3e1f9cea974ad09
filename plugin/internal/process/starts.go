package process

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Starts tells whether a command runs one of some programs, by itself or behind a wrapper, which runs what is behind
// it, but for options. Options alone are for the entry script of the image.
func Starts(command shell.Command, programs, wrappers []string) bool {
	if strings.HasPrefix(command.Words[0].Text, "-") {
		return true
	}
	run := command.Main()
	if len(run) > 0 && slices.Contains([]string{"su", "runuser"}, path.Base(run[0].Text)) {
		run = run[slices.IndexFunc(run,
			func(w shell.Word) bool { return slices.Contains([]string{"-c", "--command", "--"}, w.Text) })+1:]
	}
	is := func(w shell.Word, programs []string) bool {
		words := strings.Fields(w.Text)
		return len(words) > 0 && slices.Contains(programs, path.Base(words[0]))
	}
	switch {
	case len(run) == 0:
		return false
	case is(run[0], wrappers):
		return len(run) == 1 || strings.HasPrefix(run[1].Text, "-") || run[1].Loose || is(run[1], programs) ||
			is(run[1], wrappers)
	}
	return is(run[0], programs)
}
