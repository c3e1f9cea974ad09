package verify

import (
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// address is where a connection goes.
type address struct {
	text    string
	scheme  string // "" when it is not written
	written string // the scheme in its own letters
	host    string // "" when it cannot be read
	port    string // "" when it is not written
	open    bool   // nothing shows which port it is
	hidden  bool
	at      place
}

// destination is where a connection goes, as its settings say.
type destination struct {
	hosts      []value
	byDefault  bool  // nothing names an address
	scheme     value // https where addresses do not say it
	port       value // of addresses that name none
	ports      catalog.Ports
	enabled    value // TLS settings count only with it
	mustEnable bool
	turns      bool  // with it, an address alone is called by https: no setting says the scheme
	cloud      value // a Cloud ID that is none, that contradicts hosts, or that nothing here shows
}

// saysTLS tells whether a setting beside the addresses says that they are called by https.
func (d destination) saysTLS() bool { return d.scheme.is("https") || d.turns && d.enabled.is("true") }

// addresses gives where a connection goes, without credentials.
func (c *connection) addresses() []address {
	var all []address
	for _, v := range c.hosts {
		v = c.expanded(v)
		for _, text := range v.list() {
			all = append(all, parseAddress(text, v))
		}
		if v.hidden && len(v.list()) == 0 {
			all = append(all, address{text: "?", hidden: true, at: v.at})
		}
	}
	return all
}

func parseAddress(text string, v value) address {
	a := address{at: v.at, hidden: v.hidden}
	scheme, authority := shell.Address(text)
	a.scheme, a.written = strings.ToLower(scheme), scheme
	a.host = strings.TrimSuffix(strings.ToLower(shell.Host(text)), ".")
	a.text = shownAddress(scheme, authority)
	a.port, a.open = portIn(authority)
	if strings.Contains(a.host, "$") || a.host == "" || isGlob(authority) {
		a.host, a.hidden = "", true
	}
	return a
}

// shownAddress is how an address is printed: without what else its text says, which may be a password.
func shownAddress(scheme, authority string) string {
	const around = " \t\r\n\"'`"
	if end := strings.IndexAny(authority, around); end >= 0 {
		authority = authority[:end]
	}
	if scheme == "" {
		return authority
	}
	return scheme[strings.LastIndexAny(scheme, around+"=,;{[(")+1:] + "://" + authority
}

// isGlob holds for curl's short form of several addresses, {a,b} and [1-3]; an address of IPv6 is none.
func isGlob(authority string) bool {
	if rest, ok := strings.CutPrefix(authority, "["); ok {
		if address, after, closed := strings.Cut(rest, "]"); closed && strings.Contains(address, ":") {
			authority = after
		}
	}
	return strings.ContainsAny(authority, "{}[]")
}

// serversAt gives the servers behind an address as a pod sees it: by a Service, a pod behind one, or the pod's own
// machine.
func (c caller) serversAt(a address) []*server {
	host := route.Aliased(c.pod, a.host)
	if route.IsAddress(host) && !route.IsLocal(host) {
		return c.atAddress(c.object, host, a.port)
	}
	return c.behind(c.object, host)
}
