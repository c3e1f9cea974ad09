package verify

import (
	"path"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// kibanaKeys are the settings of Kibana's connection that the official image takes from the environment, as far as they matter here.
// https://www.elastic.co/guide/en/kibana/8.19/docker.html#environment-variable-config
func kibanaKeys() []string {
	return []string{
		"hosts", "username", "password", "serviceAccountToken", "ssl.certificate", "ssl.key", "ssl.keyPassphrase", "ssl.certificateAuthorities", "ssl.verificationMode",
		"ssl.alwaysPresentCertificate", "ssl.keystore.path", "ssl.truststore.path",
	}
}

// kibana reads Kibana's connections: its own, and that for monitoring data where these are elsewhere.
func (r *reader) kibana(w *recognise.Workload) []*connection {
	w.Settle(r)
	c := r.caller(w.Object, w.Pod, w.Main)
	c.expands = catalog.KibanaVariables()
	var set settings
	if strings.HasPrefix(w.Layout.Name, "bitnami") {
		set = c.bitnamiKibana(w.Layout)
	} else {
		set = c.yaml(path.Join(w.Layout.Folder, "kibana.yml"))
		top := settings{}
		for _, key := range kibanaKeys() {
			if v, ok := c.env[strings.ToUpper(strings.ReplaceAll("elasticsearch."+key, ".", "_"))]; ok && (v.hidden || v.text() != "") {
				top["elasticsearch."+key] = v
			}
		}
		set = set.over(top)
	}
	set = set.over(c.flags())
	c.claimUncalled(set)
	c.judgeStart(c.notes, recognise.Kibana)
	own := c.kibanaConnection(w, set, "elasticsearch.")
	own.lost = w.Lost
	always := c.expanded(set["elasticsearch.ssl.alwaysPresentCertificate"])
	own.always = &always
	own.settingsUnread(c.follow(path.Join(w.Layout.Folder, "kibana.yml"), place{}))
	if doc, at := c.file(path.Join(w.Layout.Folder, "kibana.yml")); doc != nil {
		c.once(doc, at)
	}
	all := []*connection{own}
	if monitoring := c.kibanaConnection(w, set, "monitoring.ui.elasticsearch."); monitoring.hosts[0].set() {
		monitoring.inKeystore = true
		all = append(all, monitoring)
	}
	if !own.hosts[0].set() {
		own.hosts[0] = value{texts: []string{"http://localhost:9200"}, at: c.at("elasticsearch.hosts", nil)} // Kibana's default
	}
	return all
}

// judgeText reports several addresses in one text, which is one address for Kibana.
func (c *connection) judgeText(v value) {
	if text := c.expanded(v).text(); len(v.texts) == 1 && !strings.HasPrefix(strings.TrimSpace(text), "[") && strings.Contains(text, ",") {
		c.notes.fail(v.at, NotJudged, "the text with a comma is one address for Kibana, and nothing answers there: write a list")
	}
}

// claimUncalled answers for addresses that Kibana does not call itself: it shows them to people, or hands them to agents.
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
				c.notes.assume("%s: the agents that get %s call it with a certificate that Elasticsearch trusts", c, hosts.at.path)
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

func (c caller) kibanaConnection(w *recognise.Workload, set settings, prefix string) *connection {
	get := func(key string) value { return c.expanded(set[prefix+key]) }
	made := &connection{
		caller: c, program: "Kibana", runtime: catalog.Node(), name: prefix + "hosts", dir: w.Layout.Home, hosts: []value{set[prefix+"hosts"]},
		ca: get("ssl.certificateAuthorities"), trust: get("ssl.truststore.path"), cert: get("ssl.certificate"), key: get("ssl.key"), keyPass: get("ssl.keyPassphrase"), store: get("ssl.keystore.path"),
		user: get("username"), password: get("password"), token: get("serviceAccountToken"), kibana: true,
	}
	switch mode := get("ssl.verificationMode"); {
	case mode.is("none"):
		made.unchecked = mode.at.path
	case mode.is("certificate"):
		made.chainOnly = true
	}
	made.judgeText(made.hosts[0])
	if made.store.set() && !made.ca.set() { // CAs in a keystore are trusted too
		made.trust = made.store
	}
	return made
}

// bitnamiKibana reads what Bitnami's entry script makes of file and variables.
// https://github.com/bitnami/containers/blob/main/bitnami/kibana/8/debian-12/rootfs/opt/bitnami/scripts/libkibana.sh
func (c caller) bitnamiKibana(l recognise.Layout) settings {
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
