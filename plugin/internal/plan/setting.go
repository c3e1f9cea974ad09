package plan

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// setSetting plans a setting of a server: in its place where somebody set it, else where its image takes it from.
func setSetting(p step, w *recognise.Workload, conf *configuration, key, value, why, link string) {
	s := conf.get(key)
	switch {
	case s == nil:
		p.failing(w.ID, placeSetting(p, conf, key, value, why, link))
	case s.Hidden && s.Value() != value:
		p.failing(w.ID, problem.New(problem.Elsewhere, "%s comes from elsewhere in %s, so that it cannot be read: "+
			"it must be %q", key, s.Place, value).At(key).
			Do("write that there, or remove it"))
	default:
		replaceValue(p, w, s, value, why, link)
	}
}

// placeSetting plans a setting that nobody sets.
func placeSetting(p step, conf *configuration, key, value, why, link string) error {
	if script := conf.script(key); script != nil {
		throughScript(p, script, value, why, link)
		return nil
	}
	if names := conf.envNames; names != nil {
		setEnv(p, conf.w.Object, conf.w.Main, names(key)[0], value, why, link)
		return nil
	}
	return inFile(p, conf, key, typed(value), why, link)
}

// placeList plans addresses that nobody sets, as Kibana reads several.
func placeList(p step, conf *configuration, key string, values []string, why, link string) error {
	switch {
	case len(values) == 1:
		return placeSetting(p, conf, key, values[0], why, link)
	case conf.envNames != nil:
		return placeSetting(p, conf, key, asJSON(values), why, link)
	}
	return inFile(p, conf, key, patch.Strs(values...), why, link)
}

// asJSON spells a list in one string.
func asJSON(values []string) string { return `["` + strings.Join(values, `","`) + `"]` }

// replaceValue plans a value where the user set one, in the environment or in a file.
func replaceValue(p step, w *recognise.Workload, s *setting, value, why, link string) {
	switch {
	case s.Value() == value:
	case len(s.twins) > 0:
		p.failing(w.ID, s.doubled(s.twins[0]))
	case s.script != nil:
		throughScript(p, s.script, value, why, link)
	default:
		p.edit(s.object, s.with(patch.Str(s.prefix+value+s.suffix)), why, link)
	}
	readsSetting(p, w, s, value)
}

// setList plans a setting with several values.
func setList(p step, conf *configuration, key string, values []string, why, link string) error {
	s, joined := conf.get(key), strings.Join(values, ",")
	script := conf.script(key)
	switch {
	case s != nil && slices.Equal(s.Values, values):
		readsSetting(p, conf.w, s, values...)
		return nil
	case script != nil && len(values) > 1 && (s == nil || s.script != nil):
		if s == nil {
			throughScript(p, script, values[0], why, link)
		}
		return onCommandLine(p, conf, key, joined, why, link)
	case s != nil:
		replaceList(p, conf.w, s, values, why, link)
		return nil
	case script == nil && conf.envNames == nil:
		return inFile(p, conf, key, patch.Strs(values...), why, link)
	}
	return placeSetting(p, conf, key, joined, why, link)
}

// replaceList plans a list where the user set one, spelled as it was: as YAML, as JSON in one string, or with commas.
func replaceList(p step, w *recognise.Workload, s *setting, values []string, why, link string) {
	joined := strings.Join(values, ",")
	var fresh *yaml.Node
	switch {
	case slices.Equal(s.Values, values):
		readsSetting(p, w, s, values...)
		return
	case len(s.twins) > 0:
		p.failing(w.ID, s.doubled(s.twins[0]))
		return
	case s.script != nil:
		throughScript(p, s.script, joined, why, link)
		return
	case s.list:
		fresh = patch.Strs(values...)
	case s.json:
		fresh = patch.Str(s.prefix + asJSON(values) + s.suffix)
	default:
		fresh = patch.Str(s.prefix + joined + s.suffix)
	}
	p.edit(s.object, s.with(fresh), why, link)
	readsSetting(p, w, s, values...)
}
