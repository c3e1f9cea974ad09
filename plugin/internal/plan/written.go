package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Some images have an entry script that makes settings from variables of its own. Such a setting is changed by its
// variable; a list of several values, for which the script has none, on the command line.

// byScript is a setting that an entry script can be made to write.
type byScript struct {
	catalog.Written
	conf *configuration
	from *object.Object // that holds the variable, nil when none is set
}

// writtenBy gives the setting as the entry script writes it, nil when it does not.
func (c *configuration) writtenBy(key string) *setting {
	if c.alone {
		return nil
	}
	for _, w := range c.w.Layout.Written {
		if w.Key == key && !slices.ContainsFunc(w.When, func(s catalog.Condition) bool { return !c.holds(s) }) {
			return c.writtenAs(w)
		}
	}
	return nil
}

func (c *configuration) writtenAs(w catalog.Written) *setting {
	s := &setting{Key: w.Key, Place: fmt.Sprintf("the entry script of container %q, which has it by default",
		c.w.Main.Name), object: c.w.Object, script: &byScript{Written: w, conf: c}}
	if w.Default != "" {
		s.Values = []string{w.Default}
		if folder := c.variable(w.Moved); folder != nil && (folder.Hidden || folder.Value() != "") {
			s.Values, s.Hidden, s.Place = []string{path.Join(folder.Value(),
				path.Base(w.Default))}, folder.Hidden, folder.Place
		}
	}
	for _, name := range w.Env {
		v, file := c.variable(name), c.variable(name+"_FILE")
		// the file wins; that of a login is taken away
		if file != nil && (v == nil || !slices.Contains(c.w.Layout.Login, name)) {
			v = &setting{Hidden: true, Place: file.Place, object: file.object}
		}
		if v == nil || !v.Hidden && len(v.Values) == 0 {
			continue
		}
		s.Values, s.Hidden, s.Place, s.script.from = v.Values, v.Hidden, v.Place, v.object
		break
	}
	switch {
	case len(s.Values) == 0 && !s.Hidden:
		return nil
	case w.Value != "":
		s.Values, s.Hidden = []string{w.Value}, false
	case w.Truth && !s.Hidden:
		s.Values = []string{fmt.Sprint(isYes(s.Value()))}
	}
	return s
}

// holds tells whether a switch of the entry script stands as it is asked for.
func (c *configuration) holds(s catalog.Condition) bool {
	for _, name := range s.Env {
		if v := c.variable(name); v != nil && v.Value() != "" {
			return isYes(v.Value()) == s.Is
		}
	}
	return s.Default == s.Is
}

// isYes reads a truth value as Bitnami's scripts do.
func isYes(value string) bool {
	return slices.Contains([]string{"1", "yes", "true"}, strings.ToLower(value))
}

// script gives what the entry script can be made to write for a key, nil when it is the file's.
func (c *configuration) script(key string) *byScript {
	if c.alone {
		return nil
	}
	for _, w := range c.w.Layout.Written {
		off := slices.ContainsFunc(w.When, func(s catalog.Condition) bool { return !c.holds(s) })
		if w.Key == key && (!off || !w.Idle) && !w.Weak {
			return &byScript{Written: w, conf: c}
		}
	}
	return nil
}

// throughScript plans a setting by its variable, and turns on what the script looks at before.
func throughScript(p step, w *byScript, value, why, link string) {
	conf := w.conf
	for _, s := range w.When {
		if !conf.holds(s) {
			setEnv(p, conf.w.Object, conf.w.Main, s.Env[0], fmt.Sprint(s.Is),
				"the entry script writes "+w.Key+" only then", link)
		}
	}
	setEnv(p, conf.w.Object, conf.w.Main, w.Env[0], value, why, link)
}

