package catalog

import (
	"slices"
	"strings"
	"testing"
)

// TestRenewals holds which versions take up a renewed pair by themselves, by the switch that they need: "always" for
// none, "-" for those that read it at their start.
func TestRenewals(t *testing.T) {
	const reload = "ssl.certificate_reload.enabled"
	for _, test := range []struct {
		name    string
		all     []Renewal
		version string
		want    string
	}{
		{"a Beat", beatRenewals(), "8.19.5", "-"},
		{"before there was a switch", beatRenewals(), "9.3.5", "-"},
		{"the first with it", beatRenewals(), "9.3.6", reload},
		{"a branch without it", beatRenewals(), "9.4.0", "-"},
		{"on by itself", beatRenewals(), "9.5.0", reload + " by itself"},
		{"and later", beatRenewals(), "10.0.0", reload + " by itself"},
		{"a version that nothing tells", beatRenewals(), "latest", "-"},
		{"Logstash", logstashRenewals(), "9.4.9", "-"},
		{"Logstash that can", logstashRenewals(), "9.5.0", "config.reload.automatic ssl.reload.automatic"},
		{"a client in Python", pythonRenewals(), "latest", "always"},
		{"since a version", anew(Version{1, 4, 2}, ""), "1.4.1", "-"},
		{"in it", anew(Version{1, 4, 2}, ""), "1.4.2", "always"},
		{"until a version that nothing tells", []Renewal{{Until: Version{2, 0, 0}}}, "latest", "-"},
		{"until a version", []Renewal{{Until: Version{2, 0, 0}}}, "1.99.0", "always"},
		{"a node", ServerRenewals(Elasticsearch), "7.17.0", "always"},
		{"Kibana", ServerRenewals(Kibana), "9.5.0", "-"},
	} {
		r, ok := RenewalOf(test.all, ParseVersion(test.version))
		got := strings.Join(r.Switches, " ")
		switch {
		case !ok:
			got = "-"
		case len(r.Switches) == 0:
			got = "always"
		case r.Default:
			got += " by itself"
		}
		if got != test.want {
			t.Errorf("%s: %s: got %s, want %s", test.name, test.version, got, test.want)
		}
	}
}

// TestValues holds what Elasticsearch takes for a value, by the kind of its setting and its bounds.
func TestValues(t *testing.T) {
	for _, test := range []struct{ kind, takes, refuses string }{
		{"bool", "true|false", "True|yes|1|"},
		{"int:0:10", "0|+7|10", "-1|11|1.5|ten|"},
		{"long", "9223372036854775807|-1", "9223372036854775808|0x1"},
		{"number:0:", "0|1.5|.5|1e3|2f| 1 |NaN|Infinity", "-1|one|1.2.3|"},
		{"number", "-1|-.5", "-"},
		{"ports", "9200|9200-9300| 9200 - 9300|9200,x", "92OO|9300-9200|65536|-1|"},
		{"time:1000:60000", "1s|60 S|1m|1000ms", "999ms|2m|1M|30|0|1.5s|-2s"},
		{"time", "0|-1|5d|100nanos|3micros|1h", "5|five s|-2ms"},
		{"bytes::1048576", "1mb|1 KB|512b|0|-1|0.5mb", "2mb|512|-2b|0.5b|-0.5mb|many"},
		{"memory", "512mb|10%|100%|0%", "101%|-1%|10|ten%"},
		{"share", "85%|0.85|1|200gb|0", "1.5|110%|85 %%|most"},
		{"words:all|none", "all|ALL|none", "some|"},
	} {
		r := Registered{kinds: []string{test.kind}}
		for _, text := range strings.Split(test.takes, "|") {
			if takes, refused := r.Refuses(text); refused {
				t.Errorf("%s: %q is refused: %s", test.kind, text, takes)
			}
		}
		for _, text := range strings.Split(test.refuses, "|") {
			if takes, refused := r.Refuses(text); !refused || takes == "" {
				t.Errorf("%s: %q is taken", test.kind, text)
			}
		}
	}
	for bounds, want := range map[string]string{"1000:60000": ", from 1000ms to 60000ms", "1:": ", at least 1ms", ":5": ", at most 5ms"} {
		if takes, _ := (Registered{kinds: []string{"time:" + bounds}}).Refuses("x"); !strings.HasSuffix(takes, want) {
			t.Errorf("%s: %q, want %q", bounds, takes, want)
		}
	}
}

