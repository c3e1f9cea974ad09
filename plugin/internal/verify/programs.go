package verify

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// program is one of the catalog, read out of a container.
type program struct{ catalog.Program }

// places are the connections in its files, and the one of its command line and environment.
func (p program) places() []catalog.Place {
	if p.Line == nil {
		return p.Places
	}
	return append(slices.Clone(p.Places), catalog.Place{Settings: *p.Line})
}

// connections gives what a program says about how it connects, and whether its settings could be read.
func (p program) connections(c caller) (found []*connection, read bool) {
	c.expands = p.Expands
	for _, name := range p.Unread {
		c.claim(c.env[name])
	}
	read = len(p.Files.Paths) == 0 && p.Language == nil
	dir := or(p.Dir, recognise.WorkingDir(c.Container))
	from := recognise.ChannelsOf(p.Files, dir, c.seen)
	set := p.settings(c, from, &read)
	p.judgeSingle(c, set)
	found = p.inSettings(c, from.Dir, set, &read)
	found = append(found, p.pipelines(c, &read)...)
	if p.Language != nil {
		p.assumeIncluded(c, set)
	}
	if p.Line == nil && read && len(found) > 0 {
		for _, name := range recognise.UnreadVariables(p.Program, c.seen, c.release) {
			c.claim(c.env[name])
		}
	}
	if p.Words {
		p.takeWords(c, found)
	}
	for _, v := range c.plainWords() {
		if strings.HasPrefix(v.text(), "@") && p.Line != nil {
			c.notes.assume("%s: the words in %s, if it takes them for its own, set nothing of its connection to "+
				"Elasticsearch", c, v.text()[1:])
		}
	}
	return found, read
}

// judgeSingle looks for a second entry where a program takes one.
func (p program) judgeSingle(c caller, set settings) {
	at := catalog.Single(p.App)
	if at == "" {
		return
	}
	var on, perhaps []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		rest, isBelow := strings.CutPrefix(name, at+".")
		entry, _, isDeep := strings.Cut(rest, ".")
		switch enabled := c.expanded(set[catalog.EntrySwitch(at, entry)]); {
		case !isBelow || !isDeep || slices.Contains(on, entry) || slices.Contains(perhaps, entry) ||
			enabled.isOff():
		case enabled.hidden:
			perhaps = append(perhaps, entry)
		default:
			on = append(on, entry)
		}
	}
	switch all := append(on, perhaps...); {
	case len(on) > 1:
		first := func(name string) bool { return strings.HasPrefix(name, at+"."+on[1]+".") }
		second := slices.Sorted(maps.Keys(set))
		c.notes.fail(set[second[slices.IndexFunc(second, first)]].at, NotJudged,
			"%s has several outputs that are enabled (%s), and does not start", p.App, strings.Join(on, ", "))
	case len(all) > 1:
		c.notes.assume("%s: one of its outputs (%s) is enabled", c, strings.Join(all, ", "))
	}
}

// isConnection tells whether what stands at a place is switched on, and of the type that the place is for.
func isConnection(at catalog.Place, c caller, set settings, prefix string) bool {
	field := set[prefix+at.Field]
	if at.Is == "true" { // a switch: what is off calls nobody
		if field = c.expanded(field); !field.set() || !field.hidden && field.is("false") {
			c.claim(set[prefix+at.Hosts[0]])
		}
	}
	isOther := at.Field != "" && !strings.HasPrefix(field.text(), at.Is)
	return !isOther && (at.Is != catalog.OpenSearch || len(c.servers) > 0)
}

