package catalog

// The Beats, and what is built on their library.
const (
	Filebeat    App = "Filebeat"
	Metricbeat  App = "Metricbeat"
	Heartbeat   App = "Heartbeat"
	Auditbeat   App = "Auditbeat"
	Packetbeat  App = "Packetbeat"
	Journalbeat App = "Journalbeat"
	APMServer   App = "APM Server"
	Agent       App = "Elastic Agent"
)

func init() {
	describe(filebeat, metricbeat, heartbeat, auditbeat, packetbeat, journalbeat, apmServer, agent)
}

func filebeat() Program    { return beat(Filebeat, "filebeat", "-oss", "-wolfi") }
func metricbeat() Program  { return beat(Metricbeat, "metricbeat", "-oss", "-wolfi") }
func heartbeat() Program   { return beat(Heartbeat, "heartbeat", "-oss", "-wolfi") }
func auditbeat() Program   { return beat(Auditbeat, "auditbeat", "-oss", "-wolfi") }
func packetbeat() Program  { return beat(Packetbeat, "packetbeat", "-oss", "-wolfi") }
func journalbeat() Program { return beat(Journalbeat, "journalbeat", "-oss") }

// beatSettings are those of every connection of a Beat. An address without a scheme takes it from protocol; ssl.enabled: false makes it
// ignore all the others.
func beatSettings() Settings {
	return Settings{
		Hosts: []string{"hosts"}, Scheme: "protocol", Switch: Switch{Name: "ssl.enabled", On: "true"},
		CA: "ssl.certificate_authorities", CAIsList: true, Cert: "ssl.certificate", Key: "ssl.key",
		Verify: Verify{Name: "ssl.verification_mode", Off: []string{"none"}, Chain: []string{"certificate"}},
		User:   "username", Password: "password", Token: "api_key",
	}
}

// beat describes a Beat. Its output and its monitoring are connections; modules and monitors that call Elasticsearch are connections of
// their own, which no setting of the output covers.
// https://www.elastic.co/guide/en/beats/metricbeat/8.19/metricbeat-module-elasticsearch.html,
// https://www.elastic.co/guide/en/beats/heartbeat/8.19/monitor-http-options.html
func beat(app App, name string, flavours ...string) Program {
	s := beatSettings()
	monitor := s
	monitor.Hosts, monitor.Scheme = []string{"hosts", "urls"}, ""
	images := []string{name}
	for _, flavour := range flavours {
		images = append(images, name+flavour)
	}
	dir := "/usr/share/" + name
	return Program{
		App: app, Link: "https://www.elastic.co/guide/en/beats/filebeat/8.19/configuration-ssl.html",
		Signs: Signs{Images: images, Mounts: []string{name + ".yml"}},
		Dir:   dir,
		Files: Files{
			Options: []string{"c"}, Sets: []string{"E"}, Paths: []string{dir + "/" + name + ".yml"},
			Modules: dir + "/modules.d/", ModulesAt: "metricbeat.modules",
		},
		Places: []Place{
			{At: "output.elasticsearch", Settings: s},
			{At: "monitoring.elasticsearch", Settings: s},
			{At: "xpack.monitoring.elasticsearch", Settings: s},
			{At: "metricbeat.modules.*", Field: "module", Is: "elasticsearch", Settings: s},
			{At: "heartbeat.monitors.*", Field: "type", Is: "http", Settings: monitor},
		},
	}
}

// apmServer describes APM Server: a Beat under another name of its image.
// https://www.elastic.co/guide/en/apm/server/7.17/configuration-ssl.html
func apmServer() Program {
	p := beat(APMServer, "apm-server", "-oss")
	p.Images = append(p.Images, "apm")
	return p
}

// agent describes Elastic Agent with a configuration of its own. Its outputs are connections, and so are inputs that collect from Elasticsearch.
func agent() Program {
	s := beatSettings()
	s.Scheme = ""
	const dir = "/usr/share/elastic-agent"
	return Program{
		App: Agent, Link: "https://www.elastic.co/guide/en/fleet/8.19/elastic-agent-ssl-configuration.html",
		Signs: Signs{
			Images: []string{"elastic-agent", "elastic-agent-complete", "elastic-agent-wolfi"}, Mounts: []string{"agent.yml", "elastic-agent.yml"},
		},
		Dir:   dir,
		Files: Files{Options: []string{"c", "config"}, Sets: []string{"E"}, Paths: []string{dir + "/elastic-agent.yml", "/etc/elastic-agent/agent.yml"}},
		Places: []Place{
			{At: "outputs.*", Field: "type", Is: "elasticsearch", Settings: s},
			{At: "inputs.*", Field: "type", Is: "elasticsearch/", Settings: s},
		},
	}
}
