package verify

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/internal/rollover"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// dialer is a program in a container that connects.
type dialer struct {
	caller
	program    string // "Kibana"
	runtime    catalog.Runtime
	version    catalog.Version // of the program; zero where nothing tells it
	dir        string          // where relative paths start
	inKeystore bool            // a password that is set nowhere may be there
}

// connection is one place where a program says how it reaches Elasticsearch.
type connection struct {
	dialer
	destination
	handshake
	anchors
	keyPair
	login
	name   string // of the place: "output.elasticsearch"
	proxy  value  // through which it calls
	probe  bool
	kibana bool
	lost   string   // why it is not known where its configuration is
	unread string   // file of its settings that nothing here shows
	told   bool     // its address by a whole Secret or ConfigMap that nothing here shows
	others []string // options of its command that say how it connects, and that nothing here judges
	side   rollover.Side
}

// keyPair is what a connection presents.
type keyPair struct {
	cert, key value
	keyPass   value // passphrase of the key
	store     value // store with the pair
	storePass value
	always    *value // whether it is presented for users too; nil: for everybody
	rc        *link  // file of options that could not be read: the pair may stand there
}

// presents tells whether the settings of a connection name a pair.
func (p keyPair) presents() bool { return p.store.set() || p.cert.set() && p.key.set() }

// judge proves one connection to the servers that it may reach; none: to one outside of these manifests.
func (c *connection) judge(servers []*server) *Edge {
	e := &Edge{Client: c.object.ID.String(), Namespace: c.object.Namespace, Container: c.Name, Program: c.program,
		Setting: c.name, Servers: []string{}, Addresses: []string{}}
	if c.program != "curl" && c.program != "wget" { // which have the environment of their command
		c.ofEnvironment(value{}, c.given)
	}
	addresses := c.addresses()
	for _, a := range addresses {
		e.Addresses = append(e.Addresses, a.text)
	}
	for _, s := range servers {
		e.Servers = append(e.Servers, s.object.ID.String())
	}
	e.TLS.take(c.notes)
	c.judgeTLS(&e.TLS, addresses)
	c.judgeCloud(&e.TLS, c.caller)
	c.judgeWay(&e.TLS, addresses, servers)
	judgeReplicas(&e.TLS, c.caller, addresses)
	judgePolicies(&e.TLS, c.caller, addresses, servers)
	if c.proxy.set() { // TLS goes through it from end to end
		e.TLS.assume("%s: the proxy that %s names lets its calls through to Elasticsearch", c.caller, c.proxy.at.path)
	}
	assumeOptions(&e.TLS, c.caller, c.runtime)
	if len(c.others) > 0 {
		e.TLS.assume("%s: with %s of %s it is let in all the same", c.caller, strings.Join(c.others, ", "), c.program)
	}
	assumeNames(&e.TLS, c.caller, addresses)
	c.judgeHandshake(&e.TLS, c.dialer, servers)
	c.judgeCA(&e.CA, addresses, servers)
	c.judgeCertificate(&e.Certificate, servers)
	c.judgeIdentity(&e.Identity, servers)
	switch from := strings.Join(c.unknown, ", "); {
	case c.told:
		e.Identity.assume("%s: %s, taken as environment, sets nothing else of its connection to Elasticsearch",
			c.caller, from)
	case from != "":
		e.Identity.assume("%s: %s, taken as environment, sets nothing of its connection to Elasticsearch", c.caller,
			from)
	}
	c.assumeCommand(&e.Identity)
	c.side.Name = e.Client
	e.Verdict = verdict(&e.TLS, &e.CA, &e.Certificate, &e.Identity)
	return e
}

// setting gives the place of a setting, that of the address where it is set nowhere.
func (c *connection) setting(v value, name string) place {
	if v.set() {
		return v.at
	}
	for _, h := range c.hosts {
		p := h.at
		p.path = name
		return p
	}
	return c.at(name, nil)
}

