package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// Rule describes a container that nobody would recognise: by a program that is known here, or by settings of which it
// says that they name CA, certificate and key, as {ca}, {cert} and {key}.
type Rule struct {
	Kind, Name, Container string // Container is "" for the only one
	As                    string
	Env                   map[string]string
	Args                  []string
	Files                 []RuleFile
}

// RuleFile is a YAML file as the container sees it, a place in it, what tells an entry there from others, and what is
// to be set in it.
type RuleFile struct {
	Path string
	At   string
	Is   map[string]string
	Set  map[string]any
}

// judgeRules judges the programs that the configuration describes: one that `as` names by its own documentation,
// another by the settings of which the rule says that they name CA, certificate and key.
func (r *reader) judgeRules() {
	for _, rule := range r.options.Rules {
		objects, err := r.release.Named(rule.Kind, rule.Name)
		if err != nil || len(objects) == 0 {
			r.loose.fail(place{}, UnmatchedEntry, "the rule for %s/%s matches nothing in the input", rule.Kind,
				rule.Name)
			continue
		}
		for _, o := range objects {
			pod, _ := o.Pod()
			for _, c := range pod.All() {
				if c.Name == rule.Container || rule.Container == "" && len(pod.Containers()) == 1 &&
					c.List == "containers" {
					r.judgeRule(rule, r.caller(o, pod, c))
				}
			}
		}
	}
}

func (r *reader) judgeRule(rule Rule, c caller) {
	described, ok := r.release.Program(recognise.App(rule.As))
	ok = ok && described.As == rule.As
	known := program{described}
	switch {
	case rule.As == "curl":
		return // its calls are found as those of every container
	case rule.As != "" && !ok:
		r.loose.fail(place{id: c.object.ID, container: c.Name}, NotJudged,
			"the rule is as: %s, which is not known here", rule.As)
	case ok:
		for _, f := range rule.Files {
			known.Files.Paths, known.Files.Options = []string{f.Path}, nil
		}
		found, read := known.connections(c)
		for _, made := range found {
			r.edge(made)
		}
		if !read {
			r.loose.fail(place{id: c.object.ID, container: c.Name}, NotJudged,
				"none of the files of %s is mounted from a Secret or ConfigMap of these manifests", rule.As)
		}
	default:
		for _, made := range r.described(rule, c) {
			r.edge(made)
		}
	}
}

// wanted is a setting of a rule: what the rule wants there, and what is there.
type wanted struct {
	template string
	value
}

// filesIn gives the files that stand in place of {ca}, {cert} and {key} in what a rule wants, and reports what is not
// as the rule wants it.
func filesIn(a *Aspect, all []wanted) map[string][]value {
	made := map[string][]value{}
	for _, w := range all {
		fixed := true
		for _, name := range []string{"{ca}", "{cert}", "{key}"} {
			before, after, ok := strings.Cut(w.template, name)
			if !ok {
				continue
			}
			fixed = false
			file := w.value
			if len(file.texts) > 0 {
				file.texts = []string{strings.TrimSuffix(strings.TrimPrefix(file.text(), before), after)}
			}
			made[name] = append(made[name], file)
		}
		if fixed && !w.hidden && !w.is(w.template) {
			a.fail(w.at, NoCertificate, "%s is %q, and the rule wants %q", w.at.path, w.text(), w.template)
		}
	}
	return made
}

// described gives the connections of a program that nothing but its rule describes. What names an Elasticsearch in it
// with scheme and port is an address; of a name alone nothing tells how the program puts them together, and that is
// assumed.
func (r *reader) described(rule Rule, c caller) []*connection {
	c.expands = catalog.AnyVariables()
	all := rule.wantedOf(c)
	hosts := whole(mentioned(c.names, slices.Concat(values(c.env), values(c.flags()), c.plainWords())))
	for _, f := range rule.Files {
		doc, at := c.file(f.Path)
		if doc == nil {
			r.loose.fail(place{id: c.object.ID, container: c.Name, path: f.Path}, NotJudged,
				"%s, which the rule names, is not mounted from these manifests", f.Path)
			continue
		}
		set := c.flatten(doc, at, "")
		hosts = append(hosts, whole(mentioned(c.names, values(set)))...)
		all = append(all, wantedOfFile(f, set, at)...)
	}
	made := filesIn(&r.loose, all)
	var found []*connection
	for i := range max(1, len(made["{ca}"]), len(made["{cert}"]), len(made["{key}"])) {
		pick := func(name string) value {
			if len(made) == 0 { // its files are mounted, and its own configuration names them
				return value{hidden: true, at: c.at("its configuration", nil)}
			}
			if len(made[name]) == 0 {
				return value{}
			}
			return c.expanded(made[name][min(i, len(made[name])-1)])
		}
		found = append(found, &connection{name: catalog.RulesField,
			dialer:      dialer{caller: c, program: or(c.Name, "a rule"), dir: recognise.WorkingDir(c.Container)},
			destination: destination{hosts: hosts},
			anchors:     anchors{ca: pick("{ca}")}, keyPair: keyPair{cert: pick("{cert}"), key: pick("{key}")}})
	}
	return found
}

