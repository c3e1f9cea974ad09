package verify

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// dates are those at which certificates must be valid.
type dates struct {
	now    time.Time
	within time.Duration // those that end so soon after now are findings; 0: none
}

// certs parses a file of certificates and judges their dates; nil when nothing shows them.
func (d dates) certs(l link, a *Aspect) []*x509.Certificate {
	if l.code != "" {
		return nil
	}
	if l.Content.Text == nil {
		d.assume(l, a)
		return nil
	}
	chain, err := certificate.Chain(l.Content.Text)
	switch {
	case errors.Is(err, certificate.ErrNoPEM) && !isPEM(l.Content.Text):
		a.assume("%s holds a certificate in place of what is there now", l.What())
		d.assume(l, a)
		return nil
	case err != nil:
		a.fail(l.at, NoMaterial, "%s: %v", l.What(), err)
		return nil
	}
	d.judge(l, chain, a)
	return chain
}

// judge judges whether the certificates of a file are valid.
func (d dates) judge(l link, chain []*x509.Certificate, a *Aspect) {
	for _, c := range chain {
		switch ends := c.NotAfter; {
		case d.now.Before(c.NotBefore):
			a.fail(l.at, NotValid, "%s: the certificate of %q is not valid before %s", l.What(), c.Subject,
				c.NotBefore.UTC().Format(time.RFC3339))
		case d.now.After(ends):
			a.fail(l.at, NotValid, "%s: the certificate of %q ended on %s", l.What(), c.Subject,
				ends.UTC().Format(time.RFC3339))
		case d.within > 0 && d.now.Add(d.within).After(ends):
			a.fail(l.at, EndsSoon, "%s: the certificate of %q ends on %s", l.What(), c.Subject,
				ends.UTC().Format(time.RFC3339))
		}
	}
}

// assume names what would be judged of certificates that nothing shows.
func (d dates) assume(l link, a *Aspect) {
	if l.Key() {
		a.assume("the certificates in %s are valid on %s", l.What(), d.now.UTC().Format(time.DateOnly))
	}
}

// assumeUse names who must be allowed to use a certificate that nothing shows.
func assumeUse(l link, who string, a *Aspect) {
	if l.Key() && l.code == "" {
		a.assume("the certificate in %s may be used by a %s", l.What(), who)
	}
}

// isStore refuses a file that is no store.
func (l link) isStore() link {
	if l.code == "" && l.Content.Text != nil && !certificate.IsStore(l.Content.Text) {
		return l.broken(NoMaterial, "%s is no store: neither PKCS#12 nor one of Java's own", l.What())
	}
	return l
}

// isPEM tells a file of another kind from a placeholder, which something fills in later.
func isPEM(text []byte) bool { return bytes.Contains(text, []byte("-----BEGIN ")) }

// fits judges whether a key belongs to a certificate. Nothing quotes the key.
func fits(chain []*x509.Certificate, cert, key link, a *Aspect) {
	switch {
	case key.code != "" || cert.code != "":
		return
	case key.Content.Text == nil || chain == nil:
		a.assume("%s holds the key of the certificate in %s", key.What(), cert.What())
		return
	}
	if _, err := certificate.Key(key.Content.Text); errors.Is(err, certificate.ErrNoPEM) && !isPEM(key.Content.Text) {
		a.assume("%s holds the key of the certificate in %s in place of what is there now", key.What(), cert.What())
		return
	} else if err != nil {
		a.fail(key.at, NoMaterial, "%s %v", key.What(), err)
		return
	}
	if err := certificate.KeyFits(chain[0], key.Content.Text); err != nil {
		a.fail(key.at, OtherKey, "%s %v", key.What(), err)
	}
}

// signed tells whether a chain leads to one of the CAs. A certificate that is itself in the list is trusted as it is.
func signed(chain, cas []*x509.Certificate) error {
	if slices.ContainsFunc(cas, chain[0].Equal) {
		return nil
	}
	return certificate.ChainsTo(chain, cas)
}

// serves tells why a certificate may not be used by a server.
func serves(leaf *x509.Certificate) error {
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) &&
		!slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return errors.New("its extended key usage does not permit server authentication")
	}
	return nil
}
