package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// fileItem is one key of a Secret and the file that it becomes.
type fileItem struct {
	source object.Source
	file   string
}

// projected makes a volume of single keys: nothing else of a Secret gets into the pod.
func projected(name string, mode int, items []fileItem) *yaml.Node {
	sources := patch.Seq()
	for i := 0; i < len(items); {
		field, keys := "secret", patch.Seq()
		if items[i].source.Kind == "ConfigMap" {
			field = "configMap"
		}
		first := items[i].source
		for ; i < len(items) && items[i].source.Name == first.Name && items[i].source.Kind == first.Kind; i++ {
			keys.Content = append(keys.Content,
				patch.Map(patch.F("key", patch.Str(items[i].source.Key)), patch.F("path", patch.Str(items[i].file))))
		}
		sources.Content = append(sources.Content,
			patch.Map(patch.F(field, patch.Map(patch.F("name", patch.Str(first.Name)), patch.F("items", keys)))))
	}
	return patch.Map(
		patch.F("name", patch.Str(name)),
		patch.F("projected", patch.Map(patch.F("defaultMode", patch.Octal(mode)), patch.F("sources", sources))),
	)
}

func or(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

func quoted(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	var q []string
	for _, n := range names {
		q = append(q, strconv.Quote(n))
	}
	return strings.Join(q, ", ")
}
