//go:build integration

package initcontainer

import (
	"net/http"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

// Each mode on the next major version of Elasticsearch: one node, which asks for certificates and does without.
func TestModesOnTheNextElasticsearch(t *testing.T) {
	t.Setenv("ES_VERSION", parts.NextElasticsearch)
	t.Setenv("ES_HOME", "")
	const realm = "xpack.security.authc.realms.pki.pki1."
	node, ca := realElasticsearch(t, map[string]string{
		"xpack.security.http.ssl.client_authentication": "optional", realm + "order": "3", realm + "certificate_authorities": "certs/ca.crt",
	}, nil)
	m := &modes{node: node, base: t.TempDir()}
	m.o = m.settings(t, ca)
	if body := m.call(t, http.MethodGet, "/", nil); !strings.Contains(body, `"number":"`+parts.NextElasticsearch) {
		t.Fatalf("another version: %s", body)
	}
	withCertificate := m.o.TLS
	without := func(run func(t *testing.T)) func(*testing.T) {
		return func(t *testing.T) {
			m.o.TLS.Cert, m.o.TLS.Key = "", ""
			defer func() { m.o.TLS = withCertificate }()
			run(t)
		}
	}
	t.Run("cert-token", func(t *testing.T) { m.token(t, config.ModeCertToken) })
	t.Run("token", without(func(t *testing.T) { m.token(t, config.ModeToken) }))
	t.Run("cert-password", m.password)
	t.Run("password", without(func(t *testing.T) {
		if log, err := m.run(t, config.ModePassword, m.kibana(t)); err != nil {
			t.Errorf("%v\n%s", err, log)
		}
	}))
	m.call(t, http.MethodPost, "/_license/start_trial?acknowledge=true", nil)
	t.Run("pki", m.pki)
	t.Run("doctor sees the realm", m.realm)
}