// inSettings gives the connections in the settings of a program.
func (p program) inSettings(c caller, dir string, set settings, read *bool) (found []*connection) {
	for _, at := range p.places() {
		pattern := at.At
		if p.Files.Each {
			pattern = strings.TrimSuffix("*."+pattern, ".")
		}
		for _, prefix := range set.prefixes(pattern) {
			if !isConnection(at, c, set, prefix) {
				continue
			}
			made := connectionIn(at.Settings, c, set, prefix, p.onlyCalls(c))
			if made == nil {
				continue
			}
			made.program, made.dir = string(p.App), dir
			made.runtime, made.version = p.Runtime, recognise.VersionOf(c.object, c.Container)
			if p.Files.Each {
				_, made.name, _ = strings.Cut(made.name, ".")
			}
			found = append(found, made)
			*read = *read || at.At == "" && len(p.Places) == 0 // its command line or environment says all
		}
	}
	return found
}

// settings puts together what files, environment and flags say.
func (p program) settings(c caller, from recognise.Channels, read *bool) settings {
	flags := c.flags(slices.Concat(p.Files.Options, p.Repeated)...)
	set := p.ofFiles(c, from, read)
	said := func(name string) string { return set.over(flags)[name].text() }
	if p.Files.Modules != "" {
		files := recognise.Matching(from.Modules(p.Files, said), c.Files(c.release))
		for i, file := range files {
			p.judgeMode(c, file)
			if doc, at := c.file(file); doc != nil {
				set = set.over(c.flatten(doc, at, p.Files.ModulesAt).inFile(p.Files.ModulesAt+".", i))
			}
		}
	}
	if p.Env != nil && p.readsVariables(c) {
		version := recognise.VersionOf(c.object, c.Container)
		for _, key := range p.keys() {
			for _, name := range []string{key, p.Env(key, version)} {
				if v, ok := c.env[name]; ok {
					set[key] = v
				}
			}
		}
	}
	return set.over(flags)
}

// readsVariables tells whether the variables of a program count. The addresses in those that do not are nobody's.
func (p program) readsVariables(c caller) bool {
	v := c.env[p.EnvWith]
	if p.EnvWith == "" || v.hidden || truth(v.text()) || len(c.unknown) > 0 && !v.set() {
		return true
	}
	for _, host := range p.Line.Hosts {
		c.claim(c.env[p.Env(host, recognise.VersionOf(c.object, c.Container))])
	}
	return false
}

// ofFiles puts together what the files say. Those that the command line names are all read, of the others the first.
func (p program) ofFiles(c caller, from recognise.Channels, read *bool) settings {
	set := settings{}
	for i, file := range p.filesOf(c, from) {
		p.judgeMode(c, file)
		doc, at := c.file(file)
		if doc == nil {
			*read = *read && !from.Named
			continue
		}
		*read = *read || !from.Named || i == 0
		if p.Files.Once {
			c.once(doc, at)
		}
		prefix := ""
		if p.Files.Each {
			prefix = fmt.Sprintf("file%d", i)
		}
		if set = set.over(c.flatten(doc, at, prefix)); !p.Files.Each && !from.Named {
			break
		}
	}
	return set
}

// judgeMode looks whether a program takes a file of settings with its mode.
func (p program) judgeMode(c caller, file string) {
	at := c.at(file, nil)
	if why := recognise.Refused(p.Files, c.seen, c.follow(file, at).File); why != "" {
		c.notes.fail(at, Unreadable, "%s; set defaultMode: 0644, or --%s=false", why, p.Files.Strict.Flag)
	}
}

// filesOf lists the files of settings that a container may read, with those of folders.
func (p program) filesOf(c caller, from recognise.Channels) (files []string) {
	for _, file := range from.Files {
		isFolder := strings.HasSuffix(file, "/") || p.Files.Each && path.Ext(file) == ""
		if !isFolder {
			files = append(files, file)
			continue
		}
		for _, mounted := range c.mountedIn(path.Clean(file)) {
			if catalog.IsYAML(mounted) {
				files = append(files, mounted)
			}
		}
	}
	return files
}

// onlyCalls tells whether a program has no use but the one connection of its command line. Where nobody needs a
// certificate, one that calls itself hurts nobody.
func (p program) onlyCalls(c caller) bool {
	return len(p.Places) == 0 && p.Language == nil && !p.Words && c.options.required()
}

