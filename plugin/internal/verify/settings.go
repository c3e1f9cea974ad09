package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// value is a setting as somebody wrote it: one text, or a list of them.
type value struct {
	texts  []string
	isList bool          // it is written as a list, where that makes a difference
	ofPod  bool          // the address or name of its pod is in it
	isLast bool          // Elasticsearch puts no variables in
	hidden bool          // it comes from elsewhere, and nothing here shows it
	from   object.Source // the Secret or ConfigMap that it comes from
	at     place
	parts  []part // where it stands: what an edge has read is no mention
}

// part is a text of an object, or a piece of it.
type part struct {
	node *yaml.Node
	span mention.Span
}

// parts are whole texts.
func parts(nodes ...*yaml.Node) []part {
	var all []part
	for _, n := range nodes {
		all = append(all, part{node: n})
	}
	return all
}

// partsOf gives the pieces of a command line that a word is made of.
func partsOf(run *process.Run, w shell.Word) []part {
	var all []part
	for _, p := range w.Written {
		all = append(all, part{run.Args[p.Word].Node, mention.Span{From: p.From, To: p.To}})
	}
	return all
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
		if certificate.IsPEM(text) {
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

// isOff holds for what switches a setting off, as YAML and many programs have it.
func (v value) isOff() bool { return v.is("false", "no", "off") }

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
		v.parts = slices.Concat(v.parts, s[key].parts) // what it hides was read too
		all[key] = v
	}
	return all
}

// inFile gives the elements of a list, below a prefix, names that those of another file do not have.
func (s settings) inFile(prefix string, file int) settings {
	all := settings{}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if element, ok := strings.CutPrefix(key, prefix); ok {
			all[fmt.Sprintf("%sfile%d-%s", prefix, file, element)] = s[key]
		}
	}
	return all
}

// prefixes gives the names below which a pattern such as "outputs.*" or "exporters.elasticsearch*" has settings, with
// the dot behind.
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

// flags reads the options of a container's command line, -E name=value and --set name=value among them, which set one
// setting. Of one that stands there twice the last counts; those of repeated have all of their values.
func (c caller) flags(repeated ...string) settings {
	said, _ := c.seen.Flags("E", "set")
	return c.flagSettings(said, repeated...)
}

func (c caller) flagSettings(said []process.Flag, repeated ...string) settings {
	all := settings{}
	for _, f := range said {
		v := c.flag(f)
		if before := all[f.Name]; slices.Contains(repeated, f.Name) {
			v.texts, v.parts = slices.Concat(before.texts, v.texts), slices.Concat(before.parts, v.parts)
		}
		all[f.Name] = v
	}
	return all
}

func (c caller) flag(f process.Flag) value {
	args := f.Run.Args
	if arg, _, _, ok := f.Run.Arg(f.Word); ok {
		args = []process.Arg{arg}
	}
	v := value{texts: []string{"true"}, at: c.place(*f.Run)}
	if v.at.path = "--" + f.Name; f.Run.Holder == nil {
		v.at = c.at(v.at.path, args[0].Node)
	}
	if f.Given {
		v.texts, v.hidden = []string{f.Value.Text}, !f.Value.Known
	}
	v.parts = partsOf(f.Run, f.Word)
	for _, name := range f.Word.From {
		v.parts, v.from = append(v.parts, c.env[name].parts...), c.env[name].from
	}
	return v
}

// assumeCommand names words of a client's command line that only a run knows.
func (c *connection) assumeCommand(a *Aspect) {
	if c.lost != "" {
		a.assume("%s: its configuration is where its image has it (%s)", c.caller, c.lost)
	}
	if c.program != "curl" && c.openCommand() {
		a.assume("%s: the words of its command that only a run knows set nothing of its connection to Elasticsearch",
			c.caller)
	}
}

// openCommand tells whether words of the container's command line are not known: they may set anything.
func (c caller) openCommand() bool {
	_, open := c.seen.Flags()
	return open
}

// truthful spells a switch as most programs do, of which further values may turn it on; nil: on and yes.
func truthful(v value, truths []string) value {
	if truths == nil {
		truths = []string{"on", "yes"}
	}
	if v.is(truths...) {
		v.texts = []string{"true"}
	}
	return v
}

// unwrapped takes away what a program writes around the name of a file: wrapping has %s in its place.
func unwrapped(v value, wrapping string) value {
	before, after, ok := strings.Cut(wrapping, "%s")
	if inside, wrapped := strings.CutPrefix(v.text(), before); ok && wrapped {
		v.texts = []string{strings.TrimSuffix(inside, after)}
	}
	return v
}