// wantedOf gives what a rule wants of the environment and the command line of a container.
func (rule Rule) wantedOf(c caller) []wanted {
	var all []wanted
	for _, name := range slices.Sorted(maps.Keys(rule.Env)) {
		v := c.env[name]
		v.at = c.at(fmt.Sprintf("env[%s]", name), nil)
		all = append(all, wanted{rule.Env[name], v})
	}
	flags := c.flags()
	for _, arg := range rule.Args {
		name, template, _ := strings.Cut(arg, "=")
		v := flags[strings.TrimLeft(name, "-")]
		v.at = c.at(name, nil)
		all = append(all, wanted{or(template, "true"), v})
	}
	return all
}

// wantedOfFile gives what a rule wants of a file.
func wantedOfFile(f RuleFile, set settings, file place) []wanted {
	flat := map[string]string{}
	flattenRule(flat, "", f.Set)
	var all []wanted
	for _, prefix := range set.prefixes(f.At) {
		other := func(key string) bool { return !set[prefix+key].is(f.Is[key]) }
		if slices.ContainsFunc(slices.Sorted(maps.Keys(f.Is)), other) {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(flat)) {
			v := set[prefix+key]
			if !v.set() {
				v.at = file
				v.at.path = prefix + key
			}
			all = append(all, wanted{flat[key], v})
		}
	}
	return all
}

func flattenRule(into map[string]string, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			flattenRule(into, strings.TrimPrefix(name+"."+key, "."), v[key])
		}
	case []any:
		for _, item := range v {
			into[name] = cmp.Or(into[name], fmt.Sprint(item))
		}
	default:
		into[name] = fmt.Sprint(v)
	}
}

// mentioned gives those values that name an Elasticsearch.
func mentioned(names *mention.Names, all []value) []value {
	return slices.DeleteFunc(all, func(v value) bool {
		return !slices.ContainsFunc(v.texts, func(text string) bool { return names.Calls(text) != "" })
	})
}

// whole gives those values that are addresses by themselves.
func whole(all []value) []value {
	return slices.DeleteFunc(all, func(v value) bool { return !slices.ContainsFunc(v.texts, isWhole) })
}

// isWhole tells whether a text is an address by itself: by http, or by https with a port.
func isWhole(text string) bool {
	if strings.HasPrefix(text, "http://") {
		return true
	}
	rest, ok := strings.CutPrefix(text, "https://")
	return ok && strings.Contains(strings.SplitN(rest, "/", 2)[0], ":")
}

// hasOwnRule tells whether a rule describes a container by itself: it says how that connects, whatever is written
// there.
func (c *claimed) hasOwnRule(o *object.Object, container string) bool {
	return slices.ContainsFunc(c.rules, func(rule Rule) bool {
		return rule.As == "" && rule.Kind == o.Kind && rule.Name == o.Name &&
			(rule.Container == "" || rule.Container == container)
	})
}

// isRuled tells whether whoever is told a mention has a rule of its own.
func (c *claimed) isRuled(m mention.Mention) bool {
	if len(m.Readers) == 0 {
		return m.Container != "" && c.hasOwnRule(m.Object, m.Container)
	}
	return !slices.ContainsFunc(m.Readers, func(who mention.Reader) bool {
		return c.claims.Open(m, who.Container.Node) && !c.hasOwnRule(who.Object, who.Container.Name)
	})
}

func values(set settings) []value {
	var all []value
	for _, name := range slices.Sorted(maps.Keys(set)) {
		all = append(all, set[name])
	}
	return all
}

// plainWords gives the words of a command that are no flags.
func (c caller) plainWords() []value {
	var all []value
	for _, f := range c.seen.Plain() {
		v := c.flag(f)
		if f.Run.Holder == nil {
			v.at.path = "args"
		}
		all = append(all, v)
	}
	return all
}

// isThere tells whether the input has an object, or a container of it, of this name.
func isThere(release *recognise.Release, ref string) bool {
	parts := strings.Split(ref, "/")
	o, err := release.Find("", parts[0], parts[1])
	if err != nil || o == nil {
		return false
	}
	pod, ok := o.Pod()
	return len(parts) == 2 || ok &&
		slices.ContainsFunc(pod.All(), func(c object.Container) bool { return c.Name == parts[2] })
}
