package plugin

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// generated are the programs of the catalog of which make truth runs set-ups, and what these are called there.
var generated = map[catalog.App][]string{
	catalog.Filebeat: {"filebeat"}, catalog.Metricbeat: {"metricbeat", "metricbeat-modules"}, catalog.Heartbeat: {"heartbeat"}, catalog.Auditbeat: {"auditbeat"},
	catalog.Exporter: {"exporter", "exporter-1.7"}, catalog.JaegerV1: {"jaeger-es-index-cleaner"}, catalog.Curator: {"curator"},
	"elastalert2": {"elastalert2"}, catalog.Kibana: {"kibana"},
}

// notRun says why make truth runs no set-up of a program.
var notRun = map[catalog.App]string{
	catalog.Packetbeat:    "is in no package registry, and needs a device of the network; its connection is that of the other Beats",
	catalog.Journalbeat:   "ended with version 7.15; its connection is that of the other Beats",
	catalog.APMServer:     "is in no package registry, and cannot be built from the module of the Beats; its connection is theirs",
	catalog.Agent:         "is in no package registry, and cannot be built from a module of Go",
	catalog.Logstash:      "needs JRuby and gems that are in no Maven repository",
	catalog.Fluentd:       "needs Ruby",
	catalog.FluentBit:     "is a program in C that no package registry has",
	catalog.QueryExporter: "needs a client of Elasticsearch that Python 3 has no longer",
	catalog.Jaeger:        "tells whether it was let in when it is sent a span, which no set-up does; TestRealJaeger runs it on our own output",
	catalog.MapsServer:    "is in no package registry",
	catalog.Temporal:      "needs a database beside Elasticsearch",
	catalog.TemporalTool:  "is part of the module of Temporal's server, which takes longer to build than a run may take",
	"datadog-agent":       "is in no package registry; its check of Elasticsearch needs the agent around it",
	"grafana":             "is built of two languages, and calls when somebody looks at a panel",
	"otel-collector":      "has its exporter for Elasticsearch in a distribution with 400 modules, which takes longer to build than a run may take",
	"vector":              "is a program in Rust that takes longer to build than a run may take",
}

// TestEveryProgramIsGenerated holds the generator of make truth against the catalog: each program is run, or it is said why not, and each
// setting that the catalog describes is tried, or it is said why not.
func TestEveryProgramIsGenerated(t *testing.T) {
	made := map[string]setups.Program{}
	for _, p := range setups.Programs() {
		made[p.Name] = p
	}
	connections := map[catalog.App][]catalog.Settings{catalog.Kibana: {catalog.KibanaConnection().Settings}}
	all := map[catalog.App]catalog.Program{catalog.Kibana: {}}
	for _, p := range catalog.All() {
		all[p.App] = p
		for _, at := range p.Places {
			connections[p.App] = append(connections[p.App], at.Settings)
		}
		if p.Line != nil {
			connections[p.App] = append(connections[p.App], *p.Line)
		}
	}
	for _, app := range slices.Sorted(maps.Keys(all)) {
		names := generated[app]
		if (len(names) == 0) == (notRun[app] == "") {
			t.Errorf("%s is neither generated nor named as left out, or both", app)
		}
		for _, name := range names {
			if made[name].Name == "" {
				t.Errorf("%s: test/truth has no %s", app, name)
				continue
			}
			compareSettings(t, made[name], connections[app])
			compareChannels(t, made[name], all[app])
		}
	}
	for _, app := range slices.Concat(slices.Collect(maps.Keys(generated)), slices.Collect(maps.Keys(notRun))) {
		if _, known := all[app]; !known {
			t.Errorf("%s is not in the catalog", app)
		}
	}
}

// asked are the roles of settings that set-ups try, and how the catalog names them.
var asked = map[setups.Role]func(s catalog.Settings) []string{
	setups.Address: func(s catalog.Settings) []string { return s.Hosts },
	setups.CA:      func(s catalog.Settings) []string { return []string{s.CA} },
	setups.Cert:    func(s catalog.Settings) []string { return []string{s.Cert} },
	setups.Key:     func(s catalog.Settings) []string { return []string{s.Key} },
	setups.Pass:    func(s catalog.Settings) []string { return []string{s.KeyPass} },
	setups.Verify:  func(s catalog.Settings) []string { return []string{s.Verify.Name} },
	setups.Switch:  func(s catalog.Settings) []string { return []string{s.Switch.Name} },
	setups.Scheme:  func(s catalog.Settings) []string { return []string{s.Scheme} },
	setups.Print:   func(s catalog.Settings) []string { return []string{s.Fingerprint} },
	setups.Pin:     func(s catalog.Settings) []string { return []string{s.Pin} },
	setups.Version: func(s catalog.Settings) []string { return []string{s.Versions.List} },
	setups.Cipher:  func(s catalog.Settings) []string { return []string{s.Ciphers} },
}

