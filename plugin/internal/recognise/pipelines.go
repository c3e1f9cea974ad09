package recognise

import (
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// PipelineFiles gives those of the files of a container that a program reads in its own language; listed are patterns
// that a file of its own names.
func PipelineFiles(p catalog.Program, seen process.Process, listed, files []string) []string {
	patterns := append(append([]string{}, p.Pipelines.Paths...), listed...)
	said, _ := seen.Flags()
	for _, f := range said {
		if f.Given && slices.Contains(p.Pipelines.Options, f.Name) {
			patterns = append(patterns, f.Value.Text)
		}
	}
	var all []string
	for _, file := range files {
		is := path.Ext(file) == ".conf"
		for _, pattern := range patterns {
			matched, _ := path.Match(rooted(pattern, p.Dir), file)
			is = is || matched || path.Clean(rooted(pattern, p.Dir)) == path.Dir(file) && !strings.HasSuffix(file, "~")
		}
		if is {
			all = append(all, file)
		}
	}
	return all
}

// PipelineTexts gives the flags whose values are texts in the program's own language.
func PipelineTexts(p catalog.Program, seen process.Process) []process.Flag {
	var all []process.Flag
	said, _ := seen.Flags()
	for _, f := range said {
		if f.Given && f.Value.Known && slices.Contains(p.Pipelines.Texts, f.Name) {
			all = append(all, f)
		}
	}
	return all
}

// PipelineList reads a list of pipelines: the patterns of their files, and the texts that stand in it.
func PipelineList(p catalog.Program, root *yaml.Node) (patterns []string, texts []*yaml.Node) {
	if root == nil || root.Kind != yaml.SequenceNode {
		return nil, nil
	}
	for _, element := range root.Content {
		for i := 0; i+1 < len(element.Content) && element.Kind == yaml.MappingNode; i += 2 {
			switch name, value := element.Content[i].Value, element.Content[i+1]; {
			case slices.Contains(p.Pipelines.Texts, name):
				texts = append(texts, value)
			case slices.Contains(p.Pipelines.Options, name):
				for _, n := range append([]*yaml.Node{value}, value.Content...) {
					if n.Kind == yaml.ScalarNode {
						patterns = append(patterns, n.Value)
					}
				}
			}
		}
	}
	return patterns, texts
}
