//go:build elasticsearch || integration

package initcontainer

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/tlsfiles"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// The modes on a real node, which has a PKI realm from the start: on Basic, then on a trial, then on Basic again.
func TestModesOnElasticsearch(t *testing.T) {
	node, ca := realElasticsearch(t, map[string]string{
		"xpack.security.authc.realms.pki.pki1.order":                   "3",
		"xpack.security.authc.realms.pki.pki1.certificate_authorities": "certs/ca.crt",
	}, nil)
	m := &modes{node: node, base: t.TempDir()}
	m.o = m.settings(t, ca)

	t.Run("a user that may mint may do no more", m.leastPrivilege)
	t.Run("cert-token", func(t *testing.T) { m.token(t, config.ModeCertToken) })
	t.Run("doctor", m.doctor)
	t.Run("cert-password", m.password)
	t.Run("pki is refused on Basic", func(t *testing.T) {
		m.fails(t, config.ModePKI, failure.Licence, `the licence is "basic"`)
		if body := m.call(t, http.MethodGet, "/_security/role_mapping", nil); strings.Contains(body, "elk-mtls") {
			t.Errorf("it wrote a mapping: %s", body)
		}
	})
	m.call(t, http.MethodPost, "/_license/start_trial?acknowledge=true", nil)
	t.Run("pki on a trial", m.pki)
	t.Run("pki replaces no mapping of somebody else's", m.foreign)
	t.Run("pki maps one subject and no other", func(t *testing.T) { m.subjects(t, ca) })
	t.Run("doctor sees the realm", m.realm)
	t.Run("pki refuses the node's own pair", func(t *testing.T) {
		own := ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true, ClientAuth: true})
		must(t, node.WriteFile("certs/tls.crt", own.Cert))
		must(t, node.WriteFile("certs/tls.key", own.Key))
		must(t, node.Restart(t.Context(), nil))
		before := m.o.TLS
		defer func() { m.o.TLS = before }()
		m.o.TLS.Cert, m.o.TLS.Key = file(t, m.base, "node.crt", own.Cert), file(t, m.base, "node.key", own.Key)
		m.fails(t, config.ModePKI, failure.ClientCertificate, "the server has the same key")
	})

	// Without client certificates. Elasticsearch does not start with a PKI realm then.
	must(t, node.Restart(t.Context(), map[string]string{
		"xpack.security.http.ssl.client_authentication": "none", "xpack.security.authc.realms.pki.pki1.enabled": "false",
	}))
	m.o.TLS.Cert, m.o.TLS.Key = "", ""
	t.Run("token", func(t *testing.T) { m.token(t, config.ModeToken) })
	t.Run("password", func(t *testing.T) {
		if log, err := m.run(t, config.ModePassword, m.kibana(t)); err != nil {
			t.Errorf("%v\n%s", err, log)
		}
	})
}

type modes struct {
	node *parts.Node
	base string
	o    config.Ensure
}

func (m *modes) settings(t *testing.T, ca *pki.CA) config.Ensure {
	client := ca.Leaf(pki.Options{CN: "kibana", O: "lab", ClientAuth: true})
	var o config.Ensure
	o.URLs, o.Timeout, o.Role = []string{m.node.URL}, 3*time.Minute, config.KibanaSystem
	o.TLS = tlsfiles.Files{
		CA: file(t, m.base, "ca.crt", ca.Cert), Cert: file(t, m.base, "tls.crt", client.Cert), Key: file(t, m.base, "tls.key", client.Key),
		VerificationMode: "full",
	}
	o.UsernameFile, o.PasswordFile = file(t, m.base, "elastic", []byte("elastic")), file(t, m.base, "superuser", []byte(m.node.Password))
	return o
}

func (m *modes) run(t *testing.T, mode string, change func(*config.Ensure)) (string, error) {
	t.Helper()
	o := m.o
	o.Mode = mode
	if change != nil {
		change(&o)
	}
	var log bytes.Buffer
	err := ensureMode(context.Background(), o, edge{
		clock: systemClock(), log: slog.New(slog.NewTextHandler(&log, nil)), stdout: &log, transport: closing(t),
	})
	return log.String(), err
}

func (m *modes) fails(t *testing.T, mode string, cause failure.Cause, text string) {
	t.Helper()
	log, err := m.run(t, mode, nil)
	if failure.Of(err) != cause || !strings.Contains(err.Error(), text) {
		t.Errorf("exit %d (%v), want %d and %q\n%s", failure.Of(err), err, cause, text, log)
	}
}

func (m *modes) call(t *testing.T, method, path string, body any) string {
	t.Helper()
	status, text, err := m.node.Call(t.Context(), method, path, body)
	if err != nil || status >= 300 {
		t.Fatalf("%s %s: %d, %v: %s", method, path, status, err, text)
	}
	return string(text)
}

// minter is the user that SECURITY.md tells to make.
func (m *modes) minter(t *testing.T) func(*config.Ensure) {
	user, password := file(t, m.base, "minter", []byte("minter")), file(t, m.base, "minter-password", []byte(testPassword))
	return func(o *config.Ensure) { o.UsernameFile, o.PasswordFile = user, password }
}

func (m *modes) token(t *testing.T, mode string) {
	out := m.base + "/" + mode + ".yaml"
	for _, want := range []string{"wrote the new token", "the token in the Secret works"} {
		log, err := m.run(t, mode, func(o *config.Ensure) {
			m.minter(t)(o)
			o.SecretOut, o.SecretKey, o.Account, o.AccountName = out, testKey, kibana, kibana.String()
		})
		if err != nil || !strings.Contains(log, want) {
			t.Errorf("%v, want %q\n%s", err, want, log)
		}
	}
}

