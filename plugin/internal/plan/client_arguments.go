package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// setFlags are the arguments by which a program takes any setting of its files: -E key=value.
type setFlags struct {
	w      *recognise.Workload
	seen   process.Process
	flags  []string // without signs
	prefix string   // of the connection's settings
}

// all gives the setting itself, what stands above it and what stands below: those say it too, and are hidden.
func (s setFlags) all(key string) []*setting {
	full := s.prefix + key
	said, _ := s.seen.Flags(s.flags...)
	var all []*setting
	for _, f := range said {
		name := strings.ReplaceAll(f.Name, "::", ".")
		above := strings.HasPrefix(full, name+".") || strings.HasPrefix(name, full+".")
		if !f.Sets || !above && name != full {
			continue
		}
		found := *flagSetting(s.w, f)
		found.Key = name
		found.Values, found.json = splitList(f.Value.Text), isJSONList(f.Value.Text)
		found.Hidden = above || found.Hidden || strings.Contains(f.Value.Text, "$")
		found.Place = fmt.Sprintf("the command line of container %q", s.w.Main.Name)
		if arg, _, _, ok := f.Run.Arg(f.Word); ok && arg.Field != nil {
			found.Place = fmt.Sprintf("%s %d of container %q", strings.Join(arg.Field, "."), arg.Index+1, s.w.Main.Name)
			found.word = argPath(s.w, arg)
		}
		all = append(all, &found)
	}
	return all
}

// argumentStore is a connection whose address an argument says. Such arguments win over what files say of it, and what
// neither says becomes an argument more.
type argumentStore struct {
	setFlags
	files []yamlStore
	field []string // of the container that holds the arguments
}

func (s argumentStore) get(key string) *setting { return first(s.all(key)) }

func (s argumentStore) all(key string) []*setting {
	if key == "" {
		return nil
	}
	all := s.setFlags.all(key)
	for _, file := range s.files {
		all = append(all, file.all(key)...)
	}
	return all
}

func (s argumentStore) put(key string, value *yaml.Node) (*object.Object, patch.Edit) {
	text := value.Value
	if value.Kind == yaml.SequenceNode {
		text = asJSON(scalars(value))
	}
	switch old := s.get(key); {
	case old == nil:
		word := "-" + s.flags[0] + s.prefix + key + "=" + text
		return s.w.Object, patch.Edit{Path: containerPath(s.w.Main).Field(s.field...).Item("", word),
			Value: patch.Str(word)}
	case old.word != nil:
		return old.object, old.with(patch.Str(old.prefix + text + old.suffix))
	default:
		return old.object, old.with(value)
	}
}

// onArguments gives the connections whose address arguments say, where no file says it.
func (known program) onArguments(w *recognise.Workload, like connection, files []*embedded, seen process.Process,
	inFiles []*connection) []*connection {
	var all []*connection
	for _, at := range known.Places {
		isTold := func(c *connection) bool { return c.name == at.At && c.addresses() != nil }
		if c := known.argumentsAt(w, at, like, files, seen); c != nil && !slices.ContainsFunc(inFiles, isTold) {
			all = append(all, c)
		}
	}
	return all
}

// argumentsAt gives the connection at a place of the files whose address arguments of their own say; nil for none. In a
// script no argument is added.
func (known program) argumentsAt(w *recognise.Workload, at catalog.Place, like connection, files []*embedded,
	seen process.Process) *connection {
	if len(known.Files.Sets) == 0 || strings.Contains(at.At, "*") {
		return nil
	}
	store := argumentStore{setFlags: setFlags{w: w, seen: seen, flags: known.Files.Sets, prefix: prefixOf(at.At)}}
	for _, file := range files {
		store.files = append(store.files, yamlStore{file: file, prefix: prefixOf(at.At), nested: at.Nested})
	}
	said, _ := seen.Flags(known.Files.Sets...)
	for _, f := range said {
		name, isBelow := strings.CutPrefix(f.Name, store.prefix)
		arg, from, to, ok := f.Run.Arg(f.Word)
		if isBelow && slices.Contains(at.Settings.Hosts, name) && ok && arg.Field != nil && to-from == len(arg.Text) {
			store.field = arg.Field
		}
	}
	if store.field == nil {
		return nil
	}
	like.name, like.kind, like.store, like.keys = at.At, at.Is, store, at.Settings
	return &like
}
