package verify

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

func TestRefusedKeys(t *testing.T) {
	rsa := certificate.Form{Block: catalog.PKCS8, Kind: "RSA"}
	form := func(block, kind string) certificate.Form { return certificate.Form{Block: block, Kind: kind} }
	encrypted := func(block string) certificate.Form { return certificate.Form{Block: block, Encrypted: true} }
	behind := rsa
	behind.Behind = true
	v := catalog.Version{Major: 8, Minor: 19}
	for _, test := range []struct {
		name    string
		runtime catalog.Runtime
		version catalog.Version
		form    certificate.Form
		pass    bool
		want    string // a part of the reason, "" for none
	}{
		{"Go reads the usual ones", catalog.Go(), v, form(catalog.SEC1, "EC"), false, ""},
		{"behind a certificate too", catalog.Go(), v, behind, false, ""},
		{"and opens none", catalog.Go(), v, encrypted(catalog.EncryptedPKCS8), true, "takes no passphrase"},
		{"a Beat opens them", catalog.Beat(), v, encrypted(catalog.EncryptedPKCS8), true, ""},
		{"but not in version 7", catalog.Beat(), catalog.Version{Major: 7, Minor: 17}, encrypted(catalog.EncryptedPKCS8), true, "since version 8.6"},
		{"where it opens older ones", catalog.Beat(), catalog.Version{Major: 7, Minor: 17}, encrypted(catalog.PKCS1), true, ""},
		{"which version it is may matter", catalog.Beat(), catalog.Version{}, encrypted(catalog.EncryptedPKCS8), true, unknownVersion},
		{"not without a passphrase", catalog.Beat(), v, encrypted(catalog.EncryptedPKCS8), false, "no passphrase is set"},
		{"Node opens them", catalog.Node(), v, encrypted(catalog.SEC1), true, ""},
		{"Python gets no passphrase", catalog.Python(), v, encrypted(catalog.EncryptedPKCS8), false, "takes no passphrase"},
		{"Logstash reads RSA in PKCS#8", catalog.JRuby(), v, rsa, false, ""},
		{"and no other block", catalog.JRuby(), v, form(catalog.PKCS1, "RSA"), false, "RSA keys in PKCS#8 only"},
		{"and no other key", catalog.JRuby(), v, form(catalog.PKCS8, "EC"), false, "an EC key"},
		{"Elasticsearch reads no Ed25519", catalog.Java(), v, form(catalog.PKCS8, "Ed25519"), false, "an Ed25519 key"},
		{"and nothing behind a certificate", catalog.Java(), v, behind, false, "behind something else"},
		{"of an unknown program nothing is known", catalog.Runtime{}, v, form(catalog.SEC1, "EC"), false, ""},
		{"but that it needs a passphrase", catalog.Runtime{}, v, encrypted(catalog.SEC1), false, "no passphrase is set"},
	} {
		got := refused(test.runtime, test.version, test.form, test.pass)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, expected %q", test.name, got, test.want)
		}
	}
}

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
		c := &connection{caller: caller{object: &object.Object{}}, runtime: catalog.Node()}
		var a Aspect
		key := c.readable(link{File: object.File{Content: object.Content{Text: text}}}, test.pass, &a)
		_, err := certificate.Key(key.Content.Text)
		if len(a.Assumptions) != test.assumed || len(a.Findings) != test.findings || (err == nil) != test.opened {
			t.Errorf("%s: %+v, %v", test.name, a, err)
		}
	}
}
