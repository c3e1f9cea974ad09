package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// readable judges whether a program reads a private key as it is stored, and gives the key unencrypted.
func (c *connection) readable(key link, pass value, a *Aspect) link {
	form, ok := certificate.FormOf(key.Content.Text)
	if key.code != "" || !ok {
		return key
	}
	if form.Encrypted && !pass.set() && c.inKeystore {
		a.assume("%s: its keystore holds the passphrase of %s", c.caller, key.What())
		key.Content.Text = nil
		return key
	}
	opened := opened(key, pass, a, c.caller)
	switch why := refused(c.runtime, c.version, form, pass.set()); {
	case why == "" || opened.code != "" && form.Encrypted && len(c.runtime.Keys.Opens) > 0 && pass.set():
	case why == unknownVersion:
		a.assume("%s: its version, which nothing here tells, opens the key in %s", c.caller, key.What())
	default:
		a.fail(key.at, NoMaterial, "%s %s", key.What(), why)
		opened.code = NoMaterial
		return opened
	}
	if inside, ok := certificate.FormOf(opened.Content.Text); ok && form.Encrypted && opened.code == "" {
		if why := refused(c.runtime, c.version, inside, false); why != "" && inside.Kind != "" {
			a.fail(key.at, NoMaterial, "%s %s", key.What(), why)
		}
	}
	if form.Cut && c.runtime.Keys.NoSpace && !form.Encrypted {
		a.assume("%s: its version does not cut the last byte off the key in %s", c.caller, key.What())
	}
	return opened
}

// opened gives a private key unencrypted. Where its passphrase does not open it, or nothing here shows that, its code is set or it has no
// text.
func opened(key link, pass value, a *Aspect, c caller) link {
	form, ok := certificate.FormOf(key.Content.Text)
	if !ok || !form.Encrypted || !pass.set() {
		return key
	}
	if pass.hidden {
		a.assume("%s: %s opens %s", c, pass.at.path, key.What())
		key.Content.Text = nil
		return key
	}
	text, err := certificate.Decrypted(key.Content.Text, []byte(pass.text()))
	switch {
	case errors.Is(err, certificate.ErrPassphrase):
		a.fail(pass.at, NoMaterial, "%s %v", key.What(), err)
		key.code = NoMaterial
	case err != nil:
		a.assume("%s: %s opens %s", c, pass.at.path, key.What())
		text = nil
	}
	key.Content.Text = text
	return key
}

// unknownVersion says that only the version of a program tells whether it opens a key.
const unknownVersion = "?"

// refused tells why a program does not read a private key in a form, "" where it does.
func refused(r catalog.Runtime, v catalog.Version, f certificate.Form, pass bool) string {
	k := r.Keys
	of := strings.Join(k.Kinds, ", ")
	since := k.OpensSince != catalog.Version{} && f.Block == catalog.EncryptedPKCS8
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
	case f.Encrypted && since && v == catalog.Version{}:
		return unknownVersion
	case f.Encrypted && since && !v.AtLeast(k.OpensSince.Major, k.OpensSince.Minor):
		return fmt.Sprintf("is encrypted PKCS#8, which %s opens since version %d.%d", r.Name, k.OpensSince.Major, k.OpensSince.Minor)
	case !f.Encrypted && !slices.Contains(k.Blocks, f.Block):
		return fmt.Sprintf("is stored as %q, and %s reads %s keys in PKCS#8 only", f.Block, r.Name, of)
	case f.Kind != "" && !slices.Contains(k.Kinds, f.Kind):
		return fmt.Sprintf("is an %s key, and %s reads %s only", f.Kind, r.Name, of)
	case k.First && f.Behind:
		return fmt.Sprintf("stands behind something else in its file, where %s does not find it", r.Name)
	}
	return ""
}
