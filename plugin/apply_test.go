package plugin

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

func TestDifferingWords(t *testing.T) {
	a, b := differingWords(`curl -u elastic:s3cret http://a:1 x`, `curl -u elastic:s3cret https://a:1 x`)
	if a != "http://a:1" || b != "https://a:1" {
		t.Errorf("got %q and %q", a, b)
	}
}

func TestWithoutCredentials(t *testing.T) {
	for text, want := range map[string]string{
		"--es.uri=https://elastic:s3cret@es:9200": "--es.uri=https://…@es:9200",
		"https://es:9200 mail@example.org":        "https://es:9200 mail@example.org",
		`["https://u:p@a","https://u:p@b"]`:       `["https://…@a","https://…@b"]`,
		"plain":                                   "plain",
	} {
		if got := withoutCredentials(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestNoSecretInADiff holds that a password which leaves the manifests does not stand in what is said about that.
func TestNoSecretInADiff(t *testing.T) {
	stream := strings.Replace(console, "        - name: ELASTICSEARCH_SERVICEACCOUNTTOKEN\n          valueFrom: {secretKeyRef: {name: by-hand, key: value}}\n",
		"        - {name: ELASTICSEARCH_USERNAME, value: kibana_system}\n        - {name: ELASTICSEARCH_PASSWORD, value: hunter2}\n", 1)
	s := realSettings(config.ModeCertToken, config.Required)
	s.Certificates.Clients = []config.Client{{Ref: "Deployment/console", SecretName: "console-pki"}}
	s.Kibana.Login = config.ReplaceLogin
	_, outcome, err := transform([]byte(stream), s)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := outcome.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if said := outcome.Diff() + outcome.Unified() + outcome.Markdown() + string(asJSON); strings.Contains(said, "hunter2") || !strings.Contains(said, "{name: ELASTICSEARCH_PASSWORD, value: …}") {
		t.Errorf("got\n%s", said)
	}
}
