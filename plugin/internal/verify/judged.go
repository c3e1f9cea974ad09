package verify

import (
	"strings"
)

// The two decisions about a connection: whether it speaks TLS, and which certificate it presents. Each is a function
// of what its settings name, with its table above it; the code below them says what becomes of the answer.

// An address is called
//
//	its scheme | a scheme or switch beside it  | by
//	https      | any                           | https
//	http       | any                           | http
//	hidden     | any                           | nobody knows what, unless a port stands behind it
//	none       | says https                    | https
//	none       | hidden                        | nobody knows what
//	none       | none, or says something else  | http
type spoken int

const (
	overTLS spoken = iota
	plain
	schemeless // as plain, and no scheme says so
	unknownScheme
	unknownSwitch
)

// speaks decides how an address is called.
func (a address) speaks(says, isHidden bool) spoken {
	switch {
	case a.scheme == "https":
		return overTLS
	case a.scheme == "http":
		return plain
	case a.hidden && a.scheme == "" && !strings.Contains(a.text, ":"):
		return unknownScheme
	case says:
		return overTLS
	case isHidden:
		return unknownSwitch
	}
	return schemeless
}

func (c *connection) judgeTLS(a *Aspect, addresses []address) {
	isHidden := c.scheme.hidden || c.turns && c.enabled.hidden
	for _, at := range addresses {
		switch at.speaks(c.saysTLS(), isHidden) {
		case overTLS:
			if at.scheme != "" {
				c.judgeLetters(a, at)
			}
		case plain:
			a.fail(at.at, ClientPlain, "%s is called by http", at.text)
		case unknownScheme:
			a.assume("%s: the address in %s begins with https://", c.caller, or(at.at.path, c.name))
		case unknownSwitch:
			a.assume("%s: %s is called by https", c.caller, at.text)
		case schemeless:
			a.fail(at.at, ClientPlain, "%s is called without https", at.text)
		}
	}
	c.judgeSwitch(a)
}

// judgeSwitch looks at the setting without which a program leaves its settings of TLS unread.
func (c *connection) judgeSwitch(a *Aspect) {
	switch {
	case c.enabled.hidden:
		a.assume("%s: %s is true", c.caller, c.enabled.at.path)
	case c.enabled.set() && !c.enabled.is("true"):
		a.fail(c.enabled.at, ClientPlain, "%s is %q: the program leaves its TLS settings unread", c.enabled.at.path,
			c.enabled.text())
	case !c.enabled.set() && c.mustEnable && (c.ca.set() || c.cert.set() || c.key.set()):
		a.fail(c.setting(c.enabled, "TLS"), ClientPlain, "TLS is not switched on: the program leaves its TLS "+
			"settings unread")
	}
}

// named is what the settings of a connection name for its own certificate.
type named struct {
	store, made bool // a store; one that elk-mtls-init makes in the pod
	cert, key   bool // of the store's maker, where there is one
	hidden      bool // nothing here shows which files these are
	options     bool // a file of options that nothing here shows may name them
	required    bool // who has none is refused
}

// A client presents
//
//	a store       | certificate, key | options | required | it presents
//	its own       | one or both      | any     | any      | nothing: the two contradict each other
//	its own       | none             | any     | any      | what is in the store
//	made in a pod | both             | any     | any      | the pair that it is made of
//	made in a pod | not both         | any     | any      | nothing: the store is made of half a pair
//	none          | none             | any     | no       | nothing, and need not
//	none          | none             | hidden  | yes      | perhaps what they name
//	none          | not both         | else    | any      | nothing
//	none          | both, hidden     | any     | any      | what they name, whatever that is
//	none          | both             | any     | any      | that pair
type presented int

const (
	contradiction presented = iota
	inStore
	halfMade
	none
	inOptions
	half
	hiddenPair
	pair
)

// presents decides what a connection presents.
func (n named) presents() presented {
	both, any := n.cert && n.key, n.cert || n.key
	switch {
	case n.store && n.made && both:
		return pair
	case n.store && n.made:
		return halfMade
	case n.store && any:
		return contradiction
	case n.store:
		return inStore
	case !any && !n.required:
		return none
	case !any && n.options:
		return inOptions
	case !both:
		return half
	case n.hidden:
		return hiddenPair
	}
	return pair
}

// judgeCertificate proves that the client presents a certificate that the servers trust.
func (c *connection) judgeCertificate(a *Aspect, servers []*server) {
	n := named{store: c.store.set(), cert: c.cert.set(), key: c.key.set(), options: c.rc != nil,
		required: c.options.required()}
	if n.store && !n.cert && !n.key {
		n.made = c.madeHere() // which takes the pair that it is made of for the client's
		n.cert, n.key = c.cert.set(), c.key.set()
	}
	n.hidden = c.cert.hidden || c.key.hidden
	switch n.presents() {
	case contradiction:
		a.fail(c.store.at, NoCertificate, "a store stands beside certificate or key: the two contradict each other")
	case inStore:
		c.judgeStore(a, servers)
	case halfMade:
		a.fail(c.at("args", nil), NoCertificate, "elk-mtls-init makes %s of no certificate or no key", c.store.text())
		return
	case none:
		a.idle = stateNone
		return
	case inOptions:
		if a.add(*c.rc); c.rc.code == "" {
			a.assume("%s names a certificate that Elasticsearch trusts, and its key", c.rc.What())
		}
	case half:
		c.lacks(a)
	case hiddenPair:
		a.assume("%s: %s and %s name a key pair that Elasticsearch trusts", c.caller, c.cert.at.path, c.key.at.path)
	case pair:
		c.judgePair(a, servers)
	}
	c.judgeLoaded(a, n.required)
}

// lacks reports what is not set of a pair.
func (c *connection) lacks(a *Aspect) {
	missing, code := "certificate", NoCertificate
	if c.cert.set() {
		missing = "key"
	}
	if c.probe {
		code = ProbeRefused
	}
	a.fail(c.setting(c.cert, c.name), code, "%s presents no certificate: no %s is set", c.program, missing)
}

// judgeLoaded looks at settings with which a program does not present the pair that it has.
func (c *connection) judgeLoaded(a *Aspect, required bool) {
	if !required {
		return
	}
	if c.needsCheck && c.unchecked != "" {
		a.fail(c.setting(c.cert, c.name), NoCertificate, "with %s the program does not load its certificate",
			c.unchecked)
	}
	switch {
	case c.always == nil || c.always.is("true"):
	case c.always.hidden:
		a.assume("%s: %s is true", c.caller, kibanaAlways)
	default:
		a.fail(c.setting(*c.always, kibanaAlways), NotAlwaysPresent, "requests of users go without a certificate")
	}
}