// judgeCA proves that the client trusts the CA that signed the server's certificate, and that this has the name by
// which it is called.
func (c *connection) judgeCA(a *Aspect, addresses []address, servers []*server) {
	if c.judgePrint(a, c.dialer); len(a.Findings) > 0 {
		return
	}
	switch {
	case c.unchecked != "":
		a.idle = stateOff
		if !c.ca.hidden && !c.runtime.Skips {
			c.readCAs(a)
		}
		if !c.systemTrust {
			a.assume("%s: nobody is between it and Elasticsearch, whose certificate it does not verify (%s)", c.caller,
				c.unchecked)
		}
		return
	case c.trust.set():
		c.judgeTrustStore(a, addresses, servers)
		return
	case c.ca.hidden:
		a.assume("%s: %s names the CA of Elasticsearch", c.caller, c.ca.at.path)
		return
	case !c.ca.set() && !c.fingerprint.set():
		a.fail(c.setting(c.ca, c.name), ClientTrust, "it names no CA, and trusts the public ones of its image only")
		return
	}
	t := c.readCAs(a)
	if t.known {
		c.side.Trusts = t.cas
	}
	if len(a.Findings) > 0 {
		return
	}
	if c.fingerprint.set() && t.files == "" {
		t.files = c.fingerprint.at.path
	}
	if len(servers) == 0 {
		a.assume("Elasticsearch at %s has a certificate that a CA in %s signed", hostsOf(addresses), t.files)
	}
	for _, s := range servers {
		c.trusts(a, s, addresses, c.printed(a, s, t))
	}
}

// readCAs reads the files of CAs. Most programs stop without, though they verify nothing.
func (c *connection) readCAs(a *Aspect) trust {
	var files []string
	t := trust{known: true}
	for _, file := range c.ca.list() {
		l := c.pem(file, c.ca.at)
		if l.code == NoFile && catalog.OfSystem(file) {
			l = link{File: object.File{Path: file}, at: c.ca.at}
			l.assume("%s: its image holds %s", c.caller, file)
		}
		a.add(l)
		certs := c.dates.certs(l, a)
		t.known = t.known && certs != nil
		t.cas, files = append(t.cas, certs...), append(files, l.What())
	}
	t.files = strings.Join(files, ", ")
	return t
}

func (c *connection) trusts(a *Aspect, s *server, addresses []address, t trust) {
	if c.judgeChain(a, c.dialer, s, t); len(a.Findings) > 0 || c.chainOnly {
		return
	}
	for _, v := range c.finds {
		a.assume("%s covers the address that each node publishes, by which %s calls it (%s)", s.presented(), c.caller,
			v.at.path)
	}
	for _, at := range addresses {
		host, place, isOpen := at.host, at.at, at.host == ""
		if c.calledBy.set() {
			host, place, isOpen = c.calledBy.text(), c.calledBy.at, c.calledBy.hidden
		}
		switch {
		case isOpen:
			a.assume("%s covers the name by which %s calls it", s.presented(), c.caller)
		case at.host != "" && !slices.Contains(c.serversAt(at), s):
		case s.chain == nil:
			a.assume("%s covers the name %q", s.presented(), host)
		case s.chain[0].VerifyHostname(host) != nil:
			a.fail(place, OtherName, "the certificate of %s (%s) does not cover %q", s.object.ID, s.cert.What(), host)
		}
	}
}

// presented names the certificate of the server.
func (s *server) presented() string {
	if s.cert.Source.Name != "" {
		return "the certificate in " + s.cert.What()
	}
	return "the certificate of " + s.object.ID.String()
}

func hostsOf(addresses []address) string {
	var all []string
	for _, a := range addresses {
		all = append(all, a.text)
	}
	return strings.Join(all, ", ")
}

// pem follows a file, or takes PEM that stands in the setting itself.
func (c dialer) pem(text string, at place) link {
	if certificate.IsPEM(text) {
		return link{File: object.File{Path: at.path, Content: object.Content{Text: []byte(text)}}, at: at}
	}
	l := c.follow(absolute(text, c.dir), at)
	if l.Why == object.OfToken || l.Why == object.OfPod {
		l.assumptions = nil
		return l.broken(NoMaterial, "%s is no certificate and no key: %s", l.Path, l.Why)
	}
	return l
}

