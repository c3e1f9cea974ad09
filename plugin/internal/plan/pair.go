package plan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// Which Secret a client's key pair comes from:
//
//	the client presents one already                           its own: nothing is asked, and nothing changes
//	the configuration names one for this client, or for all   that one
//	the client calls a node of the input                      the Secret of that node's own key pair
//	its CA is ca.crt of a Secret, and its pod mounts the      that Secret: charts and cert-manager keep both together
//	  whole Secret, or the key pair of it too
//	otherwise                                                 none: the user is asked
//
// Whichever it is, a key pair that may issue certificates, or that was issued for servers only, is refused.

// pair is a certificate and its key, as keys of one Secret.
type pair struct {
	secret    string // "" when none is known
	cert, key string // "" stands for the usual names
}

// needs says what a client lacks.
type needs struct{ ca, pair bool }

var needsAll = needs{ca: true, pair: true}

// identityFor gives the identity of one object: whom it trusts, and the pair that the configuration names or else the
// one given. What the client does not need is not looked for.
func identityFor(p step, o *object.Object, ca object.Source, from pair, need needs) (identity, error) {
	return identityWith(p, o, ca, from, namedSecret(p, o), need)
}

// identityWith is identityFor, where named is the Secret that the configuration names.
func identityWith(p step, o *object.Object, ca object.Source, from pair, named string, need needs) (identity, error) {
	id := identity{ca: ca.In(o.Namespace)}
	certificates := p.settings.Certificates
	if named, ok := caNamed(p.In, o); ok {
		id.ca = named
	}
	if certificates.SecretName != "" {
		from = pair{secret: certificates.SecretName}
	}
	if !p.settings.Certs() || !need.pair {
		return id, holdsCA(p, id, need)
	}
	if named != "" {
		from = pair{secret: named}
		if _, told := caNamed(p.In, o); !told && comesLater(p.In, o, id.ca) != "" {
			id.ca = caBeside(p.In, o, named)
		}
	}
	if from.secret == "" {
		return id, problem.New(problem.NoPair, "no Secret with a client certificate is known%s", onlyCA(ca)).
			Do("name one in certificates.clients (ref: %s) or certificates.secretName", o.ID)
	}
	id.secret = from.secret
	id.cert = or(certificates.Keys.Cert, or(from.cert, fileCert))
	id.key = or(certificates.Keys.Key, or(from.key, fileKey))
	if err := errors.Join(checkHolds(p, secretKey(o, id.secret, id.cert)),
		checkHolds(p, secretKey(o, id.secret, id.key))); err != nil {
		return id, err
	}
	return id, errors.Join(holdsCA(p, id, need), isForClients(p.In, o, id.secret), isApart(p.In, o, id.secret))
}

// caNamed gives the key with the CAs that the configuration names for servers and clients; ok is false where it names
// none.
func caNamed(in *In, o *object.Object) (ca object.Source, ok bool) {
	c := in.settings.Certificates
	switch {
	case c.CA.ConfigMapName != "":
		return object.Source{Namespace: o.Namespace, Kind: "ConfigMap", Name: c.CA.ConfigMapName, Key: c.CA.Key}, true
	case c.CA.SecretName != "":
		return secretKey(o, c.CA.SecretName, c.CA.Key), true
	case c.SecretName != "":
		return caBeside(in, o, c.SecretName), true
	}
	return ca, false
}

// caBeside gives the CA in the Secret of a key pair, where cert-manager and elk-mtls certs keep it.
func caBeside(in *In, o *object.Object, secret string) object.Source {
	return secretKey(o, secret, or(in.settings.Certificates.Keys.CA, fileCA))
}

func holdsCA(p step, id identity, need needs) error {
	if !need.ca {
		return nil
	}
	return checkHolds(p, id.ca)
}

// onlyCA says what is known of the Secret of a client's CA.
func onlyCA(ca object.Source) string {
	if ca.Kind != "Secret" {
		return ""
	}
	return fmt.Sprintf(" (the CA is %s, and nothing shows that this Secret also holds a key pair for clients)", ca)
}

// namedSecret gives the Secret that the configuration names for one client, "" when it names none.
func namedSecret(p step, o *object.Object) string { return namedAs(p, o.ID.String()) }

// namedAs gives the Secret that the configuration names under a ref.
func namedAs(p step, ref string) string {
	for _, c := range p.settings.Certificates.Clients {
		if c.Ref == ref {
			p.match(c.Ref)
			return c.SecretName
		}
	}
	return ""
}

