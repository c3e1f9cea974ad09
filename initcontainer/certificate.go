package initcontainer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// soon is how long before its end a trial is warned of: after it, every request of Kibana's is answered 401.
const soon = 14 * 24 * time.Hour

// ensureCertificate is the line of mode pki: licence → who are we by the certificate alone → role mapping → proof.
func ensureCertificate(ctx context.Context, o config.Ensure, e edge) error {
	if _, err := o.Login(); err != nil {
		return err
	}
	leaf, err := o.TLS.Leaf()
	if err != nil {
		return err
	}
	if err := unambiguous(leaf.Subject); err != nil {
		return err
	}
	e.transport = distinct(leaf, e.transport)
	s, err := newSession(o, e)
	if err != nil {
		return err
	}
	if err := s.until(ctx, "a licence for PKI", s.licence); err != nil {
		return err
	}
	var id elastic.Identity
	if err := s.until(ctx, "a PKI realm", func(ctx context.Context) (err error) {
		id, err = s.certificate(ctx, leaf)
		return err
	}); err != nil {
		return err
	}
	if err := s.until(ctx, "the role mapping",
		func(ctx context.Context) error { return s.mapping(ctx, id) }); err != nil {
		return err
	}
	s.refusedSince = time.Time{}
	return s.until(ctx, "the role", s.proof)
}

// licence refuses what has no PKI realms before anything is changed: Elasticsearch takes role mappings on Basic too,
// and then answers 401 for ever.
func (s *session) licence(ctx context.Context) error {
	l, err := s.es.Licence(ctx)
	var status *elastic.StatusError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		return failure.New(failure.Unavailable, errors.New("the cluster has no licence yet"),
			"it makes one when it has a master")
	case err != nil:
		return s.lasting(hinting(err, failure.Forbidden, "give the user of --username-file the cluster privileges "+
			"monitor and manage_security: mode pki needs them"))
	}
	if err := licensed(l); err != nil {
		return final{err}
	}
	s.refusedSince = time.Time{}
	if left := l.Expires.Sub(s.clock.now()); l.Type == "trial" && !l.Expires.IsZero() && left < soon {
		s.log.Warn("the trial ends soon; then Elasticsearch answers 401 to every request by certificate alone",
			"ends", l.Expires.UTC().Format(time.DateOnly), "hint", "a licence, or --mode cert-token before that day")
	}
	s.wait.moved("the licence has PKI realms", "licence", l.Type)
	return nil
}

const renewLicence = "renew the licence; or use --mode cert-token, which needs none"

// licensed says why a licence has no PKI realms.
func licensed(l elastic.Licence) error {
	switch {
	case !slices.Contains([]string{"gold", "platinum", "enterprise", "trial"}, l.Type):
		return failure.New(failure.Licence, fmt.Errorf("the licence is %q, which has no PKI realms", l.Type),
			"use --mode cert-token, which works with this licence: client certificates and a service token; or get a "+
				"licence: PKI realms need gold, platinum, enterprise or a trial")
	case l.Status != "active":
		return failure.New(failure.Licence,
			fmt.Errorf("the licence %q is %s: PKI realms are switched off", l.Type, l.Status),
			renewLicence)
	}
	return nil
}

// certificate asks who we are by the certificate alone. Elasticsearch tells realm and subject, before there is any
// role.
func (s *session) certificate(ctx context.Context, leaf *x509.Certificate) (elastic.Identity, error) {
	id, err := s.es.AuthenticateCertificate(ctx)
	switch {
	case failure.Of(err) == failure.Unauthorized:
		return id, s.lasting(nameless(leaf, hinting(err, failure.Unauthorized, noRealm)))
	case err != nil:
		return id, s.lasting(err)
	case id.Realm.Type != "pki" || id.Metadata.DN == "":
		return id, final{fmt.Errorf("by the certificate alone Elasticsearch takes us for %q of realm %q (%s), which "+
			"is no PKI realm: is anonymous access on?",
			id.Username, id.Realm.Name, id.Realm.Type)}
	case s.o.Realm != "" && id.Realm.Name != s.o.Realm:
		return id, final{failure.New(failure.Usage, fmt.Errorf("--pki-realm: the certificate is taken by realm %q, "+
			"not by %q", id.Realm.Name, s.o.Realm),
			"the realm with the lower order comes first")}
	}
	s.refusedSince = time.Time{}
	s.wait.moved("a PKI realm takes the certificate", "realm", id.Realm.Name, "subject", id.Metadata.DN)
	return id, nil
}

const noRealm = "set xpack.security.authc.realms.pki.<name>.order on every node, and put the CA of --cert into its " +
	"certificate_authorities: " +
	"no PKI realm takes this certificate"

// nameless names a certificate without a CN as the cause of a 401.
func nameless(leaf *x509.Certificate, err error) error {
	if leaf.Subject.CommonName != "" {
		return err
	}
	return failure.New(failure.Unauthorized, fmt.Errorf("the certificate of %q has no CN, and a PKI realm takes the "+
		"user's name from there: %w", leaf.Subject, err),
		"give Kibana a certificate with a CN; or set username_pattern in the realm")
}

