package verify

import (
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// The passphrase of the settings opens a key, or shows that it does not.
func TestReadableKeys(t *testing.T) {
	archive, err := txtar.ParseFile("../certificate/testdata/keys.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := archive.Files[0].Data // encrypted PKCS#8
	for _, test := range []struct {
		name     string
		pass     value
		assumed  int
		findings int
		opened   bool
	}{
		{"right", value{texts: []string{"open"}}, 0, 0, true},
		{"wrong", value{texts: []string{"closed"}}, 0, 1, false},
		{"none", value{}, 0, 1, false},
		{"not shown", value{hidden: true}, 1, 0, false},
	} {
		c := dialer{caller: caller{object: &object.Object{}}, runtime: catalog.Node()}
		var a Aspect
		key := c.readable(link{File: object.File{Content: object.Content{Text: text}}}, test.pass, &a)
		_, err := certificate.Key(key.Content.Text)
		if len(a.Assumptions) != test.assumed || len(a.Findings) != test.findings || (err == nil) != test.opened {
			t.Errorf("%s: %+v, %v", test.name, a, err)
		}
	}
}
