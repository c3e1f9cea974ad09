package verify

import (
	"errors"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// readable judges whether a program reads a private key as it is stored, and gives the key unencrypted.
func (c dialer) readable(key link, pass value, a *Aspect) link {
	form, ok := certificate.FormOf(key.Content.Text)
	if key.code != "" || !ok {
		c.assumeForm(key, pass, a)
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

// assumeForm names what would be judged of a key that nothing shows.
func (c dialer) assumeForm(key link, pass value, a *Aspect) {
	if key.code != "" || !key.Key() || isPEM(key.Content.Text) {
		return
	}
	reader, forms := or(c.runtime.Name, c.program), c.runtime.Keys.String()
	switch {
	case pass.set():
		a.assume("%s: %s opens the key in %s, which is one that %s reads%s", c.caller, pass.at.path, key.What(), reader,
			forms)
	case c.inKeystore:
		a.assume("the key in %s has no passphrase but one that a keystore holds, and is one that %s reads%s",
			key.What(), reader, forms)
	default:
		a.assume("the key in %s has no passphrase, and is one that %s reads%s", key.What(), reader, forms)
	}
}

// opened gives a private key unencrypted. Where its passphrase does not open it, or nothing here shows that, its code
// is set or it has no text.
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