// unasked says why a setting of the catalog that is none of those is not tried, by its end.
var unasked = map[string]string{
	"username": "a login", "password": "a login", "api_key": "a login", "api-key": "a login", "user": "a login", "auth": "a login", "Token": "a login",
	"cloud.id": "calls Elastic Cloud", "cloud_id": "calls Elastic Cloud", "proxy_url": "what a proxy does is an assumption",
	"key_passphrase_path": "the Beats that are run here, of 7.17, do not know it", "port": "is part of the address that is tried",
	"keystore.path": "see the stores of nodes", "truststore.path": "see the stores of nodes", "client.keystore": "see the stores of nodes",
	"alwaysPresentCertificate": "is tried as a switch",
	"es.sniffer":               "leads to addresses of pods, which is an assumption", "sniffOnStart": "the same", "sniffInterval": "the same",
	"sniffOnConnectionFault": "the same",
	"es.tls.server-name":     "the name that a client verifies is judged in the tests of verify",
}

// compareSettings holds that a generator names the settings that the catalog describes.
func compareSettings(t *testing.T, p setups.Program, connections []catalog.Settings) {
	t.Helper()
	plain := func(s setups.Spelling) []string {
		return []string{strings.TrimPrefix(s.File, "elasticsearch."), strings.TrimLeft(s.Flag, "-")}
	}
	tried := map[string]bool{}
	for _, s := range connections {
		for role, name := range asked {
			for _, one := range name(s) {
				tried[one] = tried[one] || slices.Contains(plain(p.Spelled[role]), one)
			}
		}
	}
	fits := func(s catalog.Settings) bool {
		return slices.ContainsFunc(s.Hosts, func(h string) bool { return tried[h] }) && tried[s.CA]
	}
	if !slices.ContainsFunc(connections, fits) {
		t.Errorf("%s: the generator names none of its connections as the catalog does", p.Name)
	}
	for _, s := range connections {
		if !fits(s) || p.Spelled[setups.Scheme].File == "" && s.Scheme != "" { // one that another generator tries
			continue
		}
		for _, name := range s.Names() {
			isLeft := slices.ContainsFunc(slices.Collect(maps.Keys(unasked)), func(end string) bool { return strings.HasSuffix(name, end) })
			isOther := slices.Contains(s.Hosts, name) && slices.ContainsFunc(s.Hosts, func(h string) bool { return tried[h] })
			if !tried[name] && !isLeft && !isOther {
				t.Errorf("%s: no set-up tries %s, and nothing says why", p.Name, name)
			}
		}
	}
}

// compareChannels holds that set-ups of a program use each place in which the catalog looks for its settings.
func compareChannels(t *testing.T, p setups.Program, known catalog.Program) {
	t.Helper()
	need := map[string][]setups.Channel{}
	if len(known.Files.Paths) > 0 {
		need["its file"] = []setups.Channel{setups.InFile}
		need["its file in a Secret"] = []setups.Channel{setups.InSecret}
	}
	if len(known.Files.Sets) > 0 && p.Name == "filebeat" { // the module of another has no name that -E could give
		need["a flag that sets what is in the file"] = []setups.Channel{setups.Sets}
		need["several files"] = []setups.Channel{setups.SecondFile}
	}
	if known.Flag != nil && known.Line != nil {
		need["flags"] = []setups.Channel{setups.FlagJoined, setups.FlagApart}
		need["a shell line"] = []setups.Channel{setups.InShell}
		need["a script"] = []setups.Channel{setups.InScript}
	}
	if known.Env != nil && known.Line != nil {
		need["variables"] = []setups.Channel{setups.Variable}
		need["envFrom"] = []setups.Channel{setups.FromMap}
	}
	if known.Expands.Form != nil && len(known.Files.Paths) > 0 && p.Name != "elastalert2" {
		need["variables in its file"] = []setups.Channel{setups.FileVariable}
	}
	for place, channels := range need {
		if !slices.ContainsFunc(channels, func(c setups.Channel) bool { return slices.Contains(p.Channels, c) }) {
			t.Errorf("%s: no set-up uses %s", p.Name, place)
		}
	}
}
