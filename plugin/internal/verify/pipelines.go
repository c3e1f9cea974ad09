package verify

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// piece is a text in a program's own language.
type piece struct {
	text   string
	node   *yaml.Node // that holds it; nil where that is not exact
	offset int        // in the text of the node
	at     place      // of its first line
	dir    string     // where relative names in it start
}

// pieces gives the texts in the program's own language: mounted files, elements of a list of pipelines, words of the
// command line.
func (p program) pieces(c caller) []piece {
	var all []piece
	var listed []string
	if p.Pipelines.List != "" {
		if doc, at := c.file(p.Pipelines.List); doc != nil {
			if root, err := doc.Root(); err == nil && root != nil {
				patterns, texts := recognise.PipelineList(p.Program, root)
				listed = patterns
				for _, n := range texts {
					at.line = doc.Line() + n.Line
					all = append(all, piece{text: n.Value, node: n, at: at, dir: p.Dir})
				}
			}
		}
	}
	for _, file := range recognise.PipelineFiles(p.Program, c.seen, listed, c.mountedIn("/")) {
		if l := c.read(file); l.Content.Node != nil {
			at := place{id: l.Content.Object.ID, line: l.Content.Object.Doc.Line() + l.Content.Node.Line}
			all = append(all, piece{text: string(l.Content.Text), node: l.Content.Node, at: at, dir: path.Dir(file)})
		}
	}
	for _, f := range recognise.PipelineTexts(p.Program, c.seen) {
		one := piece{text: f.Value.Text, at: c.flag(f).at, dir: p.Dir}
		if arg, from, _, exact := f.Place(); exact {
			one.node, one.offset = arg.Node, from
		}
		all = append(all, one)
	}
	return all
}

// assumeIncluded names the files that others take in and that nothing here shows.
func (p program) assumeIncluded(c caller, set settings) {
	var wanted []string
	for _, one := range p.pieces(c) {
		wanted = append(wanted, recognise.Included(one.text, one.dir)...)
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if strings.HasSuffix("."+name, ".includes") {
			for _, file := range set[name].list() {
				wanted = append(wanted, absolute(file, p.Dir))
			}
		}
	}
	shown := c.mountedIn("/")
	for _, file := range wanted {
		isShown := func(name string) bool { is, err := path.Match(file, name); return is && err == nil }
		if !slices.ContainsFunc(shown, isShown) {
			c.notes.assume("%s: %s, which its configuration takes in, sets nothing of its connection to Elasticsearch",
				c, file)
		}
	}
}

// pipelines gives the connections in what is written in the program's own language.
func (p program) pipelines(c caller, read *bool) []*connection {
	if p.Language == nil {
		return nil
	}
	version := recognise.VersionOf(c.object, c.Container)
	var found []*connection
	for _, one := range p.pieces(c) {
		plugins, err := p.Language().Plugins(one.text)
		if err != nil {
			continue // what it names is seen as in any text
		}
		*read = true
		breaks := breaksOf(one.text)
		for _, plugin := range plugins {
			expanded := plugin
			if name := c.expanded(value{texts: []string{plugin.Name}}); !name.hidden {
				expanded.Name = name.text()
			}
			known := p.Plugin(expanded, version)
			if known == nil || strings.EqualFold(expanded.Name, catalog.OpenSearch) && len(c.servers) == 0 {
				continue
			}
			if made := connectionIn(*known, c, one.settings(plugin, *known, breaks), "", true); made != nil {
				made.program, made.name, made.dir = string(p.App), plugin.String(), one.dir
				made.runtime, made.version = p.Runtime, version
				found = append(found, made)
			}
		}
	}
	return found
}

// settings gives what a plugin of the text says; breaks are where its lines end.
func (one piece) settings(plugin pipeline.Plugin, known catalog.Settings, breaks []int) settings {
	set := settings{}
	for _, key := range known.Names() {
		v, ok := plugin.Get(key)
		if !ok {
			continue
		}
		at := one.at
		above, _ := slices.BinarySearch(breaks, v.Offset)
		if at.path = plugin.String() + "." + v.Name; one.node != nil && one.offset == 0 {
			at.line += above
		}
		set[key] = value{texts: v.Values, at: at}
		if one.node != nil {
			span := mention.Span{From: one.offset + v.Offset, To: one.offset + v.End}
			set[key] = value{texts: v.Values, at: at, parts: []part{{one.node, span}}}
		}
	}
	return set
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
