package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// configuration is what a server reads at its start. Which channels an image has, which of them wins, and what its
// entry script writes into the file, says its layout.
type configuration struct {
	w        *recognise.Workload
	pathBase patch.Path                // of the server's container
	envNames func(key string) []string // variables that are settings by themselves; nil when there are none
	seen     process.Process
	file     *embedded // nil when the stream does not hold it
	alone    bool      // the entry script writes nothing into the file
	in       object.Input
	mounted  string // where the file comes from when the stream does not hold it, "" when none is mounted
	unseen   string // what may say any setting, and the stream does not hold it; "" when nothing may
	fail     func(error)
}

// embedded is a configuration file inside a ConfigMap or Secret in the input.
type embedded struct {
	object *object.Object
	path   patch.Path
	root   *yaml.Node
	source object.Source
}

// setting is one setting of the user, and where it stands.
type setting struct {
	Key    string
	Values []string // one, or the elements of a list
	Hidden bool     // the value comes from a Secret, a field or a ConfigMap outside the stream
	Place  string   // for messages: `env "xpack.…" of container "elasticsearch"`
	list   bool     // spelled as a YAML list
	json   bool     // spelled as a JSON list in one string
	commas bool     // or with commas
	object *object.Object
	edit   patch.Edit // to put another value in its place; Value is nil
	prefix string     // what stands before the value in the same word: "--es.uri=", "-Ekey="
	suffix string     // and behind it, in a script
	script *byScript  // the entry script of the image writes it; nil otherwise
	twins  []*setting // the same setting once more in the same channel: nothing tells which of them counts

	variable string       // that it is, "" when it is none
	word     patch.Path   // of the argument that holds it, by its position
	span     mention.Span // that it takes in the text there
}

// Value gives a setting with one value, "" when it has none or several.
func (s *setting) Value() string {
	if s == nil || len(s.Values) != 1 {
		return ""
	}
	return s.Values[0]
}

// with gives the edit that puts a value in a setting's place.
func (s *setting) with(value *yaml.Node) patch.Edit {
	e := s.edit
	e.Value = value
	return e
}

// configurationOf reads the sources of a server's settings.
func configurationOf(p step, w *recognise.Workload) (*configuration, error) {
	c := environmentOf(p, w, w.Layout.Env)
	assumeCommand(p, w)
	if w.Lost != "" {
		p.assume(w.ID, "the configuration of container %q is in %s (%s)", w.Main.Name, w.Layout.Folder, w.Lost)
	}
	for _, f := range w.Layout.Files {
		file := w.Main.Resolve(w.Layout.Abs(f.Path), p.release)
		if !file.Key() && file.Found != object.NotThere {
			p.assume(w.ID, "%s, if it is there, must not contradict these settings (%s)", file.Path, file.Why)
			if file.Found != object.Perhaps {
				c.unseen = file.Path
			}
		}
		if !file.Key() {
			continue
		}
		c.alone = f.Alone
		return c, readFile(p, c, file)
	}
	return c, nil
}

// assumeCommand notes words of a command line that only a run knows.
func assumeCommand(p step, w *recognise.Workload) {
	seen := p.seen(w.Main)
	if _, open := seen.Flags(); open {
		p.assume(w.ID, "the command of container %q has words that only a run knows: they may set nothing that is "+
			"set here", w.Main.Name)
	}
}

// environmentOf reads the settings that are variables; names tells which variables a setting may be, nil that none is
// by itself.
func environmentOf(p step, w *recognise.Workload, names func(key string) []string) *configuration {
	c := &configuration{w: w, pathBase: containerPath(w.Main), envNames: names, seen: p.seen(w.Main), in: p.release}
	c.fail = func(err error) { p.failing(w.ID, err) }
	for _, name := range c.seen.Env.Open() {
		p.assume(w.ID, "container %q takes variables from %s, which is not in the input: none of them may set what "+
			"is set here", w.Main.Name, name)
		c.unseen = name
	}
	return c
}

// readFile reads the configuration file where the stream holds it.
func readFile(p step, c *configuration, file object.File) (err error) {
	if file.State == object.NotShown {
		c.mounted, c.unseen = file.What(), file.What()
		p.assume(c.w.ID, "%s %s: the settings there must not contradict these", file.What(), unshown(file))
		return nil
	}
	c.file, err = openFile(c.w, file)
	return err
}

// openFile reads a YAML file that a container mounts from an object of the stream; nil when the object has no such key.
func openFile(w *recognise.Workload, file object.File) (*embedded, error) {
	holder := file.Content.Object
	if file.State != object.Held || file.Content.Field == "binaryData" {
		return nil, nil
	}
	f := &embedded{object: holder, path: fields(file.Content.Field, file.Source.Key), source: file.Source}
	inner, err := patch.Embedded(holder, f.path)
	if err == nil {
		f.root, err = inner.Root()
	}
	if err == nil {
		err = inner.DuplicateKey() // Elasticsearch does not start with one
	}
	if err != nil {
		return nil, problem.New(problem.Input, "%s of container %q: %v", file.Source.Key, w.Main.Name,
			err).Of(holder.ID).Do("correct that file")
	}
	return f, nil
}

