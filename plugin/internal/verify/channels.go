package verify

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// channels are what sets something of a server, in the order in which its image reads them.
type channels struct {
	caller
	configuration
	layout     catalog.Layout
	tls, stage *Aspect // what is wrong with them
}

// gather reads them all.
func (c *channels) gather() {
	if len(c.layout.Written) > 0 {
		c.set = c.written()
	} else {
		c.set = c.official()
	}
	for _, key := range slices.Sorted(maps.Keys(c.set)) {
		if forced, ok := strings.CutPrefix(key, "force."); ok { // wins over the name without it
			c.set[forced] = c.set[key]
			delete(c.set, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.set)) {
		if c.set[key] = c.placed(key, c.set[key], c.tls); !c.set[key].set() {
			delete(c.set, key)
		}
	}
	for _, file := range c.layout.Files {
		at := path.Join(c.home, file.Path)
		c.unread(c.follow(at, place{}), len(c.layout.Written) == 0)
		c.judgeChanges(at)
	}
	assumeStart(c.stage, c.caller, recognise.Elasticsearch)
}

// isUnread holds for a file of settings that nothing here shows. Where the image does not make it, one in an empty
// folder is brought by whoever may write it.
func (c *channels) isUnread(l link, brought bool) bool {
	return l.isUnread() || brought && l.Found == object.Perhaps
}

// unread takes what matters, and is set nowhere else, as hidden in a file of settings that nothing here shows.
func (c *channels) unread(l link, brought bool) {
	if !c.isUnread(l, brought) {
		return
	}
	c.unseen = true
	for _, key := range []string{
		catalog.NetworkHost, catalog.SecurityEnabled, ssl + catalog.LayerEnabled, ssl + catalog.LayerStage,
		ssl + catalog.LayerCert, ssl + catalog.LayerKey, ssl + catalog.LayerCAs,
	} {
		if !c.set[key].set() {
			c.set[key] = value{hidden: true, at: c.at(l.Path, nil)}
		}
	}
}

// judgeChanges looks for commands of the container that change a file of settings of its image before Elasticsearch
// starts.
func (c *channels) judgeChanges(file string) {
	if c.follow(file, place{}).Found != object.NotThere {
		return // what is mounted from a Secret or ConfigMap cannot be changed; of an empty folder the resolver tells
	}
	for _, line := range c.seen.Lines() {
		if maker := object.Changes(line.Commands, file, recognise.WorkingDir(c.Container)); maker != "" {
			c.stage.fail(c.place(*line), NotJudged, "its command makes or changes %s (%s), which could not be "+
				"followed", file, maker)
			return
		}
	}
}

// assumeStart looks at who starts a server: a program that nothing here shows may give it other settings.
func assumeStart(a *Aspect, c caller, app recognise.App) {
	var first string
	for _, line := range c.seen.Lines() {
		for _, command := range line.Commands {
			if process.Starts(command, catalog.Starters(app), catalog.Wrappers(app)) {
				return
			}
			first = cmp.Or(first, command.Program())
		}
	}
	if first != "" {
		a.assume("%s: its command (%s) starts %s as its image does, with no other settings", c, first, app)
	}
}

// official reads what an image makes of file, flags and variables that are settings themselves. Version 7 turns these
// into further flags, and does not start when it finds a setting twice.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/cli/EnvironmentAwareCommand.java
func (c *channels) official() settings {
	said, _ := c.seen.Flags("E")
	c.judgeWords(said)
	c.judgeFolder()
	flags, environment := c.setBy(said), settings{}
	for _, name := range slices.Sorted(maps.Keys(c.env)) {
		key, ok := c.layout.Setting(name)
		if !ok {
			continue
		}
		v := c.env[name]
		if other, twice := environment[key]; twice && decides(key) && v.differs(other) {
			c.stage.fail(v.at, NotJudged, "%s is set by %s too, to something else: which of the two counts is "+
				"left to chance; remove one",
				key, other.at.path)
		}
		if _, twice := flags[key]; twice && c.major() == 7 {
			c.stage.fail(v.at, NotJudged, "%s is also set by -E: Elasticsearch 7 does not start with both", key)
		}
		environment[key] = v
	}
	file, mounted := c.ownFile(c.layout.Files[0].Path, true)
	c.whole = mounted
	weak, strong := c.overrides(environment), flags
	if c.layout.Flags.Weak {
		weak, strong = strong, weak
	}
	all := file.over(weak).over(strong)
	c.judgeNames(all)
	if !mounted {
		c.unset(all)
	}
	return all
}

// elasticsearchFlags are the options of Elasticsearch besides -E with which it starts.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/distribution/tools/server-cli/src/main/java/org/elasticsearch/server/cli/ServerCli.java
var elasticsearchFlags = [...]string{"d", "daemonize", "p", "pidfile", "q", "quiet", "s", "silent", "v", "verbose",
	"enrollment-token"}

// judgeWords looks for options that Elasticsearch does not know, where the container gives its entry script words and
// no more.
func (c *channels) judgeWords(said []process.Flag) {
	if object.Get(c.Node, "command") != nil {
		return
	}
	for _, f := range said {
		if !f.Sets && !slices.Contains(elasticsearchFlags[:], f.Name) {
			c.tls.fail(c.flag(f).at, NotStarted, "Elasticsearch does not start with the option %s%s", f.Sign,
				f.Name)
		}
	}
}

// ownFiles are what Elasticsearch needs in the folder of its configuration besides elasticsearch.yml.
var ownFiles = [...]string{"jvm.options", "log4j2.properties"}

// judgeFolder looks for a volume that hides what the image has in the folder of its configuration.
func (c *channels) judgeFolder() {
	var hidden, brought []string
	for _, name := range ownFiles {
		file := path.Join(c.home, name)
		l := c.follow(file, place{})
		_, isMounted := c.MountOf(file)
		switch {
		case isMounted && (l.Found == object.NotThere || l.Key() && l.State == object.Lacking):
			hidden = append(hidden, name)
		case !isMounted && c.env[c.layout.FolderEnv].set():
			brought = append(brought, file)
		}
	}
	if len(hidden) > 0 {
		c.tls.fail(c.at(c.home, nil), NotStarted, "the volume at %s hides %s of the image, without which "+
			"Elasticsearch does not start: mount single files (subPath)",
			c.home, strings.Join(hidden, " and "))
	}
	if len(brought) > 0 {
		c.tls.assume("%s: its image has %s", c.caller, strings.Join(brought, " and "))
	}
}

// unset adds what the image of a server says where nobody else does.
func (c *channels) unset(all settings) {
	for _, v := range c.layout.Unset {
		if !all[v.Key].set() {
			all[v.Key] = value{texts: []string{v.Value}, at: c.at(v.Key, nil)}
		}
	}
}

// setBy gives what -E sets. Elasticsearch does not start where a setting is given more than once, or no value.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/cli/EnvironmentAwareCommand.java
func (c *channels) setBy(said []process.Flag) settings {
	said = slices.DeleteFunc(slices.Clone(said), func(f process.Flag) bool { return !f.Sets })
	before := map[string]bool{}
	for _, f := range said {
		switch {
		case before[f.Name]:
			c.stage.fail(c.flag(f).at, NotStarted, "-E sets %s more than once: Elasticsearch does not start",
				f.Name)
		case f.Value.Known && f.Value.Text == "":
			c.stage.fail(c.flag(f).at, NotStarted, "-E gives %s no value: Elasticsearch does not start", f.Name)
		}
		before[f.Name] = true
	}
	return c.overrides(c.flagSettings(said))
}

// extraFlags reads the variables whose words Bitnami's script adds to the command line of Elasticsearch.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/elasticsearch/run.sh
func (c *channels) extraFlags() settings {
	own, _ := c.seen.Flags("E")
	all := c.setBy(own)
	for _, name := range c.layout.Flags.Env {
		v, ok := c.env[name]
		switch {
		case !ok:
		case v.hidden:
			c.stage.assume("%s: %s, whose words are flags of Elasticsearch, changes nothing of what is judged here",
				c.caller, name)
		default:
			line := process.Extra(name, v.text(), v.parts[0].node)
			said, _ := line.Flags("E")
			if len(said) > 1 {
				c.stage.assume("%s: its image takes the words of %s for so many flags", c.caller, name)
			}
			all = all.over(c.setBy(said))
		}
	}
	return all
}

// decides tells whether a setting matters for who is let in.
func decides(key string) bool {
	return strings.HasPrefix(key, "xpack.security.") || strings.HasPrefix(key, "http.")
}

// written reads what the entry script of an image makes of its variables: it writes them into elasticsearch.yml unless
// the user mounts that file, merges the user's further file into it, and writes TLS last.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/9/debian-12/rootfs/opt/bitnami/scripts/libelasticsearch.sh
func (c *channels) written() settings {
	c.whole = true // its script makes the file
	flags, further := c.extraFlags(), settings{}
	c.judgeScripts()
	for _, file := range c.layout.Files {
		set, mounted := c.ownFile(file.Path, false)
		if mounted && file.Alone {
			set = set.over(flags)
			c.judgeNames(set)
			return set
		}
		further = further.over(set)
	}
	c.judgeNames(further.over(flags))
	weak, strong := entryScript{c.caller, c.layout}.settings()
	c.unset(strong)
	return weak.over(further).over(strong).over(flags)
}

// entryScript is the script of an image that makes settings of the variables of its container.
type entryScript struct {
	of     caller
	layout catalog.Layout
}

// settings gives what the script makes of its variables: what a file of the user's wins over,
// and the rest.
func (e entryScript) settings() (weak, strong settings) {
	weak, strong = settings{}, settings{}
	for _, w := range e.layout.Written {
		into := strong
		if w.Weak {
			into = weak
		}
		if v, ok := e.writes(w); ok {
			into[w.Key] = v
		}
	}
	return weak, strong
}

// writes gives what the entry script writes for a setting; false where it writes nothing.
func (e entryScript) writes(w catalog.Written) (v value, ok bool) {
	unknown := false
	for _, sw := range w.When {
		on := e.variable(sw.Env...)
		unknown = unknown || on.hidden
		is := sw.Default
		if on.text() != "" {
			is = truth(on.text())
		}
		if !on.hidden && is != sw.Is {
			return value{}, false
		}
	}
	if w.Unless != "" && e.variable(w.Unless).set() {
		return value{}, false
	}
	v = e.variable(w.Env...)
	switch {
	case v.set():
	case w.Default == "":
		return value{}, false
	default:
		v = value{texts: []string{w.Default}, at: e.of.at(w.Key, nil)}
		if folder := e.variable(w.Moved); folder.set() {
			v.texts, v.hidden, v.at = []string{path.Join(folder.text(), path.Base(w.Default))}, folder.hidden, folder.at
		}
	}
	switch {
	case w.Value != "":
		v.texts, v.hidden = []string{w.Value}, false
	case w.Truth && !v.hidden:
		v.texts = []string{strconv.FormatBool(truth(v.text()))}
	}
	v.hidden = v.hidden || unknown
	return v, true
}

// variable gives the first variable that is set for an entry script of Bitnami: NAME_FILE names a file with the value
// of NAME, and wins.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/9/debian-12/rootfs/opt/bitnami/scripts/elasticsearch-env.sh
func (e entryScript) variable(names ...string) value {
	for _, name := range names {
		if v, ok := e.inNamedFile(name); ok {
			return v
		}
		if v, ok := e.of.env[name]; ok && (v.hidden || v.text() != "") {
			return v
		}
	}
	return value{}
}

func truth(text string) bool {
	return slices.Contains([]string{"1", "yes", "true"}, strings.ToLower(text))
}

// inNamedFile gives the value of a variable that a file holds; false where none is named, or the file is not there.
func (e entryScript) inNamedFile(name string) (value, bool) {
	v := e.of.env[name+"_FILE"]
	if !v.set() || !v.hidden && v.text() == "" {
		return value{}, false
	}
	l := e.of.follow(v.text(), v.at)
	switch {
	case v.hidden, l.Found != object.NotThere && l.Content.Text == nil && l.State != object.Lacking:
		return value{hidden: true, at: v.at}, true
	case l.Content.Text == nil:
		return value{}, false
	}
	text := strings.TrimRight(string(l.Content.Text), "\n")
	return value{texts: []string{text}, at: v.at, from: l.Source,
		parts: append(parts(l.Content.Node), v.parts...)}, text != ""
}

// judgeScripts looks at a folder whose scripts the entry script of the image runs: they may change what it has written.
func (c *channels) judgeScripts() {
	folder := c.layout.Scripts
	if folder == "" {
		return
	}
	for _, m := range c.Mounts() {
		if !object.Below(m.Path, folder) && !object.Below(folder, m.Path) {
			continue
		}
		for _, file := range c.mountedIn(folder) {
			text := string(c.follow(file, place{}).Content.Text)
			if strings.Contains(text, c.home) || strings.Contains(text, c.layout.Files[0].Path) ||
				strings.Contains(text, "CONF_") {
				c.stage.fail(c.at(m.Path, nil), NotJudged, "%s, which the image runs, changes its settings in a "+
					"way that could not be followed", file)
			}
		}
		c.stage.assume("%s: the scripts in %s, which the image runs, change no setting of Elasticsearch", c.caller,
			folder)
		return
	}
}
