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

// kibana is a Kibana, and what its files, its environment and its command line set.
type kibana struct {
	caller
	layout catalog.Layout
	set    settings
}

// kibana reads the connections of a Kibana: its own, and that for monitoring data where these are elsewhere.
func (r *reader) kibana(w *recognise.Workload) []*connection {
	w.Settle(r.release.Process(w.Main).Env)
	k := kibana{caller: r.caller(w.Object, w.Pod, w.Main), layout: w.Layout}
	k.expands = catalog.KibanaVariables()
	k.read()
	k.claimUncalled()
	assumeStart(k.notes, k.caller, recognise.Kibana)
	own := k.connection(kibanaOwn.At)
	own.lost = w.Lost
	always := k.expanded(k.set[kibanaAlways])
	own.always = &always
	own.settingsUnread(k.follow(w.Layout.File(), place{}))
	judgeKibanaNames(k.notes, k.caller, k.set)
	all := []*connection{own}
	if monitoring := k.connection(catalog.KibanaMonitoring().At); monitoring.hosts[0].set() {
		monitoring.inKeystore = true
		all = append(all, monitoring)
	}
	switch {
	case own.hosts[0].set():
	case len(k.unknown) > 0:
		own.hosts[0], own.told = value{hidden: true, at: k.at(strings.Join(k.unknown, ", "), nil)}, true
	default:
		own.hosts[0] = value{texts: []string{kibanaOwn.Default}, at: k.at(own.name, nil)}
	}
	return all
}

// read reads all that sets something of it.
func (k *kibana) read() {
	if k.layout.Env == nil {
		k.set = k.written()
		if doc, at := k.file(k.layout.File()); doc != nil {
			k.once(doc, at)
		}
	} else {
		k.set = k.files().over(k.variables())
	}
	k.set = k.set.over(k.flags())
}

// variables gives the settings that variables of the image are. One without a value is none.
func (k kibana) variables() settings {
	set := settings{}
	for _, key := range k.layout.Keys {
		for _, name := range k.layout.Env(key) {
			if v, ok := k.env[name]; ok && (v.hidden || v.text() != "") {
				set[key] = v
			}
		}
	}
	return set
}

// files reads kibana.yml, then the files that a variable and options of the command line name besides.
func (k kibana) files() settings {
	files, said := []string{}, value{}
	for _, name := range []string{"c", "config"} {
		v := k.flags("c", "config")[name]
		said.hidden, said.at = said.hidden || v.hidden, cmp.Or(said.at, v.at)
		files = append(files, v.texts...)
	}
	further := k.env[catalog.KibanaFiles]
	files = append(further.list(), files...)
	if said.hidden || further.hidden {
		k.notes.assume("%s: no file that only a run names sets anything of its connection to Elasticsearch", k.caller)
	}
	set := settings{}
	for i, file := range append([]string{k.layout.File()}, files...) {
		doc, at := k.file(absolute(file, k.layout.Home))
		switch {
		case doc != nil:
			k.once(doc, at)
			set = set.over(k.flatten(doc, at, ""))
		case i > 0:
			k.notes.assume("%s: %s sets nothing of its connection to Elasticsearch", k.caller, file)
		}
	}
	return set
}

// judgeKibanaNames looks for settings of its connection that Kibana does not know: it does not start with them.
func judgeKibanaNames(a *Aspect, who caller, set settings) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		setting, ok := strings.CutPrefix(name, kibanaOwn.At+".")
		switch {
		case !ok || catalog.KibanaKnows(setting):
		case strings.HasPrefix(setting, "ssl."):
			a.fail(set[name].at, NotJudged, "Kibana does not know the setting %s, and does not start", name)
		default:
			a.assume("%s: its version knows the setting %s, and that changes nothing of its connection", who, name)
		}
	}
}

// judgeHosts reports several addresses in one text, which is one address for Kibana.
func (k kibana) judgeHosts(v value) {
	if text := k.expanded(v).text(); len(v.texts) == 1 && !strings.HasPrefix(strings.TrimSpace(text), "[") &&
		strings.Contains(text, ",") {
		k.notes.fail(v.at, NotJudged, "the text with a comma is one address for Kibana, and nothing answers there: "+
			"write a list")
	}
}

// claimUncalled answers for addresses that Kibana does not call itself: it shows them to people, or hands them to
// agents.
func (k kibana) claimUncalled() {
	for _, name := range catalog.KibanaShown() {
		k.claim(k.set[name])
	}
	for _, at := range catalog.KibanaHanded() {
		for _, prefix := range k.set.prefixes(at.At) {
			hosts, ok := k.set[prefix+at.Hosts[0]]
			if !k.set[prefix+at.Cert].set() {
				continue
			}
			if k.claim(hosts); ok && len(mentioned(k.names, []value{hosts})) > 0 {
				k.notes.assume("%s: the agents that get %s call it with a certificate that Elasticsearch trusts",
					k.caller, hosts.at.path)
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

// connection gives what stands at a place of Kibana's settings.
func (k kibana) connection(at string) *connection {
	s := kibanaOwn.Settings
	get := func(key string) value { return k.expanded(k.set[at+"."+key]) }
	hosts := at + "." + s.Hosts[0]
	made := &connection{name: hosts, kibana: true,
		dialer: dialer{caller: k.caller, program: string(recognise.Kibana), runtime: catalog.Node(),
			dir: k.layout.Home},
		destination: destination{hosts: []value{k.set[hosts]}},
		anchors:     anchors{ca: get(s.CA), trust: get(s.Trust), trustPass: get(s.TrustPass)},
		keyPair: keyPair{cert: get(s.Cert), key: get(s.Key), keyPass: get(s.KeyPass), store: get(s.Store),
			storePass: get(s.StorePass)},
		login: login{user: get(s.User), password: get(s.Password), token: get(s.Token)},
	}
	made.verifies(s.Verify, get(s.Verify.Name), k.notes)
	made.named(s, get)
	k.judgeHosts(made.hosts[0])
	if made.store.set() && !made.ca.set() && !made.trust.set() { // CAs in a keystore are trusted too
		made.trust, made.trustPass = made.store, made.storePass
	}
	return made
}

// written reads what the entry script of an image makes of file and variables.
// https://github.com/bitnami/containers/blob/main/bitnami/kibana/8/debian-12/rootfs/opt/bitnami/scripts/libkibana.sh
func (k kibana) written() settings {
	further := settings{}
	for _, file := range k.layout.Files {
		set := settings{}
		if doc, at := k.file(k.layout.Abs(file.Path)); doc != nil {
			set = k.flatten(doc, at, "")
		}
		if file.Alone && len(set) > 0 {
			return set
		}
		further = further.over(set)
	}
	weak, strong := entryScript{k.caller, k.layout}.settings()
	return weak.over(further).over(strong)
}
