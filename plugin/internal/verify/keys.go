package verify

import (
	"errors"

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
	switch why := c.runtime.Refuses(c.version, form, pass.set()); {
	case why == "" || opened.code != "" && form.Encrypted && len(c.runtime.Keys.Opens) > 0 && pass.set():
	case why == catalog.UnknownVersion:
		a.assume("%s: its version, which nothing here tells, opens the key in %s", c.caller, key.What())
	default:
		a.fail(key.at, NoMaterial, "%s %s", key.What(), why)
		opened.code = NoMaterial
		return opened
	}
	if inside, ok := certificate.FormOf(opened.Content.Text); ok && form.Encrypted && opened.code == "" {
		if why := c.runtime.Refuses(c.version, inside, false); why != "" && inside.Kind != "" {
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
