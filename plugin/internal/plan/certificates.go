package plan

import (
	"crypto/x509"
	"errors"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// checkClient judges whether a server's certificate covers the addresses that a client calls, and whether the client
// trusts it.
func checkClient(p step, o *object.Object, id identity, hosts []string, verification string) error {
	var problems []error
	for _, h := range hosts {
		w := p.behind(o, shell.Host(h))
		server := p.nodes.of(w)
		if server == nil {
			continue
		}
		leaf := chainOf(p, server.certificate)
		if leaf == nil {
			continue
		}
		if err := leaf[0].VerifyHostname(shell.Host(h)); err != nil && verification == "full" {
			problems = append(problems, problem.New(problem.OtherName, "the certificate of %s (Secret/%s) does not "+
				"cover %q, which is where Elasticsearch is called", w.ID, server.certificate.Name, shell.Host(h)).
				Do("call it by one of its names (%s), or set certificates.verificationMode: certificate",
					strings.Join(leaf[0].DNSNames, ", ")))
		}
		problems = append(problems, signs(p, id.ca, w))
	}
	return errors.Join(problems...)
}

// signs refuses a CA of which the input shows that it did not sign a server's certificate.
func signs(p step, ca object.Source, w *recognise.Workload) error {
	server := p.nodes.of(w)
	if server == nil {
		return nil
	}
	leaf, cas := chainOf(p, server.certificate), chainOf(p, ca)
	if leaf == nil || cas == nil {
		return nil
	}
	if err := certificate.ChainsTo(leaf, cas); err != nil {
		return problem.New(problem.UnfitPair, "the CA in %s did not sign the certificate of %s (Secret/%s): %v", ca,
			w.ID,
			server.certificate.Name, err).Do("name the right one in certificates.secretName")
	}
	return nil
}

// presented is a key pair that a container presents to a server; to is nil where the stream does not show that one.
type presented struct {
	object    *object.Object
	container string
	cert, key object.Source
	to        *recognise.Workload
	own       bool // it is no pair that the plan gives
}

// presentPair notes that a container presents the pair of its identity to some servers.
func presentPair(p step, o *object.Object, c object.Container, id identity, to ...*recognise.Workload) {
	if p.settings.Certs() && id.secret != "" {
		cert, key := secretKey(o, id.secret, id.cert), secretKey(o, id.secret, id.key)
		presents(p.Part, presented{object: o, container: c.Name, cert: cert, key: key}, to...)
	}
}

// accepted judges every key pair that is presented in the end: by itself, and by what the server lists that it is
// presented to. What the stream does not show must hold in the cluster.
func accepted(in *In, served Part) Part {
	p := begin(in)
	judged := map[presented]bool{}
	for _, one := range served.presented {
		of := one
		if of.container = ""; judged[of] {
			continue
		}
		judged[of] = true
		cert := chainOf(p, one.cert)
		p.failing(one.object.ID, errors.Join(isPair(p, one, cert), isAccepted(p, one, cert)))
	}
	return *p.Part
}

// isPair judges a key pair by itself.
func isPair(p step, one presented, chain []*x509.Certificate) error {
	if chain == nil {
		return nil
	}
	if err := certificate.ForClients(chain[0]); err != nil {
		return problem.New(problem.UnfitPair, "%s cannot serve as a client certificate: %v", one.cert, err).
			Do("name a Secret with one in certificates.clients (ref: %s)", refOf(p.In, one))
	}
	if text := valueOf(p.In, one.key); text != nil {
		if err := certificate.KeyFits(chain[0], text); err != nil && !errors.Is(err, certificate.ErrNoPEM) &&
			!(one.own && errors.Is(err, certificate.ErrEncrypted)) {
			return problem.New(problem.UnfitPair, "%s %v", one.key, err).
				Do("store a certificate and its key there, or name another Secret in certificates.clients "+
					"(ref: %s)", refOf(p.In, one))
		}
	}
	return nil
}

// isAccepted judges whether a server accepts a certificate, as soon as it looks at one. A node's own probe presents
// the node's own, of the same Secret as its CA.
func isAccepted(p step, one presented, chain []*x509.Certificate) error {
	server := p.nodes.of(one.to)
	if one.to == nil || server == nil {
		return nil
	}
	if accepts := bundleOf(p, server.accepts); chain != nil && accepts != nil {
		err := certificate.ChainsTo(chain, accepts)
		const remedy = "name its CA in certificates.clientCA, or a Secret with a key pair that is accepted there in " +
			"certificates.clients (ref: %s)"
		switch {
		case err == nil:
		case !server.asks:
			p.action(one.object.ID, "%s is refused by %s as soon as clientAuthentication is optional, since none of "+
				"the CAs there has signed it: "+
				remedy, one.cert, one.to.ID, refOf(p.In, one))
		default:
			return problem.New(problem.UnfitPair, "%s was not signed by a CA that Elasticsearch accepts (%s): %v",
				one.cert, one.to.ID, err).
				Do(remedy, refOf(p.In, one))
		}
		return nil
	}
	isIts := one.cert == server.certificate || server.client != nil && one.cert.Name == server.client.secret &&
		visible(one.object, server.certificate)
	if !isIts {
		p.assume(one.object.ID, "%s must be signed by a CA that %s accepts: its own, or that of certificates.clientCA",
			one.cert, one.to.ID)
	}
	return nil
}

// refOf names whoever presents a pair, as certificates.clients does: a container where several of a pod may have one.
func refOf(in *In, one presented) string {
	if pod := podOf(one.object); len(pod.Containers()) > 1 && !in.isServer(one.object) {
		return one.object.ID.String() + "/" + one.container
	}
	return one.object.ID.String()
}

// bundleOf gives all certificates of several keys; nil when the stream does not hold them all.
func bundleOf(p step, sources []object.Source) []*x509.Certificate {
	var all []*x509.Certificate
	for _, s := range sources {
		chain := chainOf(p, s)
		if chain == nil {
			return nil
		}
		all = append(all, chain...)
	}
	return all
}

// chainOf gives the certificates in a key of the stream; nil when the stream does not hold it, or holds a placeholder
// there.
func chainOf(p step, s object.Source) []*x509.Certificate {
	text := valueOf(p.In, s)
	if text == nil {
		return nil
	}
	chain, err := certificate.Chain(text)
	if err != nil {
		p.assume(object.ID{}, "%s could not be read as a certificate (%v): it was not checked", s, err)
		return nil
	}
	return chain
}

// valueOf gives the decoded value of a key of the stream, nil when there is none.
func valueOf(in *In, s object.Source) []byte {
	held, state, _ := object.Look(in.release, s)
	if state != object.Held || held.Broken {
		return nil
	}
	return held.Text
}
