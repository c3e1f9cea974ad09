package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// value is a setting as somebody wrote it: one text, or a list of them.
type value struct {
	texts  []string
	hidden bool          // it comes from elsewhere, and nothing here shows it
	from   object.Source // the Secret or ConfigMap that it comes from
	at     place
	nodes  []*yaml.Node // where it stands: what an edge has read is not swept
}

func (v value) set() bool { return v.hidden || len(v.texts) > 0 }

func (v value) text() string {
	if len(v.texts) == 0 {
		return ""
	}
	return v.texts[0]
}

// list gives the elements of a value that may be one string with commas, or a string that holds a list in brackets.
func (v value) list() []string {
	var all []string
	for _, text := range v.texts {
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
			text = text[1 : len(text)-1]
		}
		if strings.HasPrefix(text, "-----BEGIN") {
			all = append(all, text)
			continue
		}
		for _, word := range strings.Split(text, ",") {
			if word = strings.Trim(strings.TrimSpace(word), `"'`); word != "" {
				all = append(all, word)
			}
		}
	}
	return all
}

func (v value) is(words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(v.text(), word) })
}

// differs holds for values of which nothing says that they are the same.
func (v value) differs(other value) bool {
	return v.hidden || other.hidden || !slices.Equal(v.texts, other.texts)
}

// settings are the settings of a program by their dotted names, wherever they came from: "output.elasticsearch.hosts",
// "metricbeat.modules.0.module".
type settings map[string]value

// over gives settings in which those of top win.
func (s settings) over(top settings) settings {
	all := maps.Clone(s)
	if all == nil {
		all = settings{}
	}
	for key := range top {
		for old := range s { // a list or mapping that is set as a whole replaces what was below it
			if strings.HasPrefix(old, key+".") {
				delete(all, old)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		v := top[key]
		v.nodes = slices.Concat(v.nodes, s[key].nodes) // what it hides was read too
		all[key] = v
	}
	return all
}

// prefixes gives the names below which a pattern such as "outputs.*" or "exporters.elasticsearch*" has settings, with the dot behind.
func (s settings) prefixes(pattern string) []string {
	if pattern == "" {
		return []string{""}
	}
	steps := strings.Split(pattern, ".")
	found := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		parts := strings.Split(key, ".")
		if len(parts) <= len(steps) {
			continue
		}
		matches := true
		for i, step := range steps {
			star, isStar := strings.CutSuffix(step, "*")
			matches = matches && (step == parts[i] || isStar && strings.HasPrefix(parts[i], star))
		}
		if matches {
			found[strings.Join(parts[:len(steps)], ".")+"."] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func flattenInto(all settings, n *yaml.Node, at place, name string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	below := func(key string) string {
		if name == "" {
			return key
		}
		return name + "." + key
	}
	here := at
	here.path, here.line = name, at.line+n.Line-1
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			flattenInto(all, n.Content[i+1], at, below(n.Content[i].Value))
		}
	case n.Kind == yaml.SequenceNode && !scalars(n):
		for i, item := range n.Content {
			flattenInto(all, item, at, below(fmt.Sprint(i)))
		}
	case n.Kind == yaml.SequenceNode:
		v := value{at: here}
		for _, item := range n.Content {
			v.texts, v.nodes = append(v.texts, item.Value), append(v.nodes, item)
		}
		all[name] = v
	case n.ShortTag() != yaml.NodeTagNull:
		all[name] = value{texts: []string{n.Value}, at: here, nodes: []*yaml.Node{n}}
	}
}

func scalars(n *yaml.Node) bool {
	return !slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return item.Kind != yaml.ScalarNode })
}

// flags reads a command line: --name=value, --name value, and -E name=value, which sets one setting. Of a script it reads the settings
// with dots in their names; other programs have options too.
func (c caller) flags() settings {
	all := settings{}
	for _, field := range []string{"command", "args"} {
		items := object.Items(c.Node, field)
		for i := 0; i < len(items); i++ {
			word, n := items[i].YNode().Value, items[i].YNode()
			at := c.at(field, n)
			if rest, ok := strings.CutPrefix(word, "-E"); ok {
				if rest == "" && i+1 < len(items) {
					i++
					n = items[i].YNode()
					rest = n.Value
				}
				word = "--" + rest
			}
			name, text, ok := strings.Cut(strings.TrimLeft(word, "-"), "=")
			switch {
			case !strings.HasPrefix(word, "-"):
				c.scriptFlags(all, n, at)
				continue
			case !ok && i+1 < len(items) && !strings.HasPrefix(items[i+1].YNode().Value, "-"):
				n = items[i+1].YNode()
				text = n.Value
			case !ok:
				text = "true"
			}
			at.path = "--" + name
			all[name] = c.expanded(value{texts: []string{text}, at: at, nodes: []*yaml.Node{n}})
		}
	}
	return all
}

// scriptFlags takes the settings from a script that starts a program.
func (c caller) scriptFlags(all settings, script *yaml.Node, at place) {
	words := object.ShellWords([]string{script.Value})
	for i, word := range words {
		next := ""
		if i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
			next = words[i+1]
		}
		rest, ok := strings.CutPrefix(word, "-E")
		if ok && rest == "" {
			rest = next
		}
		if !ok {
			rest, ok = strings.CutPrefix(word, "--")
		}
		name, text, set := strings.Cut(rest, "=")
		if !ok || !set || !strings.Contains(name, ".") {
			continue
		}
		if text == "" {
			text = next // in quotes
		}
		at.path = "--" + name
		all[name] = c.expanded(value{texts: []string{text}, at: at, nodes: []*yaml.Node{script}})
	}
}
