package plan

import (
	"crypto/x509"
	"errors"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// checkClient judges a client's pair, and whether the server's certificate covers the addresses that the client calls.
func checkClient(p step, o *object.Object, id identity, hosts []string, verification string) error {
	var problems []error
	var accepted []*x509.Certificate
	for _, h := range hosts {
		w := p.behind(o, shell.Host(h))
		if w == nil || p.nodes[w] == nil {
			continue
		}
		server := p.nodes[w]
		accepted = bundleOf(p, server.accepts)
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
		if cas := chainOf(p, id.ca); cas != nil {
			if err := certificate.ChainsTo(leaf, cas); err != nil {
				problems = append(problems, problem.New(problem.UnfitPair, "the CA in %s did not sign the "+
					"certificate of %s (Secret/%s): %v", id.ca, w.ID, server.certificate.Name, err).
					Do("name the right one in certificates.secretName"))
			}
		}
	}
	return errors.Join(append(problems, checkPair(p, o, id, accepted))...)
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

// checkPair judges a client's pair.
func checkPair(p step, o *object.Object, id identity, accepted []*x509.Certificate) error {
	if id.secret == "" {
		return nil
	}
	cert := secretKey(o, id.secret, id.cert)
	leaf := chainOf(p, cert)
	if leaf == nil {
		return nil
	}
	if err := certificate.ForClients(leaf[0]); err != nil {
		return problem.New(problem.UnfitPair, "%s cannot serve as a client certificate: %v", cert, err).
			Do("name a Secret with one in certificates.clients (ref: %s)", o.ID)
	}
	key := secretKey(o, id.secret, id.key)
	if text := valueOf(p.In, key); text != nil {
		if err := certificate.KeyFits(leaf[0], text); err != nil && !errors.Is(err, certificate.ErrNoPEM) {
			return problem.New(problem.UnfitPair, "%s %v", key, err).
				Do("store certificate and key of one pair there, or name another Secret in certificates.clients "+
					"(ref: %s)", o.ID)
		}
	}
	if accepted != nil {
		if err := certificate.ChainsTo(leaf, accepted); err != nil {
			return problem.New(problem.UnfitPair, "%s was not signed by a CA that Elasticsearch accepts: %v", cert,
				err).
				Do("name its CA in certificates.clientCA")
		}
	}
	return nil
}

// chainOf gives the certificates in a key of the stream; nil when the stream does not hold it, or holds a placeholder there.
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
	held, state, _ := object.Look(in, s)
	if state != object.Held || held.Broken {
		return nil
	}
	return held.Text
}
