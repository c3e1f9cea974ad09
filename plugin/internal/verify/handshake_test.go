package verify

import (
	"strings"
	"testing"
)

func TestMeets(t *testing.T) {
	const ecdsa, rsa, suite13 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"
	usual := []int{12, 13}
	of := func(v []int, suites ...string) hello { return hello{versions: v, suites: suites} }
	free := func(v []int, suites ...string) hello { return hello{v, suites, true} }
	for _, test := range []struct {
		name           string
		client, server hello
		kind           string
		want           bool
	}{
		{"all", of(usual), of(usual), "RSA", true},
		{"an old version", of([]int{11}), of(usual), "RSA", false},
		{"one each", of([]int{12}), of([]int{13}), "RSA", false},
		{"a cipher for another key", of(usual, ecdsa), of([]int{12}), "RSA", false},
		{"for this key", of(usual, ecdsa), of([]int{12}), "EC", true},
		{"for a key that is not known", of(usual, ecdsa), of([]int{12}), "", true},
		{"TLS 1.3 needs ciphers of its own", of(usual, ecdsa), of(usual), "RSA", false},
		{"which some libraries do not take from the list", free(usual, ecdsa), of(usual), "RSA", true},
		{"unless the server has none", free(usual, ecdsa), of(usual, rsa), "RSA", false},
		{"in the list", of(usual, ecdsa, suite13), of(usual), "RSA", true},
		{"of another version", of([]int{12}, suite13), of(usual), "RSA", false},
		{"in two spellings", of(usual, "ECDHE-RSA-AES-128-GCM-SHA256"), of(usual, rsa), "RSA", true},
		{"and in a third", of(usual, "ECDHE-RSA-AES128-GCM-SHA256"), of(usual, rsa), "RSA", true},
		{"no cipher in common", of(usual, "ECDHE-RSA-AES-256-GCM-SHA384"), of(usual, rsa), "RSA", false},
		{"those of TLS 1.3, as a Beat has them", of(usual, "TLS-AES-128-GCM-SHA256"), of(usual), "RSA", true},
		{"a cipher that the JDK has no more", of([]int{12}, "RSA-RC4-128-SHA", "ECDHE-RSA-3DES-CBC3-SHA"), of([]int{12}), "RSA", false},
		{"the server's alone", of([]int{12}), of(usual, ecdsa), "RSA", false},
	} {
		if got := meets(test.client, test.server, test.kind); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestCloudAddress(t *testing.T) {
	for id, want := range map[string]string{
		"lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg==":         "https://abc.eu.example.org:443",
		"ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg":               "https://abc.eu.example.org:443",
		"a:b:ZXUuZXhhbXBsZS5vcmc6OTI0MyRhYmM6OTI0NCQ=": "https://abc.eu.example.org:9244",
		"lab:ZXUuZXhhbXBsZS5vcmc6OTI0MyRhYmMk":         "https://abc.eu.example.org:9243",
		"lab:!":                                        "", "lab:ZXU=": "", "": "",
	} {
		if got, ok := cloudAddress(id); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", id, got, ok)
		}
	}
}

// TestSettingsOfConnections holds what other settings of a client make of its addresses, and of its TLS.
func TestSettingsOfConnections(t *testing.T) {
	const hosts, cloud = `hosts: ["https://search:9200"]`, "cloud.id: lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg=="
	beat := func(old, new string) string { return strings.Replace(filebeat(wholeSecret), old, new, 1) }
	logstash := func(more string) string { return strings.Replace(shipped, "ssl_key =>", more+"\n      ssl_key =>", 1) }
	inStore := strings.NewReplacer("SSL_CERTIFICATE,", "SSL_KEYSTORE_PATH,", "/tls/tls.crt", "/tls/client.p12",
		"        - {name: ELASTICSEARCH_SSL_KEY, value: /tls/tls.key}\n", "").Replace(board)
	for _, test := range []struct{ name, program, codes, says string }{
		{"a store that is not shown", inStore, "", "/tls/client.p12 holds a certificate that Elasticsearch trusts"},
		{"one that is none", inStore + secret("pair", "ca.crt", "<path:ca>", "client.p12", "binary"), "EMT026", "is no store"},
		{"one that comes later", inStore + secret("pair", "ca.crt", "<path:ca>", "client.p12", "<path:store>"), "", "/tls/client.p12 holds a certificate"},
		{"a Cloud ID wins", beat("    output.", "    "+cloud+"\n    output."), "", "what it calls, https://abc.eu.example.org:443, is not in these manifests"},
		{"an empty one does not", beat("    output.", "    cloud.id: ''\n    output."), "", ""},
		{"nor one in a variable without a value", beat("    output.", "    cloud.id: ${NOBODY}\n    output."), "", ""},
		{"one that is none", beat("    output.", "    cloud.id: search\n    output."), "EMT031", "cloud.id is no Cloud ID"},
		{"Logstash takes no two", logstash(`cloud_id => "lab:ZXUuZXhhbXBsZS5vcmckYWJjJGRlZg=="`), "EMT031", "does not start with both"},
		{"a Beat reads small letters", beat("https://", "HTTPS://"), "EMT006", `knows no scheme "HTTPS"`},
		{"Kibana is not known to", strings.Replace(board, "https://", "HTTPS://", 1), "", "HTTPS is https to it"},
		{"an old version", beat("ssl: {", "ssl: {supported_protocols: [TLSv1.1], "), "EMT032", "leaves no version of TLS"},
		{"a range", beat("ssl: {", "ssl: {supported_protocols: [TLSv1.0, TLSv1.3], "), "", ""},
		{"which Logstash does not make of it", logstash(`ssl_supported_protocols => ["TLSv1.1"]`), "EMT032", "leaves no version of TLS"},
		{"a version that only a run knows", beat("ssl: {", "ssl: {supported_protocols: ['${TLS}'], "), "", "has a version of TLS, and a cipher, in common with it"},
	} {
		g := judged(t, node{}.String()+test.program, Options{})
		if got := codesOf(g); got != test.codes || !strings.Contains(strings.Join(strings.Fields(g.Text()), " "), test.says) {
			t.Errorf("%s: got %q, expected %q\n%s", test.name, got, test.codes, g.Text())
		}
	}
}
