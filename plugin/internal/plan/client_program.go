package plan

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// program is one of the catalog, planned in a container.
type program struct{ catalog.Program }

// connections gives the connections of a container to whatever it calls.
func (known program) connections(p step, w *recognise.Workload) ([]*connection, error) {
	all, err := pipelineConnections(p, w, known.Program)
	if err != nil {
		return nil, err
	}
	switch known.App {
	case catalog.Logstash:
		assumeVersion(p, w)
		own, err := logstashSettings(p, w, known.Program)
		return append(all, own...), err
	case catalog.Fluentd:
		return all, fluentdImage(p, w, all)
	case catalog.Agent:
		fleet(p, w)
	}
	inFiles, err := known.inFiles(p.In, w)
	if err != nil {
		return nil, err
	}
	return slices.Concat(all, inFiles, known.onLine(p, w)), nil
}

// files names the files that a program reads its settings from.
func (known program) files(p step, w *recognise.Workload) []string {
	inYAML := unfolded(p.In, w, recognise.ChannelsOf(known.Files, known.Dir, p.seen(w.Main)).Files)
	return append(inYAML, pipelineFiles(p, w, known.Program)...)
}

// inFiles gives the connections in the YAML files of a program, and in those of its modules.
func (known program) inFiles(in *In, w *recognise.Workload) ([]*connection, error) {
	seen := in.seen(w.Main)
	from := recognise.ChannelsOf(known.Files, known.Dir, seen)
	opened, err := openFiles(in, w, from.Files...)
	if err = errors.Join(err, known.takes(in, w, from.Files)); err != nil {
		return nil, err
	}
	var all []*connection
	like := connection{dir: from.Dir, link: known.Link, expands: known.Expands}
	for _, f := range opened {
		for _, at := range known.Places {
			for _, c := range connectionsAt(at, f, like) {
				c.over = known.overFile(w, seen, c, at, f, opened, from)
				all = append(all, c)
			}
		}
	}
	all = append(all, known.onArguments(w, like, opened, seen, all)...)
	if known.Files.Modules != "" {
		modules := recognise.Matching(from.Modules(known.Files, known.said(seen, opened)), w.Main.Files(in.release))
		opened, err = openFiles(in, w, modules...)
		if err = errors.Join(err, known.takes(in, w, modules)); err != nil {
			return nil, err
		}
	}
	for _, f := range opened {
		for _, at := range known.Places {
			if below, ok := strings.CutPrefix(at.At, known.Files.ModulesAt+"."); ok && known.Files.Modules != "" {
				at.At = below
				all = append(all, connectionsAt(at, f, like)...)
			}
		}
	}
	return all, nil
}

// takes refuses files of settings that a program does not take for their modes: it does not start.
func (known program) takes(in *In, w *recognise.Workload, files []string) error {
	for _, file := range unfolded(in, w, files) {
		if why := recognise.Refused(known.Files, in.seen(w.Main), w.Main.Resolve(file, in.release)); why != "" {
			return problem.New(problem.Unreadable, "%s", why).
				Do("set defaultMode: 0644 of the volume in the chart's values, or --%s=false", known.Files.Strict.Flag)
		}
	}
	return nil
}

// onLine gives the connection of a program's command line, and that of its environment.
func (known program) onLine(p step, w *recognise.Workload) []*connection {
	if known.Line == nil {
		return nil
	}
	seen := p.seen(w.Main)
	line := seen.Command()
	flags := &connection{name: "its command line", keys: known.Line.Renamed(known.Flag), dir: known.Dir,
		link: known.Link, expands: known.Expands}
	flags.store = flagStore{w: w, line: line, names: flags.keys.Names()}
	version := recognise.VersionOf(w.Object, w.Main)
	variable := func(setting string) string { return known.Env(setting, version) }
	env := &connection{name: "its environment", keys: known.Line.Renamed(variable), dir: known.Dir, link: known.Link,
		expands: known.Expands}
	if variable(known.Line.Hosts[0]) == "" {
		return []*connection{flags}
	}
	if v, set := seen.Env.Get(known.EnvWith); known.EnvWith != "" &&
		(!set || v.Known && !strings.EqualFold(v.Text, "true") && v.Text != "1") {
		coverVariable(p, w.Object, w.Main, variable(known.Line.Hosts[0]))
		return []*connection{flags}
	}
	conf := environmentOf(p, w, func(key string) []string { return []string{key} })
	env.store = envStore{conf}
	if flags.addresses() == nil { // else the flags are the connection
		flagOf := map[string]string{}
		for _, setting := range known.Line.Names() {
			flagOf[variable(setting)] = known.Flag(setting)
		}
		env.over = []channel{renamed{flags.store, flagOf}}
		if known.Words && env.addresses() == nil {
			env.word = bareWord(w)
		}
	}
	return []*connection{flags, env}
}