// TestJDKOptions holds what the JDK makes of an option behind others.
func TestJDKOptions(t *testing.T) {
	for _, test := range []struct {
		options string
		want    JDKOption
	}{
		{"-Xmx2g", TakenByJDK}, {"-Xmaybe", UnknownToJDK}, {"-Dname=value", TakenByJDK},
		{"-XX:+AggressiveHeap", TakenByJDK}, {"-XX:AggressiveHeap=true", RefusedByJDK}, {"-XX:+AggressiveHeapp", UnknownToJDK},
		{"-XX:ActiveProcessorCount=2", TakenByJDK}, {"-XX:ActiveProcessorCount=two", RefusedByJDK}, {"-XX:+ActiveProcessorCount", RefusedByJDK},
		{"-XX:ActiveProcessorCount", RefusedByJDK}, {"-XX:AllocateHeapAt=/dev/a b", TakenByJDK},
		{"-XX:+AggressiveUnboxing", RefusedByJDK}, {"-XX:+UnlockDiagnosticVMOptions -XX:+AggressiveUnboxing", TakenByJDK},
		{"-XX:+UnlockExperimentalVMOptions -XX:+AggressiveUnboxing", RefusedByJDK}, {"-XX:+UnlockDiagnosticVMOptions", TakenByJDK},
	} {
		options := strings.Split(test.options, " -")
		for i := range options[1:] {
			options[i+1] = "-" + options[i+1]
		}
		last := len(options) - 1
		if got := OptionOfJDK(options[last], options[:last]); got != test.want {
			t.Errorf("%s: got %d, want %d", test.options, got, test.want)
		}
	}
}

// TestRuntimes holds what the descriptions of runtimes say in messages, and what all of them have.
func TestRuntimes(t *testing.T) {
	for _, test := range []struct {
		runtime    Runtime
		name, keys string
		anchors    Anchors
	}{
		{Go(), "Go", " (RSA, EC, Ed25519 in PKCS#8, PKCS#1, SEC 1)", AnyAnchor},
		{Node(), "Node", " (RSA, EC, Ed25519 in PKCS#8, PKCS#1, SEC 1)", RootAnchor},
		{JRuby(), "Logstash", " (RSA in PKCS#8)", AnyAnchor},
		{Java(), "Elasticsearch", " (RSA, EC in PKCS#8, PKCS#1, SEC 1)", AnyAnchor},
		{Curl(), "curl", " (RSA, EC, Ed25519 in PKCS#8, PKCS#1, SEC 1)", AnyAnchor},
		{Wget(), "Wget", " (RSA, EC, Ed25519 in PKCS#8, PKCS#1, SEC 1)", AnchorsUnknown},
		{Runtime{}, "", "", AnchorsUnknown},
	} {
		if r := test.runtime; r.Name != test.name || r.Keys.String() != test.keys || r.Anchors != test.anchors {
			t.Errorf("%s: got %q, keys%s, anchors %d", test.name, r.Name, r.Keys, r.Anchors)
		}
	}
	for file, want := range map[string]bool{
		"/etc/ssl/certs/ca-certificates.crt": true, "/etc/pki/tls/../ca.pem": true, "/etc/ssl": true, "/etc/sslx/ca.pem": false, "/certs/ca.pem": false,
	} {
		if OfSystem(file) != want {
			t.Errorf("%s: an image may bring it: %t", file, !want)
		}
	}
}

// TestWithoutPEM holds which images are known to take no certificate in PEM files, by how their names end.
func TestWithoutPEM(t *testing.T) {
	for image, want := range map[string]App{
		"camunda/zeebe:8.6": "Camunda", "registry:5000/mirror/camunda/camunda": "Camunda", "opencti/platform@sha256:00": "OpenCTI",
		"mycamunda/zeebe:8": "", "zeebe:8": "", "opencti/worker:6": "", "": "",
	} {
		got, ok := WithoutPEM(image)
		if got.App != want || ok != (want != "") || ok && (got.Takes == "" || got.Do == "") {
			t.Errorf("%s: %+v, %t", image, got, ok)
		}
	}
}

