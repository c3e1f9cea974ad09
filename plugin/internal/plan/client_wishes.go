package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// The placeholders of a rule's values.
const (
	placeCA   = "{ca}"
	placeCert = "{cert}"
	placeKey  = "{key}"
)

// wish is one setting that a rule wants.
type wish struct {
	key    string // for messages
	value  any    // with placeholders
	old    *setting
	object *object.Object // where a new one goes
	edit   patch.Edit
	spell  func(value *yaml.Node) *yaml.Node // how a new one is written there
	link   string
}

// names tells whether a wish has a placeholder.
func (s wish) names(place string) bool { return strings.Contains(fmt.Sprint(s.value), place) }

func (s wish) namesAny() bool { return s.names(placeCA) || s.names(placeCert) || s.names(placeKey) }

// wishesOf gives the settings of a rule, in groups: those of one place in a file belong together, and so do variables
// and flags.
func wishesOf(p step, r ruled, files []ruleFile) ([][]wish, error) {
	own, err := wishesOfContainer(p, r)
	if err != nil {
		return nil, err
	}
	var all [][]wish
	if len(own) > 0 {
		all = append(all, own)
	}
	for _, f := range files {
		for _, said := range f.says {
			for _, at := range placesOf(p.In, f.embedded, said) {
				all = append(all, wishesOfFile(f.embedded, at, said, r.ready.link))
			}
		}
	}
	if len(files) > 0 && len(all) == 0 {
		var where []string
		for _, f := range files {
			for _, said := range f.says {
				where = append(where, or(said.At, "the file")+" of "+f.source.String())
			}
		}
		return nil, problem.New(problem.Rule, "the rule finds nothing to set at %s that leads to this Elasticsearch",
			strings.Join(compact(where), ", ")).
			Do("correct at and is of the rule")
	}
	return all, nil
}

func wishesOfContainer(p step, r ruled) ([]wish, error) {
	w := r.w
	conf := environmentOf(p, w, nil)
	var all []wish
	for _, name := range sortedKeys(r.rule.Env) {
		all = append(all, wish{
			key: name, value: r.rule.Env[name], old: conf.variable(name), object: w.Object,
			edit: patch.Edit{Path: conf.pathBase.Field("env").Item("name", name)},
			spell: func(value *yaml.Node) *yaml.Node {
				return patch.Map(patch.F("name", patch.Str(name)), patch.F("value", patch.Str(value.Value)))
			},
		})
	}
	if words := w.Main.Command(); len(r.rule.Args) > 0 {
		switch {
		case len(words) == 0:
			return nil, problem.New(problem.Rule, "it has neither command nor args in the input, and args of a "+
				"rule would replace those of its image").
				Do("write them into the chart's values, or use env of the rule")
		case shell.IsShell(words[0]):
			return nil, problem.New(problem.Rule, "it runs a shell (%q), to which args of a rule mean nothing",
				words[0]).
				Do("use env of the rule")
		}
	}
	for _, arg := range r.rule.Args {
		name, value, _ := strings.Cut(arg, "=")
		flag := wish{key: name, value: or(value, "true"), old: flagStore{w: w, line: conf.seen.Command()}.get(name),
			object: w.Object}
		flag.spell = func(expanded *yaml.Node) *yaml.Node {
			if value == "" {
				return patch.Str(name)
			}
			return patch.Str(name + "=" + expanded.Value)
		}
		all = append(all, flag)
	}
	return all, nil
}

// placesOf gives the places in a file that a rule means. An entry that calls another server, as its addresses say, is
// none.
func placesOf(in *In, f *embedded, said config.RuleFile) []patch.Path {
	return slices.DeleteFunc(spread(f.root, said.At), func(at patch.Path) bool {
		node := patch.At(f.root, at)
		for _, field := range sortedKeys(said.Is) {
			if fieldText(node, field) != said.Is[field] {
				return true
			}
		}
		return strings.Contains(said.At, "*") && leadsElsewhere(in, node)
	})
}

