package verify

import (
	"path"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
)

// pipelines gives the connections in the mounted files that are written in the program's own language.
func (p program) pipelines(c caller, read *bool) []*connection {
	if p.language == nil {
		return nil
	}
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
		plugins, err := p.language().Plugins(text)
		if err != nil {
			continue // the sweep looks at it as it is
		}
		*read = true
		breaks := breaksOf(text)
		for _, plugin := range plugins {
			pieces := c.piecesOf(l, text, breaks, plugin)
			n, ok := p.plugin(c, plugin)
			if !ok {
				continue
			}
			set := settings{}
			for _, key := range n.keys() {
				if v, ok := plugin.Get(key); ok {
					at := place{id: l.Content.Object.ID, path: plugin.String() + "." + v.Name, line: l.Content.Object.Doc.Line() + l.Content.Node.Line - 1 + pieces[v.Offset].Line}
					set[key] = value{texts: rubyless(v.Values), at: at, nodes: []*yaml.Node{pieces[v.Offset]}, from: object.Source{}}
				}
			}
			s := spot{names: n}
			if made := s.connection(c, set, ""); made != nil {
				made.program, made.name, made.dir = string(p.app), plugin.String(), path.Dir(file)
				found = append(found, made)
			}
		}
	}
	return found
}

// piecesOf makes a node of each setting of a plugin, by its offset, for the sweep: its line is that below the first one of the text.
func (c caller) piecesOf(l link, text string, breaks []int, plugin pipeline.Plugin) map[int]*yaml.Node {
	all := map[int]*yaml.Node{}
	for _, v := range plugin.Settings() {
		above, _ := slices.BinarySearch(breaks, v.Offset)
		piece := &yaml.Node{Kind: yaml.ScalarNode, Line: 1 + above, Value: text[v.Offset:v.End]}
		if len(v.Values) == 1 {
			piece.Value = v.Values[0]
		}
		all[v.Offset] = piece
		c.pieces[l.Content.Node] = append(c.pieces[l.Content.Node], said{node: piece, key: v.Name, text: piece.Value})
	}
	return all
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

func rubyless(values []string) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, pipeline.Ruby(v))
	}
	return all
}
