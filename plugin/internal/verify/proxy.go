package verify

import (
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/route"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// ofEnvironment takes the CA and the proxy of a connection from variables that its runtime reads, where no setting
// names them. except are the hosts that are called without a proxy; variable gives the environment of the program.
func (c *connection) ofEnvironment(except value, variable func(string) (shell.Word, bool)) {
	get := func(name string) value {
		w, set := variable(name)
		if !set || w.Text == "" && w.Known {
			return value{}
		}
		return value{texts: []string{w.Text}, hidden: !w.Known, at: c.at("env["+name+"]", nil)}
	}
	for _, name := range c.runtime.Trusts {
		if v := get(name); v.set() && !c.ca.set() && !c.trust.set() && !c.fingerprint.set() {
			v.hidden = v.hidden || strings.HasSuffix(name, "DIR")
			c.ca = v
		}
	}
	for _, name := range slices.Concat(c.runtime.Proxies, []string{"NO_PROXY"}) {
		into := &c.proxy
		if name == "NO_PROXY" {
			into = &except
		}
		for _, spelled := range []string{name, strings.ToLower(name)} {
			if !into.set() {
				*into = get(spelled)
			}
		}
	}
	proxied := func(a address) bool { return !passesBy(a.host, except) }
	if addresses := c.addresses(); len(addresses) > 0 && !slices.ContainsFunc(addresses, proxied) {
		c.proxy = value{}
	}
}

// given gives a variable of the environment of the container's program.
func (c caller) given(name string) (shell.Word, bool) {
	v, set := c.env[name]
	return shell.Word{Text: v.text(), Known: !v.hidden}, set
}

// passesBy tells whether a host is called without a proxy: a list has its name, or the end of it.
// https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
func passesBy(host string, except value) bool {
	return route.IsLocal(host) || !except.hidden && slices.ContainsFunc(except.list(), func(one string) bool {
		one, _, _ = strings.Cut(strings.TrimPrefix(strings.ToLower(one), "*"), ":")
		one = strings.TrimPrefix(one, ".")
		return one == "" || host == one || strings.HasSuffix(host, "."+one)
	})
}

// assumeOptions names variables of the container by which a runtime may be told anything of TLS.
func assumeOptions(a *Aspect, c caller, of catalog.Runtime) {
	for _, name := range of.Options.Names {
		if v := c.env[name]; v.hidden || of.Options.Change(v.text()) {
			a.assume("%s: what %s tells %s keeps TLS as its settings have it", c, name, of.Name)
		}
	}
}