// spread gives the paths that "a.b.*.c" stands for. "*" is any entry or element, "x*" any entry whose name begins with
// x.
func spread(node *yaml.Node, at string) []patch.Path {
	if at == "" {
		return []patch.Path{nil}
	}
	plain, star := at, ""
	if i := strings.Index(at, "*"); i >= 0 {
		cut := strings.LastIndex(at[:i], ".") + 1
		plain, star = strings.TrimSuffix(at[:cut], "."), at[cut:]
	}
	var before patch.Path
	if plain != "" {
		if before, node = lookup(node, plain); node == nil {
			return nil
		}
	}
	if star == "" {
		return []patch.Path{before}
	}
	pattern, rest, _ := strings.Cut(star, ".")
	var all []patch.Path
	for _, e := range entries(node) {
		if prefix := strings.TrimSuffix(pattern, "*"); e.step.Field == "" && prefix != "" ||
			!strings.HasPrefix(e.name, prefix) {
			continue
		}
		for _, below := range spread(e.node, rest) {
			all = append(all, slices.Concat(before, patch.Path{e.step}, below))
		}
	}
	return all
}

// leadsElsewhere tells whether the addresses below a node are all of other servers than those of this stream.
func leadsElsewhere(in *In, node *yaml.Node) bool {
	addresses := 0
	for _, text := range texts(node) {
		if !strings.Contains(text, "://") {
			continue
		}
		if len(in.services) == 0 || in.names.Called(shell.Host(text)) != "" || strings.Contains(text, "$") {
			return false
		}
		addresses++
	}
	return addresses > 0
}

func wishesOfFile(f *embedded, at patch.Path, said config.RuleFile, link string) []wish {
	var all []wish
	in := yamlStore{file: f, at: at, nested: true}
	flat := map[string]any{}
	flatten(said.Set, "", flat)
	for _, key := range sortedKeys(flat) {
		s := wish{key: key, value: flat[key], object: f.object, link: link,
			spell: func(value *yaml.Node) *yaml.Node { return value }}
		if s.old = in.get(key); s.old == nil {
			_, s.edit = in.put(key, nil)
		}
		all = append(all, s)
	}
	return all
}

// flatten gives nested settings their dotted names.
func flatten(set map[string]any, prefix string, into map[string]any) {
	for _, key := range sortedKeys(set) {
		if below, ok := set[key].(map[string]any); ok {
			flatten(below, prefix+key+".", into)
			continue
		}
		into[prefix+key] = set[key]
	}
}

// grant is what becomes of one setting of a rule.
type grant int

const (
	granted     grant = iota // the rule's value is set
	stands                   // it is there already
	ownStays                 // the user's file stays, if it serves
	contradicts              // an error
)

// grantOf decides about one setting of a rule:
//
//	the user has set     the rule wants      comes out
//	nothing              anything            the rule's value
//	the very same        anything            that
//	something else       a file of ours      the user's own file
//	something else       a fixed value       an error
func grantOf(isSet, isSame, isFile bool) grant {
	switch {
	case !isSet:
		return granted
	case isSame:
		return stands
	case isFile:
		return ownStays
	}
	return contradicts
}

// grantWishes plans the settings of one group. It tells whether the files of the pair are used.
func grantWishes(p step, w *recognise.Workload, group []wish, id identity, dir string) (used bool, err error) {
	left := slices.DeleteFunc(slices.Clone(group),
		func(s wish) bool { return !p.settings.Certs() && (s.names(placeCert) || s.names(placeKey)) })
	if slices.ContainsFunc(group, wish.namesAny) && !slices.ContainsFunc(left, wish.namesAny) {
		return false, nil // it is all about the pair, and the mode has none
	}
	var own []wish
	for _, s := range left {
		value, err := s.expanded(dir)
		if err != nil {
			return false, err
		}
		switch grantOf(s.old != nil, s.old != nil && s.has(value), s.namesAny()) {
		case granted:
			planWish(p, w, s, value)
			used = used || s.namesAny()
		case stands:
			readsFile(p, w, s.old.object, s.old.with(value))
			used = used || s.namesAny()
		case contradicts:
			return used, problem.New(problem.InTheWay, "%s is set in %s, and the rule wants %s: the two contradict "+
				"each other", s.key, s.old.Place, patch.Flow(value)).At(s.key).
				Do("correct one of them")
		case ownStays:
			if err := ownFile(p, w, s, id); err != nil {
				return used, err
			}
			own = append(own, s)
		}
	}
	return used, halfPair(left, own)
}

