package verify

import (
	"crypto/x509"
	"errors"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// Stores of keys and certificates, judged by what is in them where the input shows them and their passwords.

// openStore gives what is in a store; false where nothing here shows that. inKeystore says that its password may be in
// the keystore of its program.
func openStore(who caller, l link, pass value, inKeystore bool, a *Aspect) (certificate.Store, bool) {
	if l.code != "" || l.Content.Text == nil {
		return certificate.Store{}, false
	}
	if pass.hidden {
		a.assume("%s: %s opens %s", who, pass.at.path, l.What())
		return certificate.Store{}, false
	}
	store, err := certificate.OpenStore(l.Content.Text, pass.text())
	switch {
	case err == nil:
		return store, true
	case errors.Is(err, certificate.ErrStoreForm), errors.Is(err, certificate.ErrKeyPassword) && inKeystore:
	case errors.Is(err, certificate.ErrStorePassword) && !pass.set() && inKeystore:
		a.assume("%s: its keystore holds the password of %s", who, l.What())
	case errors.Is(err, certificate.ErrStorePassword) && !pass.set():
		a.fail(l.at, NoMaterial, "%s needs a password, and none is set", l.What())
	default:
		a.fail(l.at, NoMaterial, "%s %v", l.What(), err)
	}
	return certificate.Store{}, false
}

// storeOf follows a store that a program names.
func (c dialer) storeOf(v value) link {
	l := c.follow(absolute(v.text(), c.dir), v.at).isStore()
	if l.code == "" && c.runtime.NoJavaStores && certificate.IsJavaStore(l.Content.Text) {
		return l.broken(NoMaterial, "%s is a store of Java, and %s reads PKCS#12 only", l.What(), c.program)
	}
	return l
}

// judgeStore judges the pair in a store.
func (c *connection) judgeStore(a *Aspect, servers []*server) {
	l := c.storeOf(c.store)
	a.add(l)
	store, known := openStore(c.caller, l, c.storePass, c.inKeystore, a)
	switch {
	case l.code != "":
	case !known:
		c.dates.assume(l, a)
		a.assume("%s: %s holds a certificate that Elasticsearch trusts, and its key", c.caller, c.store.text())
	case store.Chain == nil:
		a.fail(l.at, NoMaterial, "%s holds no key", l.What())
	default:
		c.side.Presents = store.Chain
		c.dates.judge(l, store.Chain, a)
		judgeUse(a, c.declared, l.at, l, store.Chain)
		c.judgeAccepted(a, l.at, l, store.Chain, c.addresses(), servers)
	}
}

// judgeTrustStore judges whether a store holds the CA of the servers.
func (c *connection) judgeTrustStore(a *Aspect, addresses []address, servers []*server) {
	l := c.storeOf(c.trust)
	a.add(l)
	store, known := openStore(c.caller, l, c.trustPass, c.inKeystore, a)
	// it trusts all that is not of its key; elsewhere nothing tells which are trusted
	if c.kibana && known && store.CAs == nil {
		store.CAs = store.Chain[1:]
	}
	if known = known && len(store.CAs) > 0; l.code == "" && !known {
		a.assume("%s: %s holds the CA of Elasticsearch", c.caller, c.trust.text())
	}
	if !known {
		return
	}
	c.side.Trusts = store.CAs
	c.dates.judge(l, store.CAs, a)
	at := *c
	at.ca = c.trust
	for _, s := range servers {
		at.trusts(a, s, addresses, trust{cas: store.CAs, known: true, files: l.What()})
	}
	if len(servers) == 0 {
		a.assume("Elasticsearch at %s has a certificate that a CA in %s signed", hostsOf(addresses), l.What())
	}
}

// judgeStore judges the pair of a server in a store.
func (s *server) judgeStore(a *Aspect, v value) {
	l := s.material(v, v.text()).isStore()
	a.add(l)
	store, known := openStore(s.caller, l, s.set[ssl+catalog.LayerStorePass], true, a)
	switch {
	case l.code != "":
	case !known:
		s.hasStores = true
		s.dates.assume(l, a)
		a.assume("%s: %s holds a certificate that clients accept, and its key", s.caller, v.text())
	case store.Chain == nil:
		a.fail(l.at, NoMaterial, "%s holds no key", l.What())
	default:
		pass := s.set[ssl+catalog.LayerStorePass]
		if own := s.set[ssl+catalog.LayerStoreKeyPass]; own.hidden || own.set() && own.text() != pass.text() {
			a.assume("%s: %s opens the key in %s", s.caller, own.at.path, l.What())
		}
		s.hasStores, s.cert, s.chain = true, l, store.Chain
		s.dates.judge(l, store.Chain, a)
		judgeServes(a, l, s.chain)
	}
}

// judgeTrustStore takes the CAs whose certificates the server trusts out of a store.
func (s *server) judgeTrustStore(a *Aspect, v value) {
	l := s.material(v, v.text()).isStore()
	a.add(l)
	store, known := openStore(s.caller, l, s.set[ssl+catalog.LayerTrustPass], true, a)
	if known = known && store.CAs != nil; l.code == "" && !known {
		s.hasStores = true
		a.assume("%s: %s holds the CAs that signed the clients' certificates", s.caller, v.text())
	}
	if known {
		s.dates.judge(l, store.CAs, a)
		s.cas, s.caFiles, s.casKnown = append([]*x509.Certificate(nil), store.CAs...), []link{l}, true
	}
}
