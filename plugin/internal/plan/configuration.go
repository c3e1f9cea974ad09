package plan

import (
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// configuration is what a server reads at its start: the environment, which wins in the official images, and its file.
type configuration struct {
	w        *recognise.Workload
	pathBase patch.Path // of the server's container
	dir      string     // relative paths in settings start here
	envNames func(key string) []string
	envFrom  map[string]setting
	file     *embedded // nil when the stream does not hold it
}

// embedded is a configuration file inside a ConfigMap or Secret of the stream.
type embedded struct {
	object *object.Object
	path   patch.Path
	root   *yaml.RNode
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
	object *object.Object
	edit   patch.Edit // to put another value in its place; Value is nil
	prefix string     // what stands before the value in the same word: "--es.uri="
}

// Value gives a setting with one value, "" when it has none or several.
func (s *setting) Value() string {
	if s == nil || len(s.Values) != 1 {
		return ""
	}
	return s.Values[0]
}

// configuration reads the sources of a server's settings.
func (p *planner) configuration(w *recognise.Workload, file, base string, envNames func(string) []string) (*configuration, error) {
	c := &configuration{
		w:        w,
		pathBase: containerPath(w.Main),
		dir:      base,
		envNames: envNames,
		envFrom:  map[string]setting{},
	}
	if err := p.readEnvFrom(c); err != nil {
		return nil, err
	}
	source, ok := w.Main.File(file)
	if !ok {
		return c, nil
	}
	holder, err := p.release.Find(w.Namespace, source.Kind, source.Name)
	if err != nil {
		return nil, err
	}
	if holder == nil {
		p.assume("%s: %s is not in the stream: the settings there must not contradict these", w.ID, source)
		return c, nil
	}
	c.file, err = p.open(w, holder, source)
	return c, err
}

// open reads a YAML file that a container mounts from an object of the stream; nil when the object has no such key.
func (p *planner) open(w *recognise.Workload, holder *object.Object, source object.Source) (*embedded, error) {
	p.configs[holder] = true
	for _, field := range []string{"data", "stringData"} {
		if object.Get(holder.Node, field, source.Key) == nil {
			continue
		}
		f := &embedded{object: holder, path: fields(field, source.Key), source: source}
		inner, err := patch.Embedded(holder, f.path)
		if err == nil {
			f.root, err = inner.Root()
		}
		if err == nil {
			err = inner.DuplicateKey() // Elasticsearch does not start with one
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s of container %q: %w", holder.ID, source.Key, w.Main.Name, err)
		}
		return f, nil
	}
	return nil, nil
}

// files reads the YAML files of a program. A file that the stream does not hold cannot be secured, unless something else says how
// the program connects.
func (p *planner) files(w *recognise.Workload, names ...string) ([]*embedded, error) {
	var all []*embedded
	for _, name := range names {
		source, ok := w.Main.File(name)
		if !ok {
			continue
		}
		holder, err := p.release.Find(w.Namespace, source.Kind, source.Name)
		if err != nil {
			return nil, err
		}
		if holder == nil {
			return nil, fmt.Errorf("reads %q from %s, which is not in the stream, so that it cannot be given a certificate there: add CA, certificate and key to that file and "+
				"list the container under spec.unmanaged (ref: %s/%s) with the reason", name, source, w.ID, w.Main.Name)
		}
		f, err := p.open(w, holder, source)
		if err != nil {
			return nil, err
		}
		if f != nil {
			all = append(all, f)
		}
	}
	return all, nil
}

// readEnvFrom takes the variables of whole ConfigMaps and Secrets, and names the ones that cannot be seen. Of a Secret the names of the
// keys are enough: no value is decoded.
func (p *planner) readEnvFrom(c *configuration) error {
	for _, from := range object.Items(c.w.Main.Node, "envFrom") {
		for _, ref := range []struct{ field, kind string }{{"configMapRef", "ConfigMap"}, {"secretRef", "Secret"}} {
			name := object.Text(from, ref.field, "name")
			if name == "" {
				continue
			}
			holder, err := p.release.Find(c.w.Namespace, ref.kind, name)
			if err != nil {
				return err
			}
			if holder == nil {
				p.assume("%s: container %q takes variables from %s/%s, which is not in the stream: none of them may set what is set here", c.w.ID, c.w.Main.Name, ref.kind, name)
				continue
			}
			c.addVariables(holder, object.Text(from, "prefix"), ref.kind == "Secret")
		}
	}
	return nil
}

func (c *configuration) addVariables(holder *object.Object, prefix string, secret bool) {
	for _, field := range []string{"data", "stringData"} {
		for key, value := range object.Pairs(holder.Node, field) {
			s := setting{
				Hidden: secret,
				Place:  fmt.Sprintf("%s key %q (envFrom of container %q)", holder.ID, key, c.w.Main.Name),
				object: holder,
				edit:   patch.Edit{Path: fields(field, key)},
			}
			if !secret {
				s.Values = []string{value}
			}
			c.envFrom[prefix+key] = s
		}
	}
}

// get finds a setting where the server would find it; nil when nobody sets it.
func (c *configuration) get(key string) *setting {
	for _, name := range c.envNames(key) {
		if e, ok := c.w.Main.Env(name); ok {
			s := &setting{
				Key:    key,
				Hidden: e.From || strings.Contains(e.Value, "$("), // $(VAR) is another variable of that container
				Place:  fmt.Sprintf("env %q of container %q", name, c.w.Main.Name),
				object: c.w.Object,
				edit:   patch.Edit{Path: c.pathBase.Field("env").Item("name", name).Field("value")},
			}
			if !s.Hidden {
				s.Values, s.json = splitList(e.Value), isJSONList(e.Value)
			}
			return s
		}
		if s, ok := c.envFrom[name]; ok {
			s.Key = key
			if !s.Hidden {
				s.Values = splitList(s.Value())
			}
			return &s
		}
	}
	if c.file == nil {
		return nil
	}
	return c.file.get(key)
}

func (f *embedded) get(key string) *setting {
	at, node := lookup(f.root, key)
	if node == nil {
		return nil
	}
	s := f.setting(at, node)
	s.Key = key
	return s
}

// setting describes what stands at a place of the file.
func (f *embedded) setting(at patch.Path, node *yaml.RNode) *setting {
	s := &setting{
		Place:  fmt.Sprintf("%s of %s/%s", f.source.Key, f.source.Kind, f.source.Name),
		object: f.object,
		edit:   patch.Edit{Path: f.path, Inside: at},
	}
	switch n := node.YNode(); n.Kind {
	case yaml.ScalarNode:
		s.Values, s.json = splitList(n.Value), isJSONList(n.Value)
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
	return s
}

// lookup finds a setting in any spelling: a.b.c, nested mappings, or a mixture of both.
func lookup(node *yaml.RNode, key string) (patch.Path, *yaml.RNode) {
	if node == nil || node.YNode().Kind != yaml.MappingNode {
		return nil, nil
	}
	content := node.Content()
	for i := 0; i+1 < len(content); i += 2 {
		name, value := content[i].Value, yaml.NewRNode(content[i+1])
		if name == key && !value.IsNil() && content[i+1].ShortTag() != yaml.NodeTagNull {
			return fields(name), value
		}
		if rest, ok := strings.CutPrefix(key, name+"."); ok {
			if below, found := lookup(value, rest); found != nil {
				return append(fields(name), below...), found
			}
		}
	}
	return nil, nil
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

// source gives the Secret or ConfigMap behind a path in a setting; relative paths start in the configuration folder.
func (c *configuration) source(file string) (object.Source, bool) {
	s, ok := c.w.Main.File(c.absolute(file))
	return s.In(c.w.Namespace), ok
}

func (c *configuration) absolute(file string) string {
	if path.IsAbs(file) {
		return file
	}
	return path.Join(c.dir, file)
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

func containerPath(c object.Container) patch.Path {
	return patch.Fields(c.Path()...).Item("name", c.Name)
}
