package catalog

import (
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

func TestRefusedKeys(t *testing.T) {
	rsa := certificate.Form{Block: PKCS8, Kind: "RSA"}
	form := func(block, kind string) certificate.Form { return certificate.Form{Block: block, Kind: kind} }
	encrypted := func(block string) certificate.Form { return certificate.Form{Block: block, Encrypted: true} }
	behind := rsa
	behind.Behind = true
	v := Version{Major: 8, Minor: 19}
	for _, test := range []struct {
		name    string
		runtime Runtime
		version Version
		form    certificate.Form
		pass    bool
		want    string // a part of the reason, "" for none
	}{
		{"Go reads the usual ones", Go(), v, form(SEC1, "EC"), false, ""},
		{"behind a certificate too", Go(), v, behind, false, ""},
		{"and opens none", Go(), v, encrypted(EncryptedPKCS8), true, "takes no passphrase"},
		{"a Beat opens them", Beat(), v, encrypted(EncryptedPKCS8), true, ""},
		{"but not in version 7", Beat(), Version{Major: 7, Minor: 17}, encrypted(EncryptedPKCS8), true, "since version 8.6"},
		{"where it opens older ones", Beat(), Version{Major: 7, Minor: 17}, encrypted(PKCS1), true, ""},
		{"which version it is may matter", Beat(), Version{}, encrypted(EncryptedPKCS8), true, UnknownVersion},
		{"not without a passphrase", Beat(), v, encrypted(EncryptedPKCS8), false, "no passphrase is set"},
		{"Node opens them", Node(), v, encrypted(SEC1), true, ""},
		{"Python gets no passphrase", Python(), v, encrypted(EncryptedPKCS8), false, "takes no passphrase"},
		{"Logstash reads RSA in PKCS#8", JRuby(), v, rsa, false, ""},
		{"and no other block", JRuby(), v, form(PKCS1, "RSA"), false, "RSA keys in PKCS#8 only"},
		{"and no other key", JRuby(), v, form(PKCS8, "EC"), false, "an EC key"},
		{"Elasticsearch reads no Ed25519", Java(), v, form(PKCS8, "Ed25519"), false, "an Ed25519 key"},
		{"and nothing behind a certificate", Java(), v, behind, false, "behind something else"},
		{"of an unknown program nothing is known", Runtime{}, v, form(SEC1, "EC"), false, ""},
		{"but that it needs a passphrase", Runtime{}, v, encrypted(SEC1), false, "no passphrase is set"},
	} {
		got := test.runtime.Refuses(test.version, test.form, test.pass)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, expected %q", test.name, got, test.want)
		}
	}
}
