package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	d "github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// expiring is how long before its end a certificate is warned of.
const expiring = 60 * 24 * time.Hour

// examination is one look at everything. It changes nothing anywhere.
type examination struct {
	*d.Report
	o    config.Doctor
	edge edge
	es   *elastic.Client

	alwaysPresent string // alwaysPresentCertificate of the workloads: "true" if one has it, "" where nobody knows
}

// doctor is the line: certificate → connection → licence → token → cluster → privileges → report.
func doctor(ctx context.Context, o config.Doctor, e edge) error {
	wait := newWaiting(e.clock, e.log, o.Wait)
	for {
		x := &examination{Report: &d.Report{}, o: o, edge: e}
		x.look(ctx)
		n := x.Problems()
		var problems error
		if n > 0 {
			problems = failure.New(failure.Other, fmt.Errorf("problems: %d", n), "each line names its heading in docs/doctor.md")
		}
		if problems != nil && wait.left() > 0 {
			if err := wait.pause(ctx, "the problems to go", problems, time.Second); err == nil {
				continue
			}
		}
		if err := x.print(e.stdout); err != nil {
			return err
		}
		return problems
	}
}

func (x *examination) print(out io.Writer) error {
	if x.o.Format == "json" {
		return x.JSON(out)
	}
	return x.Text(out)
}

func (x *examination) look(ctx context.Context) {
	x.certificate()
	if x.connection(ctx) {
		x.without(ctx)
		x.licence(ctx)
		x.privileges(ctx)
	}
	x.Skip("Elasticsearch cannot be reached", d.Chain, d.HostName, d.Required, d.Licence, d.Elasticsearch)
	x.token(ctx)
	x.cluster(ctx)
	x.realm(ctx)
}

// each gives one call its own time.
func (x *examination) each(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, requestTime)
}

// ask makes a first call; one whose reason was lost when the connection was torn down is made again.
func (x *examination) ask(ctx context.Context, call func(context.Context) (elastic.Identity, error)) (err error) {
	for range 5 {
		limited, cancel := x.each(ctx)
		_, err = call(limited)
		cancel()
		if !torn(err) {
			return err
		}
	}
	return err
}

// certificate looks at the own files.
func (x *examination) certificate() {
	if x.o.TLS.Cert == "" {
		x.Skip("no client certificate is configured", d.CertificateFiles, d.CertificateUsage, d.CertificateDates)
		return
	}
	leaf, err := x.o.TLS.Leaf()
	if err != nil {
		x.Add(d.CertificateFiles, d.Problem, "%s", oneLine(err))
		x.Skip("the files cannot be used", d.CertificateUsage, d.CertificateDates)
		return
	}
	x.Add(d.CertificateFiles, d.OK, "%s and its key belong together", leaf.Subject)
	unrestricted := len(leaf.ExtKeyUsage) == 0 && len(leaf.UnknownExtKeyUsage) == 0
	if unrestricted || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		x.Add(d.CertificateUsage, d.OK, "it may be used by a client")
	} else {
		x.Add(d.CertificateUsage, d.Problem, "its extended key usage does not allow client authentication")
	}
	x.dates(leaf)
}

func (x *examination) dates(leaf *x509.Certificate) {
	now := x.edge.clock.now()
	left := leaf.NotAfter.Sub(now)
	days, day := int(left.Hours()/24), leaf.NotAfter.UTC().Format(time.DateOnly)
	err := x.o.TLS.Check(now)
	switch {
	case err != nil:
		x.Add(d.CertificateDates, d.Problem, "%s", oneLine(err))
	case left < expiring:
		x.Add(d.CertificateDates, d.Warning, "it ends in %d days, on %s", days, day)
	default:
		x.Add(d.CertificateDates, d.OK, "it ends in %d days, on %s", days, day)
	}
}

// connection makes the first call, and reports whether others can follow. What it failed of tells how far it came.
func (x *examination) connection(ctx context.Context) bool {
	es, err := dial(x.o.Common, x.edge)
	if err != nil {
		x.Add(d.Chain, d.Problem, "%s", oneLine(err))
		x.Skip("the connection cannot be set up", d.Reachable)
		return false
	}
	err = x.ask(ctx, es.Authenticate)
	cause := failure.Of(err)
	where := map[failure.Cause]d.Code{failure.WrongCA: d.Chain, failure.HostName: d.HostName, failure.Dates: d.Chain}
	var status *elastic.StatusError
	switch at, known := where[cause]; {
	case err == nil, errors.As(err, &status):
		x.es = es
		x.Add(d.Reachable, d.OK, "%s answers", strings.Join(x.o.URLs, ", "))
		x.trusted()
		if err != nil {
			x.Add(d.Elasticsearch, d.Problem, "%s", oneLine(err))
		}
		return true
	case cause == failure.ClientCertificate: // the server's was verified before ours was refused
		x.Add(d.Reachable, d.OK, "something speaks TLS there")
		x.trusted()
		x.Add(d.CertificateFiles, d.Problem, "%s", oneLine(err))
		x.without(ctx)
	case known:
		x.Add(d.Reachable, d.OK, "something speaks TLS there")
		x.Add(at, d.Problem, "%s", oneLine(err))
	default:
		x.Add(d.Reachable, d.Problem, "%s", oneLine(err))
	}
	return false
}