// mapping writes the role mapping only where it differs, and replaces none that somebody else made.
func (s *session) mapping(ctx context.Context, id elastic.Identity) error {
	const hint = "give the user of --username-file the cluster privilege manage_security: mode pki needs it"
	name, want, err := wanted(s.o, id)
	if err != nil {
		return final{err}
	}
	have, exists, err := s.es.Mapping(ctx, name)
	switch {
	case err != nil:
		return s.lasting(hinting(err, failure.Forbidden, hint))
	case exists && have.Equivalent(want):
		s.wait.moved("the role mapping is there", "name", name)
		return nil
	case exists:
		if err := replaceable(name, have, want); err != nil {
			return final{err}
		}
	}
	if err := s.es.PutMapping(ctx, name, want); err != nil {
		return s.lasting(hinting(err, failure.Forbidden, hint))
	}
	s.wait.moved("wrote the role mapping", "name", name, "role", s.o.Role)
	return nil
}

// wanted is the role mapping that gives the role to this certificate, and its name.
func wanted(o config.Ensure, id elastic.Identity) (name string, want elastic.RoleMapping, err error) {
	if name = o.RoleMapping; name == "" {
		name = mappingName(id)
	}
	if want, err = elastic.CertificateMapping(o.Role, id.Realm, id.Metadata.DN); err != nil {
		err = failure.New(failure.ClientCertificate, fmt.Errorf("mode pki: %w", err), anotherSubject)
	}
	return name, want, err
}

// replaceable says why a mapping that differs is not ours to replace.
func replaceable(name string, have, want elastic.RoleMapping) error {
	switch {
	case !have.Ours():
		return failure.New(failure.Usage,
			fmt.Errorf("role mapping %q: it differs from what is needed, and is not ours: its metadata lacks %q: %q",
				name, elastic.MarkerKey, elastic.Marker), otherName+name)
	case !have.SameSubject(want):
		return failure.New(failure.Usage, fmt.Errorf("role mapping %q: it is that of another certificate, %q: "+
			"two that share one mapping would replace each other's", name, have.Subject()), otherName+name)
	}
	return nil
}

const otherName = "choose another name with --role-mapping; or, if nobody needs it, DELETE /_security/role_mapping/"

// mappingName is made of what is mapped, so that two Kibanas on one Elasticsearch do not overwrite each other's.
func mappingName(id elastic.Identity) string {
	sum := sha256.Sum256([]byte(id.Realm.Name + "\x00" + id.Metadata.DN))
	return "elk-mtls_" + hex.EncodeToString(sum[:6])
}

func (s *session) proof(ctx context.Context) error {
	id, err := s.es.AuthenticateCertificate(ctx)
	switch {
	case err != nil:
		return s.lasting(err)
	case !slices.Contains(id.Roles, s.o.Role):
		return failure.New(failure.Forbidden, fmt.Errorf("by its certificate %q has the roles %q, not %q", id.Username,
			id.Roles, s.o.Role),
			"the role mapping may take a moment to reach every node")
	}
	if err := roleExists(ctx, s.es, s.o.Role, len(id.Roles) == 1); err != nil {
		return s.lasting(err)
	}
	s.wait.moved("the certificate alone has the role", "user", id.Username, "role", s.o.Role)
	return nil
}

// roleExists: Elasticsearch maps to roles that do not exist, too, and says their names when asked who we are. A role
// of a file is not told; then the only role must allow something.
func roleExists(ctx context.Context, es *elastic.Client, role string, only bool) error {
	exists, err := es.RoleExists(ctx, role)
	if err == nil && !exists && only {
		exists, err = es.MayAnything(ctx)
	}
	if err == nil && !exists {
		return failure.New(failure.NoRole, fmt.Errorf("the role %q does not exist: a certificate that has its name "+
			"has no right by it", role),
			"set --role to one that Elasticsearch has: Kibana's own is "+config.KibanaSystem)
	}
	return err
}

const anotherSubject = "give Kibana a certificate with another subject; or use --mode cert-token"

// unambiguous refuses a subject that Elasticsearch cannot tell from another one: Java puts quotation marks around a
// value with special characters, and adds none where the value has them itself.
// https://github.com/openjdk/jdk/blob/jdk-17+35/src/java.base/share/classes/sun/security/x509/AVA.java
func unambiguous(subject pkix.Name) error {
	for _, n := range subject.Names {
		v, _ := n.Value.(string)
		if len(v) > 1 && strings.HasPrefix(v, `"`) && strings.HasSuffix(v, `"`) {
			return failure.New(failure.ClientCertificate, fmt.Errorf("--cert: mode pki: in the subject, %s has "+
				"quotation marks around it: Elasticsearch cannot tell it from the same value without them", v),
				anotherSubject)
		}
	}
	return nil
}

// distinct refuses a server that has our own key: then every node, and whoever reads its Secret, would be Kibana.
func distinct(own *x509.Certificate,
	around func(http.RoundTripper) http.RoundTripper) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		if around != nil {
			next = around(next)
		}
		return separate{own, next}
	}
}

type separate struct {
	own  *x509.Certificate
	next http.RoundTripper
}

// RoundTrip looks at the server's certificate after the answer.
func (s separate) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := s.next.RoundTrip(req)
	if err != nil || res.TLS == nil || len(res.TLS.PeerCertificates) == 0 {
		return res, err
	}
	if bytes.Equal(res.TLS.PeerCertificates[0].RawSubjectPublicKeyInfo, s.own.RawSubjectPublicKeyInfo) {
		_ = res.Body.Close()
		return nil, final{failure.New(failure.ClientCertificate,
			fmt.Errorf("mode pki: the server has the same key as our own certificate, %q: anyone with the server's "+
				"files could log in as Kibana", s.own.Subject),
			"give Kibana its own key pair; or use --mode cert-token")}
	}
	return res, nil
}
