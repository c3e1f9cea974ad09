package verify

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
)

// anchors are what the settings of a connection say of the certificate of the server.
type anchors struct {
	ca          value
	trust       value // store with the CA
	trustPass   value
	fingerprint value   // of a CA that Elasticsearch presents
	pin         value   // of a key in the chain that is trusted
	unchecked   string  // the setting that switches verification off; "" = the server is verified
	needsCheck  bool    // without verification the pair is not loaded
	chainOnly   bool    // the host name is not verified
	calledBy    value   // the name that is verified in place of it
	finds       []value // with one of them the program calls nodes by the addresses that a server tells
	systemTrust bool    // an address of its own machine, where -k is usual
}

// trust is what a client trusts.
type trust struct {
	cas   []*x509.Certificate
	known bool   // cas are all of them
	files string // where they are
}

// judgePrint takes the fingerprint of a CA away from a program that does not know this setting yet.
func (n *anchors) judgePrint(a *Aspect, c dialer) {
	since := c.runtime.Prints
	switch {
	case !n.fingerprint.set() || since == catalog.Version{} || c.version.AtLeast(since.Major, since.Minor):
	case c.version == catalog.Version{}:
		a.assume("%s: its version, which nothing here tells, knows %s", c.caller, n.fingerprint.at.path)
	default:
		if !n.ca.set() {
			a.fail(n.fingerprint.at, ClientTrust, "%s knows this setting since version %d.%d, and trusts the public "+
				"CAs of its image only", c.program, since.Major, since.Minor)
		}
		n.fingerprint = value{}
	}
}

// printed adds the CA with the fingerprint of the settings, which the server itself must present.
func (n anchors) printed(a *Aspect, s *server, t trust) trust {
	switch {
	case !n.fingerprint.set():
	case n.fingerprint.hidden || s.chain == nil:
		a.assume("%s has the fingerprint in %s, or a CA in its chain has", s.presented(), n.fingerprint.at.path)
		t.known, t.cas = false, nil
	default:
		for _, presented := range s.chain {
			sum := sha256.Sum256(presented.Raw)
			if presented.IsCA && strings.EqualFold(hex.EncodeToString(sum[:]), n.fingerprint.text()) {
				t.cas = append(slices.Clone(t.cas), presented)
			}
		}
	}
	return t
}

// judgeChain judges whether a client takes the certificate of a server.
func (n anchors) judgeChain(a *Aspect, c dialer, s *server, t trust) {
	n.judgePin(a, s, t)
	missing := s.chain == nil || len(t.cas) == 0 || signed(s.chain, t.cas) != nil
	switch {
	case missing && t.known && s.chain != nil && n.fingerprint.set():
		a.fail(n.fingerprint.at, ClientTrust, "%s presents no CA with this fingerprint, and a CA that it does not "+
			"present is not trusted by it (%s)",
			s.object.ID, s.cert.What())
	case missing && t.known && s.chain != nil && len(t.cas) > 0:
		a.fail(n.ca.at, ClientTrust, "%s did not sign the certificate of %s (%s)", t.files, s.object.ID, s.cert.What())
	case missing:
		a.assume("%s is signed by a CA in %s", s.presented(), t.files)
	case c.runtime.Anchors == catalog.AnyAnchor || rooted(s.chain, t.cas):
	case c.runtime.Anchors == catalog.RootAnchor && t.known:
		a.fail(n.ca.at, ClientTrust, "%s has no root of the certificate of %s (%s), and %s takes nothing else for a "+
			"CA: add the root to the file",
			t.files, s.object.ID, s.cert.What(), c.runtime.Name)
	default:
		a.assume("%s: %s, which holds no root of %s, is enough for it", c.caller, t.files, s.presented())
	}
}

// judgePin looks for the key that a certificate must have.
func (n anchors) judgePin(a *Aspect, s *server, t trust) {
	hasPin := func(one *x509.Certificate) bool {
		sum := sha256.Sum256(one.RawSubjectPublicKeyInfo)
		return slices.Contains(n.pin.list(), base64.StdEncoding.EncodeToString(sum[:]))
	}
	switch {
	case !n.pin.set() || !n.pin.hidden && slices.ContainsFunc(slices.Concat(s.chain, t.cas), hasPin):
	case n.pin.hidden || s.chain == nil || !t.known:
		a.assume("%s, or a CA of it, has the key that %s names", s.presented(), n.pin.at.path)
	default:
		a.fail(n.pin.at, ClientTrust, "no certificate of %s, and none of its CAs, has this key", s.object.ID)
	}
}

// rooted tells whether a chain leads to a certificate among the CAs that signed itself.
func rooted(chain, cas []*x509.Certificate) bool {
	isRoot := func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawSubject, c.RawIssuer) &&
			c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
	}
	var roots, between []*x509.Certificate
	for _, ca := range cas {
		if isRoot(ca) {
			roots = append(roots, ca)
		} else {
			between = append(between, ca)
		}
	}
	if slices.ContainsFunc(roots, chain[0].Equal) {
		return true
	}
	return len(roots) > 0 && certificate.ChainsTo(slices.Concat(chain, between), roots) == nil
}