func (x *examination) trusted() {
	x.Add(d.Chain, d.OK, "its certificate is signed by a CA in %s", x.o.TLS.CA)
	if x.o.TLS.VerificationMode == "certificate" {
		x.Add(d.HostName, d.Warning, "not checked: --verification-mode certificate")
	}
	x.Add(d.HostName, d.OK, "its certificate has that name")
}

// without tries to get in without a certificate: the only way to know that one is required.
func (x *examination) without(ctx context.Context) {
	common := x.o.Common
	common.TLS.Cert, common.TLS.Key = "", ""
	es, err := dial(common, x.edge)
	if err == nil {
		err = x.ask(ctx, es.AuthenticateCertificate) // no password goes along
	}
	var status *elastic.StatusError
	switch {
	case failure.Of(err) == failure.ClientCertificate:
		x.Add(d.Required, d.OK, "who presents none is refused")
	case err == nil, errors.As(err, &status):
		x.Add(d.Required, d.Warning, "who presents none is let in to the login: client_authentication is not required")
	default:
		x.Add(d.Required, d.Warning, "not looked at: %s", oneLine(err))
	}
}

// realm asks whom Elasticsearch takes us for by the certificate alone. Kibana's requests for its users carry that certificate too
// where alwaysPresentCertificate is on: one without a login is then executed as Kibana.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html (elasticsearch.ssl.alwaysPresentCertificate)
func (x *examination) realm(ctx context.Context) {
	switch {
	case x.es == nil:
		x.Skip("Elasticsearch cannot be reached", d.PKIRealm)
		return
	case x.o.TLS.Cert == "":
		x.Skip("no client certificate is configured", d.PKIRealm)
		return
	}
	limited, cancel := x.each(ctx)
	defer cancel()
	id, err := x.es.AuthenticateCertificate(limited)
	switch {
	case failure.Of(err) == failure.Unauthorized:
		x.Add(d.PKIRealm, d.OK, "the certificate alone is nobody")
	case err != nil:
		x.Add(d.PKIRealm, d.Warning, "not looked at: %s", oneLine(err))
	case id.Realm.Type != "pki":
		x.Add(d.PKIRealm, d.Warning, "who has no login is %q of realm %q: anonymous access is on", id.Username, id.Realm.Name)
	case x.alwaysPresent == "true":
		x.Add(d.PKIRealm, d.Problem, "realm %q takes the certificate for %q with the roles %q, and Kibana presents it for its users too (alwaysPresentCertificate): a request without a login is executed as Kibana",
			id.Realm.Name, id.Username, id.Roles)
	case x.alwaysPresent == "false":
		x.Add(d.PKIRealm, d.OK, "realm %q takes the certificate for %q, and Kibana presents it for itself only", id.Realm.Name, id.Username)
	default:
		x.Add(d.PKIRealm, d.Warning, "realm %q takes the certificate for %q with the roles %q: elasticsearch.ssl.alwaysPresentCertificate must be false in Kibana",
			id.Realm.Name, id.Username, id.Roles)
	}
}

func (x *examination) licence(ctx context.Context) {
	limited, cancel := x.each(ctx)
	defer cancel()
	l, err := x.es.Licence(limited)
	left := l.Expires.Sub(x.edge.clock.now())
	switch {
	case err != nil:
		x.Add(d.Licence, d.Warning, "not looked at: %s", oneLine(err))
	case l.Status != "active":
		x.Add(d.Licence, d.Warning, "%s is %s", l.Type, l.Status)
	case !l.Expires.IsZero() && left < soon:
		x.Add(d.Licence, d.Warning, "%s ends on %s", l.Type, l.Expires.UTC().Format(time.DateOnly))
	default:
		x.Add(d.Licence, d.OK, "%s", l.Type)
	}
}

// privileges asks what the minter may. One that may everything is a warning.
func (x *examination) privileges(ctx context.Context) {
	limited, cancel := x.each(ctx)
	defer cancel()
	has, err := x.es.HasPrivileges(limited, "manage_service_account", "monitor", "manage_security")
	switch {
	case err != nil:
		x.Add(d.Elasticsearch, d.Problem, "%s", oneLine(err))
	case !has["manage_service_account"]:
		x.Add(d.Elasticsearch, d.Problem, "the minting user lacks manage_service_account")
	case !has["monitor"]:
		x.Add(d.Elasticsearch, d.Warning, "the minting user lacks monitor: it cannot see whether the cluster is healthy")
	case has["manage_security"]:
		x.Add(d.Elasticsearch, d.Warning, "the minting user may do nearly everything; manage_service_account and monitor are enough")
	default:
		x.Add(d.Elasticsearch, d.OK, "manage_service_account and monitor, and no more than needed")
	}
}
