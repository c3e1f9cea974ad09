//go:build slow

package plugin

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/elk-mtls/elk-mtls/plugin/internal/sarif"
)

// TestVerifyOutputs holds JSON and its published schema together, and that no output of any form holds a secret.
func TestVerifyOutputs(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../docs/verify.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range patchedReleases(t) {
		for form, stream := range map[string][]byte{"patched": p.output, "stock": p.input} {
			t.Run(p.name+"/"+form, func(t *testing.T) {
				g := verified(t, stream, p.settings)
				text, err := g.JSON()
				if err != nil {
					t.Fatal(err)
				}
				output, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(output); err != nil {
					t.Error(err)
				}
				log, err := sarif.Log(g)
				if err != nil {
					t.Fatal(err)
				}
				for _, all := range []string{string(text), string(log), g.Text(), g.Mermaid()} {
					for _, secret := range []string{"change-me", "PRIVATE KEY", "BEGIN CERT"} {
						if strings.Contains(all, secret) {
							t.Errorf("the output holds %q", secret)
						}
					}
				}
			})
		}
	}
}
