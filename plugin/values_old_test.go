package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestP4OldServers holds that a server that cannot be secured does not pass in silence where certificates are required.
func TestP4OldServers(t *testing.T) {
	const stream = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: old}\nspec: {template: {spec: {containers: [{name: c, image: IMAGE, env: [ENV]}]}}}\n"
	for image, why := range map[string]string{
		"elasticsearch/elasticsearch:6.8.23":     "of version 6.8.23 is older than 7",
		"elasticsearch/elasticsearch-oss:7.10.2": "has no security features",
		"kibana/kibana:6.8.23":                   "of version 6.8.23 is older than 7",
		"kibana/kibana-oss:7.10.2":               "has no security features",
	} {
		env := `{name: ELASTICSEARCH_HOSTS, value: "https://search:9200"}`
		if strings.HasPrefix(image, "elastic") {
			env = "{name: cluster.name, value: old}"
		}
		input := []byte(strings.NewReplacer("IMAGE", "docker.elastic.co/"+image, "ENV", env).Replace(stream))
		t.Run(image, func(t *testing.T) {
			settings := realSettings(config.ModeCertToken, config.Required)
			if _, _, err := transform(input, settings); err == nil || !strings.HasPrefix(err.Error(), "Deployment/old: image ") || !strings.Contains(err.Error(), why) {
				t.Errorf("got %v", err)
			}
			if g := verified(t, input, settings); g.Verdict != verify.NotProven || !strings.Contains(g.Text(), why) {
				t.Error(g.Text())
			}
			settings.Unmanaged = []config.Unmanaged{{Ref: "Deployment/old", Reason: "goes soon"}}
			if output, _, err := transform(input, settings); err != nil || string(output) != string(input) {
				t.Errorf("listed: %v\n%s", err, output)
			}
			settings = realSettings(config.ModeCertToken, config.Optional)
			if output, outcome, err := transform(input, settings); err != nil || string(output) != string(input) || !strings.Contains(outcome.Text(), why) {
				t.Errorf("optional: %v\n%s", err, output)
			}
			want := verify.NotProven // nothing tells whether it has TLS
			if strings.HasPrefix(image, "kibana") {
				want = verify.ProvenIf
			}
			for _, stage := range []string{config.Optional, config.None} {
				if g := verified(t, input, realSettings(config.ModeCertToken, stage)); g.Verdict != want || !strings.Contains(g.Text(), why) {
					t.Errorf("%s: expected %s\n%s", stage, want, g.Text())
				}
			}
		})
	}
}

// TestANodeInAnImageOfOnesOwn holds that a node is known by the settings that no other program has, whatever its image is called.
func TestANodeInAnImageOfOnesOwn(t *testing.T) {
	stream := strings.Replace(mentionServer, "docker.elastic.co/elasticsearch/elasticsearch", "registry.example/search", 1)
	s := realSettings(config.ModeCertToken, config.Required)
	output := mustTransform(t, []byte(stream), s)
	if !strings.Contains(string(output), "client_authentication") {
		t.Errorf("it passes as it is:\n%s", output)
	}
	nameless := strings.NewReplacer("- name: elasticsearch", "- name: main", "/usr/share/elasticsearch/config/certs", "/srv/certs", "value: certs/", "value: /srv/certs/").Replace(stream)
	if strings.Contains(nameless, "elasticsearch") {
		t.Fatal(nameless)
	}
	for _, text := range []string{nameless, strings.ReplaceAll(nameless, "xpack.security.http.ssl.enabled", "ES_SETTING_XPACK_SECURITY_HTTP_SSL_ENABLED")} {
		if output, _, err := transform([]byte(text), s); err == nil && string(output) == text {
			t.Errorf("it passes as it is:\n%s", output)
		}
	}
	noTLS := strings.NewReplacer("xpack.security.http.ssl.", "some.other.", "xpack.security.enabled", "cluster.name", "/usr/share/elasticsearch/config", "/tls").Replace(stream)
	if output := mustTransform(t, []byte(noTLS), s); string(output) != noTLS {
		t.Errorf("what may be another program is changed:\n%s", output)
	}
}
