package catalog

import (
	"path"
	"slices"
	"strings"
)

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

// Single gives the place below which a program takes one entry that is not switched off: with two it does not start.
// It is "" where there is none.
// https://github.com/elastic/elastic-agent-libs/blob/main/config/namespace.go
func Single(app App) string {
	if slices.Contains([]App{Filebeat, Metricbeat, Heartbeat, Auditbeat, Packetbeat, Journalbeat, APMServer}, app) {
		return "output"
	}
	return ""
}

// EntrySwitch gives the setting that switches off one of the entries below Single.
func EntrySwitch(at, entry string) string { return at + "." + entry + ".enabled" }

func filebeat() Program    { return beat(Filebeat, "filebeat", "-oss", "-wolfi") }
func metricbeat() Program  { return beat(Metricbeat, "metricbeat", "-oss", "-wolfi") }
func heartbeat() Program   { return beat(Heartbeat, "heartbeat", "-oss", "-wolfi") }
func auditbeat() Program   { return beat(Auditbeat, "auditbeat", "-oss", "-wolfi") }
func packetbeat() Program  { return beat(Packetbeat, "packetbeat", "-oss", "-wolfi") }
func journalbeat() Program { return beat(Journalbeat, "journalbeat", "-oss") }

// beatSettings are those of every connection of a Beat. An address without a scheme takes it from protocol;
// ssl.enabled: false makes it ignore all the others.
func beatSettings() Settings {
	return Settings{
		Hosts: []string{"hosts"}, Scheme: "protocol", Ports: Ports{Default: "9200"}, Default: "http://localhost:9200",
		Switch: Switch{Name: "ssl.enabled", On: "true"},
		CA:     "ssl.certificate_authorities", CAIsList: true, Cert: "ssl.certificate", Key: "ssl.key",
		KeyPass: "ssl.key_passphrase", KeyPassIn: "ssl.key_passphrase_path",
		Fingerprint: "ssl.ca_trusted_fingerprint", Pin: "ssl.ca_sha256",
		Versions: Versions{List: "ssl.supported_protocols"}, Ciphers: "ssl.cipher_suites", Proxy: "proxy_url",
		Verify: Verify{Name: "ssl.verification_mode", Off: []string{"none"}, Chain: []string{"certificate"},
			Full: []string{"full", "strict"}},
		Below: "ssl.", Inert: []string{"curve_types", "renegotiation", "client_authentication",
			"restart_on_cert_change.", "certificate_reload."},
		User: "username", Password: "password", Token: "api_key",
	}
}

// beat describes a Beat. Its output and its monitoring are connections; modules and monitors that call Elasticsearch
// are connections of their own, which no setting of the output covers.
// https://www.elastic.co/guide/en/beats/metricbeat/8.19/metricbeat-module-elasticsearch.html,
// https://www.elastic.co/guide/en/beats/heartbeat/8.19/monitor-http-options.html
func beat(app App, name string, flavours ...string) Program {
	s := beatSettings()
	output, module, monitor := s, s, s
	monitoring := s
	monitoring.Default = "" // it is the address of the output then
	output.Cloud = Cloud{Name: "cloud.id", Top: true}
	// protocol is one of outputs: a module calls an address without a scheme by http
	module.Ports, module.Scheme = Ports{}, ""
	monitor.Needs = true
	monitor.Hosts, monitor.Scheme, monitor.Ports, monitor.Default = []string{"hosts", "urls"}, "", Ports{}, ""
	images := []string{name}
	for _, flavour := range flavours {
		images = append(images, name+flavour)
	}
	dir := "/usr/share/" + name
	template := module
	template.Hidden = true // hints of a pod may bring it
	return Program{
		App: app, Link: "https://www.elastic.co/guide/en/beats/filebeat/8.19/configuration-ssl.html", Runtime: Beat(),
		Signs: Signs{Images: images, Mounts: []string{name + ".yml"}},
		Dir:   dir, WorkDir: dir, Expands: beatVariables, Renewals: beatRenewals(),
		Files: Files{
			Options: []string{"c"}, Sets: []string{"E"}, Paths: []string{dir + "/" + name + ".yml"},
			Dirs:    []string{"path.home", "path.config"},
			Modules: "modules.d/*.yml", ModulesAt: "metricbeat.modules", ModulesIn: "metricbeat.config.modules.path",
			// https://www.elastic.co/guide/en/beats/libbeat/8.19/config-file-permissions.html
			Strict: Strict{Flag: "strict.perms", Env: "BEAT_STRICT_PERMS"},
		},
		Places: []Place{
			{At: "output.elasticsearch", Settings: output},
			{At: "monitoring.elasticsearch", Settings: monitoring},
			{At: "xpack.monitoring.elasticsearch", Settings: monitoring},
			{At: "metricbeat.modules.*", Field: "module", Is: "elasticsearch", Settings: module},
			{At: "metricbeat.autodiscover.providers.*.templates.*.config.*", Field: "module", Is: "elasticsearch",
				Settings: template},
			{At: "heartbeat.monitors.*", Field: "type", Is: "http", Settings: monitor},
		},
		Cases: func() []Case { return beatCases(dir + "/" + name + ".yml") },
	}
}

