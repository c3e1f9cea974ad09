package plan

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// setting plans a setting of a server: in its place where somebody set it, else where its image takes it from.
func (p *planner) setting(w *recognise.Workload, conf *configuration, key, value, why, link string) {
	s := conf.get(key)
	switch {
	case s == nil:
		p.failing(w.ID, p.place(conf, key, value, why, link))
	case s.Hidden && s.Value() != value:
		p.failing(w.ID, fmt.Errorf("%s comes from elsewhere in %s, so that it cannot be read: it must be %q; write that there, or remove it", key, s.Place, value))
	default:
		p.replace(w, s, value, why, link)
	}
}

// place plans a setting that nobody sets.
func (p *planner) place(conf *configuration, key, value, why, link string) error {
	if script := conf.script(key); script != nil {
		p.throughScript(script, value, why, link)
		return nil
	}
	if names := conf.envNames; names != nil {
		p.setEnv(conf.w.Object, conf.w.Main, names(key)[0], value, why, link)
		return nil
	}
	return p.inFile(conf, key, typed(value), why, link)
}

// replace plans a value where the user set one, in the environment or in a file.
func (p *planner) replace(w *recognise.Workload, s *setting, value, why, link string) {
	switch {
	case s.Value() == value:
	case len(s.twins) > 0:
		p.failOnce(w.ID, s.doubled(s.twins[0]))
	case s.script != nil:
		p.throughScript(s.script, value, why, link)
	default:
		s.edit.Value = patch.Str(s.prefix + value + s.suffix)
		p.edit(s.object, s.edit, why, link)
	}
	p.readsSetting(w, s, value)
}

// list plans a setting with several values.
func (p *planner) list(conf *configuration, key string, values []string, why, link string) error {
	s, joined := conf.get(key), strings.Join(values, ",")
	script := conf.script(key)
	switch {
	case s != nil && slices.Equal(s.Values, values):
		p.readsSetting(conf.w, s, values...)
		return nil
	case script != nil && len(values) > 1 && (s == nil || s.script != nil):
		if s == nil {
			p.throughScript(script, values[0], why, link)
		}
		return p.onCommandLine(conf, key, joined, why, link)
	case s != nil:
		p.replaceList(conf.w, s, values, why, link)
		return nil
	case script == nil && conf.envNames == nil:
		return p.inFile(conf, key, patch.Strs(values...), why, link)
	}
	return p.place(conf, key, joined, why, link)
}

// replaceList plans a list where the user set one, spelled as it was: as YAML, as JSON in one string, or with commas.
func (p *planner) replaceList(w *recognise.Workload, s *setting, values []string, why, link string) {
	joined := strings.Join(values, ",")
	var fresh *yaml.Node
	switch {
	case slices.Equal(s.Values, values):
		p.readsSetting(w, s, values...)
		return
	case len(s.twins) > 0:
		p.failOnce(w.ID, s.doubled(s.twins[0]))
		return
	case s.script != nil:
		p.throughScript(s.script, joined, why, link)
		return
	case s.list:
		fresh = patch.Strs(values...)
	case s.json:
		fresh = patch.Str(`["` + strings.Join(values, `","`) + `"]`)
	default:
		fresh = patch.Str(s.prefix + joined + s.suffix)
	}
	s.edit.Value = fresh
	p.edit(s.object, s.edit, why, link)
	p.readsSetting(w, s, values...)
}
