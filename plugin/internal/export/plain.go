package export

import (
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// hasNull tells whether a field is null, here or further down.
func hasNull(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name] == nil || hasNull(v[name]) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasNull)
	}
	return false
}

// merged gives an object as kustomize leaves it once it has merged any patch into it: of variables with the same name
// it keeps the last, in the place of the first, in kinds whose schema it knows.
func (c *Change) merged(o map[string]any) map[string]any {
	if group, _, _ := strings.Cut(c.APIVersion, "/"); group != "v1" && group != "apps" && group != "batch" {
		return o
	}
	merged, _ := onceEach(o).(map[string]any)
	return merged
}

func onceEach(value any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		return value
	}
	fields = maps.Clone(fields)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		field := fields[name]
		list, ok := field.([]any)
		switch {
		case !ok:
			fields[name] = onceEach(field)
		case name == "env":
			fields[name] = lastOfEach(list)
		case name == "containers" || name == "initContainers":
			list = slices.Clone(list)
			for i, e := range list {
				list[i] = onceEach(e)
			}
			fields[name] = list
		}
	}
	return fields
}

func lastOfEach(env []any) []any {
	places := map[string]int{}
	once := []any{}
	for _, e := range env {
		at, again := places[named(e)]
		if again && named(e) != "" {
			once[at] = e
			continue
		}
		places[named(e)] = len(once)
		once = append(once, e)
	}
	return once
}

// references are ConfigMaps and Secrets by kind and name, with the namespaces of the pods that read them.
type references map[[2]string][]string

// in adds what an object in this namespace reads, be it for a volume or for variables.
func (r references) in(namespace string, value any) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			r.in(namespace, e)
		}
	case map[string]any:
		for _, field := range slices.Sorted(maps.Keys(v)) {
			e := v[field]
			r.in(namespace, e)
			source, _ := e.(map[string]any)
			switch field {
			case "configMap", "configMapRef", "configMapKeyRef":
				r.add("ConfigMap", source["name"], namespace)
			case "secret", "secretRef", "secretKeyRef":
				r.add("Secret", source["name"], namespace)
				r.add("Secret", source["secretName"], namespace)
			}
		}
	}
}

func (r references) add(kind string, name any, namespace string) {
	if name, _ := name.(string); name != "" {
		r[[2]string{kind, name}] = append(r[[2]string{kind, name}], namespace)
	}
}

// has tells whether an object is read. A manifest without a namespace goes into that of the release, whatever it is.
func (r references) has(id object.ID) bool {
	return id.APIVersion == "v1" && slices.ContainsFunc(r[[2]string{id.Kind, id.Name}], func(namespace string) bool {
		return namespace == id.Namespace || namespace == "" || id.Namespace == ""
	})
}

// holds tells whether pods can read the object.
func (c *Change) holds() bool {
	return c.APIVersion == "v1" && (c.Kind == "ConfigMap" || c.Kind == "Secret")
}
