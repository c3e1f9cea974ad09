//go:build elasticsearch || integration

package initcontainer

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/minting"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// realElasticsearch starts a node, with a user that may mint and nothing more. Settings and files may be added.
func realElasticsearch(t *testing.T, more map[string]string, files map[string][]byte) (*parts.Node, *pki.CA) {
	t.Helper()
	node, ca, err := minting.Elasticsearch(t.Context(), minting.Options{Settings: more, Files: files, Role: documentedRole(t)})
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, node.Stop()) })
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