var brackets = strings.NewReplacer("[", "", "]", "")

// overFile gives what else says something of a connection in a file: arguments, and the other files that the command
// line names.
func (known program) overFile(w *recognise.Workload, seen process.Process, c *connection, at catalog.Place, f *embedded,
	all []*embedded,
	from recognise.Channels) []channel {
	var over []channel
	if len(known.Files.Sets) > 0 {
		over = append(over, setFlags{w: w, seen: seen, flags: known.Files.Sets,
			prefix: prefixOf(brackets.Replace(c.name))})
	}
	if !from.Named || len(from.Files) < 2 || strings.Contains(at.At, "*") {
		return over // of a list one file has all
	}
	for _, other := range all {
		if other.root != f.root {
			over = append(over, yamlStore{file: other, prefix: prefixOf(at.At), nested: at.Nested})
		}
	}
	return over
}

// said gives what a setting is by the command line, else by the last of some files.
func (known program) said(seen process.Process, files []*embedded) func(name string) string {
	return func(name string) string {
		said := ""
		for _, f := range files {
			said = or(f.get(name).Value(), said)
		}
		flags, _ := seen.Flags(known.Files.Sets...)
		for _, flag := range flags {
			if flag.Sets && flag.Name == name {
				said = flag.Value.Text
			}
		}
		return said
	}
}

// connectionsAt gives the connections at a place of a file, each like another but for what the place says.
func connectionsAt(at catalog.Place, f *embedded, like connection) []*connection {
	return connectionsBelow(at, f, like, nil, f.root, at.At)
}

// connectionsBelow gives those below a node, which has the name of like and is reached by a path: "*" in the rest of
// the pattern stands for any entry or element.
func connectionsBelow(at catalog.Place, f *embedded, like connection, path patch.Path, node *yaml.Node,
	pattern string) []*connection {
	before, after, several := strings.Cut(pattern, "*")
	if !several {
		if at.Field != "" && path != nil && !strings.HasPrefix(fieldText(node, at.Field), at.Is) {
			return nil
		}
		like.name, like.kind = like.name+pattern, at.Is
		like.store, like.keys = yamlStore{file: f, at: path, prefix: prefixOf(strings.TrimPrefix(pattern, ".")),
			nested: at.Nested}, at.Settings
		return []*connection{&like}
	}
	list := slices.Clone(path)
	if before = strings.TrimPrefix(before, "."); before != "" {
		var below patch.Path
		below, node = lookup(node, strings.TrimSuffix(before, "."))
		list = append(list, below...)
	}
	if like.name != "" && before != "" {
		before = "." + before
	}
	var all []*connection
	for _, e := range entries(node) {
		below := like
		below.name += before + e.name
		all = append(all, connectionsBelow(at, f, below, append(slices.Clone(list), e.step), e.node, after)...)
	}
	return all
}

// fieldText gives a scalar below a node, in dotted or nested spelling.
func fieldText(node *yaml.Node, field string) string {
	if _, found := lookup(node, field); found != nil {
		return found.Value
	}
	return ""
}

func prefixOf(at string) string {
	if at == "" {
		return ""
	}
	return at + "."
}

// entry is one element of a list, or one field of a mapping.
type entry struct {
	name string
	step patch.Step
	node *yaml.Node
}

func entries(node *yaml.Node) []entry {
	if node == nil {
		return nil
	}
	var all []entry
	switch n := node; n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			step := patch.Path(nil).Index(strconv.Itoa(i))[0]
			all = append(all, entry{"[" + step.Is + "]", step, item})
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			all = append(all, entry{name, patch.Step{Field: name}, n.Content[i+1]})
		}
	}
	return all
}
