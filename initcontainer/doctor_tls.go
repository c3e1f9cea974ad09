package initcontainer

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	d "github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/internal/rollover"
)

// certificate looks at the own files.
func (x *examination) certificate() {
	if x.o.TLS.Cert == "" {
		x.Skip("--cert and --key", d.CertificateFiles, d.CertificateUsage, d.CertificateDates)
		return
	}
	leaf, err := x.o.TLS.Leaf()
	if err != nil {
		x.bad(d.CertificateFiles, err)
		x.Skip("files that can be used", d.CertificateUsage, d.CertificateDates)
		return
	}
	x.Good(d.CertificateFiles, "%s and its key belong together", leaf.Subject)
	unrestricted := len(leaf.ExtKeyUsage) == 0 && len(leaf.UnknownExtKeyUsage) == 0
	if unrestricted || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) ||
		slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		x.Good(d.CertificateUsage, "it may be used by a client")
	} else {
		x.Bad(d.CertificateUsage, "issue one with the extended key usage client auth",
			"its extended key usage does not allow client authentication")
	}
	x.dates(d.CertificateDates, leaf, "renew it, and restart Kibana, which reads it when it starts")
}

// expiring is how long before its end a certificate is warned of. One that lives for less than eight months is renewed
// by somebody else, at a third of its life before the end: when a quarter is left, that did not happen.
func expiring(c *x509.Certificate) time.Duration {
	return min(60*24*time.Hour, c.NotAfter.Sub(c.NotBefore)/4)
}

// dates looks when a certificate begins and ends.
func (x *examination) dates(code d.Code, c *x509.Certificate, remedy string) {
	now := x.edge.clock.now()
	left := c.NotAfter.Sub(now)
	day := c.NotAfter.UTC().Format(time.DateOnly)
	in := fmt.Sprintf("%d days", int(left.Hours()/24))
	if left < 48*time.Hour {
		in = fmt.Sprintf("%d hours", int(left.Hours()))
	}
	text := fmt.Sprintf("that of %q ends in %s, on %s", c.Subject, in, day)
	switch {
	case now.Before(c.NotBefore):
		x.Bad(code, "correct the clock of this machine; or issue a new certificate",
			"that of %q is not yet valid: from %s", c.Subject, c.NotBefore.UTC().Format(time.RFC3339))
	case left <= 0:
		x.Bad(code, remedy, "that of %q is expired since %s", c.Subject, day)
	case left < x.o.FailBefore:
		x.Bad(code, remedy, "%s", text)
	case left < expiring(c):
		x.Warn(code, remedy, "%s", text)
	default:
		x.Good(code, "%s", text)
	}
}

// serverDates looks at what the server sent, and at the CA that vouches for it.
func (x *examination) serverDates() {
	if len(x.sent) == 0 {
		return
	}
	x.replacement()
	x.dates(d.ServerDates, x.sent[0], "renew the certificate of Elasticsearch, which reads new files by itself")
	chain, err := x.o.TLS.Chain(x.sent, x.edge.clock.now())
	if err != nil {
		x.bad(d.Chain, err)
		return
	}
	first := chain[len(chain)-1]
	for _, c := range chain[1:] {
		if c.NotAfter.Before(first.NotAfter) {
			first = c
		}
	}
	x.dates(d.CADates, first, "make a new CA in time, and list the old and the new one everywhere until all "+
		"certificates are issued by the new one")
}

// replacement tells how far a replacement of the CA is, as this client sees it: the CAs in its own file, and who
// signed the two certificates.
func (x *examination) replacement() {
	authorities, err := x.o.TLS.Authorities()
	if err != nil {
		return // which other checks report
	}
	own := rollover.Side{Name: "this client", Trusts: authorities}
	if pair, err := x.o.TLS.Pair(); err == nil && x.o.TLS.Cert != "" {
		for _, der := range pair.Certificate {
			if c, err := x509.ParseCertificate(der); err == nil {
				own.Presents = append(own.Presents, c)
			}
		}
	}
	if state, ok := rollover.Of([]rollover.Side{own, {Name: "Elasticsearch", Presents: x.sent}}); ok {
		x.Warn(d.CAReplacement, state.Remedy(), "%s", state)
	}
}

