package plan

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// Kibana's own settings against what is asked for: what does not go together is refused by the name of the setting.
func TestWhatKibanaCannotKeep(t *testing.T) {
	const env = "        env:\n"
	variable := func(name, value string) [2]string {
		return [2]string{env, env + "          - name: " + name + "\n            value: " + value + "\n"}
	}
	const (
		authorities = "/usr/share/kibana/config/certs/bundle.pem"
		pair        = "ELASTICSEARCH_SSL_CERTIFICATE"
	)
	hosts := `hosts: ["https://es-0.logging.svc:9200", "https://es-1.logging.svc:9200"]`
	for _, c := range []struct {
		name    string
		instead [][2]string
		asked   func(s *config.Settings)
		code    problem.Code // "" where it is planned
		field   string
		says    string
	}{
		{name: "as it is"},
		{name: "a stage before the last one", asked: func(s *config.Settings) { s.ClientAuthentication = config.Optional },
			instead: [][2]string{variable("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", `"false"`)}},
		{name: "it never presents its certificate", code: problem.InTheWay, field: kibanaAlwaysPresent,
			instead: [][2]string{variable("ELASTICSEARCH_SSL_ALWAYSPRESENTCERTIFICATE", `"false"`)},
			says:    "every request of a user is refused"},
		{name: "a store", code: problem.Stores, field: "elasticsearch.ssl.truststore.path",
			instead: [][2]string{variable("ELASTICSEARCH_SSL_TRUSTSTORE_PATH", "/usr/share/kibana/config/certs/ca.p12")}},
		{name: "plain HTTP", code: problem.PlainHTTP, instead: [][2]string{{hosts, `hosts: ["http://es-0.logging.svc:9200"]`}},
			says: `"http://es-0.logging.svc:9200"`},
		{name: "plain HTTP, and a key pair that is named", instead: [][2]string{{hosts, `hosts: ["http://es-0.logging.svc:9200"]`}},
			asked: func(s *config.Settings) { s.Certificates.SecretName = "corporate-pem" }},
		{name: "a password in the address", code: problem.NoAddress, says: "user name or password",
			instead: [][2]string{{hosts, `hosts: ["https://elastic:secret@es-0.logging.svc:9200"]`}}},
		{name: "a list as one text", code: problem.NoAddress, says: "one text with a comma",
			instead: [][2]string{{hosts, `hosts: "https://es-0.logging.svc:9200,https://es-1.logging.svc:9200"`}}},
		{name: "no address", code: problem.NoAddress, instead: [][2]string{{hosts, "requestTimeout: 30000"}}, says: "cannot be read"},
		{name: "no address, and one that is named", instead: [][2]string{{hosts, "requestTimeout: 30000"}},
			asked: func(s *config.Settings) { s.Elasticsearch.URL = "https://es-0.logging.svc:9200" }},
		{name: "no CA", code: problem.NoPair, field: kibanaCAs, says: "would not know whom to trust",
			instead: [][2]string{{"ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES", "SERVER_NAME"}}},
		{name: "a CA that nothing mounts", code: problem.NoPair, field: kibanaCAs, says: "is mounted there",
			instead: [][2]string{{`"` + authorities + `"`, "/tmp/ca.pem"}}},
		{name: "a certificate without its key", code: problem.Incomplete, field: kibanaCert,
			instead: [][2]string{variable(pair, authorities)}, says: "without " + kibanaKey},
		{name: "a key without its certificate", code: problem.Incomplete, field: kibanaKey,
			instead: [][2]string{variable("ELASTICSEARCH_SSL_KEY", authorities)}, says: "without " + kibanaCert},
		{name: "a pair of its own beside one that is named", code: problem.InTheWay, field: kibanaCert, says: "certificates.clients names",
			instead: [][2]string{variable(pair, authorities), variable("ELASTICSEARCH_SSL_KEY", authorities)}},
		{name: "a pair of its own", asked: func(s *config.Settings) { s.Certificates.Clients = nil },
			instead: [][2]string{variable(pair, authorities), variable("ELASTICSEARCH_SSL_KEY", authorities)}},
		{name: "a pair that nothing mounts", code: problem.NoPair, field: kibanaCert, says: "cannot present the same key pair",
			asked:   func(s *config.Settings) { s.Certificates.Clients = nil },
			instead: [][2]string{variable(pair, "/tmp/tls.crt"), variable("ELASTICSEARCH_SSL_KEY", "/tmp/tls.key")}},
		{name: "a pair in a mode without certificates", code: problem.InTheWay, field: kibanaCert, says: "uses no client certificate",
			asked:   func(s *config.Settings) { s.Mode, s.Certificates.Clients = config.ModeToken, nil },
			instead: [][2]string{variable(pair, authorities), variable("ELASTICSEARCH_SSL_KEY", authorities)}},
		{name: "another verification", code: problem.InTheWay, field: kibanaVerification, says: `certificates.verificationMode "full"`,
			asked: func(s *config.Settings) { s.Certificates.VerificationMode = "full" }},
		{name: "the same verification", asked: func(s *config.Settings) { s.Certificates.VerificationMode = "certificate" }},
		{name: "a pair and a CA of a CSI driver", asked: func(s *config.Settings) { s.Certificates.Clients = nil },
			instead: [][2]string{
				{"secret:\n            secretName: corporate-pem", "csi:\n            driver: csi.cert-manager.io"},
				variable(pair, authorities), variable("ELASTICSEARCH_SSL_KEY", authorities),
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			input := fileOf(t, "kibana-config", "input.yaml")
			for _, r := range c.instead {
				if !strings.Contains(input, r[0]) {
					t.Fatalf("the chart has no %q", r[0])
				}
				input = strings.Replace(input, r[0], r[1], 1)
			}
			s, err := config.Parse([]byte(fileOf(t, "kibana-config", "config.yaml")))
			if err != nil {
				t.Fatal(err)
			}
			s.InitContainer.Image = "registry.example/elk-mtls-init:1.0"
			if c.asked != nil {
				c.asked(&s)
			}
			_, plan, err := planned(t, input, s)
			all := problem.All(err)
			switch {
			case c.code == "" && err != nil:
				t.Errorf("it is refused: %v", err)
			case c.code == "":
				holdReasons(t, plan)
			case len(all) != 1 || all[0].Code != c.code || all[0].Field != c.field || !strings.Contains(all[0].Text, c.says):
				t.Errorf("want %s of %q with %q, got\n%v", c.code, c.field, c.says, err)
			}
		})
	}
}
