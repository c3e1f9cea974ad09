package plan

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/issue"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// leavesOf gives the certificates that cert-manager is asked for, and the settings with them. From here on their
// Secrets are like those that somebody made.
func leavesOf(r *recognise.Release, s config.Settings) ([]issue.Leaf, config.Settings, error) {
	if s.Certificates.Source != config.SourceCertManager || len(r.Nodes)+len(r.Kibanas)+len(r.Clients) == 0 {
		return nil, s, nil
	}
	leaves, err := issue.Leaves(r, s, s.Certificates.Namespace, nil)
	if err != nil {
		return nil, s, err
	}
	return leaves, issue.Configure(s, r, leaves), nil
}

// issued plans a Certificate for every pair that somebody mounts.
func issued(in *In, leaves []issue.Leaf, whole Part) Part {
	p := begin(in)
	var asked *object.Object
	all, at := changed(whole), map[string][]int{}
	for i, o := range all {
		at[o.ID.String()] = append(at[o.ID.String()], i)
	}
	for _, l := range leaves {
		before := user(l, at, all)
		if before == nil {
			continue // it calls no Elasticsearch of this stream, or none by TLS
		}
		asked = before
		id, node := newObject(before, "cert-manager.io/v1", "Certificate", l.Secret,
			patch.F("spec", certificateSpec(p.In, l)))
		p.failing(before.ID, p.addObject(before, id, node, "cert-manager makes Secret/"+l.Secret+" of it"))
		if l.Server && l.Namespace == "" {
			p.assume(object.ID{}, "Certificate/%s has no names with a namespace, which the manifests do not tell: "+
				"give it in certificates.namespace if clients call SERVICE.NAMESPACE.svc", l.Secret)
		}
	}
	c := p.settings.Certificates
	switch {
	case asked == nil:
	case c.CA.Named():
		ca, _ := caNamed(p.In, asked)
		p.assume(object.ID{}, "%s must hold the CA of %s/%s", ca, c.Issuer.Kind, c.Issuer.Name)
	default:
		p.assume(object.ID{}, "%s/%s must put its CA into ca.crt, as issuers of the kinds CA and Vault do, and ACME "+
			"does not", c.Issuer.Kind, c.Issuer.Name)
	}
	return *p.Part
}

// user gives the first object that mounts a pair, nil when none does. The objects are those that are changed, by their
// names.
func user(l issue.Leaf, at map[string][]int, all []*object.Object) *object.Object {
	first := len(all)
	for _, ref := range l.Refs {
		for _, i := range at[ref] {
			if l.Namespace == all[i].Namespace || all[i].Namespace == "" {
				first = min(first, i)
			}
		}
	}
	if first == len(all) {
		return nil
	}
	return all[first]
}

// certificateSpec gives the spec: a server is called by all of its names and calls itself; nobody looks at the names
// of a client.
// https://cert-manager.io/docs/usage/certificate/
func certificateSpec(in *In, l issue.Leaf) *yaml.Node {
	c := in.settings.Certificates
	usages := []string{"digital signature", "client auth"}
	if l.Server {
		usages = []string{"digital signature", "key encipherment", "server auth", "client auth"}
	}
	algorithm, size := "ECDSA", 256
	if l.RSA {
		algorithm, size = "RSA", 3072
	}
	spec := patch.Map(
		patch.F("secretName", patch.Str(l.Secret)),
		patch.F("commonName", patch.Str(l.Subject)),
		patch.F("subject", patch.Map(patch.F("organizations", patch.Strs(or(l.Namespace, ourName))))),
	)
	var names, addresses []string
	for _, name := range l.Names {
		if name == "127.0.0.1" {
			addresses = append(addresses, name)
		} else {
			names = append(names, name)
		}
	}
	add := func(name string, value *yaml.Node) { spec.Content = append(spec.Content, patch.Str(name), value) }
	if l.Server {
		add("dnsNames", patch.Strs(names...))
		add("ipAddresses", patch.Strs(addresses...))
	}
	add("usages", patch.Strs(usages...))
	for _, f := range []struct{ name, value string }{{"duration", c.Duration}, {"renewBefore", c.RenewBefore}} {
		if f.value != "" {
			add(f.name, patch.Str(f.value))
		}
	}
	add("privateKey", patch.Map(
		patch.F("algorithm", patch.Str(algorithm)), patch.F("size", patch.Int(size)),
		patch.F("encoding", patch.Str("PKCS8")), patch.F("rotationPolicy", patch.Str("Always"))))
	add("issuerRef", patch.Map(patch.F("name", patch.Str(c.Issuer.Name)), patch.F("kind", patch.Str(c.Issuer.Kind)),
		patch.F("group", patch.Str(c.Issuer.Group))))
	return spec
}
