package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

func TestSettings(t *testing.T) {
	file := "elasticsearch:\n  hosts: [https://a:9200, https://b:9200]\nserver.host: 0.0.0.0\nelasticsearch.ssl.certificate: /from/file\n"
	s, err := read([]byte(file), []string{
		"ELASTICSEARCH_SSL_CERTIFICATE=/from/environment", "ELASTICSEARCH_SERVICEACCOUNTTOKEN=t", "ELASTICSEARCH_USERNAME=",
		"ELASTICSEARCH_MASTER_PORT=tcp://10.96.0.7:9200", // a Service of that name
	})
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		"elasticsearch.hosts": "https://a:9200,https://b:9200", "server.host": "0.0.0.0",
		"elasticsearch.ssl.certificate": "/from/environment", "elasticsearch.serviceAccountToken": "t",
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	ca := pki.NewCA("ca")
	leaf := ca.Leaf(pki.Options{CN: "kibana"})
	for name, content := range map[string][]byte{"ca.crt": ca.Cert, "tls.crt": leaf.Cert, "tls.key": leaf.Key, "empty": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := settings{
		"elasticsearch.hosts": "https://es:9200", "elasticsearch.serviceAccountToken": "t",
		"elasticsearch.ssl.certificateAuthorities": dir + "/ca.crt",
		"elasticsearch.ssl.certificate":            dir + "/tls.crt", "elasticsearch.ssl.key": dir + "/tls.key",
	}
	if _, err := start(good); err != nil {
		t.Fatalf("good settings: %v", err)
	}
	for _, test := range []struct{ name, setting, value, want string }{
		{"a token beside a user name", "username", "kibana_system", `when "username" is also set`},
		{"a certificate without a key", "ssl.key", "", "one without the other"},
		{"a key without a certificate", "ssl.certificate", "", "one without the other"},
		{"a certificate that is not there", "ssl.certificate", "/nowhere/tls.crt", "/nowhere/tls.crt: no such file"},
		{"a CA that is not there", "ssl.certificateAuthorities", "/nowhere/ca.crt", "/nowhere/ca.crt: no such file"},
		{"a CA file without a certificate", "ssl.certificateAuthorities", dir + "/empty", "holds no certificate"},
		{"no credentials", "serviceAccountToken", "", "neither is set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := settings{}
			for name, value := range good {
				s[name] = value
			}
			s["elasticsearch."+test.setting] = test.value
			if _, err := start(s); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
