package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestOutputsOfABeat holds that a Beat with two outputs is refused wherever its manifests are changed: it does not start. verify says so too.
func TestOutputsOfABeat(t *testing.T) {
	const ours = "output.elasticsearch.hosts: [\"https://search:9200\"]\n"
	for _, test := range []struct {
		name, settings, refused string
	}{
		{"another one", ours + "output.logstash.hosts: [a:5044]", "(elasticsearch, logstash)"},
		{"nested", "output: {elasticsearch: {hosts: [\"https://search:9200\"]}, file.path: /a}", "(elasticsearch, file)"},
		{"one that is off", ours + "output.logstash: {hosts: [a:5044], enabled: false}", ""},
		{"one that is off, dotted", ours + "output.logstash: {hosts: [a:5044]}\noutput.logstash.enabled: false", ""},
		{"one that may be off", ours + "output.logstash: {hosts: [a:5044], enabled: \"${PERHAPS}\"}", ""},
		{"one without settings", ours + "output.console:", ""},
	} {
		for _, w := range agreementModes {
			t.Run(test.name+"/"+w.mode+" "+w.stage, func(t *testing.T) {
				input := strings.Replace(filebeatOf("a", test.settings), "        volumeMounts:",
					"        env: [{name: PERHAPS, valueFrom: {secretKeyRef: {name: x, key: y}}}]\n        volumeMounts:", 1) + "---\n" + mentionServer
				s := realSettings(w.mode, w.stage)
				s.Password.SecretName = "login"
				output, _, err := transform([]byte(input), s)
				switch {
				case test.refused == "" || !s.Certs():
					if err != nil {
						t.Fatal(err)
					}
				case err == nil || !strings.Contains(err.Error(), "several outputs that are enabled "+test.refused):
					t.Fatalf("refused with %v, want %q", err, test.refused)
				}
				if err != nil || !s.Certs() {
					return
				}
				if g := verified(t, output, s); g.Verdict == verify.NotProven {
					t.Error(g.Text())
				}
			})
		}
	}
}
