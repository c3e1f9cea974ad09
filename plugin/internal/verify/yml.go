package verify

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/regex"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// yml reads elasticsearch.yml as Elasticsearch does, which is stricter than YAML is: what it refuses is a finding.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/settings/Settings.java
type yml struct {
	all settings
	at  place
	a   *Aspect
}

// ownFile reads a file of settings of the server; mounted tells whether one is there, as far as the manifests show.
// See isUnread for brought.
func (c *channels) ownFile(name string, brought bool) (set settings, mounted bool) {
	file := path.Join(c.home, name)
	l := c.read(file)
	f := yml{settings{}, c.at(file, nil), c.tls}
	if l.Content.Node == nil {
		return f.all, c.isUnread(l, brought)
	}
	holder := l.Content.Object
	f.at = place{id: holder.ID, path: l.Source.Key, line: holder.Doc.Line() + l.Content.Node.Line - 1}
	if parts, err := manifest.Split(l.Content.Text); err == nil && ymlDocuments(parts) > 1 {
		f.refuse(nil, "it holds several YAML documents")
	}
	doc, err := l.document()
	if err != nil {
		f.refuse(nil, "it cannot be read as YAML")
		return f.all, true
	}
	root, err := doc.Root()
	if err != nil || root == nil {
		return f.all, true
	}
	f.at = place{id: holder.ID, path: file, line: doc.Line()}
	if root.Kind != yaml.MappingNode {
		f.refuse(root, "it holds no names and values")
		return f.all, true
	}
	f.mapping(root, "")
	return indexed(f.all), true
}

// ymlDocuments counts the documents of a file; an empty one counts where it is not the first.
func ymlDocuments(s *manifest.Stream) int {
	n := 0
	for i, doc := range s.Documents() {
		if root, err := doc.Root(); err != nil || root != nil || i > 0 {
			n++
		}
	}
	return n
}

func (f *yml) refuse(n *yaml.Node, format string, args ...any) {
	at := f.at
	if n != nil {
		at.line += n.Line - 1
	}
	f.a.fail(at, NotStarted, "%s", fmt.Sprintf(format, args...)+": Elasticsearch does not start")
}

func (f *yml) mapping(n *yaml.Node, below string) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		name := below + ymlText(key)
		if seen[name] {
			f.refuse(key, "%s is there twice", name)
		}
		seen[name] = true
		f.value(n.Content[i+1], name)
	}
}

func (f *yml) value(n *yaml.Node, name string) {
	here := f.at
	here.path, here.line = name, f.at.line+n.Line-1
	switch n.Kind {
	case yaml.MappingNode:
		f.mapping(n, name+".")
	case yaml.SequenceNode:
		v := value{at: here, isList: true}
		for _, item := range n.Content {
			if isNull(item) || item.Kind == yaml.MappingNode || item.Kind == yaml.SequenceNode {
				f.refuse(item, "%s is a list of something else than values", name)
				continue
			}
			v.texts, v.parts = append(v.texts, ymlText(item)), append(v.parts, part{node: item})
		}
		f.all[name] = v
	default:
		if isNull(n) {
			f.refuse(n, "%s has no value", name)
			return
		}
		f.all[name] = value{texts: []string{ymlText(n)}, at: here, parts: parts(n)}
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == yaml.NodeTagNull }

var (
	yamlTrue  = []string{"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
	yamlFalse = []string{"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
)

// ymlText gives a scalar as Elasticsearch reads it: an alias is its own name, and truth values are those of YAML 1.1.
func ymlText(n *yaml.Node) string {
	quoted := yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	isText := n.Style&quoted != 0 || n.Style&yaml.TaggedStyle != 0 && n.Tag == yaml.NodeTagString
	if n.Kind == yaml.AliasNode || isText {
		return n.Value
	}
	return truthOf(n.Value)
}

func truthOf(text string) string {
	switch {
	case slices.Contains(yamlTrue, text):
		return "true"
	case slices.Contains(yamlFalse, text):
		return "false"
	}
	return text
}

// indexed puts together the elements of lists that are written one by one: "hosts.0", "hosts.1".
func indexed(set settings) settings {
	for _, key := range slices.Sorted(maps.Keys(set)) {
		list, ok := strings.CutSuffix(key, ".0")
		if !ok || set[list].set() {
			continue
		}
		whole := value{at: set[key].at, isList: true}
		for i := 0; ; i++ {
			element := fmt.Sprintf("%s.%d", list, i)
			v, ok := set[element]
			if !ok {
				break
			}
			whole.texts, whole.parts = slices.Concat(whole.texts, v.texts), slices.Concat(whole.parts, v.parts)
			whole.hidden = whole.hidden || v.hidden
			delete(set, element)
		}
		set[list] = whole
	}
	return set
}

// listOf gives the elements of a list as Elasticsearch reads it: a text has commas between them.
func (v value) listOf() []string {
	if v.isList {
		return v.texts
	}
	var all []string
	for _, word := range strings.Split(v.text(), ",") {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, word)
		}
	}
	return all
}

// overrides reads what -E and variables set. Since version 8 Elasticsearch takes them for lines of YAML, NAME: VALUE.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/node/InternalSettingsPreparer.java
func (c *channels) overrides(set settings) settings {
	all := settings{}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		v := set[key]
		if v.hidden || c.major() == 7 {
			all[key] = v
			continue
		}
		f := yml{settings{}, v.at, c.tls}
		line, err := yaml.Parse(key + ": " + v.text())
		if err != nil || line.Kind != yaml.MappingNode {
			c.tls.assume("%s: its version takes the value of %s, which is no YAML: 8.19 and 9.5 do not start "+
				"with it", c.caller, key)
			all[key] = v
			continue
		}
		f.mapping(line, "")
		for _, name := range slices.Sorted(maps.Keys(f.all)) {
			if _, twice := set[name]; twice && name != key || all[name].set() {
				f.refuse(nil, "%s sets %s too", key, name)
			}
			made := v
			made.texts, made.isList, made.isLast = f.all[name].texts, f.all[name].isList, true
			all[name] = made
		}
	}
	return indexed(all)
}

