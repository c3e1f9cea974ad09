// Package pipeline reads and changes the languages in which log shippers write their pipelines: a text comes in, its
// plugins with their settings go out, or the text with one setting changed. No other byte of a text is touched.
package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// Language is one of them.
type Language struct {
	parse func(text string) ([]Plugin, error)
	// same tells whether two names are the same setting.
	same func(a, b string) bool
	// lines tells that every setting has a line of its own.
	lines bool
	// between stands between the name and the value of a new setting.
	between string
	// value writes a value; quote is the quotation mark that the old value has, 0 for none.
	value func(v *yaml.Node, quote byte) string
}

// Plugin is one plugin of a pipeline.
type Plugin struct {
	Section string // what it is in: "output", "match", "OUTPUT"
	Name    string // of the plugin; "" where none is written
	Nth     int    // of those with this section and name in the text, from 0

	settings []setting
	same     func(a, b string) bool
	open     int // offset behind what begins it
}

// setting is one setting of a plugin, with offsets in the text.
type setting struct {
	name       string
	values     []string
	list       bool
	at         int // of the name
	start, end int // of the value
}

// Value is what a setting has.
type Value struct {
	Name   string   // as the text spells it
	Values []string // one, or the elements of a list; none for what is neither
	List   bool
	Offset int // of the name in the text
	End    int // of the value
}

func (s setting) value() Value { return Value{s.name, s.values, s.list, s.at, s.end} }

// Settings lists what the plugin has, in the order of the text.
func (p Plugin) Settings() []Value {
	all := make([]Value, 0, len(p.settings))
	for _, s := range p.settings {
		all = append(all, s.value())
	}
	return all
}

// Comments gives the spans of a text that begin with a # outside of every setting and go on to the end of the line.
func Comments(text string, plugins []Plugin) []Value {
	var settings []setting
	for _, p := range plugins {
		settings = append(settings, p.settings...)
	}
	slices.SortFunc(settings, func(a, b setting) int { return cmp.Compare(a.at, b.at) })
	var all []Value
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '#')
		if i < 0 {
			break
		}
		at += i
		for len(settings) > 0 && settings[0].end <= at {
			settings = settings[1:]
		}
		if len(settings) > 0 && settings[0].at <= at {
			at = settings[0].end
			continue
		}
		line, _, _ := strings.Cut(text[at:], "\n")
		all = append(all, Value{Offset: at, End: at + len(line)})
		at += len(line)
	}
	return all
}

// String names the plugin in its text: output.elasticsearch[0], or NODE[0] where it has no name.
func (p Plugin) String() string { return Named(p.Section, p.Name, strconv.Itoa(p.Nth)) }

// Named gives what String does.
func Named(section, name, nth string) string {
	return strings.TrimSuffix(section+"."+name, ".") + "[" + nth + "]"
}

// All gives every setting of that name. The one that counts comes first: the last in the text.
func (p Plugin) All(name string) []Value {
	var all []Value
	for _, s := range slices.Backward(p.settings) {
		if p.same(s.name, name) {
			all = append(all, s.value())
		}
	}
	return all
}

// Get gives a setting; false when it is not there. Of several with one name the last counts.
func (p Plugin) Get(name string) (Value, bool) {
	if s := p.find(name); s != nil {
		return s.value(), true
	}
	return Value{}, false
}

func (p Plugin) find(name string) *setting {
	for i := len(p.settings) - 1; i >= 0; i-- {
		if p.same(p.settings[i].name, name) {
			return &p.settings[i]
		}
	}
	return nil
}

// Plugins lists the plugins of a text, in its order. An error names the line.
func (l Language) Plugins(text string) ([]Plugin, error) {
	plugins, err := l.parse(text)
	if err != nil {
		return nil, err
	}
	seen := map[[2]string]int{}
	for i := range plugins {
		p := &plugins[i]
		p.same = l.same
		kind := [2]string{p.Section, p.Name}
		p.Nth = seen[kind]
		seen[kind]++
	}
	return plugins, nil
}

// Wish is a setting that a plugin shall have. The plugin, as Plugin.String names it, may be one of an earlier state of
// the text.
type Wish struct {
	Plugin, Name string
	Value        *yaml.Node
}

// Outcome says what became of a wish.
type Outcome struct {
	Before  *yaml.Node // what the setting had, nil for nothing
	Changed bool
}

