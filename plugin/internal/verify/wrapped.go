package verify

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// wrapped gives the connections of known programs whose whole command line is one word of a program that is not known,
// which runs it.
func wrapped(c caller) (found []*connection) {
	if isKnown(c.release, c.Node) {
		return nil
	}
	for _, arg := range c.seen.Command().Args {
		if !strings.Contains(strings.TrimSpace(arg.Text), " ") || strings.Contains(arg.Text, "\n") {
			continue
		}
		line := process.Extra(process.Main, arg.Text, arg.Node)
		known, ok := programOf(line, c.options.Programs)
		if !ok {
			continue
		}
		inner := c
		inner.runs = []process.Run{line}
		inner.seen.Runs, inner.notes = inner.runs, &Aspect{}
		made, _ := program{known}.connections(inner)
		inner.notes.assume("%s: %s runs %s with the words behind it, and nothing else that calls Elasticsearch", c,
			runner(c.seen), path.Base(line.Commands[0].Words[0].Text))
		for _, connection := range made {
			for _, host := range connection.hosts {
				if from := strings.Index(arg.Text, host.text()); from >= 0 && host.text() != "" {
					c.claims.Add(arg.Node, mention.Span{From: from, To: from + len(host.text())}, c.Node)
				}
			}
		}
		found = append(found, made...)
	}
	return found
}

// programOf gives the known program of a command line, by its name and the flags that only it has.
func programOf(line process.Run, programs []catalog.Program) (catalog.Program, bool) {
	words := line.Commands[0].Words
	if programs == nil {
		programs = catalog.All()
	}
	for _, p := range programs {
		isName := slices.Contains(p.Images, path.Base(words[0].Text))
		hasFlag := slices.ContainsFunc(words[1:], func(w shell.Word) bool {
			return slices.ContainsFunc(p.Signs.Words, func(sign string) bool { return strings.HasPrefix(w.Text, sign) })
		})
		if p.As == "" && (isName || hasFlag) && !strings.HasPrefix(words[0].Text, "-") {
			return p, true
		}
	}
	return catalog.Program{}, false
}

// runner names the program of a container.
func runner(seen process.Process) string {
	for _, name := range seen.Programs() {
		if name != "" {
			return name
		}
	}
	return "the program of its image"
}
