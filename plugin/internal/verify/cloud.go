package verify

import (
	"encoding/base64"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
)

// byCloud puts the address that a Cloud ID says in place of the addresses of a connection, over which it wins, and
// gives these.
func (d *destination) byCloud(id value, alone bool) (replaced []value) {
	if !id.set() || !id.hidden && id.text() == "" {
		return nil
	}
	address, ok := cloudAddress(id.text())
	if id.hidden || alone || !ok {
		d.cloud = id
		return nil
	}
	replaced = d.hosts
	id.texts = []string{address}
	d.hosts = []value{id}
	return replaced
}

// orEmpty expands a setting that a Beat takes for empty where its variable has no value, as in the manifests of
// Elastic.
// https://github.com/elastic/beats/blob/main/libbeat/cloudid/cloudid.go
func (c caller) orEmpty(v value) value {
	name, isVariable := strings.CutPrefix(strings.TrimSuffix(v.text(), "}"), "${")
	e, ok := c.env[name]
	if isVariable && (ok && !e.hidden && e.text() == "" || !ok && len(c.unknown) == 0 && !strings.Contains(name, ":")) {
		return value{}
	}
	return c.expanded(v)
}

// cloudAddress reads a Cloud ID: a name, and in base64 the domain of a region and the names of the deployment in it.
func cloudAddress(id string) (string, bool) {
	encoded := id[strings.LastIndex(id, ":")+1:]
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		text, err = base64.RawStdEncoding.DecodeString(encoded)
	}
	words := strings.Split(string(text), "$")
	if err != nil || len(words) < 2 || words[0] == "" || words[1] == "" {
		return "", false
	}
	domain, port, _ := strings.Cut(words[0], ":")
	name, own, _ := strings.Cut(words[1], ":")
	return "https://" + name + "." + domain + ":" + or(or(own, port), "443"), true
}

// judgeCloud judges a Cloud ID that did not become an address.
func (d destination) judgeCloud(a *Aspect, who caller) {
	_, ok := cloudAddress(d.cloud.text())
	switch {
	case d.cloud.hidden:
		a.assume("%s: %s is empty", who, d.cloud.at.path)
	case d.cloud.set() && !ok:
		a.fail(d.cloud.at, NoWay, "%s is no Cloud ID, and the program does not start", d.cloud.at.path)
	case d.cloud.set():
		a.fail(d.cloud.at, NoWay, "%s stands beside addresses, and the program does not start with both",
			d.cloud.at.path)
	}
}

// judgeLetters judges a scheme that is not in small letters.
func (c dialer) judgeLetters(a *Aspect, at address) {
	switch {
	case at.written == "https" || c.runtime.Scheme == catalog.AnyLetters:
	case c.runtime.Scheme == catalog.SmallLetters:
		a.fail(at.at, ClientPlain, "%s knows no scheme %q in these letters: write https", c.program, at.written)
	default:
		a.assume("%s: %s is https to it", c.caller, at.written)
	}
}
