//go:build elasticsearch || integration

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// realElasticsearch starts a node, with a user that may mint and nothing more. Settings and files may be added.
func realElasticsearch(t *testing.T, more map[string]string, files map[string][]byte) (*parts.Node, *pki.CA) {
	t.Helper()
	ca := pki.NewCA("ca")
	server := ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true})
	settings := map[string]string{
		"xpack.security.http.ssl.enabled":                 "true",
		"xpack.security.http.ssl.client_authentication":   "required",
		"xpack.security.http.ssl.certificate":             "certs/tls.crt",
		"xpack.security.http.ssl.key":                     "certs/tls.key",
		"xpack.security.http.ssl.certificate_authorities": "certs/ca.crt",
	}
	maps.Copy(settings, more)
	all := map[string][]byte{"certs/tls.crt": server.Cert, "certs/tls.key": server.Key, "certs/ca.crt": ca.Cert}
	maps.Copy(all, files)
	node, err := parts.Elasticsearch(t.Context(), parts.Options{
		Settings: settings,
		Files:    all,
		TLS:      ca.Client(ca.Leaf(pki.Options{CN: "admin", ClientAuth: true})),
	})
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, node.Stop()) })
	for path, body := range map[string]any{
		"/_security/role/minter": documentedRole(t),
		"/_security/user/minter": map[string]any{"password": testPassword, "roles": []string{"minter"}},
	} {
		if status, text, err := node.Call(t.Context(), http.MethodPut, path, body); err != nil || status != http.StatusOK {
			t.Fatalf("PUT %s: %d, %v: %s", path, status, err, text)
		}
	}
	return node, ca
}

// documentedRole is the role that SECURITY.md tells to make: what works here works there.
func documentedRole(t *testing.T) any {
	t.Helper()
	text, err := os.ReadFile("../SECURITY.md")
	must(t, err)
	found := regexp.MustCompile(`role/elk-mtls-minter [^{]*'(\{.*\})'`).FindSubmatch(bytes.ReplaceAll(text, []byte("\\\n"), nil))
	if found == nil {
		t.Fatal("SECURITY.md has no such call")
	}
	var role map[string]any
	must(t, json.Unmarshal(found[1], &role))
	return role
}