// keys lists the settings that may come from the environment: those whose place is one.
func (p program) keys() []string {
	var keys []string
	for _, at := range p.places() {
		if strings.Contains(at.At, "*") {
			continue
		}
		for _, key := range append(at.Names(), at.Field) {
			if key != "" {
				keys = append(keys, strings.TrimPrefix(at.At+"."+key, "."))
			}
		}
	}
	return keys
}

// mountedIn lists the files that are mounted below a folder from Secrets and ConfigMaps; "" is none.
func (c caller) mountedIn(folder string) []string {
	files := slices.DeleteFunc(c.Files(c.release),
		func(file string) bool { return folder == "" || file == folder || !object.Below(file, folder) })
	slices.Sort(files)
	return slices.Compact(files)
}

// told holds for a connection of which anything is set but a login, and its address by no setting.
func told(s catalog.Settings, set settings, prefix string) bool {
	if s.Cloud.Name != "" && (set[s.Cloud.Name].set() || set[prefix+s.Cloud.Name].set()) {
		return false
	}
	isLogin := func(name string) bool { return name == s.User || name == s.Password || name == s.Token }
	return slices.ContainsFunc(s.Names(), func(name string) bool { return set[prefix+name].set() && !isLogin(name) })
}

// connectionIn reads the settings of one connection; nil when it has no address. calls says that it is one in any
// case, at its default address where it names none.
func connectionIn(s catalog.Settings, c caller, set settings, prefix string, calls bool) *connection {
	get := func(name string) value {
		if name == "" {
			return value{}
		}
		return c.expanded(unwrapped(set[prefix+name], s.Value))
	}
	hosts, isTold := hostsIn(s, c, set, prefix, calls)
	if !isTold {
		return nil
	}
	made := &connection{dialer: dialer{caller: c}, destination: destination{hosts: hosts},
		name: or(strings.TrimSuffix(prefix, "."), s.Hosts[0])}
	made.byDefault = !slices.ContainsFunc(s.Hosts, func(name string) bool { _, ok := set[prefix+name]; return ok })
	made.port, made.ports = get(s.Ports.Name), s.Ports
	made.speaks, made.ciphers = versionsIn(s.Versions, get), get(s.Ciphers)
	made.proxy = get(s.Proxy)
	cloud := get(s.Cloud.Name)
	if s.Cloud.Top {
		cloud = c.orEmpty(set[s.Cloud.Name])
	}
	for _, h := range made.byCloud(cloud, s.Cloud.Alone) {
		c.claim(h)
	}
	made.scheme, made.enabled = get(s.Scheme), truthful(get(s.Switch.Name), s.Truths)
	made.mustEnable = s.Switch.Kind == catalog.Decides
	made.turns = s.Scheme == "" && (made.mustEnable || s.Switch.Kind == catalog.Bare)
	if s.CAWith == "" || get(s.CAWith).is("true") {
		made.ca, made.trust = get(s.CA), get(s.Trust)
		made.trustPass = get(s.TrustPass)
		made.fingerprint, made.pin = get(s.Fingerprint), get(s.Pin)
	}
	if s.PairWith == "" || get(s.PairWith).is("true") {
		made.cert, made.key, made.store = get(s.Cert), get(s.Key), get(s.Store)
		made.keyPass, made.storePass = get(s.KeyPass), get(s.StorePass)
	}
	if s.StoreTrusts && !made.ca.set() && !made.trust.set() {
		made.trust, made.trustPass = made.store, made.storePass
	}
	made.user, made.password, made.token, made.inKeystore = get(s.User), get(s.Password), get(s.Token), s.Hidden
	for _, name := range s.Credentials {
		if v := get(name); v.set() {
			made.files = append(made.files, v)
		}
	}
	made.verifies(s.Verify, get(s.Verify.Name), c.notes)
	made.named(s, get)
	if in := get(s.KeyPassIn); in.set() && !made.keyPass.set() {
		made.keyPass = value{hidden: true, at: in.at}
	}
	assumeOthers(c, s, set, prefix)
	if in := made.credentials(); in.set() && !made.user.set() {
		made.user, made.password = in, in
	}
	return made
}

