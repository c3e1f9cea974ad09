//go:build slow

package plugin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// livingRenderings are those of charts that people start with today; none where the folder is not there.
func livingRenderings(t *testing.T) []rendering {
	t.Helper()
	if _, err := os.Stat(filepath.Join(filepath.Dir(renders(t)), "renders-living")); err != nil {
		t.Skip("LEFT OUT: no renderings of the charts that people start with today beside the others")
	}
	const insecure = "xpack.security.enabled is false"
	all := []rendering{
		{name: "helmforge-elasticsearch-1.1.6-dev-values", refuse: insecure},
		{name: "helmforge-elasticsearch-1.1.6-data-tiers-values", refuse: insecure},
		{name: "helmforge-elasticsearch-1.1.6-dual-stack", refuse: insecure},
		{name: "helmforge-elasticsearch-1.1.6-external-secrets", refuse: insecure},
		{name: "helmforge-elasticsearch-1.1.6-gateway-api", refuse: "HTTPRoute/hf-elasticsearch: spec.rules[0].backendRefs[0].name leads to Elasticsearch"},
		{name: "helmforge-elasticsearch-1.1.6-staging-values", refuse: insecure},
		{name: "helmforge-kibana", refuse: "elasticsearch.username is set"},
		{name: "helmforge-kibana", needs: "{kibana: {login: replace}}"},
		{name: "temporal-1.6.0", refuse: "calls Elasticsearch in a hook (pre-install,pre-upgrade)", hooked: true},
		{name: "temporal-1.6.0", needs: "{certificates: {clients: [{ref: Job/temporal-schema, secretName: temporal-tls}]}}"},
		{name: "camunda-8.9", refuse: "Camunda takes a key store of Java only"},
		{name: "elk-7.17.3-pem-chain-nested-kibana", refuse: "elasticsearch.username is set"},
		{name: "elk-7.17.3-pem-chain-nested-kibana", needs: "{mode: cert-password}"},
		{name: "elk-8.5.1-own-cert-secret-kibana-pem"},
	}
	for i := range all {
		all[i].living = true
	}
	return all
}

// TestLivingRenderings holds each of these in every mode and stage, as Helm 4 and as Helm 3 hand it over: patched, or refused by object with
// the remedy; with what it needs, it is refused in no mode that gives certificates, but for mode pki, which asks for more.
func TestLivingRenderings(t *testing.T) {
	dir := renders(t)
	for _, r := range livingRenderings(t) {
		t.Run(r.name+" "+r.needs, func(t *testing.T) {
			t.Parallel()
			stream := r.stream(t, dir)
			for form, input := range map[string][]byte{"with hooks": stream, "without hooks": withoutHooks(t, stream)} {
				for _, m := range []way{
					{config.ModeToken, config.None}, {config.ModePassword, config.None}, {config.ModeCertToken, config.None}, {config.ModeCertToken, config.Optional},
					{config.ModeCertToken, config.Required}, {config.ModeCertPassword, config.None}, {config.ModeCertPassword, config.Optional},
					{config.ModeCertPassword, config.Required}, {config.ModePKI, config.Optional}, {config.ModePKI, config.Required},
				} {
					t.Run(strings.Join([]string{form, m.mode, m.stage}, "/"), func(t *testing.T) {
						s := r.settings(t)
						wants := s.Mode
						s.Mode, s.ClientAuthentication = m.mode, m.stage
						refusal := patchedOrRefused(t, input, s)
						if mayRefuse := r.refuse != "" || m.mode == config.ModePKI || m.mode != wants; refusal != nil && !mayRefuse {
							t.Errorf("nothing speaks against it, and yet: %v", refusal)
						}
					})
				}
			}
		})
	}
}

// TestEveryLivingRenderingHasARow holds that none is left out of the table.
func TestEveryLivingRenderingHasARow(t *testing.T) {
	all := livingRenderings(t)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(renders(t)), "renders-living", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no renderings: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if !slices.ContainsFunc(all, func(r rendering) bool { return r.name == name }) {
			t.Errorf("%s has no row in livingRenderings", name)
		}
	}
}
