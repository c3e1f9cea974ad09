package catalog

// Renewal says since when a program takes up a renewed pair by itself, without being started again.
type Renewal struct {
	Since Version // the zero value: all versions
	By    string  // what must be set for that; "" where nothing must be
	Link  string
}

// anew is how a program takes up a pair that it reads again for each connection.
func anew(since Version, link string) []Renewal { return []Renewal{{Since: since, Link: link}} }

// pythonRenewals are those of the clients in Python, which hand the names of their files to each new connection.
func pythonRenewals() []Renewal {
	return anew(Version{}, "https://docs.python.org/3/library/ssl.html#ssl.SSLContext.load_cert_chain")
}

// beatRenewals are those of Beats and Elastic Agent: first they could start themselves again.
func beatRenewals() []Renewal {
	return []Renewal{
		{Version{8, 8}, "ssl.restart_on_cert_change.enabled: true", "https://www.elastic.co/guide/en/beats/filebeat/8.19/configuration-ssl.html"},
		{Version{9, 5}, "", "https://github.com/elastic/beats/pull/50444"},
	}
}

// ServerRenewals says the same of the servers; Kibana reads its files at its start.
func ServerRenewals(app App) []Renewal {
	if app == Kibana {
		return nil
	}
	return anew(Version{}, "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/update-node-certs.html")
}