// TestSigns holds which variables and mounts tell whose image a container has.
func TestSigns(t *testing.T) {
	for _, test := range []struct {
		layout                       Layout
		vars, others, mounts, unlike string
	}{
		{elasticElasticsearch(), "cluster.name ES_SETTING_NODE_NAME xpack.security.enabled", "ELASTICSEARCH_HOSTS CLUSTER_NAME path.data",
			"/usr/share/elasticsearch/data /usr/share/elasticsearch/config/certs", "/usr/share/kibana/data /usr/share/elasticsearch"},
		{elasticKibana(), "ELASTICSEARCH_HOSTS ELASTICSEARCH_SSL_CERTIFICATE", "ELASTICSEARCH_URL KIBANA_PASSWORD",
			"/usr/share/kibana/data /usr/share/kibana/config/kibana.yml", "/usr/share/kibana /usr/share/elasticsearch/data"},
		{bitnamiElasticsearch(), "ELASTICSEARCH_CLUSTER_NAME ELASTICSEARCH_ENABLE_SECURITY", "ELASTICSEARCH_HOSTS cluster.name",
			"/bitnami/elasticsearch /opt/bitnami/elasticsearch/config/certs", "/bitnami/kibana /bitnami"},
		{bitnamiKibana(), "KIBANA_ELASTICSEARCH_URL", "KIBANA_PASSWORD ELASTICSEARCH_HOSTS",
			"/bitnami/kibana/conf /opt/bitnami/kibana", "/bitnami/elasticsearch /opt/bitnami"},
	} {
		l := test.layout
		for text, want := range map[string]bool{test.vars: true, test.others: false} {
			for _, name := range strings.Fields(text) {
				if l.Vars(name) != want {
					t.Errorf("%s: the variable %s is a sign: %t", l.Name, name, !want)
				}
			}
		}
		for text, want := range map[string]bool{test.mounts: true, test.unlike: false} {
			for _, file := range strings.Fields(text) {
				if l.Mounts(file, l.Folder) != want {
					t.Errorf("%s: the mount %s is a sign: %t", l.Name, file, !want)
				}
			}
		}
	}
	for l, file := range map[*Layout]string{
		{Folder: "/a", Files: []File{{Path: "b.yml"}}}:    "/a/b.yml",
		{Folder: "/a", Files: []File{{Path: "/c/b.yml"}}}: "/c/b.yml",
	} {
		if l.File() != file {
			t.Errorf("got %s, want %s", l.File(), file)
		}
	}
	own := elasticElasticsearch().Own
	if !own("xpack.security.http.ssl.key") || !own("ES_SETTING_XPACK_SECURITY_TRANSPORT_SSL_KEY") || own("xpack.security.enabled") || own("HTTP_PORT") {
		t.Error("the settings of both layers are those of no other application")
	}
	if got := Wrappers(Elasticsearch); !slices.Equal(got, []string{"entrypoint.sh", "docker-entrypoint.sh"}) {
		t.Errorf("entry scripts: %v", got)
	}
}

// TestSettingNames holds how the names of settings are made, and that no setting with a name is left out.
func TestSettingNames(t *testing.T) {
	own := OwnInit()
	flags := own.Line.Renamed(own.Flag)
	if flags.CA != "--ca" || flags.Hosts[0] != "--elasticsearch-url" || flags.Store != "" || flags.Credentials[1] != "--password-file" || dashed("e") != "-e" {
		t.Errorf("our own flags: %+v", flags)
	}
	for _, p := range All() {
		for _, place := range p.Places {
			names := place.Names()
			renamed := place.Renamed(func(s string) string { return "x." + s }).Names()
			for i := range names {
				if len(renamed) != len(names) || renamed[i] != "x."+names[i] {
					t.Errorf("%s: %v is renamed to %v", p.App, names, renamed)
					break
				}
			}
		}
	}
	if c := KibanaConnection(); c.Name("hosts") != "elasticsearch.hosts" {
		t.Errorf("got %s", c.Name("hosts"))
	}
	for name, want := range map[string]bool{
		"ssl.certificate": true, "ssl.keystore.path": true, "customHeaders": true, "customHeaders.x": true, "ssl.certificat": false, "url": false, "hostsx": false,
	} {
		if KibanaKnows(name) != want {
			t.Errorf("Kibana knows %s: %t", name, !want)
		}
	}
	for _, name := range KibanaConnection().Names() {
		if !KibanaKnows(name) {
			t.Errorf("Kibana does not know %s, which the description of its connection has", name)
		}
	}
}

// TestVerify holds which values turn verification off, and with which a program does not start.
func TestVerify(t *testing.T) {
	v := beatSettings().Verify
	for value, want := range map[string][2]bool{
		"none": {true, true}, "None": {true, true}, "full": {false, true}, "strict": {false, true}, "certificate": {false, true}, "most": {false, false}, "": {false, false},
	} {
		if got := [2]bool{v.IsOff(value), v.Takes(value)}; got != want {
			t.Errorf("%q: off, taken: %v, want %v", value, got, want)
		}
	}
	if !(Verify{}).Takes("anything") {
		t.Error("without a list of values any is taken")
	}
	if Single(Filebeat) != "output" || Single(Agent) != "" || EntrySwitch("output", "logstash") != "output.logstash.enabled" {
		t.Error("a Beat has one output, which can be switched off; Elastic Agent may have several")
	}
}