// witness keeps what the server sent.
type witness struct {
	next http.RoundTripper
	x    *examination
}

func (w witness) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := w.next.RoundTrip(req)
	if err == nil && res.TLS != nil && w.x.sent == nil {
		w.x.sent = res.TLS.PeerCertificates
	}
	return res, err
}

// connection makes the first call, with nothing but the certificate, and reports whether others can follow. What it
// failed of tells how far it came.
func (x *examination) connection(ctx context.Context) bool {
	e := x.edge
	around := x.edge.transport
	if leaf, err := x.o.TLS.Leaf(); err == nil && x.o.Mode == config.ModePKI {
		around = distinct(leaf, around)
	}
	e.transport = func(next http.RoundTripper) http.RoundTripper {
		if around != nil {
			next = around(next)
		}
		return witness{next, x}
	}
	es, err := dial(x.o.Common, e)
	if err != nil {
		x.bad(d.Chain, err)
		x.Skip("files that can be used", d.Reachable)
		return false
	}
	err = firstCall(ctx, es.AuthenticateCertificate)
	cause := failure.Of(err)
	where := map[failure.Cause]d.Code{failure.WrongCA: d.Chain, failure.HostName: d.HostName,
		failure.Dates: d.ServerDates}
	var status *elastic.StatusError
	switch at, known := where[cause]; {
	case err == nil, errors.As(err, &status):
		x.es = es
		x.answers(err)
		x.trusted()
		return true
	case errors.As(err, &final{}): // mode pki: the server has our own key
		x.Good(d.Reachable, "something speaks TLS there")
		x.trusted()
		x.bad(d.CertificateFiles, err)
	case cause == failure.ClientCertificate: // the server's was verified before ours was refused
		x.Good(d.Reachable, "something speaks TLS there")
		x.trusted()
		if x.o.TLS.Cert == "" {
			err = hinting(err, failure.ClientCertificate, "set --cert and --key to a key pair that Elasticsearch "+
				"accepts; this turns mode token into cert-token, and password into cert-password")
		}
		x.bad(d.CertificateFiles, err)
		x.without(ctx)
	case known:
		x.Good(d.Reachable, "something speaks TLS there")
		x.bad(at, err)
	default:
		x.bad(d.Reachable, err)
	}
	return false
}

// answers tells an Elasticsearch that is ill from one that is well: 401 is what a certificate alone should get.
func (x *examination) answers(err error) {
	if cause := failure.Of(err); cause != failure.None && cause != failure.Unauthorized {
		x.bad(d.Reachable, err)
		return
	}
	x.Good(d.Reachable, "%s answers", strings.Join(x.o.URLs, ", "))
}

func (x *examination) trusted() {
	x.Good(d.Chain, "its certificate is signed by a CA in %s", x.o.TLS.CA)
	if x.o.TLS.VerificationMode == "certificate" {
		x.Warn(d.HostName, "give the certificate the name that is called, and use --verification-mode full",
			"not checked: --verification-mode certificate")
	}
	x.Good(d.HostName, "its certificate has that name")
}

// without tries to get in without a certificate: the only way to know that one is required.
func (x *examination) without(ctx context.Context) {
	const remedy = "once every client has a certificate, set clientAuthentication to required: docs/migration.md"
	common := x.o.Common
	common.TLS.Cert, common.TLS.Key = "", ""
	es, err := dial(common, x.edge)
	if err == nil {
		err = firstCall(ctx, es.AuthenticateCertificate) // no password goes along
	}
	var status *elastic.StatusError
	switch {
	case failure.Of(err) == failure.ClientCertificate:
		x.Good(d.Required, "who presents none is refused")
	case err == nil, errors.As(err, &status):
		x.Warn(d.Required, remedy, "who presents none is let in to the login: client_authentication is not required")
	default:
		x.Skip("an answer: "+oneLine(err), d.Required)
	}
}
