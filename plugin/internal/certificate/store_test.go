package certificate

import (
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

func TestIsStore(t *testing.T) {
	ca := pki.NewCA("ca")
	file, err := pkcs12.Modern.EncodeTrustStore(chainOf(t, ca.Cert), "open")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		data []byte
		want bool
	}{
		"PKCS#12":          {file, true},
		"a part of it":     {file[:len(file)-1], false},
		"with ${ in it":    {append(file[:len(file)-3:len(file)-3], "${"...), false},
		"Java's own":       {[]byte("\xfe\xed\xfe\xed\x00\x00\x00\x02"), true},
		"a placeholder":    {[]byte("<path:kv/search#store>"), true},
		"of another tool":  {[]byte("${STORE}"), true},
		"nothing yet":      {nil, true},
		"any text":         {[]byte("binary"), false},
		"PEM":              {ca.Cert, false},
		"another of ASN.1": {[]byte{0x30, 0x03, 0x02, 0x01, 0x03}, false},
	} {
		if got := IsStore(test.data); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
