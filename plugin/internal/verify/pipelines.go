package verify

import (
	"path"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// pipelines gives the connections in the mounted files that are written in the program's own language.
func (p program) pipelines(c caller, read *bool) []*connection {
	if p.Language == nil {
		return nil
	}
	version := recognise.VersionOf(c.object, c.Container)
	var found []*connection
	for _, file := range c.mountedIn("/") {
		if path.Ext(file) != ".conf" {
			continue
		}
		l := c.read(file)
		if l.Content.Node == nil {
			continue
		}
		text := string(l.Content.Text)
		plugins, err := p.Language().Plugins(text)
		if err != nil {
			continue // what it names is seen as in any text
		}
		*read = true
		breaks := breaksOf(text)
		for _, plugin := range plugins {
			expanded := plugin
			if name := c.expanded(value{texts: []string{plugin.Name}}); !name.hidden {
				expanded.Name = name.text()
			}
			known := p.Plugin(expanded, version)
			if known == nil {
				continue
			}
			set := settings{}
			for _, key := range known.Names() {
				if v, ok := plugin.Get(key); ok {
					above, _ := slices.BinarySearch(breaks, v.Offset)
					at := place{id: l.Content.Object.ID, path: plugin.String() + "." + v.Name, line: l.Content.Object.Doc.Line() + l.Content.Node.Line + above}
					set[key] = value{texts: v.Values, at: at, parts: []part{{l.Content.Node, mention.Span{From: v.Offset, To: v.End}}}}
				}
			}
			if made := connectionIn(*known, c, set, ""); made != nil {
				made.program, made.name, made.dir = string(p.App), plugin.String(), path.Dir(file)
				made.runtime, made.version = p.Runtime, version
				found = append(found, made)
			}
		}
	}
	return found
}

// breaksOf gives the offsets at which the lines of a text end.
func breaksOf(text string) []int {
	var all []int
	for i := range len(text) {
		if text[i] == '\n' {
			all = append(all, i)
		}
	}
	return all
}
