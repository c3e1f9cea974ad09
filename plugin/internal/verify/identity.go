package verify

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// login is what a connection logs in with.
type login struct {
	user, password value
	token          value
	files          []value // of credentials
	unneeded       bool    // it needs none: a probe
}

// judgeIdentity proves that the client logs in in one way, and that what it logs in with is there.
func (c *connection) judgeIdentity(a *Aspect, servers []*server) {
	if c.unneeded {
		a.idle = stateNone
		return
	}
	for _, v := range c.files {
		l := c.follow(absolute(v.text(), c.dir), v.at)
		a.add(l)
	}
	switch {
	case c.token.set() && c.user.set():
		a.fail(c.user.at, TwoIdentities, "%s stands beside the service token (%s): Kibana does not start",
			or(c.user.at.path, "a user name"), c.token.at.path)
	case c.token.set():
		judgeToken(a, c.caller, c.token)
	case c.kibana && c.user.is(catalog.ElasticUser):
		a.fail(c.user.at, TwoIdentities, "the user name is %q, which Kibana refuses", catalog.ElasticUser)
	case c.user.set() && !c.password.set() && c.inKeystore:
		a.assume("%s: its keystore holds the password of %s", c.caller, c.name)
	case c.user.set() && !c.password.set():
		a.fail(c.user.at, NoIdentity, "a user name without a password")
	case c.user.set():
		judgeSource(a, c.caller, c.user)
		judgeSource(a, c.caller, c.password)
	case len(c.files) > 0:
	case c.kibana && c.unread != "":
		a.assume("%s: %s says how Kibana logs in", c.caller, c.unread)
	case c.kibana && !usesPKI(servers, c.options.PKI):
		a.fail(c.setting(c.token, kibanaOwn.Name(kibanaOwn.Token)), NoIdentity,
			"neither a service token nor a user name is set")
	case c.kibana:
		a.assume("%s: the PKI realm takes its certificate for a user that may do what Kibana does", c.caller)
	default:
		a.assume("%s: Elasticsearch lets it do its work without a user name", c.caller)
	}
}

// usesPKI tells whether a PKI realm may know Kibana by its certificate. Where no server is in the stream the
// configuration says it.
func usesPKI(servers []*server, said bool) bool {
	for _, s := range servers {
		if s.unmanaged && said || len(s.set.prefixes(catalog.PKIRealms+"*")) > 0 {
			return true
		}
	}
	return len(servers) == 0 && said
}

// judgeSource judges where the value of a credential is.
func judgeSource(a *Aspect, c caller, v value) {
	v = c.expanded(v)
	if v.from.Name == "" {
		if v.hidden {
			a.assume("%s: %s has a value", c, v.at.path)
		}
		return
	}
	switch _, state, filled := object.Look(c.release, v.from); state {
	case object.Lacking:
		a.fail(v.at, NoKeyInObject, "%s/%s is in the input and has no key %q", v.from.Kind, v.from.Name, v.from.Key)
	case object.NotShown:
		a.assume("%s", holds(v.from, filled))
	}
}

// credentials gives the address that has a user name and a password in it; none is unset.
func (d destination) credentials() value {
	for _, h := range d.hosts {
		_, rest, ok := strings.Cut(h.text(), "://")
		authority, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndex(authority, "@"); ok && at > 0 {
			return h
		}
	}
	return value{}
}