// beatBlock is a connection that is let in.
const beatBlock = `hosts: ["{url}"]
username: keeper
password: change-me
ssl.certificate_authorities: ["{ca}"]
ssl.certificate: {cert}
ssl.key: {key}`

// beatVariants are the ways in which a connection at a place can be written.
func beatVariants(name, file, around string) []Case {
	login := "username: keeper\npassword: change-me\n"
	one := func(what, block string) []Case { return casesAt(name+", "+what, file, around, block) }
	alone := lacking(name+", an address alone", file, around, `hosts: ["{url}"]`+"\nusername: keeper\npassword: "+
		"change-me")
	print := one("the fingerprint of a CA",
		strings.Replace(beatBlock, `ssl.certificate_authorities: ["{ca}"]`, "ssl.ca_trusted_fingerprint: {print}", 1))
	print[0].Touched = true // by the CA that it need not name
	early := one("a fingerprint before there was such a setting",
		strings.Replace(beatBlock, `ssl.certificate_authorities: ["{ca}"]`, "ssl.ca_trusted_fingerprint: {print}", 1))
	early[0].Image, early[0].Want = "example/"+path.Base(path.Dir(file))+":7.17.29", Breaks
	inFile := one("a passphrase in a file", locked(beatBlock)+"\nssl.key_passphrase_path: {ca}")
	inFile[0].Want = Assumes
	return slices.Concat(
		casesAt(name, file, around, beatBlock, "ssl.enabled: false", "~ssl.verification_mode: none",
			"hosts: [http://{host}:9200]",
			"~proxy_url: http://proxy:3128", "ssl.verification_mode: most", "~ssl.nobody_knows: true",
			"~ssl.ca_sha256: ${NOBODY}", "~ssl.supported_protocols: ['${NOBODY}']",
			"~ssl.cipher_suites: ['${NOBODY}']"),
		one("a key with a passphrase", locked(beatBlock)+"\nssl.key_passphrase: open"), inFile, print, early,
		one("an API key", strings.Replace(beatBlock, login, "api_key: id:key\n", 1)),
		one("settings of TLS that break nothing", beatBlock+"\nssl.renegotiation: never\nssl.supported_protocols: "+
			"[TLSv1.2]\nssl.cipher_suites: [ECDHE-ECDSA-AES-128-GCM-SHA256, ECDHE-RSA-AES-128-GCM-SHA256]"),
		one("a name that is not verified",
			replaced(beatBlock, `hosts: ["https://{alias}:9200"]`)+"\nssl.verification_mode: certificate"),
		alone,
	)
}

// beatModes are files that others may write.
func beatModes(file, text string) []Case {
	written := Case{Name: "a file that its group may write", File: file, Text: text, Mode: "0660", Want: Breaks}
	byFlag, byVariable, bySetting := written, written, written
	byFlag.Name, byFlag.Args, byFlag.Want = written.Name+", by a flag", []string{"-e", "--strict.perms=false"}, Holds
	byVariable.Name, byVariable.Want = written.Name+", by a variable", Holds
	byVariable.Env = []string{"BEAT_STRICT_PERMS=false"}
	bySetting.Name, bySetting.Args = written.Name+", by a setting that it does not read", []string{"-e", "-E",
		"strict.perms=false"}
	return []Case{written, byFlag, byVariable, bySetting}
}

// inTemplate is a template of autodiscovery.
const inTemplate = "metricbeat.autodiscover:\n  providers:\n  - templates:\n    - config:\n      - module: " +
	"elasticsearch\n        %s"

