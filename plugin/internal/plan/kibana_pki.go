package plan

import (
	"slices"

	"github.com/elk-mtls/elk-mtls/internal/contract"
	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const linkPKI = "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/pki-realm.html"

// planRealm plans the PKI realm of a node. The realms of users and passwords, which need no entry, come before it: a
// request that brings a password is the user's. cas is nil where the node keeps a truststore, which serves then.
func planRealm(p step, w *recognise.Workload, conf *configuration, cas []string) error {
	if p.settings.Mode != config.ModePKI {
		return nil
	}
	key := catalog.PKIRealms + p.settings.PKI.Realm + "."
	setSetting(p, w, conf, key+"order", or(conf.get(key+"order").Value(), "10"),
		"Elasticsearch tells Kibana by its certificate", linkPKI)
	if s := conf.get(key + catalog.LayerCAs); s != nil {
		cas = s.Values
	}
	if cas == nil {
		return nil
	}
	return setList(p, conf, key+catalog.LayerCAs, cas, "certificates of these CAs can be users of the realm", linkPKI)
}

// planPKI plans a Kibana that has nothing but its certificate. It must be Kibana's own: whoever has the same is Kibana
// too.
func planPKI(p step, w *recognise.Workload, conf *configuration, id identity, hosts []string) error {
	if err := ownCertificate(p, w, conf, id); err != nil {
		return err
	}
	minter, err := minterItems(p, w.Object, id.ca, hosts)
	if err != nil {
		return err
	}
	withoutToken(p, w)
	addClientVolume(p, w.Object, id)
	addVolume(p, w.Object, projected(minterVolume, fileMode(podOf(w.Object)), minter),
		"credentials that may write the role mapping (manage_security); only "+initName+" mounts them", linkPKI)
	args := append(ensureArgs(p.In, id, hosts, verificationOf(p, conf)),
		contract.Flag(contract.FlagMode, p.settings.Mode), contract.Flag(contract.FlagRealm, p.settings.PKI.Realm),
		contract.Flag(contract.FlagRole, p.settings.PKI.Role))
	args = append(args, asMinter()...)
	p.action(object.ID{}, "mode pki needs a licence with PKI realms (Gold, Platinum, Enterprise or a trial): on "+
		"Basic %s refuses, and %s does not start; mode cert-token needs none", initName, w.ID)
	p.action(w.ID, "a request through Kibana without an Authorization header reaches Elasticsearch as Kibana itself")
	if len(p.release.Nodes) == 0 {
		p.action(object.ID{}, "Elasticsearch is not in the input: it must have the realm pki/%s "+
			"(xpack.security.authc.realms.pki.%[1]s.order and .certificate_authorities)", p.settings.PKI.Realm)
	}
	return ensureBefore(p, w.Object, args, append(id.clientMounts(w.Object), readOnlyMount(minterVolume, minterDir)),
		"maps Kibana's certificate to its role before Kibana starts", linkPKI)
}

// ownCertificate refuses a pair that somebody else presents too.
func ownCertificate(p step, w *recognise.Workload, conf *configuration, id identity) error {
	if id.carried.cert != "" {
		p.assume(w.ID, "nobody else presents the certificate in %s: in mode pki, anyone who does is Kibana",
			id.carried.cert)
		return nil
	}
	shared := ""
	if s := conf.get(kibanaCert); namedSecret(p, w.Object) == "" &&
		(s == nil || s.Hidden || s.Value() == clientDir+"/"+fileCert) {
		shared = "every client without one of its own"
	}
	for _, node := range p.release.Nodes {
		if known := p.nodes.of(node); known == nil {
			continue
		} else if known.certificate.Name == id.secret || known.client != nil && known.client.secret == id.secret {
			shared = node.ID.String()
		}
	}
	others := slices.IndexFunc(p.settings.Certificates.Clients,
		func(c config.Client) bool { return c.SecretName == id.secret && c.Ref != w.ID.String() })
	if others >= 0 {
		shared = p.settings.Certificates.Clients[others].Ref
	}
	if shared == "" {
		return nil
	}
	return problem.New(problem.UnfitPair, "the certificate in Secret/%s is that of %s too, and in mode pki anyone who "+
		"presents it is Kibana", id.secret, shared).
		Do("give Kibana one of its own (elk-mtls certs makes it) and name it in certificates.clients (ref: %s)", w.ID)
}