// variable gives an environment variable of the program as a setting, nil when it is not set. Of a Secret it is enough
// that it is.
func (c *configuration) variable(name string) *setting {
	v, ok := c.seen.Env.Own(name)
	if !ok {
		return nil
	}
	s := &setting{variable: name, object: c.w.Object, Place: fmt.Sprintf("env %q of container %q", name, c.w.Main.Name)}
	s.Hidden = !v.Known || v.Secret || strings.Contains(v.Text, "$(") // of a variable that is not set before
	if !s.Hidden {
		s.Values, s.commas = splitList(v.Text), hasCommas(v.Text)
	}
	switch holder := v.Content.Object; {
	case v.Script: // it cannot be changed there
		s.Hidden, s.Place = true, fmt.Sprintf("the command of container %q (%s)", c.w.Main.Name, name)
	case holder != nil && v.Entry == nil:
		s.object, s.edit.Path = holder, fields(v.Content.Field, v.From.Key)
		s.Place = fmt.Sprintf("%s key %q (envFrom of container %q)", holder.ID, v.From.Key, c.w.Main.Name)
	case holder != nil:
		s.object, s.edit.Path = holder, fields(v.Content.Field, v.From.Key)
		s.Place = fmt.Sprintf("%s key %q (env %q of container %q)", holder.ID, v.From.Key, name, c.w.Main.Name)
	default:
		s.edit.Path = c.pathBase.Field("env").Item("name", name).Field("value")
		s.json = !s.Hidden && isJSONList(v.Text)
	}
	return s
}

// all gives every place of the file that says a setting, in the order of the file.
func (f *embedded) all(key string) []*setting {
	var all []*setting
	lookupAll(f.root, key, nil, func(at patch.Path, node *yaml.Node) {
		all = append(all, f.setting(key, at, node))
	})
	return all
}

func (f *embedded) get(key string) *setting { return first(f.all(key)) }

func first(all []*setting) *setting {
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// setting describes what stands at a place of the file.
func (f *embedded) setting(key string, at patch.Path, node *yaml.Node) *setting {
	s := &setting{
		Key:    key,
		Place:  fmt.Sprintf("%s of %s/%s", f.source.Key, f.source.Kind, f.source.Name),
		object: f.object,
		edit:   patch.Edit{Path: f.path, Inside: at},
	}
	switch n := node; n.Kind {
	case yaml.ScalarNode:
		s.Values, s.json, s.commas = splitList(n.Value), isJSONList(n.Value), hasCommas(n.Value)
		s.Hidden = strings.Contains(n.Value, "${")
	case yaml.SequenceNode:
		s.list = true
		for _, e := range n.Content {
			s.Values = append(s.Values, e.Value)
			s.Hidden = s.Hidden || strings.Contains(e.Value, "${")
		}
	default:
		s.Hidden = true
	}
	s.Hidden = s.Hidden || slices.ContainsFunc(at,
		func(step patch.Step) bool { return step.Field == manifest.MergeKey })
	return s
}

// lookup finds a setting in any spelling: a.b.c, nested mappings, or a mixture of both.
func lookup(node *yaml.Node, key string) (at patch.Path, found *yaml.Node) {
	lookupAll(node, key, nil, func(path patch.Path, value *yaml.Node) {
		if found == nil {
			at, found = path, value
		}
	})
	return at, found
}

// maxDepth is deeper than anybody writes.
const maxDepth = 100

// lookupAll visits every spelling of a setting that a file has, and what a merge key brings.
func lookupAll(node *yaml.Node, key string, at patch.Path, visit func(patch.Path, *yaml.Node)) {
	if node == nil || node.Kind != yaml.MappingNode {
		return
	}
	own := false
	note := func(at patch.Path, value *yaml.Node) {
		own = true
		visit(at, value)
	}
	content := node.Content
	for i := 0; i+1 < len(content); i += 2 {
		name, value := content[i].Value, content[i+1]
		if name == key && value != nil && content[i+1].ShortTag() != yaml.NodeTagNull {
			note(at.Field(name), value)
		}
		if rest, ok := strings.CutPrefix(key, name+"."); ok {
			lookupAll(value, rest, at.Field(name), note)
		}
	}
	for _, merged := range manifest.Merged(node) {
		if len(at) < maxDepth && !own { // an anchor may name itself
			lookupAll(merged, key, at.Field(manifest.MergeKey), note)
		}
	}
}

// any finds the first of several settings that somebody sets.
func (c *configuration) any(keys ...string) *setting {
	for _, key := range keys {
		if s := c.get(key); s != nil {
			return s
		}
	}
	return nil
}

// secret gives the Secret behind a variable, or behind the file that NAME_FILE names; empty when there is none.
func (c *configuration) secret(name string) object.Source {
	if v, ok := c.seen.Given.Own(name); ok && v.Entry != nil && v.From.Kind == "Secret" && v.Written == "" {
		return v.From
	}
	if v := c.variable(name + "_FILE"); v != nil && !v.Hidden {
		if f := c.source(v.Value()); f.Key() && f.Source.Kind == "Secret" {
			return f.Source
		}
	}
	return object.Source{}
}

// source gives what stands behind a path in a setting; relative paths start in the configuration folder.
func (c *configuration) source(file string) object.File {
	return c.w.Main.Resolve(c.absolute(file), c.in)
}

func (c *configuration) absolute(file string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(c.w.Layout.Home, file)
}

// splitList takes apart a list in one string, as Elasticsearch ("a,b") and Kibana (`["a","b"]`) read it.
func splitList(value string) []string {
	trimmed := strings.TrimSpace(value)
	if inner, ok := strings.CutPrefix(trimmed, "["); ok {
		trimmed = strings.TrimSuffix(inner, "]")
	}
	var all []string
	for _, part := range strings.Split(trimmed, ",") {
		if part = strings.Trim(strings.TrimSpace(part), `"'`); part != "" {
			all = append(all, part)
		}
	}
	return all
}

func isJSONList(value string) bool { return strings.HasPrefix(strings.TrimSpace(value), "[") }

func hasCommas(value string) bool { return !isJSONList(value) && strings.Contains(value, ",") }

func containerPath(c object.Container) patch.Path {
	return patch.Fields(c.Path()...).Item("name", c.Name)
}
