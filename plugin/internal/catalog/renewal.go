package catalog

// Renewal says of which versions a program takes up a renewed pair by itself, without being started again.
type Renewal struct {
	Since Version // the zero value: all versions
	Until Version // the first for which it does not hold any more; the zero value: none
	// Switches are settings that must be true for that, where they are not by Default.
	Switches []string
	Default  bool
	CAOnce   bool // it takes up the pair alone: its CA it reads at its start
	Link     string
}

// holds tells whether it is about a version. Of one that nothing tells, only what is true of all is known.
func (r Renewal) holds(v Version) bool {
	if r.Since != (Version{}) && (v == (Version{}) || v.before(r.Since)) {
		return false
	}
	return r.Until == (Version{}) || v != (Version{}) && v.before(r.Until)
}

// RenewalOf gives what a version of a program does; ok is false where it reads its pair only at startup.
func RenewalOf(all []Renewal, v Version) (r Renewal, ok bool) {
	for _, r := range all {
		if r.holds(v) {
			return r, true
		}
	}
	return Renewal{}, false
}

// anew is how a program takes up a pair that it reads again for each connection.
func anew(since Version, link string) []Renewal { return []Renewal{{Since: since, Link: link}} }

// pythonRenewals are those of the clients in Python, which hand the names of their files to each new connection.
func pythonRenewals() []Renewal {
	return anew(Version{}, "https://docs.python.org/3/library/ssl.html#ssl.SSLContext.load_cert_chain")
}

// beatRenewals are those of Beats and Elastic Agent. Some patches of 8.19 and 9.4 have the switch too; from which on
// is not known here, and a switch that a version does not know is passed over without a word.
// ssl.restart_on_cert_change, which is older, ends the program in several ranges of versions.
func beatRenewals() []Renewal {
	reload := []string{"ssl.certificate_reload.enabled"}
	return []Renewal{
		{Since: Version{9, 3, 6}, Until: Version{9, 4, 0}, Switches: reload,
			Link: "https://github.com/elastic/docs-content/pull/6751"},
		{Since: Version{9, 5, 0}, Switches: reload, Default: true, Link: "https://github.com/elastic/beats/pull/50444"},
	}
}

// logstashRenewals are about PEM files that plugins name. The image makes settings of variables of the same names.
func logstashRenewals() []Renewal {
	return []Renewal{{
		Since: Version{9, 5, 0}, Switches: []string{"config.reload.automatic", "ssl.reload.automatic"},
		Link: "https://github.com/elastic/logstash/pull/18978",
	}}
}

// ServerRenewals says the same of the servers; Kibana reads its files at its start.
func ServerRenewals(app App) []Renewal {
	if app == Kibana {
		return nil
	}
	return anew(Version{}, "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/update-node-certs.html")
}