// placed puts in what stands for ${NAME} and ${NAME:default} in a setting of elasticsearch.yml. One that becomes empty
// is not set.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/node/InternalSettingsPreparer.java
func (c *channels) placed(key string, v value, a *Aspect) value {
	v.texts = slices.Clone(v.texts)
	for i, text := range v.texts {
		if beginsAny(key, watched[:]) {
			c.judgeDefaults(text, v, a)
		}
		var known bool
		v.texts[i], known = c.expands.Expand(text,
			func(name string) (string, bool, bool) { return c.putIn(name, text, &v, a) })
		if v.hidden = v.hidden || !known; v.texts[i] != text {
			v.texts[i] = truthOf(v.texts[i])
		}
	}
	if !v.hidden && !v.isList && v.text() == "" {
		v.texts = nil
	}
	return v
}

// putIn gives a variable that a text names: what it is, whether it is set, and whether that is known.
func (c *channels) putIn(name, text string, v *value, a *Aspect) (string, bool, bool) {
	e, set := c.env[name]
	_, perhaps := c.seen.Env.Get(name)
	bare := strings.Contains(text, "${"+name+"}")
	if v.isLast {
		if bare {
			a.fail(v.at, NotStarted, "%s names ${%s}, and Elasticsearch, which puts variables into elasticsearch.yml "+
				"only, does not start", v.at.path, name)
		}
		return "", false, false
	}
	v.from, v.ofPod = cmp.Or(e.from, v.from), v.ofPod || e.ofPod || !perhaps && name == "HOSTNAME"
	if set && !e.hidden {
		v.parts = append(slices.Clip(v.parts), e.parts...)
	}
	switch {
	case strings.Contains(e.text(), "\n"):
		a.fail(v.at, NotJudged, "%s names the variable %s, which has several lines: Elasticsearch takes them for "+
			"settings of their own", v.at.path, name)
	case !perhaps && !c.givenByImage(name) && bare:
		a.assume("%s: its image sets the variable %s, which %s names: Elasticsearch does not start without it",
			c.caller, name, v.at.path)
	}
	known := set && !e.hidden
	if known && !bare { // it has a default, which counts
		return "", false, false
	}
	return e.text(), perhaps, known
}

var withDefault = regex.Of(`\$\{([^}:]+):([^}$]*)\}`)

// judgeDefaults looks for ${NAME:default} of a variable that says something else than the default.
func (c *channels) judgeDefaults(text string, v value, a *Aspect) {
	for _, m := range withDefault().FindAllStringSubmatch(text, -1) {
		if e, set := c.env[m[1]]; set && !v.isLast && !e.hidden && e.text() != m[2] {
			a.fail(v.at, NotJudged, "%s has %s, and %s is set to something else: Elasticsearch 8.19 and 9.5 take the "+
				"default even so, earlier versions the variable; write the value out", v.at.path, m[0], m[1])
		}
	}
}

// givenByImage holds for variables that every container of the image has.
func (c *channels) givenByImage(name string) bool {
	return name == c.layout.FolderEnv ||
		slices.Contains([]string{"HOSTNAME", "HOME", "PATH", "PWD", "USER", "JAVA_HOME", "ES_HOME"}, name)
}