// halfPair refuses a group in which the user has set the certificate or its key, and the rule the other.
func halfPair(group, own []wish) error {
	for _, pair := range [][2]string{{placeCert, placeKey}, {placeKey, placeCert}} {
		one, other := naming(own, pair[0]), naming(own, pair[1])
		if one != nil && other == nil && naming(group, pair[1]) != nil {
			return problem.New(problem.Incomplete, "%s is set in %s, and what goes with it is not", one.key,
				one.old.Place).At(one.key).
				Do("set both certificate and key, or neither")
		}
	}
	return nil
}

// naming gives the last of some wishes that has a placeholder, nil for none.
func naming(all []wish, place string) *wish {
	for i := range slices.Backward(all) {
		if all[i].names(place) {
			return &all[i]
		}
	}
	return nil
}

// planWish plans a setting that nobody has made.
func planWish(p step, w *recognise.Workload, s wish, value *yaml.Node) {
	s.edit.Value = s.spell(value)
	if s.edit.Path == nil { // a flag
		s.edit.Path = containerPath(w.Main).Field("args").Item("", s.edit.Value.Value)
	}
	why := "the rule of the configuration"
	switch {
	case s.names(placeKey):
		why = "the key of that certificate"
	case s.names(placeCert):
		why = string(w.App) + " presents this certificate"
	case s.names(placeCA):
		why = "the CA that signed the server's certificate"
	}
	inFileOf(p, w, s.edit, s.object, why, s.link)
}

// expanded gives the value with the files in it.
func (s wish) expanded(dir string) (*yaml.Node, error) {
	files := strings.NewReplacer(placeCA, dir+"/"+fileCA, placeCert, dir+"/"+fileCert, placeKey, dir+"/"+fileKey)
	switch value := s.value.(type) {
	case string:
		return patch.Str(files.Replace(value)), nil
	case []any:
		list := patch.Seq()
		for _, item := range value {
			list.Content = append(list.Content, patch.Str(files.Replace(fmt.Sprint(item))))
		}
		return list, nil
	}
	return patch.From(s.value)
}

// has tells whether the user has set the very value.
func (s wish) has(value *yaml.Node) bool {
	var wanted []string
	for _, text := range scalars(value) {
		wanted = append(wanted, splitList(text)...)
	}
	return slices.EqualFunc(s.old.Values, wanted, strings.EqualFold)
}

// source gives the Secret or ConfigMap behind a file that the user has set where a rule wants one.
func (s wish) source(w *recognise.Workload, in object.Input) object.File {
	template, ok := s.value.(string)
	if !ok || s.old.Value() == "" {
		return object.File{}
	}
	for _, place := range []string{placeCA, placeCert, placeKey} {
		if before, after, ok := strings.Cut(template, place); ok {
			file := strings.TrimSuffix(strings.TrimPrefix(s.old.Value(), before), after)
			return w.Main.Resolve(recognise.Absolute(w.Main, file), in)
		}
	}
	return object.File{}
}

// ownFile looks at a file that the user has set.
func ownFile(p step, w *recognise.Workload, s wish, id identity) error {
	file := s.source(w, p.release)
	source, ok := file.Source, file.Key()
	_, told := caNamed(p.In, w.Object)
	switch {
	case s.names(placeCA) && told && (!ok || source != id.ca):
		return problem.New(problem.InTheWay, "%s is set in %s, and the CA that the configuration names is %s", s.key,
			s.old.Place, id.ca).At(s.key).
			Do("remove the setting, or put that CA there")
	case ok && s.names(placeCA):
		return checkHolds(p, source)
	case ok:
		return errors.Join(checkHolds(p, source), isForClients(p.In, w.Object, secretOf(source)))
	}
	p.assume(w.ID, "container %q: %s stays (%s): what it names must be there, and serve this Elasticsearch%s",
		w.Main.Name, s.key, s.old.Place, because(file))
	return nil
}