// sharedIdentity gives the identity of a client that trusts ca, where its settings name one (place says which would),
// and calls some nodes. The configuration may name a Secret for its container alone.
func sharedIdentity(p step, w *recognise.Workload, ca object.Source, called []*recognise.Workload, place string,
	need needs) (identity, error) {
	from := pairBeside(p.In, w.Pod, ca)
	var of *recognise.Workload
	for _, node := range called {
		known := p.nodes.of(node)
		if known == nil || known.ca.Name == "" || !visible(w.Object, known.ca) {
			continue
		}
		if ca.Name == "" {
			ca = known.ca
		}
		if known.client != nil {
			from = pair{known.client.secret, known.client.cert, known.client.key}
		}
		of = node
		break
	}
	alone := namedAlone(p, w)
	named := or(alone, namedSecret(p, w.Object))
	if ca.Name == "" && named != "" {
		ca = caBeside(p.In, w.Object, named)
	}
	if _, told := caNamed(p.In, w.Object); need != (needs{}) && ca.Name == "" && !told {
		return identity{}, problem.New(problem.NoPair, "container %q: %s names no CA that is mounted from a Secret "+
			"or ConfigMap, so that nothing tells whom to trust", w.Main.Name, place).
			Do("name the Secret with CA, certificate and key in certificates.clients (ref: %s) or "+
				"certificates.secretName", w.ID)
	}
	id, err := identityWith(p, w.Object, ca, from, named, need)
	if id.of = of; alone != "" && !p.isMain(w.Object, w.Main.Name) {
		id.only = w.Main.Name
	}
	return id, err
}

// namedAlone gives the Secret that the configuration names for one container, "" when it names none.
func namedAlone(p step, w *recognise.Workload) string {
	return namedAs(p, w.ID.String()+"/"+w.Main.Name)
}

// nodesBehind gives the nodes of the input that an object reaches at some addresses.
func nodesBehind(in *In, o *object.Object, addresses []string) []*recognise.Workload {
	var all []*recognise.Workload
	for _, address := range addresses {
		if w := in.behind(o, shell.Host(address)); w != nil {
			all = append(all, w)
		}
	}
	return all
}

// pairBeside gives the key pair that is kept in one Secret with a CA. The convention holds for the key ca.crt only,
// and a volume that lists keys of the Secret without the pair says that the pod is to see no pair.
func pairBeside(in *In, pod object.Pod, ca object.Source) pair {
	keys := in.settings.Certificates.Keys
	shown := func(key string) bool { return pod.Shows(object.Source{Kind: ca.Kind, Name: ca.Name, Key: key}) }
	if ca.Kind != "Secret" || ca.Key != or(keys.CA, fileCA) || !shown(or(keys.Cert, fileCert)) ||
		!shown(or(keys.Key, fileKey)) {
		return pair{}
	}
	return pair{secret: ca.Name}
}

func secretOf(s object.Source) string {
	if s.Kind != "Secret" {
		return ""
	}
	return s.Name
}

// isApart refuses to give out a key of a Secret that also keeps the key of a CA: it is one whose keys stay where they
// are.
func isApart(in *In, o *object.Object, secret string) error {
	holder := in.release.Shown(secretKey(o, secret, ""))
	if holder == nil || !slices.Contains(holder.Keys(), fileCAKey) {
		return nil
	}
	return problem.New(problem.UnfitPair, "Secret/%s holds the private key of a CA too (%s), and no client gets a "+
		"key of such a Secret",
		secret, fileCAKey).Do("name a Secret with a client certificate alone in certificates.clients (ref: %s)", o.ID)
}

// isForClients refuses a key pair that no client may have: a CA's, or one that was issued for servers only.
func isForClients(in *In, o *object.Object, secret string) error {
	declared, err := in.declarations()
	if err != nil {
		return err
	}
	remedy := fmt.Sprintf("name a Secret with a client certificate in certificates.clients (ref: %s)", o.ID)
	if says := declared.Authority(o.Namespace, secret); says != "" {
		return problem.New(problem.UnfitPair, "the key in Secret/%s is that of a CA (%s): anyone who holds it can "+
			"issue certificates, so no client gets it", secret, says).Do("%s", remedy)
	}
	if says := declared.ServersOnly(o.Namespace, secret); says != "" {
		return problem.New(problem.UnfitPair, "the certificate in Secret/%s is for servers only (%s), and "+
			"Elasticsearch refuses it from a client", secret, says).Do("%s, or add client auth there", remedy)
	}
	return nil
}
