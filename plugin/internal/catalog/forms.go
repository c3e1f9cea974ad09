package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// UnknownVersion says that only the version of a program tells whether it opens a key.
const UnknownVersion = "?"

// Refuses tells why a program does not read a private key in a form, "" where it does; pass says that it is told a
// passphrase.
func (r Runtime) Refuses(v Version, f certificate.Form, pass bool) string {
	k := r.Keys
	of := strings.Join(k.Kinds, ", ")
	since := k.OpensSince != Version{} && f.Block == EncryptedPKCS8
	switch {
	case k.Blocks == nil && !f.Encrypted:
		return ""
	case f.Encrypted && k.Blocks != nil && len(k.Opens) == 0:
		return fmt.Sprintf("is encrypted, and %s takes no passphrase: store it unencrypted", r.Name)
	case f.Encrypted && !pass:
		return "is encrypted, and no passphrase is set"
	case f.Encrypted && k.Blocks == nil:
		return ""
	case f.Encrypted && !slices.Contains(k.Opens, f.Block):
		return fmt.Sprintf("is encrypted as %s, which %s does not open", f.Block, r.Name)
	case f.Encrypted && since && v == Version{}:
		return UnknownVersion
	case f.Encrypted && since && !v.AtLeast(k.OpensSince.Major, k.OpensSince.Minor):
		return fmt.Sprintf("is encrypted PKCS#8, which %s opens since version %d.%d", r.Name, k.OpensSince.Major,
			k.OpensSince.Minor)
	case !f.Encrypted && !slices.Contains(k.Blocks, f.Block):
		return fmt.Sprintf("is stored as %q, and %s reads %s keys in PKCS#8 only", f.Block, r.Name, of)
	case f.Kind != "" && !slices.Contains(k.Kinds, f.Kind):
		return fmt.Sprintf("is an %s key, and %s reads %s only", f.Kind, r.Name, of)
	case k.First && f.Behind:
		return fmt.Sprintf("stands behind something else in its file, where %s does not find it", r.Name)
	}
	return ""
}
