package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// yamlStore is a part of a YAML file: the settings below a prefix, in dotted or nested spelling or a mixture of both.
type yamlStore struct {
	file   *embedded
	at     patch.Path // of the mapping below which the settings stand: nil for the whole file
	prefix string     // "output.elasticsearch.", "" when the mapping is the connection itself
	nested bool       // the program knows no dotted spelling
}

func (s yamlStore) get(key string) *setting { return first(s.all(key)) }

func (s yamlStore) all(key string) []*setting {
	if key == "" {
		return nil
	}
	var all []*setting
	lookupAll(patch.At(s.file.root, s.at), s.prefix+key, s.at, func(at patch.Path, node *yaml.Node) {
		all = append(all, s.file.setting(s.prefix+key, at, node))
	})
	return all
}

func (s yamlStore) put(key string, value *yaml.Node) (*object.Object, patch.Edit) {
	if old := s.get(key); old != nil {
		return s.file.object, old.with(value)
	}
	below := placeFor(patch.At(s.file.root, s.at), s.prefix+key)
	if s.nested {
		last := len(below) - 1
		below = append(below[:last:last], fields(strings.Split(below[last].Field, ".")...)...)
	}
	at := append(append(patch.Path(nil), s.at...), below...)
	return s.file.object, patch.Edit{Path: s.file.path, Inside: at, Value: value}
}

// placeFor gives the path of a new setting: in the mapping that holds its relatives, deepest first.
func placeFor(node *yaml.Node, key string) patch.Path {
	if node == nil || node.Kind != yaml.MappingNode {
		return fields(key)
	}
	content := node.Content
	for i := 0; i+1 < len(content); i += 2 {
		name := content[i].Value
		if rest, ok := strings.CutPrefix(key, name+"."); ok && content[i+1].Kind == yaml.MappingNode {
			return append(fields(name), placeFor(content[i+1], rest)...)
		}
	}
	return fields(key)
}

// flagStore is the command line of a container: --name=value or two words. A new flag goes where others of its names
// stand, behind all others.
type flagStore struct {
	w     *recognise.Workload
	line  *process.Run
	names []string
}

func (s flagStore) get(key string) *setting { return first(s.all(key)) }

func (s flagStore) all(key string) []*setting {
	if key == "" {
		return nil
	}
	said, _ := s.line.Flags()
	var all []*setting
	for _, f := range said {
		arg, from, to, ok := s.line.Arg(f.Word)
		if f.Sign+f.Name != key || !ok || to-from < len(arg.Text) { // in a script no flag is added
			continue
		}
		at := containerPath(s.w.Main).Field(arg.Field...)
		found := &setting{Key: key, Place: fmt.Sprintf("%s of container %q", arg.Field[0], s.w.Main.Name),
			object: s.w.Object, word: argPath(s.w, arg)}
		found.edit = patch.Edit{Path: at.Item("", arg.Text)}
		value := "true"
		switch {
		case f.Apart:
			value = arg.Text
		case f.Given:
			found.prefix = key + "="
			found.span = mention.Span{From: len(found.prefix), To: len(arg.Text)}
			value = arg.Text[len(found.prefix):]
		}
		found.Values, found.Hidden = []string{value}, strings.Contains(value, "$(")
		all = append(all, found)
	}
	return all
}

func (s flagStore) put(key string, value *yaml.Node) (*object.Object, patch.Edit) {
	if old := s.get(key); old != nil {
		return s.w.Object, old.with(patch.Str(old.prefix + value.Value))
	}
	field := "args"
	isOurs := func(item *yaml.Node) bool {
		name, _, _ := strings.Cut(item.Value, "=")
		return slices.Contains(s.names, name)
	}
	if slices.ContainsFunc(object.Items(s.w.Main.Node, "command"), isOurs) {
		field = "command"
	}
	word := key + "=" + value.Value
	return s.w.Object, patch.Edit{Path: containerPath(s.w.Main).Field(field).Item("", word), Value: patch.Str(word)}
}

// envStore is the environment of a container, that of whole ConfigMaps and Secrets included.
type envStore struct{ conf *configuration }

func (s envStore) get(key string) *setting {
	if key == "" {
		return nil
	}
	return s.conf.get(key)
}

func (s envStore) all(key string) []*setting { return s.conf.strongest(key) }

func (s envStore) put(key string, value *yaml.Node) (*object.Object, patch.Edit) {
	if old := s.get(key); old != nil {
		return old.object, old.with(patch.Str(value.Value))
	}
	name := s.conf.envNames(key)[0]
	return s.conf.w.Object, patch.Edit{Path: s.conf.pathBase.Field("env").Item("name", name),
		Value: patch.Map(patch.F("name", patch.Str(name)), patch.F("value", patch.Str(value.Value)))}
}
