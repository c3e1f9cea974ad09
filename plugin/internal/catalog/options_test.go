package catalog

import "testing"

func TestOptionsThatMayChangeTLS(t *testing.T) {
	for _, test := range []struct {
		name    string
		options Options
		text    string
		want    bool
	}{
		{"Node: a version of TLS", nodeOptions(), "--max-old-space-size=2048 --tls-max-v1.1", true},
		{"Node: its memory", nodeOptions(), "--max-old-space-size=2048", false},
		{"Node: an option that nobody knows", nodeOptions(), "--made-up", true},
		{"Node: nothing", nodeOptions(), "", false},
		{"the JDK: a version of TLS", javaOptions(), "-Xmx1g -Djdk.tls.client.protocols=TLSv1", true},
		{"the JDK: a file of options", javaOptions(), "@/etc/options", true},
		{"the JDK: its memory", javaOptions(), "-Xmx1g -Dfile.encoding=UTF-8", false},
		{"OpenSSL: a file", openSSLOptions(), "/etc/openssl.cnf", true},
		{"OpenSSL: nothing", openSSLOptions(), "", false},
		{"Go: TLS", goOptions(), "tls10server=1", true},
		{"Go: memory", goOptions(), "madvdontneed=1", false},
	} {
		if got := test.options.Change(test.text); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