func beatCases(file string) []Case {
	const output = "output.elasticsearch:\n  %s"
	var all []Case
	for _, around := range []string{
		output, "monitoring.elasticsearch:\n  %s", "xpack.monitoring.elasticsearch:\n  %s",
		"metricbeat.modules:\n- module: elasticsearch\n  %s",
		inTemplate,
	} {
		all = append(all, beatVariants(around, file, around)...)
	}
	for _, around := range []string{output, "monitoring.elasticsearch:\n  %s",
		"xpack.monitoring.elasticsearch:\n  %s"} {
		all = append(all, casesAt(around+", no port", file, around,
			replaced(beatBlock, `hosts: ["https://{host}"]`))...)
		all = append(all, casesAt(around+", the scheme apart", file, around,
			"protocol: https\n"+replaced(beatBlock, `hosts: ["{host}:9200"]`))...)
	}
	const inModule = "metricbeat.modules:\n- module: elasticsearch\n  %s"
	all = append(all, casesAt("a module without a port", file, inModule,
		replaced(beatBlock, `hosts: ["https://{tls}"]`))...)
	cloud := casesAt("a Cloud ID", file, output+"\ncloud.id: lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg==", beatBlock)
	cloud[0].Want = Assumes // it goes elsewhere
	all = append(all, cloud...)
	const monitor = "heartbeat.monitors:\n- type: http\n  %s"
	all = append(all, beatVariants(monitor, file, monitor)...)
	all = append(all, beatModes(file, strings.Replace(output, "%s", indent(beatBlock, output), 1))...)
	all = append(all, casesAt("a monitor with urls", file, monitor, strings.Replace(beatBlock, "hosts", "urls", 1))...)
	module := casesAt("a module in a file of its own", path.Dir(file)+"/modules.d/search.yml",
		"- module: elasticsearch\n  %s", beatBlock)
	module[0].Want = Assumes // the other file is that of the image
	other := casesAt("modules and monitors of others", file, output+
		"\nmetricbeat.modules:\n- module: redis\n  hosts: ['redis:6379']\nheartbeat.monitors:\n- type: tcp\n  hosts: "+
		"['redis:6379']", beatBlock)
	mounted := casesAt("another image", file, output, beatBlock)
	mounted[0].Image = "example/other:1"
	named := casesAt("a file that a flag names", "/etc/beat.yml", output, beatBlock)
	named[0].Args = []string{"-c", "/etc/beat.yml"}
	against := casesAt("a flag against the file", file, output, beatBlock)
	against[0].Args, against[0].Want = []string{"-E", "output.elasticsearch.ssl.enabled=false"}, Breaks
	relative := casesAt("files from the working directory", file, output, relative(beatBlock, "../../.."))
	variables := slices.Concat(byVariable(all, "{cert}", "${SAID}", Holds),
		byVariable(all, "{cert}", "${EMPTY:{cert}}", Holds), byVariable(all, "{cert}", "${SAID:+x}", Assumes))
	folder := casesAt("another folder", "/etc/"+path.Base(file), output, beatBlock)
	folder[0].Args = []string{"--path.config", "/etc"}
	modules := casesAt("another folder for modules", "/mods/search.yml", "- module: elasticsearch\n  %s", beatBlock)
	modules[0].Args, modules[0].Want = []string{"-E", "metricbeat.config.modules.path=/mods/*.yml"}, Assumes
	inert := casesAt("a setting that changes nothing", file, output, beatBlock+"\nssl.renegotiation: never")
	user := casesAt("a template with a user alone", file, inTemplate,
		strings.Replace(beatBlock, "password: change-me\n", "", 1))
	user[0].Want = Assumes
	return slices.Concat(all, inert, user, module, other, mounted, named, against, relative, variables, folder, modules)
}

// apmServer describes APM Server: a Beat under another name of its image.
// https://www.elastic.co/guide/en/apm/server/7.17/configuration-ssl.html
func apmServer() Program {
	p := beat(APMServer, "apm-server", "-oss")
	p.Images = append(p.Images, "apm")
	return p
}

// agent describes Elastic Agent with a configuration of its own. Its outputs are connections, and so are inputs that
// collect from Elasticsearch.
func agent() Program {
	s := beatSettings()
	s.Scheme = ""
	input := s
	input.Ports = Ports{}
	const dir = "/usr/share/elastic-agent"
	return Program{
		App: Agent, Link: "https://www.elastic.co/guide/en/fleet/8.19/elastic-agent-ssl-configuration.html",
		Runtime: Beat(),
		Signs: Signs{
			Images: []string{"elastic-agent", "elastic-agent-complete", "elastic-agent-wolfi"},
			Mounts: []string{"agent.yml", "elastic-agent.yml"},
		},
		Dir: dir, WorkDir: dir, Expands: agentVariables, Renewals: beatRenewals(),
		Files: Files{Options: []string{"c", "config"}, Sets: []string{"E"},
			Paths: []string{dir + "/elastic-agent.yml", "/etc/elastic-agent/agent.yml"},
			Dirs:  []string{"path.home", "path.config"}},
		Places: []Place{
			{At: "outputs.*", Field: "type", Is: "elasticsearch", Settings: s},
			{At: "inputs.*", Field: "type", Is: "elasticsearch/", Settings: input},
		},
		Flag: dashed, Env: fleetVariable, EnvWith: "FLEET_SERVER_ENABLE", Line: &Settings{
			Hosts: []string{"fleet-server-es"}, CA: "fleet-server-es-ca", Cert: "fleet-server-es-cert",
			Key:    "fleet-server-es-cert-key",
			Verify: Verify{Name: "fleet-server-es-insecure", Off: []string{"true", "1"}},
			Token:  "fleet-server-service-token", Ports: s.Ports,
		},
		Cases: func() []Case { return agentCases(dir + "/elastic-agent.yml") },
	}
}

