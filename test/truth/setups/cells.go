package setups

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"maps"
	"slices"
)

// usual is a client that is let in, but for the roles that are left out.
func usual(p Program, but ...Role) []value {
	var all []value
	for _, v := range []value{
		{Address, p.address(0), p.Usual}, {CA, "/tls/ca.crt", p.Usual}, {Cert, "/tls/tls.crt", p.Usual}, {Key, "/tls/tls.key", p.Usual},
		{Switch, "true", p.Usual},
	} {
		_, has := p.Spelled[v.role]
		if has && !slices.Contains(but, v.role) && (v.role != Switch || p.NeedsSwitch) {
			all = append(all, v)
		}
	}
	return all
}

// address is the right address, or a wrong one.
func (p Program) address(i int) string {
	if p.Hosts == nil {
		return []string{rightURL, wrongURL}[i]
	}
	return p.Hosts[i]
}

// choice is a value of a role that is meant to hold or to break, and what has to be besides.
type choice struct {
	text   string
	breaks bool
	also   []value // in the usual channel
	but    []Role  // that are not set besides
	pair   string  // material of the Secret
}

// choices are what the cells try of each role.
func (w *world) choices(p Program, r Role) []choice {
	switch r {
	case Address:
		return []choice{{text: p.address(0)}, {text: p.address(1), breaks: true}}
	case CA:
		return []choice{{text: "/tls/ca.crt"}, {text: "/other/ca.crt", breaks: true}}
	case Cert:
		return []choice{{text: "/tls/tls.crt"}, {text: "/other/tls.crt", breaks: true}}
	case Key:
		return []choice{{text: "/tls/tls.key"}, {text: "/other/tls.key", breaks: true}}
	case Switch:
		return []choice{{text: "true"}, {text: "false", breaks: true}}
	case Pass:
		return []choice{{text: passphrase, pair: p.Locked}, {text: "wrong", breaks: true, pair: p.Locked}}
	case Verify:
		wrong := []value{{CA, "/other/ca.crt", p.Usual}}
		off := p.Off
		if off == "" {
			off = "true"
		}
		return []choice{{text: off, also: wrong, breaks: p.Idle}, {text: p.On, also: wrong, breaks: true}}
	}
	return w.rarely(p, r)
}

// rarely are the choices for roles that few programs have.
func (w *world) rarely(p Program, r Role) []choice {
	inter, other := parsed(w.inter.Cert), parsed(w.other.Cert)
	print := func(c *x509.Certificate) string { sum := sha256.Sum256(c.Raw); return hex.EncodeToString(sum[:]) }
	pin := func(c *x509.Certificate) string {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	switch r {
	case Scheme:
		bare := []value{{Address, service + ":9200", p.Usual}}
		return []choice{{text: "https", also: bare}, {text: "http", also: bare, breaks: true}}
	case Print: // the Beats of 7.17 do not know it
		return []choice{{text: print(inter)}, {text: print(inter), but: []Role{CA}, breaks: true}}
	case Pin:
		return []choice{{text: pin(parsed(w.root.Cert))}, {text: pin(other), breaks: true}}
	case Version:
		return []choice{{text: "TLSv1.2"}, {text: "TLSv1.1", breaks: true}}
	case Cipher: // the key of the node is RSA
		old := []value{{Version, "TLSv1.2", p.Usual}}
		return []choice{{text: "ECDHE-RSA-AES-128-GCM-SHA256", also: old}, {text: "ECDHE-ECDSA-AES-128-GCM-SHA256", also: old, breaks: true}}
	}
	return nil
}

func parsed(text []byte) *x509.Certificate {
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	return c
}

// roles are the roles of a program, in one order.
func roles(p Program) []Role { return slices.Sorted(maps.Keys(p.Spelled)) }

// carries tells whether a program can be told a role by a channel.
func (p Program) carries(r Role, at Channel) bool {
	s := p.Spelled[r]
	switch at {
	case FileDefault:
		return s.File != "" && (r != Address || !p.Unquoted) // which reads no default with a colon
	case InFile, InSecret, FileVariable, Modules, SecondFile, Sets:
		return s.File != ""
	case FlagShort:
		return s.Short != ""
	case Variable, FromMap, FromKey:
		return s.Env != ""
	case FlagByKube, ShellEnv, ShellLocal:
		return s.Flag != "" && (r != Verify || p.Off != "")
	}
	return s.Flag != ""
}

// cells are one set-up that breaks and one that holds, for each channel and setting of a program.
func (w *world) cells(p Program) []SetUp {
	var all []SetUp
	for _, at := range p.Channels {
		for _, r := range roles(p) {
			if !p.carries(r, at) {
				continue
			}
			for _, c := range w.choices(p, r) {
				all = append(all, w.cell(p, at, r, c))
			}
		}
	}
	return all
}

func (w *world) cell(p Program, at Channel, r Role, c choice) SetUp {
	but := append([]Role{r}, c.but...)
	values := slices.Clone(c.also)
	for _, v := range c.also {
		but = append(but, v.role)
	}
	values = append(usual(p, but...), values...)
	if c.text != "" || p.Off != "" {
		values = append(values, value{r, c.text, at})
	}
	word := " holds"
	if c.breaks {
		word = " breaks"
	}
	s := w.setUp(p, values, "root", c.pair)
	s.Name, s.Breaks, s.Meant = p.Name+"/"+string(at)+"/"+string(r)+word, c.breaks, !p.Deaf[at]
	return s
}

// setUp is the release with such a client.
func (w *world) setUp(p Program, values []value, ca, pair string) SetUp {
	if pair == "" {
		pair = "good"
	}
	files := maps.Clone(w.cas[ca].files)
	maps.Copy(files, w.pairs[pair].files)
	s := SetUp{Kind: Followed, Config: p.Config, Ask: Ask{Program: p.Name, Workload: p.Kind + "/client", Container: "client"}}
	s.Manifests, s.Secrets = w.manifests(build(p, values), files)
	s.Lacks = slices.Concat(w.cas[ca].lacks, w.pairs[pair].lacks)
	return s
}