// onCommandLine plans a setting as an argument.
func onCommandLine(p step, conf *configuration, key, value, why, link string) error {
	f, at := conf.w.Layout.Flags, conf.pathBase.Field("args")
	args := object.Items(conf.w.Main.Node, "args")
	if len(object.Items(conf.w.Main.Node, "command")) > 0 || len(args) > 0 && args[0].Value != f.Script {
		return problem.New(problem.NoFile, "container %q has a command of its own, so that %s%s=… cannot be added "+
			"to the arguments of the image's", conf.w.Main.Name, f.Prefix, key).At(f.Prefix).
			Do("add it there, or remove the command")
	}
	if len(args) == 0 {
		p.set(conf.w.Object, at.Item("", f.Script), patch.Str(f.Script),
			"the command of the image, which arguments replace", link)
	}
	word := f.Prefix + key + "=" + value
	p.set(conf.w.Object, at.Item("", word), patch.Str(word), why, link)
	return nil
}

// freshSetting is a setting of a configuration file that the stream does not have.
type freshSetting struct {
	key   string
	value *yaml.Node
}

// inFile plans a setting that nobody sets in the configuration file: in the one that is there, or in one of ours.
func inFile(p step, conf *configuration, key string, value *yaml.Node, why, link string) error {
	l := conf.w.Layout
	at := fields(key)
	if l.Nested {
		at = fields(strings.Split(key, ".")...)
	}
	switch {
	case conf.file != nil:
		s := &setting{object: conf.file.object, edit: patch.Edit{Path: conf.file.path, Inside: at, Value: value}}
		p.edit(s.object, s.edit, why, link)
		readsSetting(p, conf.w, s, scalars(value)...)
	case conf.mounted != "":
		return problem.New(problem.NoFile, "%s belongs into %s, which is not in the input", key, conf.mounted).At(key).
			Do("set it there (%s), or let the chart render that file", patch.Flow(value))
	case l.NewFile == "":
		return problem.New(problem.NoFile, "%s belongs into the configuration file of container %q, and none is "+
			"mounted", key, conf.w.Main.Name).At(key).
			Do("let the chart render one")
	default:
		p.newFile(freshSetting{key, value})
	}
	return nil
}

// makeFile plans the configuration file that is made because there is none.
func makeFile(p step, conf *configuration) error {
	if len(p.fresh) == 0 {
		return nil
	}
	w := conf.w
	root := patch.Map()
	for _, s := range p.fresh {
		names := strings.Split(s.key, ".")
		at, last := root, len(names)-1
		for _, name := range names[:last] {
			var err error
			if at, err = manifest.Need(at, yaml.MappingNode, name); err != nil {
				return err
			}
		}
		at.Content = append(at.Content, patch.Str(names[last]), s.value)
		place := patch.Edit{Path: fields("data", w.Layout.NewFile), Inside: fields(names...)}
		p.input(w.Object, place.String()+"="+strings.Join(scalars(s.value), ","))
	}
	text, err := manifest.Print(root)
	if err != nil {
		return err
	}
	id, node := newObject(w.Object, "v1", "ConfigMap", w.Name+"-"+settingsVolume,
		patch.F("data", patch.Map(patch.F(w.Layout.NewFile, patch.Str(text)))))
	if err := p.addObject(w.Object, id, node, "settings that the image takes from no variable: it merges them into "+
		"its own"); err != nil {
		return err
	}
	pod := podOf(w.Object)
	p.set(w.Object, patch.Fields(pod.Path("spec", "volumes")...).Item("name", settingsVolume), patch.Map(
		patch.F("name", patch.Str(settingsVolume)), patch.F("configMap",
			patch.Map(patch.F("name", patch.Str(id.Name))))), "the settings of "+id.String(), "")
	p.set(w.Object, conf.pathBase.Field("volumeMounts").Item("name", settingsVolume), patch.Map(
		patch.F("name", patch.Str(settingsVolume)),
		patch.F("mountPath", patch.Str(w.Layout.Abs(w.Layout.NewFile))),
		patch.F("subPath", patch.Str(w.Layout.NewFile)),
	), "the entry script reads them there", "")
	return nil
}

// scalars gives the value of a scalar, or those of a list.
func scalars(value *yaml.Node) []string {
	if value.Kind == yaml.ScalarNode {
		return []string{value.Value}
	}
	var all []string
	for _, n := range value.Content {
		all = append(all, n.Value)
	}
	return all
}

// typed gives a value as it is written in a configuration file.
func typed(value string) *yaml.Node {
	if value == "true" || value == "false" {
		return patch.Bool(value == "true")
	}
	return patch.Str(value)
}
