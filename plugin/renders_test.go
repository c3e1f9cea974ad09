package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// renders gives the folder with renderings of real charts, which are not part of the project.
func renders(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ELK_MTLS_RENDERS")
	if dir == "" {
		dir = "../../shared/renders"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("LEFT OUT: no renderings of real charts in %s; name their folder in ELK_MTLS_RENDERS", dir)
	}
	return dir
}

// inScope are the renderings of charts with PEM certificates: they are patched without a configuration.
var inScope = []string{
	"elasticsearch-8.5.1-default.yaml",
	"elasticsearch-8.5.1-multi-master.yaml",
	"elasticsearch-8.5.1-multi-data.yaml",
	"elasticsearch-8.5.1-networkpolicy.yaml",
	"elasticsearch-8.5.1-esconfig-nested.yaml",
	"elasticsearch-8.5.1-esconfig-nested.helm4-stream.yaml",
	"kibana-8.5.1-default.yaml",
	"kibana-8.5.1-default.helm4-stream.yaml",
	"kibana-8.5.1-security.yaml",
	"bitnami-elasticsearch-22.1.7-security-kibana-metrics.yaml",
}

func realSettings(mode, stage string) config.Settings {
	s := config.Settings{Mode: mode, ClientAuthentication: stage, Hooks: "off"}
	s.InitContainer.Image = testImage
	s.Minter.SecretName = "token-minter"
	return s.WithDefaults()
}

// answered gives the settings that a rendering asks for: of one, the CA file shows no key pair for clients; of another, an Ingress leads to
// the nodes.
func answered(name string, s config.Settings) config.Settings {
	if strings.HasPrefix(name, "elasticsearch-8.5.1-esconfig-nested") {
		s.Unmanaged = []config.Unmanaged{{Ref: "Ingress/logs-master", Reason: "its controller presents a certificate"}}
	}
	if name == "kibana-8.5.1-security.yaml" {
		s.Certificates.Clients = []config.Client{{Ref: "Deployment/helm-kibana-security-kibana", SecretName: "kibana-client"}}
	}
	return s
}

// withoutHooks is what Helm 3 hands to a post-renderer.
func withoutHooks(t *testing.T, stream []byte) []byte {
	t.Helper()
	s, err := manifest.Split(stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range s.Documents() {
		objects, err := object.In(doc)
		if err == nil && len(objects) == 1 && objects[0].Hook != "" {
			s.Remove(doc)
		}
	}
	rest, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return rest
}

// TestOtherApplications holds that what is neither Elasticsearch nor Kibana is patched, passes byte for byte, or is refused with what
// to do; alone, where any Elasticsearch may be meant.
func TestOtherApplications(t *testing.T) {
	dir := renders(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	settings := realSettings(config.ModeCertToken, config.Required)
	settings.Certificates.SecretName = "certs"
	refused := map[string]string{
		"stable-elasticsearch-curator-2.2.3-https.yaml": `client.ssl_no_validate is "True"`,
		"logstash-8.5.1-pipelines.yaml":                 "input.elasticsearch[0] cannot present a certificate in this version of Logstash",
		"stable-kibana-3.2.8.yaml":                      `image "kibana-oss" has no security features`,
	}
	checked := 0
	for _, file := range files {
		name := filepath.Base(file)
		if isServer(name) {
			continue
		}
		checked++
		t.Run(name, func(t *testing.T) {
			input := read(t, file)
			output, outcome, err := transform(input, settings)
			if want := refused[name]; want != "" {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("want a refusal with %q, got %v", want, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			onlyReported(t, input, output, outcome)
			twiceIsOnce(t, output, settings)
		})
	}
	if checked < 20 {
		t.Errorf("only %d renderings of other applications were found", checked)
	}
}

// isServer holds for renderings that hold Elasticsearch or Kibana: patched, or refused.
func isServer(name string) bool {
	for _, prefix := range []string{"elasticsearch-", "kibana-", "elk-umbrella-", "bitnami-elasticsearch-", "bitnami-kibana-", "eck-stack-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// TestServersOutOfScope holds that Elasticsearch and Kibana as other charts deploy them never pass as if they were secured.
func TestServersOutOfScope(t *testing.T) {
	dir := renders(t)
	for name, want := range map[string]string{
		"elasticsearch-7.17.3-default.yaml":         "http.ssl.enabled must be true and is set nowhere",
		"elasticsearch-7.17.3-security.yaml":        "name a Secret with a PEM key pair that the store trusts",
		"elasticsearch-8.5.1-security-p12.yaml":     "name a Secret with a PEM key pair that the store trusts",
		"kibana-7.17.3-default.yaml":                "plain HTTP knows no certificates",
		"bitnami-elasticsearch-22.1.7-default.yaml": "http.ssl.enabled must be true and is set nowhere",
		"bitnami-elasticsearch-21.6.3-jks.yaml":     "name a Secret with a PEM key pair that the store trusts",
		"bitnami-kibana-12.1.11-plain.yaml":         "plain HTTP knows no certificates",
		"eck-stack-0.21.0-default.yaml":             "custom resource of ECK",
	} {
		t.Run(name, func(t *testing.T) {
			output, _, err := transform(read(t, filepath.Join(dir, name)), realSettings(config.ModeCertToken, config.Required))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("want a refusal with %q, got %v", want, err)
			}
			if output != nil {
				t.Error("a refusal comes with output")
			}
		})
	}
}

// TestECKRenderings holds that resources of ECK pass byte for byte until certificates are required.
func TestECKRenderings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(renders(t), "eck-stack-*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no renderings of ECK: %v", err)
	}
	for _, file := range files {
		input := read(t, file)
		for _, s := range []config.Settings{
			realSettings(config.ModeToken, config.None), realSettings(config.ModeCertToken, config.None), realSettings(config.ModeCertToken, config.Optional),
		} {
			t.Run(strings.Join([]string{filepath.Base(file), s.Mode, s.ClientAuthentication}, "/"), func(t *testing.T) {
				output, outcome, err := transform(input, s)
				if err != nil || !bytes.Equal(input, output) {
					t.Fatalf("it does not pass as it is (%v)", err)
				}
				if !strings.Contains(outcome.Text(), "custom resource of ECK") {
					t.Errorf("the report does not say why:\n%s", outcome.Text())
				}
			})
		}
	}
}

// TestUmbrellaReport holds that all six charts at once give a report that fits on one screen.
func TestUmbrellaReport(t *testing.T) {
	_, outcome, err := transform(read(t, filepath.Join(renders(t), "elk-umbrella-8.5.1-default.yaml")), realSettings(config.ModeCertToken, config.Required))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(outcome.Text(), "\n"); n > 40 || len(outcome.Todo) > 0 {
		t.Errorf("%d lines, %d of them to do:\n%s", n, len(outcome.Todo), outcome.Text())
	}
}