// Set fulfils wishes in their order, and reads the text once for all of them.
func (l Language) Set(text string, wishes ...Wish) (fresh string, outcomes []Outcome, err error) {
	plugins, err := l.Plugins(text)
	if err != nil {
		return "", nil, err
	}
	byName := make(map[string]*Plugin, len(plugins))
	for i := range plugins {
		byName[plugins[i].String()] = &plugins[i]
	}
	var cuts []cut
	wished := map[string][]string{} // settings by plugin
	for i, w := range wishes {
		p := byName[w.Plugin]
		if p == nil || w.Value == nil {
			return "", nil, fmt.Errorf("no %s.%s", w.Plugin, w.Name)
		}
		if slices.ContainsFunc(wished[w.Plugin], func(name string) bool { return l.same(name, w.Name) }) {
			fresh, later, err := l.Set(apply(text, cuts), wishes[i:]...)
			return fresh, append(outcomes, later...), err
		}
		wished[w.Plugin] = append(wished[w.Plugin], w.Name)
		c, outcome := l.fulfil(text, p, w)
		outcomes = append(outcomes, outcome)
		if outcome.Changed {
			cuts = append(cuts, c)
		}
	}
	return apply(text, cuts), outcomes, nil
}

// cut replaces a part of a text by words.
type cut struct {
	from, to int
	words    string
}

func apply(text string, cuts []cut) string {
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.from, b.from) })
	var b strings.Builder
	at := 0
	for _, c := range cuts {
		b.WriteString(text[at:c.from])
		b.WriteString(c.words)
		at = c.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// fulfil gives the cut that a wish needs.
func (l Language) fulfil(text string, p *Plugin, w Wish) (cut, Outcome) {
	old := p.find(w.Name)
	if old == nil {
		return l.insert(text, p, w.Name, w.Value), Outcome{Changed: true}
	}
	before := yaml.String(strings.Join(old.values, ", "))
	if slices.Equal(old.values, scalars(w.Value)) {
		return cut{}, Outcome{Before: before}
	}
	var quote byte
	if first := text[old.start]; first == '"' || first == '\'' {
		quote = first
	}
	return cut{old.start, old.end, l.value(w.Value, quote)}, Outcome{before, true}
}

// insert writes a setting behind the last one: on a line of its own where that one has its own.
func (l Language) insert(text string, p *Plugin, name string, value *yaml.Node) cut {
	words := name + l.between + l.value(value, 0)
	switch {
	case len(p.settings) == 0 && l.lines:
		return cut{p.open, p.open, "\n" + words}
	case len(p.settings) == 0:
		return cut{p.open, p.open, " " + words}
	}
	last := p.settings[len(p.settings)-1]
	lineStart := strings.LastIndexByte(text[:last.at], '\n') + 1
	indent := text[lineStart:last.at]
	if strings.TrimSpace(indent) != "" {
		return cut{last.end, last.end, " " + words}
	}
	if width := last.start - last.at; width > len(last.name)+1 && l.lines { // values stand in a column
		words = name + strings.Repeat(" ", max(1, width-len(name))) + l.value(value, 0)
	}
	end := last.end
	if rest, _, _ := strings.Cut(text[end:], "\n"); l.lines || strings.TrimSpace(rest) == "" ||
		strings.HasPrefix(strings.TrimSpace(rest), "#") {
		end += len(rest)
	}
	return cut{end, end, "\n" + indent + words}
}

// scalars gives the values of a scalar or a list.
func scalars(value *yaml.Node) []string {
	if value.Kind != yaml.SequenceNode {
		return []string{value.Value}
	}
	var all []string
	for _, item := range value.Content {
		all = append(all, item.Value)
	}
	return all
}

// quoted finds the end of a string that begins at an offset. A backslash takes in the mark behind it, and in most
// languages another backslash too.
func quoted(text string, at int, escapes string) (end int, ok bool) {
	for i := at + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) &&
			(text[i+1] == text[at] || strings.IndexByte(escapes, text[i+1]) >= 0):
			i++
		case text[i] == text[at]:
			return i + 1, true
		}
	}
	return 0, false
}

func lineOf(text string, at int) int { return strings.Count(text[:min(at, len(text))], "\n") + 1 }