// fleetVariable gives the variable by which the image starts a Fleet Server.
// https://www.elastic.co/guide/en/fleet/8.19/agent-environment-variables.html#env-bootstrap-fleet-server
func fleetVariable(flag string, _ Version) string {
	return map[string]string{
		"fleet-server-es": "FLEET_SERVER_ELASTICSEARCH_HOST", "fleet-server-es-ca": "FLEET_SERVER_ELASTICSEARCH_CA",
		"fleet-server-es-cert": "FLEET_SERVER_ES_CERT", "fleet-server-es-cert-key": "FLEET_SERVER_ES_CERT_KEY",
		"fleet-server-es-insecure":   "FLEET_SERVER_ELASTICSEARCH_INSECURE",
		"fleet-server-service-token": "FLEET_SERVER_SERVICE_TOKEN",
	}[flag]
}

// fleetCases are those of a Fleet Server that variables start.
func fleetCases() []Case {
	server := []string{"FLEET_SERVER_ENABLE=1", "FLEET_SERVER_SERVICE_TOKEN=token",
		"FLEET_SERVER_ELASTICSEARCH_HOST={url}"}
	pair := []string{"FLEET_SERVER_ELASTICSEARCH_CA={ca}", "FLEET_SERVER_ES_CERT={cert}",
		"FLEET_SERVER_ES_CERT_KEY={key}"}
	flags := []string{
		"--fleet-server-es={url}", "--fleet-server-es-ca={ca}", "--fleet-server-es-cert={cert}",
		"--fleet-server-es-cert-key={key}", "--fleet-server-service-token=t",
	}
	return []Case{
		{Name: "Fleet Server", Env: slices.Concat(server, pair), Open: true},
		{Name: "a Fleet Server that is not switched on", Env: server[1:], Open: true},
		{Name: "Fleet Server, an address alone", Env: server, Want: NeedsPair, Open: true},
		{Name: "Fleet Server by its command line", Args: append([]string{"enroll"}, flags...), Open: true},
		{Name: "Fleet Server, without a port",
			Env: append(slices.Concat(server[:2], pair), "FLEET_SERVER_ELASTICSEARCH_HOST=https://{host}"), Open: true},
		{Name: "Fleet Server by plain HTTP",
			Env:  append(slices.Concat(server[:2], pair), "FLEET_SERVER_ELASTICSEARCH_HOST=http://{host}:9200"),
			Want: Breaks, Open: true},
		{Name: "Fleet Server that verifies nothing",
			Env: append(slices.Concat(server, pair), "FLEET_SERVER_ELASTICSEARCH_INSECURE=true"), Want: Assumes},
	}
}

func agentCases(file string) []Case {
	const output = "outputs:\n  default:\n    type: elasticsearch\n    %s"
	const input = "inputs:\n- type: elasticsearch/metrics\n  %s"
	other := casesAt("outputs and inputs of others", file, output+
		"\n  queue: {type: kafka, hosts: ['kafka:9092']}\ninputs:\n- {type: redis/metrics, hosts: ['redis:6379']}",
		beatBlock)
	mounted := casesAt("another image", file, output, beatBlock)
	mounted[0].Image = "example/other:1"
	named := casesAt("a file that a flag names", "/etc/a.yml", output, beatBlock)
	named[0].Args = []string{"-c", "/etc/a.yml"}
	long := casesAt("a file that a longer flag names", "/etc/a.yml", output, beatBlock)
	long[0].Args = []string{"--config=/etc/a.yml"}
	against := casesAt("a flag against the file", file, output, beatBlock)
	against[0].Args, against[0].Want = []string{"-E", "outputs.default.ssl.enabled=false"}, Breaks
	relative := casesAt("files from the working directory", file, output, relative(beatBlock, "../../.."))
	folder := casesAt("another folder", "/etc/elastic-agent.yml", output, beatBlock)
	folder[0].Args = []string{"--path.config=/etc"}
	variables := slices.Concat(byVariable(named, "{cert}", "${env.SAID}", Holds),
		byVariable(named, "{cert}", "${EMPTY:{cert}}", Holds), byVariable(named, "{cert}", "${env.SAID|'x'}", Assumes))
	return slices.Concat(
		casesAt("an output without a port", file, output, replaced(beatBlock, `hosts: ["https://{host}"]`)),
		casesAt("an input without a port", file, input, replaced(beatBlock, `hosts: ["https://{tls}"]`)),
		fleetCases(), folder, variables, beatVariants("an output", file, output), beatVariants("an input", file, input),
		casesAt("another place", "/etc/elastic-agent/agent.yml", output, beatBlock),
		other, mounted, named, long, against, relative)
}
