package verify

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// kibanaOwn is Kibana's own connection, as it is described.
var kibanaOwn = catalog.KibanaConnection()

// kibanaAlways is its setting by which requests of users carry the certificate too.
var kibanaAlways = kibanaOwn.Name(catalog.KibanaAlwaysPresents)

// kibana reads Kibana's connections: its own, and that for monitoring data where these are elsewhere.
func (r *reader) kibana(w *recognise.Workload) []*connection {
	w.Settle(r.release.Process(w.Main).Env)
	c := r.caller(w.Object, w.Pod, w.Main)
	c.expands = catalog.KibanaVariables()
	var set settings
	if w.Layout.Env == nil {
		set = c.writtenKibana(w.Layout)
		if doc, at := c.file(w.Layout.File()); doc != nil {
			c.once(doc, at)
		}
	} else {
		set = c.kibanaFiles(w).over(c.variables(w.Layout))
	}
	set = set.over(c.flags())
	c.claimUncalled(set)
	c.judgeStart(c.notes, recognise.Kibana)
	own := c.kibanaConnection(w, set, kibanaOwn.At)
	own.lost = w.Lost
	always := c.expanded(set[kibanaAlways])
	own.always = &always
	own.settingsUnread(c.follow(w.Layout.File(), place{}))
	c.judgeKibanaNames(set)
	all := []*connection{own}
	if monitoring := c.kibanaConnection(w, set, catalog.KibanaMonitoring().At); monitoring.hosts[0].set() {
		monitoring.inKeystore = true
		all = append(all, monitoring)
	}
	switch {
	case own.hosts[0].set():
	case len(c.unknown) > 0:
		own.hosts[0], own.told = value{hidden: true, at: c.at(strings.Join(c.unknown, ", "), nil)}, true
	default:
		own.hosts[0] = value{texts: []string{kibanaOwn.Default}, at: c.at(own.name, nil)}
	}
	return all
}

// variables gives the settings that variables of the image are. One without a value is none.
func (c caller) variables(l catalog.Layout) settings {
	set := settings{}
	for _, key := range l.Keys {
		for _, name := range l.Env(key) {
			if v, ok := c.env[name]; ok && (v.hidden || v.text() != "") {
				set[key] = v
			}
		}
	}
	return set
}

// kibanaFiles reads kibana.yml, then the files that a variable and options of the command line name besides.
func (c caller) kibanaFiles(w *recognise.Workload) settings {
	files, said := []string{}, value{}
	for _, name := range []string{"c", "config"} {
		v := c.flags("c", "config")[name]
		said.hidden, said.at = said.hidden || v.hidden, cmp.Or(said.at, v.at)
		files = append(files, v.texts...)
	}
	further := c.env[catalog.KibanaFiles]
	files = append(further.list(), files...)
	if said.hidden || further.hidden {
		c.notes.assume("%s: no file that only a run names sets anything of its connection to Elasticsearch", c)
	}
	set := settings{}
	for i, file := range append([]string{w.Layout.File()}, files...) {
		doc, at := c.file(c.rooted(file, w.Layout.Home))
		switch {
		case doc != nil:
			c.once(doc, at)
			set = set.over(c.flatten(doc, at, ""))
		case i > 0:
			c.notes.assume("%s: %s sets nothing of its connection to Elasticsearch", c, file)
		}
	}
	return set
}

// judgeKibanaNames looks for settings of its connection that Kibana does not know: it does not start with them.
func (c caller) judgeKibanaNames(set settings) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		setting, ok := strings.CutPrefix(name, kibanaOwn.At+".")
		switch {
		case !ok || catalog.KibanaKnows(setting):
		case strings.HasPrefix(setting, "ssl."):
			c.notes.fail(set[name].at, NotJudged, "Kibana does not know the setting %s, and does not start", name)
		default:
			c.notes.assume("%s: its version knows the setting %s, and that changes nothing of its connection", c, name)
		}
	}
}

// judgeText reports several addresses in one text, which is one address for Kibana.
func (c *connection) judgeText(v value) {
	if text := c.expanded(v).text(); len(v.texts) == 1 && !strings.HasPrefix(strings.TrimSpace(text), "[") &&
		strings.Contains(text, ",") {
		c.notes.fail(v.at, NotJudged, "the text with a comma is one address for Kibana, and nothing answers there: "+
			"write a list")
	}
}

// claimUncalled answers for addresses that Kibana does not call itself: it shows them to people, or hands them to
// agents.
func (c caller) claimUncalled(set settings) {
	for _, name := range catalog.KibanaShown() {
		c.claim(set[name])
	}
	for _, at := range catalog.KibanaHanded() {
		for _, prefix := range set.prefixes(at.At) {
			hosts, ok := set[prefix+at.Hosts[0]]
			if !set[prefix+at.Cert].set() {
				continue
			}
			if c.claim(hosts); ok && len(c.mentioned([]value{hosts})) > 0 {
				c.notes.assume("%s: the agents that get %s call it with a certificate that Elasticsearch trusts", c,
					hosts.at.path)
			}
		}
	}
}

// settingsUnread takes what matters, and is set nowhere else, as hidden in a file of settings that nothing here shows.
func (c *connection) settingsUnread(l link) {
	if !l.isUnread() {
		return
	}
	c.unread = l.Path
	for _, v := range []*value{&c.hosts[0], &c.ca, &c.cert, &c.key, c.always} {
		if !v.set() {
			*v = value{hidden: true, at: c.at(l.Path, nil)}
		}
	}
}

// kibanaConnection gives what stands at a place of Kibana's settings.
func (c caller) kibanaConnection(w *recognise.Workload, set settings, at string) *connection {
	s := kibanaOwn.Settings
	get := func(key string) value { return c.expanded(set[at+"."+key]) }
	hosts := at + "." + s.Hosts[0]
	made := &connection{
		caller: c, program: string(recognise.Kibana), runtime: catalog.Node(), name: hosts, dir: w.Layout.Home,
		hosts: []value{set[hosts]},
		ca:    get(s.CA), trust: get(s.Trust), cert: get(s.Cert), key: get(s.Key), keyPass: get(s.KeyPass),
		store:     get(s.Store),
		storePass: get(s.StorePass), trustPass: get(s.TrustPass), user: get(s.User), password: get(s.Password),
		token: get(s.Token), kibana: true,
	}
	made.verifies(s.Verify, get(s.Verify.Name))
	made.judgeText(made.hosts[0])
	if made.store.set() && !made.ca.set() && !made.trust.set() { // CAs in a keystore are trusted too
		made.trust, made.trustPass = made.store, made.storePass
	}
	return made
}

// writtenKibana reads what the entry script of an image makes of file and variables.
// https://github.com/bitnami/containers/blob/main/bitnami/kibana/8/debian-12/rootfs/opt/bitnami/scripts/libkibana.sh
func (c caller) writtenKibana(l catalog.Layout) settings {
	further := settings{}
	for _, file := range l.Files {
		set := c.yaml(l.Abs(file.Path))
		if file.Alone && len(set) > 0 {
			return set
		}
		further = further.over(set)
	}
	weak, strong := c.fromVariables(l)
	return weak.over(further).over(strong)
}
