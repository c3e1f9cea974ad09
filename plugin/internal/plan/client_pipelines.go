package plan

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/pipeline"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// pipelineStore is one plugin of a pipeline.
type pipelineStore struct {
	language pipeline.Language
	plugin   pipeline.Plugin
	object   *object.Object
	path     patch.Path // of the text
	source   object.Source
}

func (s pipelineStore) get(key string) *setting { return first(s.all(key)) }

// all takes the last one of a name for the one that counts, as the plugins do.
func (s pipelineStore) all(key string) []*setting {
	if key == "" {
		return nil
	}
	var all []*setting
	for _, v := range s.plugin.All(key) {
		all = append(all, s.setting(v))
	}
	return all
}

func (s pipelineStore) setting(v pipeline.Value) *setting {
	refers := func(v string) bool { return strings.Contains(v, "${") || strings.Contains(v, "#{") }
	return &setting{
		Key:    v.Name,
		Values: v.Values,
		Hidden: slices.ContainsFunc(v.Values, refers),
		Place:  fmt.Sprintf("%s of %s/%s", s.source.Key, s.source.Kind, s.source.Name),
		list:   v.List,
		object: s.object,
		edit:   s.edit(v.Name),
		span:   mention.Span{From: v.Offset, To: v.End},
	}
}

func (s pipelineStore) edit(name string) patch.Edit {
	inside := patch.Fields(s.plugin.Section, s.plugin.Name).Index(strconv.Itoa(s.plugin.Nth)).Field(name)
	return patch.Edit{Path: s.path, Inside: inside, Syntax: pipelineSyntax{s.language}}
}

// pipelineSyntax is the language of a pipeline. Inside its text a path is a section, the name of a plugin, which one
// of these, a setting.
type pipelineSyntax struct{ pipeline.Language }

// Set implements patch.Syntax.
func (s pipelineSyntax) Set(text string, edits []patch.Edit) (fresh string, outcomes []patch.Outcome, err error) {
	wishes := make([]pipeline.Wish, len(edits))
	for i, e := range edits {
		section, name, nth, setting := e.Inside[0].Field, e.Inside[1].Field, e.Inside[2].Is, e.Inside[3].Field
		wishes[i] = pipeline.Wish{Plugin: pipeline.Named(section, name, nth), Name: setting, Value: e.Value}
	}
	fresh, made, err := s.Language.Set(text, wishes...)
	for _, m := range made {
		outcomes = append(outcomes, patch.Outcome(m))
	}
	return fresh, outcomes, err
}

func (s pipelineStore) put(key string, value *yaml.Node) (*object.Object, patch.Edit) {
	e := s.edit(key)
	if old := s.get(key); old != nil {
		e = old.edit
		if !old.list && value.Kind == yaml.SequenceNode && len(value.Content) == 1 {
			value = value.Content[0] // some names take no list
		}
	}
	e.Value = value
	return s.object, e
}

// pipelineFiles names the files of a container that may be written in its program's own language.
func pipelineFiles(p step, w *recognise.Workload, known catalog.Program) []string {
	if known.Language == nil {
		return nil
	}
	return recognise.PipelineFiles(known, p.seen(w.Main), pipelineTexts(p, w, known), w.Main.Files(p.release))
}

// pipelineConnections reads the mounted files of a container that are written in its program's own language, and gives
// the plugins in them that are connections.
func pipelineConnections(p step, w *recognise.Workload, known catalog.Program) ([]*connection, error) {
	if known.Language == nil {
		return nil, nil
	}
	language, version := known.Language(), recognise.VersionOf(w.Object, w.Main)
	var all []*connection
	for _, name := range pipelineFiles(p, w, known) {
		file := w.Main.Resolve(name, p.release)
		if !file.Key() {
			continue
		}
		if err := isShown(w, file); err != nil {
			return nil, err
		}
		holder, source, text := file.Content.Object, file.Source, string(file.Content.Text)
		plugins, err := language.Plugins(text)
		if err != nil {
			if !strings.Contains(text, "elasticsearch") {
				continue // a file of another kind
			}
			return nil, problem.New(problem.Input, "%s of %s, which it reads at %s: %v", source.Key, holder.ID, name,
				err).Do("correct that file")
		}
		at := dataPath(holder, source.Key)
		for _, plugin := range plugins {
			expanded := plugin
			if name, isKnown := p.expand(w.Main, known.Expands, plugin.Name); isKnown {
				expanded.Name = name
			}
			if keys := known.Plugin(expanded, version); keys != nil {
				all = append(all, &connection{
					name: plugin.String(), kind: strings.ToLower(expanded.Name),
					store: pipelineStore{language, plugin, holder, at, source},
					keys:  *keys, dir: path.Dir(name), link: known.Link, expands: known.Expands,
				})
			}
		}
	}
	return all, nil
}

// pipelineTexts answers for the outputs that lack nothing in texts outside of files: words of the command line, and
// elements of a list of pipelines, of which it gives the patterns of further files. There nothing is set.
func pipelineTexts(p step, w *recognise.Workload, known catalog.Program) (patterns []string) {
	for _, f := range recognise.PipelineTexts(known, p.seen(w.Main)) {
		if arg, from, _, exact := f.Place(); exact {
			coverPipeline(p, w, known, f.Value.Text, arg.Node, from)
		}
	}
	if known.Pipelines.List == "" {
		return nil
	}
	file := w.Main.Resolve(known.Pipelines.List, p.release)
	if !file.Key() || file.State != object.Held {
		return nil
	}
	inner, err := patch.Embedded(file.Content.Object, fields(file.Content.Field, file.Source.Key))
	if err != nil {
		return nil
	}
	root, err := inner.Root()
	if err != nil || root == nil {
		return nil
	}
	patterns, texts := recognise.PipelineList(known, root)
	for _, n := range texts {
		coverPipeline(p, w, known, n.Value, n, 0)
	}
	return patterns
}

// coverPipeline claims the addresses of the plugins in a text that have CA, certificate and key.
func coverPipeline(p step, w *recognise.Workload, known catalog.Program, text string, n *yaml.Node, offset int) {
	plugins, err := known.Language().Plugins(text)
	if err != nil {
		return
	}
	for _, plugin := range plugins {
		keys := known.Plugin(plugin, recognise.VersionOf(w.Object, w.Main))
		if keys == nil {
			continue
		}
		has := func(name string) bool { _, ok := plugin.Get(name); return name != "" && ok }
		if (has(keys.CA) || has(keys.Trust)) && (has(keys.Cert) && has(keys.Key) || has(keys.Store)) {
			for _, name := range keys.Saying() {
				if v, ok := plugin.Get(name); ok {
					p.claim(n, mention.Span{From: offset + v.Offset, To: offset + v.End}, w.Main.Node)
				}
			}
		}
	}
}

// dataPath gives the place of a key in a ConfigMap or Secret.
func dataPath(holder *object.Object, key string) patch.Path {
	if held, ok := holder.Content(key); ok {
		return fields(held.Field, key)
	}
	return fields("data", key)
}