// named takes by which name the server is verified.
func (n *anchors) named(s catalog.Settings, get func(string) value) {
	n.calledBy = get(s.CalledBy)
	if v := truthful(get(s.Verify.Host), nil); s.Verify.Host != "" && !v.hidden && !v.is("true") {
		n.chainOnly = true
	}
	for _, name := range s.Finds {
		if v := get(name); v.set() && !v.isOff() {
			n.finds = append(n.finds, v)
		}
	}
}

// misses reports a connection that is told no address, where its program needs one.
func (c caller) misses(s catalog.Settings, set settings, prefix string) bool {
	if !s.Needs || len(c.unknown) > 0 || !told(s, set, prefix) {
		return false
	}
	c.notes.fail(c.at(prefix+s.Hosts[0], nil), NoWay, "it is told no address, without which it does not start")
	return true
}

// hostsIn gives the addresses of a connection: those of its settings, else the one that its program calls by itself;
// false where it is no connection.
func hostsIn(s catalog.Settings, c caller, set settings, prefix string, calls bool) (hosts []value, isTold bool) {
	for _, name := range s.Hosts {
		v, ok := set[prefix+name]
		if ok && s.FirstHost && len(hosts) > 0 {
			c.claim(v)
		} else if ok {
			hosts = append(hosts, v)
		}
	}
	if len(hosts) == 0 && s.Default != "" && (calls || c.serverOf(c.object) != nil || told(s, set, prefix)) {
		hosts = []value{{texts: []string{s.Default}, at: c.at(prefix+s.Hosts[0], nil)}}
	}
	return hosts, len(hosts) > 0 || c.misses(s, set, prefix)
}

// verifies takes how the server is verified from a setting.
func (n *anchors) verifies(known catalog.Verify, v value, notes *Aspect) {
	switch is := or(v.text(), known.Unset); {
	case v.set() && !v.hidden && !known.Takes(is):
		notes.fail(v.at, NotJudged, "%s is %q, which the program does not know: it does not start", v.at.path, is)
	case known.IsOff(is):
		n.unchecked, n.needsCheck = or(v.at.path, "without "+known.Name), known.Idle
	default:
		n.chainOnly = v.is(known.Chain...)
	}
}

// assumeOthers names settings of TLS of which nothing here tells what they do.
func assumeOthers(who caller, s catalog.Settings, set settings, prefix string) {
	if s.Below == "" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		setting, ok := strings.CutPrefix(name, prefix)
		below, isTLS := strings.CutPrefix(setting, s.Below)
		inert := func(known string) bool {
			return below == known || strings.HasSuffix(known, ".") && strings.HasPrefix(below, known)
		}
		if ok && isTLS && !slices.Contains(s.Names(), setting) && !slices.ContainsFunc(s.Inert, inert) {
			who.notes.assume("%s: %s changes nothing of how it connects", who, name)
		}
	}
}

// takeWords adds addresses that stand on the command line by themselves, as Jaeger's index jobs have them.
func (p program) takeWords(c caller, found []*connection) {
	if len(found) == 0 {
		return
	}
	for _, v := range c.plainWords() {
		if c.names.Calls(v.text()) == "" && !strings.Contains(v.text(), "://") {
			continue
		}
		if found[0].byDefault {
			found[0].hosts, found[0].byDefault = nil, false
		}
		if strings.HasSuffix(v.text(), "/") {
			c.notes.fail(v.at, NoWay, "%s ends in a slash, to which the job adds another, and leads nowhere", v.text())
		}
		found[0].hosts = append(found[0].hosts, v)
	}
}
