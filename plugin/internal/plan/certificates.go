package plan

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

// checkServer judges the node's certificate, and the pair that its own probe presents, where the stream holds them.
func (p *planner) checkServer(w *recognise.Workload, id identity) error {
	return errors.Join(p.checkPair(w.Object, id, p.acceptedBy(id)))
}

// checkClient judges a client's pair, and whether the server's certificate covers the addresses that the client calls.
func (p *planner) checkClient(o *object.Object, id identity, hosts []string, verification string) error {
	var problems []error
	var accepted []*x509.Certificate
	for _, h := range hosts {
		node := p.behind(hostService(hostOf(h)))
		if node == nil {
			continue
		}
		server, err := p.nodeIdentity(node)
		if err != nil {
			continue // the node reports it
		}
		accepted = p.acceptedBy(server)
		leaf := p.chain(object.Source{Kind: "Secret", Name: server.secret, Key: server.cert})
		if verification != "full" || leaf == nil {
			continue
		}
		if err := leaf[0].VerifyHostname(hostOf(h)); err != nil {
			problems = append(problems, fmt.Errorf("the certificate of %s (Secret/%s) does not cover %q, which is where Elasticsearch is called (%s): "+
				"call it by one of its names (%s), or set certificates.verificationMode: certificate", node.ID, server.secret, hostOf(h), h, strings.Join(leaf[0].DNSNames, ", ")))
		}
		if cas := p.chain(id.ca); cas != nil {
			if err := certificate.ChainsTo(leaf, cas); err != nil {
				problems = append(problems, fmt.Errorf("the CA in %s did not sign the certificate of %s (Secret/%s): %w; name the right one in certificates.secretName",
					id.ca, node.ID, server.secret, err))
			}
		}
	}
	return errors.Join(append(problems, p.checkPair(o, id, accepted))...)
}

// hostService gives the Service in a cluster name: es.ns.svc.cluster.local is "es".
func hostService(host string) string {
	service, _, _ := strings.Cut(host, ".")
	return service
}

// nodeIdentity gives the Secret of a node's server certificate, as the node will use it.
func (p *planner) nodeIdentity(w *recognise.Workload) (identity, error) {
	conf, err := p.configuration(w, elasticsearchFile, elasticsearchEnv)
	if err != nil {
		return identity{}, err
	}
	server, err := p.serverPair(conf)
	if name := p.settings.Certificates.SecretName; name != "" {
		keys := p.settings.Certificates.Keys
		server = identity{secret: name, cert: or(keys.Cert, fileCert), key: or(keys.Key, fileKey), ca: object.Source{Kind: "Secret", Name: name, Key: or(keys.CA, fileCA)}}
	}
	return server, err
}

// acceptedBy gives the CAs whose clients a node with that identity accepts; nil when the stream does not hold them all.
func (p *planner) acceptedBy(id identity) []*x509.Certificate {
	cas := p.chain(id.ca)
	if ca := p.settings.Certificates.ClientCA; ca.SecretName != "" {
		more := p.chain(object.Source{Kind: "Secret", Name: ca.SecretName, Key: ca.Key})
		if more == nil {
			return nil
		}
		cas = append(cas, more...)
	}
	return cas
}

// checkPair judges a client's pair.
func (p *planner) checkPair(o *object.Object, id identity, accepted []*x509.Certificate) error {
	if id.secret == "" {
		return nil
	}
	cert := object.Source{Kind: "Secret", Name: id.secret, Key: id.cert}
	leaf := p.chain(cert)
	if leaf == nil {
		return nil
	}
	if err := certificate.ForClients(leaf[0]); err != nil {
		return fmt.Errorf("%s cannot serve as a client certificate: %w; name a Secret with one in certificates.clients (ref: %s)", cert, err, o.ID)
	}
	key := object.Source{Kind: "Secret", Name: id.secret, Key: id.key}
	if text := p.value(key); text != nil {
		if err := certificate.KeyFits(leaf[0], text); err != nil && !errors.Is(err, certificate.ErrNoPEM) {
			return fmt.Errorf("%s %w", key, err)
		}
	}
	if accepted != nil {
		if err := certificate.ChainsTo(leaf, accepted); err != nil {
			return fmt.Errorf("%s was not signed by a CA that Elasticsearch accepts: %w; name its CA in certificates.clientCA", cert, err)
		}
	}
	return nil
}

// chain gives the certificates in a key of the stream; nil when the stream does not hold it, or holds a placeholder there.
func (p *planner) chain(s object.Source) []*x509.Certificate {
	text := p.value(s)
	if text == nil {
		return nil
	}
	chain, err := certificate.Chain(text)
	if err != nil {
		p.assume("%s could not be read as a certificate (%v): it was not checked", s, err)
		return nil
	}
	return chain
}

// value gives the decoded value of a key of the stream, nil when there is none.
func (p *planner) value(s object.Source) []byte {
	holder, err := p.release.Find(s.Kind, s.Name)
	if err != nil || holder == nil {
		return nil
	}
	if text, ok := object.Pairs(holder.Node, "stringData")[s.Key]; ok {
		return []byte(text)
	}
	text, ok := object.Pairs(holder.Node, "data")[s.Key]
	if !ok {
		return nil
	}
	if s.Kind == "ConfigMap" {
		return []byte(text)
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil
	}
	return decoded
}