// madeHere tells whether elk-mtls-init makes the store in the pod, and takes the pair that it makes it of for the
// client's.
func (c *connection) madeHere() bool {
	file := absolute(c.store.text(), c.dir)
	for _, other := range c.pod.InitContainers() {
		maker := c.known.caller(c.object, c.pod, other)
		flags := maker.flags()
		if !maker.runs[0].Has(contract.Keystore) || flags[contract.FlagOut].text() != file ||
			volumeAt(c.Container, file) == "" || volumeAt(c.Container, file) != volumeAt(other, file) {
			continue
		}
		c.caller, c.dir, c.cert, c.key = maker, "/", flags["cert"], flags["key"]
		c.runtime = catalog.OwnInit().Runtime // which reads them
		return true
	}
	return false
}

// volumeAt names the volume in which a container has a file.
func volumeAt(c object.Container, file string) string {
	m, _ := c.MountOf(file)
	return m.Volume
}

func (c *connection) judgePair(a *Aspect, servers []*server) {
	cert, key := c.pem(c.cert.text(), c.cert.at).followed(), c.pem(c.key.text(), c.key.at).followed()
	a.add(cert)
	a.add(key)
	chain := c.dates.certs(cert, a)
	c.side.Presents = chain
	if key = c.readable(key, c.keyPass, a); key.code == "" {
		fits(chain, cert, key, a)
	}
	judgeUse(a, c.declared, c.cert.at, cert, chain)
	c.judgeAccepted(a, c.cert.at, cert, chain, c.addresses(), servers)
}

// judgeAccepted judges whether servers take the certificate of a client that calls addresses.
func (c dialer) judgeAccepted(a *Aspect, at place, cert link, chain []*x509.Certificate, to []address,
	servers []*server) {
	if cert.code != "" || c.options.ClientAuthentication == "none" && !slices.ContainsFunc(servers, (*server).asks) {
		return
	}
	if len(servers) == 0 {
		a.assume("Elasticsearch at %s trusts the certificate in %s", hostsOf(to), cert.What())
	}
	for _, s := range servers {
		switch {
		case chain != nil && len(s.cas) > 0 && signed(chain, s.cas) == nil:
		case chain != nil && s.casKnown:
			a.fail(at, ChainRefused, "%s was not signed by a CA that %s trusts", cert.What(), s.object.ID)
		default:
			a.assume("the certificate in %s is signed by a CA that %s trusts (%s)", cert.What(), s.object.ID,
				s.trusted())
		}
	}
}

// judgeUse judges whether a client may have a pair at all, by the certificate where it is known and by what the input
// declares about its Secret.
func judgeUse(a *Aspect, declared certificate.Declared, at place, cert link, chain []*x509.Certificate) {
	if chain != nil {
		switch err := certificate.ForClients(chain[0]); {
		case errors.Is(err, certificate.ErrAuthority):
			a.fail(at, AuthorityKey, "%s %v", cert.What(), err)
			return
		case err != nil:
			a.fail(at, WrongUsage, "%s: %v", cert.What(), err)
			return
		}
	} else {
		assumeUse(cert, "client", a)
	}
	if cert.Source.Kind != "Secret" {
		return
	}
	if says := declared.Authority(cert.Source.Namespace, cert.Source.Name); says != "" {
		a.fail(at, AuthorityKey, "Secret/%s holds the key of a CA: %s", cert.Source.Name, says)
	}
	if says := declared.ServersOnly(cert.Source.Namespace, cert.Source.Name); says != "" {
		a.fail(at, WrongUsage, "the certificate in Secret/%s is for servers only: %s", cert.Source.Name, says)
	}
}

// trusted names where the CAs of a server are.
func (s *server) trusted() string {
	if s.unmanaged {
		return "which is unmanaged"
	}
	var files []string
	for _, l := range s.caFiles {
		files = append(files, l.What())
	}
	return or(strings.Join(files, ", "), "its store")
}
