package certificate

import (
	"bytes"
	"encoding/asn1"
	"strings"
)

// IsStore tells whether a file may be a store of keys or certificates: PKCS#12, or one of Java's own formats. So may be what a tool fills in later,
// such as <path:…>. Nothing here looks into a store.
func IsStore(data []byte) bool {
	for _, magic := range []string{"\xfe\xed\xfe\xed", "\xce\xce\xce\xce"} { // JKS, JCEKS
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	if text := strings.TrimSpace(string(data)); text == "" || strings.HasPrefix(text, "<") || strings.Contains(text, "${") || strings.Contains(text, "{{") {
		return true
	}
	var file struct {
		Version int
		Content asn1.RawValue
		Mac     asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(data, &file)
	return err == nil && file.Version == 3
}