func (m *modes) leastPrivilege(t *testing.T) {
	log, err := m.run(t, config.ModeCertPassword, func(o *config.Ensure) {
		m.minter(t)(o)
		m.kibana(t)(o)
		o.SetPassword = true
	})
	if failure.Of(err) != failure.Forbidden || !strings.Contains(failure.Hint(err), "manage_security") {
		t.Errorf("set a password: %v\n%s", err, log)
	}
	log, err = m.run(t, config.ModePKI, m.minter(t))
	if failure.Of(err) != failure.Licence { // monitor is enough to ask
		t.Errorf("read the licence: %v\n%s", err, log)
	}
}

func (m *modes) kibana(t *testing.T) func(*config.Ensure) {
	user, password := file(t, m.base, "kibana-user", []byte("kibana_system")), file(t, m.base, "kibana-password", []byte(kibanaPassword))
	return func(o *config.Ensure) { o.KibanaUsernameFile, o.KibanaPasswordFile = user, password }
}

func (m *modes) password(t *testing.T) {
	log, err := m.run(t, config.ModeCertPassword, func(o *config.Ensure) { m.kibana(t)(o); o.Timeout = 5 * time.Second })
	if failure.Of(err) != failure.Unauthorized {
		t.Errorf("before it is set: %v\n%s", err, log)
	}
	log, err = m.run(t, config.ModeCertPassword, func(o *config.Ensure) { m.kibana(t)(o); o.SetPassword = true })
	if err != nil || !strings.Contains(log, "set the password") {
		t.Errorf("with --set-password: %v\n%s", err, log)
	}
	log, err = m.run(t, config.ModeCertPassword, m.kibana(t))
	if err != nil || strings.Contains(log, kibanaPassword) {
		t.Errorf("afterwards: %v\n%s", err, log)
	}
}

func (m *modes) pki(t *testing.T) {
	for _, want := range []string{"wrote the role mapping", "the role mapping is there"} {
		log, err := m.run(t, config.ModePKI, nil)
		if err != nil || !strings.Contains(log, want) || !strings.Contains(log, "the certificate alone has the role") {
			t.Errorf("%v, want %q\n%s", err, want, log)
		}
	}
	log, err := m.run(t, config.ModePKI, m.minter(t))
	if failure.Of(err) != failure.Forbidden || !strings.Contains(failure.Hint(err), "manage_security") {
		t.Errorf("as the minter: %v\n%s", err, log)
	}
}

// foreign: a mapping that somebody else made stays as it is, and both remedies of the error help.
func (m *modes) foreign(t *testing.T) {
	const path = "/_security/role_mapping/theirs"
	named := func(name string) func(*config.Ensure) { return func(o *config.Ensure) { o.RoleMapping = name } }
	m.call(t, http.MethodPut, path, map[string]any{
		"roles": []string{"viewer"}, "enabled": true, "rules": map[string]any{"field": map[string]any{"username": "nobody"}},
	})
	before := m.call(t, http.MethodGet, path, nil)
	log, err := m.run(t, config.ModePKI, named("theirs"))
	if failure.Of(err) != failure.Usage || !strings.Contains(err.Error(), `role mapping "theirs"`) {
		t.Errorf("exit %d: %v\n%s", failure.Of(err), err, log)
	}
	if after := m.call(t, http.MethodGet, path, nil); after != before {
		t.Errorf("it became %s", after)
	}
	if log, err := m.run(t, config.ModePKI, named("ours")); err != nil {
		t.Errorf("under another name: %v\n%s", err, log)
	}
	m.call(t, http.MethodDelete, path, nil)
	if log, err := m.run(t, config.ModePKI, named("theirs")); err != nil {
		t.Errorf("after it was deleted: %v\n%s", err, log)
	}
}

func (m *modes) realm(t *testing.T) {
	if text, want := m.look(m.minter(t)), `‼ pki-realm: realm "pki1" takes the certificate for "kibana" with the roles ["kibana_system"]`; !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

// doctor has no Kubernetes here; what it says of Elasticsearch is what counts.
func (m *modes) doctor(t *testing.T) {
	for _, test := range []struct {
		change func(*config.Ensure)
		want   []string
	}{
		{m.minter(t), []string{"✓ reachable", "✓ chain", "✓ host-name", "✓ client-certificate-required", "✓ pki-realm: the certificate alone is nobody", "✓ licence: basic", "✓ privileges-elasticsearch"}},
		{func(*config.Ensure) {}, []string{"‼ privileges-elasticsearch: the minting user may do nearly everything"}},
		{func(o *config.Ensure) { o.TLS.Cert, o.TLS.Key = "", "" }, []string{"✗ certificate-files: logging in by the certificate alone: " + strings.TrimPrefix(m.node.URL, "https://") + " refuses", "✓ chain"}},
	} {
		text := m.look(test.change)
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
}

// look runs doctor.
func (m *modes) look(change func(*config.Ensure)) string {
	o := config.Doctor{Ensure: m.o, Format: "text"}
	o.Account, o.Secret, o.SecretKey, o.Namespace = kibana, "none", testKey, "none"
	change(&o.Ensure)
	var out bytes.Buffer
	_ = doctor(context.Background(), o, edge{
		clock: systemClock(), log: slog.New(slog.DiscardHandler), stdout: &out, kubernetes: &rest.Config{Host: "https://127.0.0.1:1"},
	})
	return out.String()
}
