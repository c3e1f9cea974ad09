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

// readSettings reads all that sets something of a server, in the order of its image.
func (s *server) readSettings(l catalog.Layout) {
	if len(l.Written) > 0 {
		s.set = s.written(l)
	} else {
		s.set = s.official(l)
	}
	for _, key := range slices.Sorted(maps.Keys(s.set)) {
		if forced, ok := strings.CutPrefix(key, "force."); ok { // wins over the name without it
			s.set[forced] = s.set[key]
			delete(s.set, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.set)) {
		if s.set[key] = s.placed(key, s.set[key], &s.row.TLS); !s.set[key].set() {
			delete(s.set, key)
		}
	}
	s.judgeValues()
	s.judgeNode()
	for _, file := range l.Files {
		at := path.Join(s.home, file.Path)
		s.unread(s.follow(at, place{}), len(l.Written) == 0)
		s.judgeChanges(at)
	}
	assumeStart(&s.row.Stage, s.caller, recognise.Elasticsearch)
	s.judgeJava()
	assumeOptions(&s.row.TLS, s.caller, catalog.Java())
}

// judgeChanges looks for commands of the container that change a file of settings of its image before Elasticsearch
// starts.
func (s *server) judgeChanges(file string) {
	if s.follow(file, place{}).Found != object.NotThere {
		return // what is mounted from a Secret or ConfigMap cannot be changed; of an empty folder the resolver tells
	}
	for _, line := range s.seen.Lines() {
		if maker := object.Changes(line.Commands, file, recognise.WorkingDir(s.Container)); maker != "" {
			s.row.Stage.fail(s.place(*line), NotJudged, "its command makes or changes %s (%s), which could not be "+
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
func (s *server) official(l catalog.Layout) settings {
	said, _ := s.seen.Flags("E")
	s.judgeWords(said)
	s.judgeFolder()
	flags, environment := s.setBy(said), settings{}
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		key, ok := l.Setting(name)
		if !ok {
			continue
		}
		v := s.env[name]
		if other, twice := environment[key]; twice && decides(key) && v.differs(other) {
			s.row.Stage.fail(v.at, NotJudged, "%s is set by %s too, to something else: which of the two counts is "+
				"left to chance; remove one",
				key, other.at.path)
		}
		if _, twice := flags[key]; twice && s.major() == 7 {
			s.row.Stage.fail(v.at, NotJudged, "%s is also set by -E: Elasticsearch 7 does not start with both", key)
		}
		environment[key] = v
	}
	file, mounted := s.ownFile(l.Files[0].Path, true)
	s.whole = mounted
	weak, strong := s.overrides(environment), flags
	if l.Flags.Weak {
		weak, strong = strong, weak
	}
	all := file.over(weak).over(strong)
	s.judgeNames(all)
	if !mounted {
		s.unset(l, all)
	}
	return all
}

// elasticsearchFlags are the options of Elasticsearch besides -E with which it starts.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/distribution/tools/server-cli/src/main/java/org/elasticsearch/server/cli/ServerCli.java
var elasticsearchFlags = [...]string{"d", "daemonize", "p", "pidfile", "q", "quiet", "s", "silent", "v", "verbose",
	"enrollment-token"}

// judgeWords looks for options that Elasticsearch does not know, where the container gives its entry script words and
// no more.
func (s *server) judgeWords(said []process.Flag) {
	if object.Get(s.Node, "command") != nil {
		return
	}
	for _, f := range said {
		if !f.Sets && !slices.Contains(elasticsearchFlags[:], f.Name) {
			s.row.TLS.fail(s.flag(f).at, NotStarted, "Elasticsearch does not start with the option %s%s", f.Sign,
				f.Name)
		}
	}
}

// ownFiles are what Elasticsearch needs in the folder of its configuration besides elasticsearch.yml.
var ownFiles = [...]string{"jvm.options", "log4j2.properties"}

// judgeFolder looks for a volume that hides what the image has in the folder of its configuration.
func (s *server) judgeFolder() {
	var hidden, brought []string
	for _, name := range ownFiles {
		file := path.Join(s.home, name)
		l := s.follow(file, place{})
		_, isMounted := s.MountOf(file)
		switch {
		case isMounted && (l.Found == object.NotThere || l.Key() && l.State == object.Lacking):
			hidden = append(hidden, name)
		case !isMounted && s.env[s.folderEnv].set():
			brought = append(brought, file)
		}
	}
	if len(hidden) > 0 {
		s.row.TLS.fail(s.at(s.home, nil), NotStarted, "the volume at %s hides %s of the image, without which "+
			"Elasticsearch does not start: mount single files (subPath)",
			s.home, strings.Join(hidden, " and "))
	}
	if len(brought) > 0 {
		s.row.TLS.assume("%s: its image has %s", s.caller, strings.Join(brought, " and "))
	}
}

// unset adds what the image of a server says where nobody else does.
func (s *server) unset(l catalog.Layout, all settings) {
	for _, v := range l.Unset {
		if !all[v.Key].set() {
			all[v.Key] = value{texts: []string{v.Value}, at: s.at(v.Key, nil)}
		}
	}
}

// setBy gives what -E sets. Elasticsearch does not start where a setting is given more than once, or no value.
// https://github.com/elastic/elasticsearch/blob/v8.19.0/server/src/main/java/org/elasticsearch/common/cli/EnvironmentAwareCommand.java
func (s *server) setBy(said []process.Flag) settings {
	said = slices.DeleteFunc(slices.Clone(said), func(f process.Flag) bool { return !f.Sets })
	before := map[string]bool{}
	for _, f := range said {
		switch {
		case before[f.Name]:
			s.row.Stage.fail(s.flag(f).at, NotStarted, "-E sets %s more than once: Elasticsearch does not start",
				f.Name)
		case f.Value.Known && f.Value.Text == "":
			s.row.Stage.fail(s.flag(f).at, NotStarted, "-E gives %s no value: Elasticsearch does not start", f.Name)
		}
		before[f.Name] = true
	}
	return s.overrides(s.flagSettings(said))
}

// extraFlags reads the variables whose words Bitnami's script adds to the command line of Elasticsearch.
// https://github.com/bitnami/containers/blob/main/bitnami/elasticsearch/8/debian-12/rootfs/opt/bitnami/scripts/elasticsearch/run.sh
func (s *server) extraFlags(f catalog.Flags) settings {
	own, _ := s.seen.Flags("E")
	all := s.setBy(own)
	for _, name := range f.Env {
		v, ok := s.env[name]
		switch {
		case !ok:
		case v.hidden:
			s.row.Stage.assume("%s: %s, whose words are flags of Elasticsearch, changes nothing of what is judged here",
				s.caller, name)
		default:
			line := process.Extra(name, v.text(), v.parts[0].node)
			said, _ := line.Flags("E")
			if len(said) > 1 {
				s.row.Stage.assume("%s: its image takes the words of %s for so many flags", s.caller, name)
			}
			all = all.over(s.setBy(said))
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
func (s *server) written(l catalog.Layout) settings {
	s.whole = true // its script makes the file
	flags, further := s.extraFlags(l.Flags), settings{}
	s.judgeScripts(l)
	for _, file := range l.Files {
		set, mounted := s.ownFile(file.Path, false)
		if mounted && file.Alone {
			set = set.over(flags)
			s.judgeNames(set)
			return set
		}
		further = further.over(set)
	}
	s.judgeNames(further.over(flags))
	weak, strong := entryScript{s.caller, l}.settings()
	s.unset(l, strong)
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
func (s *server) judgeScripts(l catalog.Layout) {
	folder := l.Scripts
	if folder == "" {
		return
	}
	for _, m := range s.Mounts() {
		if !object.Below(m.Path, folder) && !object.Below(folder, m.Path) {
			continue
		}
		for _, file := range s.mountedIn(folder) {
			text := string(s.follow(file, place{}).Content.Text)
			if strings.Contains(text, s.home) || strings.Contains(text, l.Files[0].Path) ||
				strings.Contains(text, "CONF_") {
				s.row.Stage.fail(s.at(m.Path, nil), NotJudged, "%s, which the image runs, changes its settings in a "+
					"way that could not be followed", file)
			}
		}
		s.row.Stage.assume("%s: the scripts in %s, which the image runs, change no setting of Elasticsearch", s.caller,
			folder)
		return
	}
}
