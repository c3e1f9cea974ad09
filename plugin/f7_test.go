package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestF7 holds that certificates.secretName changes the CA that the node's own calls by curl name, or is an error.
func TestF7(t *testing.T) {
	const fresh = "/usr/share/elasticsearch/config/elk-mtls/ca.crt"
	probe := func(kind, command string) string {
		return strings.Replace(mentionServer, "readinessProbe: {tcpSocket: {port: 9200}}", kind+": {exec: {command: "+command+"}}", 1)
	}
	for _, c := range []struct{ name, stream, becomes, refused string }{
		{"in a script", probe("readinessProbe", `[sh, -c, "curl -s --cacert /usr/share/elasticsearch/config/certs/ca.crt https://localhost:9200 | grep -q x"]`),
			"curl -s --cacert " + fresh + " https://localhost:9200 | grep -q x", ""},
		{"relative, and twice", probe("livenessProbe", `[sh, -c, "curl --cacert 'config/certs/ca.crt' https://localhost:9200/a && curl --cacert config/certs/ca.crt https://localhost:9200"]`),
			"curl --cacert '" + fresh + "' https://localhost:9200/a && curl --cacert " + fresh + " https://localhost:9200", ""},
		{"as words", probe("startupProbe", `[curl, --cacert, /usr/share/elasticsearch/config/certs/ca.crt, "https://localhost:9200"]`),
			"--cacert, " + fresh + ",", ""},
		{"unchecked", probe("readinessProbe", `[curl, -k, --cacert, /usr/share/elasticsearch/config/certs/ca.crt, "https://localhost:9200"]`),
			"-k, --cacert, /usr/share/elasticsearch/config/certs/ca.crt,", ""},
		{"in a script that others read", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata:\n  up.sh: |\n    curl --cacert /usr/share/elasticsearch/config/certs/ca.crt https://localhost:9200\n---\n" +
			strings.NewReplacer("volumeMounts: [", "volumeMounts: [{name: s, mountPath: /s}, ", "volumes: [", "volumes: [{name: s, configMap: {name: s}}, ").Replace(probe("readinessProbe", `[sh, /s/up.sh]`)),
			"", "names a CA for curl (--cacert)"},
	} {
		for _, mode := range []string{config.ModeToken, config.ModeCertToken} {
			t.Run(c.name+"/"+mode, func(t *testing.T) {
				stage := config.Required
				if mode == config.ModeToken {
					stage = config.None
				}
				s := realSettings(mode, stage)
				s.Certificates.SecretName = ownPair
				output, _, err := transform([]byte(c.stream), s)
				if c.refused != "" {
					if err == nil || !strings.Contains(err.Error(), c.refused) {
						t.Errorf("got %v\n%s", err, output)
					}
					return
				}
				if err != nil || !strings.Contains(string(output), c.becomes) {
					t.Fatalf("no %q: %v\n%s", c.becomes, err, output)
				}
				twiceIsOnce(t, output, s)
				if g := verified(t, output, s); g.Verdict == verify.NotProven {
					t.Error(g.Text())
				}
			})
		}
	}
}
