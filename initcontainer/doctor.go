package initcontainer

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	d "github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/plain"
)

// examination is one look at everything. It changes nothing anywhere.
type examination struct {
	findings
	o    config.Doctor
	edge edge
	es   *elastic.Client
	sent []*x509.Certificate // by the server
}

// findings is a report that also takes errors.
type findings struct{ *d.Report }

// bad records an error as a problem, with the hint that every command prints.
func (f findings) bad(code d.Code, err error) {
	f.Bad(code, failure.Hint(err), "%s", oneLine(err))
}

// unseen says which right is missing to look, or what else went wrong.
func (f findings) unseen(right string, err error, codes ...d.Code) {
	if failure.Of(err) != failure.KubeForbidden {
		right = oneLine(err)
	}
	f.Skip(right, codes...)
}

// doctor is the line: certificate → connection → licence → who Kibana is → cluster → privileges → report.
func doctor(ctx context.Context, o config.Doctor, e edge) error {
	wait := newWaiting(e.clock, e.log, o.Wait)
	for {
		x := &examination{findings: findings{&d.Report{}}, o: o, edge: e}
		x.look(ctx)
		n := x.Problems()
		var problems error
		if n > 0 {
			problems = failure.New(failure.Other, fmt.Errorf("problems: %d", n), "below each line stands what to do")
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
	out = inThePod{plain.Writer{Out: out}, x.o.Copied}
	if x.o.Format == "json" {
		return x.JSON(out)
	}
	return x.Text(out)
}

// inThePod names files that were copied out of a pod by their paths there.
type inThePod struct {
	out    io.Writer
	copied string
}

func (w inThePod) Write(text []byte) (int, error) {
	if w.copied == "" {
		return w.out.Write(text)
	}
	_, err := w.out.Write(bytes.ReplaceAll(text, []byte(w.copied), nil))
	return len(text), err
}

func (x *examination) look(ctx context.Context) {
	x.certificate()
	if x.connection(ctx) {
		x.without(ctx)
		x.serverDates()
		if x.minter(ctx) {
			x.survey(ctx)
			x.licence(ctx)
			x.privileges(ctx)
		}
	}
	x.Skip("a user who can log in", d.Health, d.Survey)
	x.Skip("an Elasticsearch that answers", d.Chain, d.HostName, d.Required, d.ServerDates, d.CADates)
	x.kibana(ctx)
	x.realm(ctx, x.cluster(ctx))
}

// kibana looks at what Kibana shows Elasticsearch: a token, a password, its certificate.
func (x *examination) kibana(ctx context.Context) {
	switch {
	case x.o.HasToken():
		x.token(ctx)
	case x.es == nil && x.o.HasPassword():
		x.Skip("an Elasticsearch that answers", d.Login)
	case x.es == nil:
		x.Skip("an Elasticsearch that answers", d.Role)
	case x.o.HasPassword():
		x.login(ctx)
	default:
		x.role(ctx)
	}
}

// oneCall gives a call its own time.
func oneCall(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, requestTime)
}

// firstCall makes a first call; one whose reason was lost when the connection was torn down is made again.
func firstCall(ctx context.Context, call func(context.Context) (elastic.Identity, error)) (err error) {
	for range 5 {
		limited, cancel := oneCall(ctx)
		_, err = call(limited)
		cancel()
		if !torn(err) {
			return err
		}
	}
	return err
}

// realm asks whom Elasticsearch takes us for by the certificate alone. Kibana's requests for its users carry that
// certificate too where alwaysPresentCertificate is on: one without a login is then executed as Kibana.
// https://www.elastic.co/guide/en/kibana/8.19/settings.html (elasticsearch.ssl.alwaysPresentCertificate)
func (x *examination) realm(ctx context.Context, alwaysPresent string) {
	const remedy = "set elasticsearch.ssl.alwaysPresentCertificate to false in Kibana; or switch the realm off, " +
		"xpack.security.authc.realms.pki.<name>.enabled: false"
	switch {
	case x.es == nil:
		x.Skip("an Elasticsearch that answers", d.PKIRealm)
		return
	case x.o.TLS.Cert == "":
		x.Skip("--cert and --key", d.PKIRealm)
		return
	}
	limited, cancel := oneCall(ctx)
	defer cancel()
	id, err := x.es.AuthenticateCertificate(limited)
	switch {
	case failure.Of(err) == failure.Unauthorized && x.o.Mode == config.ModePKI:
		x.Bad(d.PKIRealm, noRealm+", then "+restart(x.o), "no PKI realm takes the certificate: %s", oneLine(err))
	case failure.Of(err) == failure.Unauthorized:
		x.Good(d.PKIRealm, "the certificate alone is nobody")
	case err != nil:
		x.Skip("an answer: "+oneLine(err), d.PKIRealm)
	case id.Realm.Type != "pki":
		x.Warn(d.PKIRealm, "take xpack.security.authc.anonymous out of elasticsearch.yml",
			"who has no login is %q of realm %q: anonymous access is on", id.Username, id.Realm.Name)
	case alwaysPresent == "true":
		x.Bad(d.PKIRealm, remedy, "realm %q takes the certificate for %q with the roles %q, and Kibana presents it "+
			"for its users too (alwaysPresentCertificate): a request without a login is executed as Kibana",
			id.Realm.Name, id.Username, id.Roles)
	case alwaysPresent == "false":
		x.Good(d.PKIRealm, "realm %q takes the certificate for %q, and Kibana presents it for itself only",
			id.Realm.Name, id.Username)
	case x.o.Mode == config.ModePKI:
		x.Good(d.PKIRealm, "realm %q takes the certificate for %q", id.Realm.Name, id.Username)
	default:
		x.Warn(d.PKIRealm, remedy, "realm %q takes the certificate for %q with the roles %q: "+
			"elasticsearch.ssl.alwaysPresentCertificate must be false in Kibana",
			id.Realm.Name, id.Username, id.Roles)
	}
}

// minter lets the user log in that makes tokens, sets the password or writes the role mapping; it reports whether
// others of its calls can follow.
func (x *examination) minter(ctx context.Context) bool {
	if !x.o.NeedsMinter() {
		x.Skip("--set-password, and a user for it", d.Elasticsearch, d.Licence)
		return false
	}
	err := firstCall(ctx, x.es.Authenticate)
	switch failure.Of(err) {
	case failure.None:
		x.health(ctx)
		return true
	case failure.NotElasticsearch:
		x.bad(d.Reachable, err)
	default:
		x.bad(d.Elasticsearch, err)
	}
	x.Skip("a user who can log in", d.Licence)
	return false
}

// health looks at the cluster's: red may be the index .security, without which nobody can log in.
func (x *examination) health(ctx context.Context) {
	limited, cancel := oneCall(ctx)
	defer cancel()
	switch status, err := x.es.Health(limited); {
	case failure.Of(err) == failure.Forbidden:
		x.Skip("monitor in Elasticsearch", d.Health)
	case err != nil:
		x.bad(d.Health, err)
	case status == "red":
		x.bad(d.Health, errRed)
	default:
		x.Good(d.Health, "%s", status)
	}
}

func (x *examination) licence(ctx context.Context) {
	limited, cancel := oneCall(ctx)
	defer cancel()
	l, err := x.es.Licence(limited)
	left := l.Expires.Sub(x.edge.clock.now())
	ends := fmt.Sprintf("%s ends on %s", l.Type, l.Expires.UTC().Format(time.DateOnly))
	pki := x.o.Mode == config.ModePKI
	switch {
	case err != nil:
		x.Skip("monitor in Elasticsearch", d.Licence)
	case pki && licensed(l) != nil:
		x.bad(d.Licence, licensed(l))
	case l.Status != "active":
		x.Warn(d.Licence, "renew the licence, if you use what it pays for", "%s is %s", l.Type, l.Status)
	case pki && !l.Expires.IsZero() && left < x.o.FailBefore:
		x.Bad(d.Licence, renewLicence, "%s", ends)
	case !l.Expires.IsZero() && left < soon:
		x.Warn(d.Licence, "renew the licence, if you use what it pays for", "%s", ends)
	default:
		x.Good(d.Licence, "%s", l.Type)
	}
}

// privileges asks what the minter may. One that may everything is a warning, where it need not.
func (x *examination) privileges(ctx context.Context) {
	limited, cancel := oneCall(ctx)
	defer cancel()
	const make = "make a user for this: https://github.com/elk-mtls/elk-mtls/blob/main/SECURITY.md#least-privilege"
	needs, all := "manage_service_account", "the cluster privileges manage_service_account and monitor"
	if !x.o.HasToken() {
		needs, all = "manage_security", "the cluster privileges manage_security and monitor"
	}
	has, err := x.es.HasPrivileges(limited, needs, "monitor", "manage_security")
	switch {
	case err != nil:
		x.bad(d.Elasticsearch, err)
	case !has[needs]:
		x.Bad(d.Elasticsearch, "give it "+all+"; or "+make, "the user of --username-file lacks %s", needs)
	case !has["monitor"]:
		x.Warn(d.Elasticsearch, "give it "+all, "the user of --username-file lacks monitor: it cannot see whether "+
			"the cluster is healthy")
	case has["manage_security"] && x.o.HasToken():
		x.Warn(d.Elasticsearch, make, "the minting user may do nearly everything; manage_service_account and monitor "+
			"are enough")
	default:
		x.Good(d.Elasticsearch, "%s and monitor, and no more than needed", needs)
	}
}

// login is whether Kibana's user can log in.
func (x *examination) login(ctx context.Context) {
	kibana, err := x.o.KibanaLogin()
	if err != nil {
		x.bad(d.Login, usage(err))
		return
	}
	limited, cancel := oneCall(ctx)
	defer cancel()
	id, err := x.es.AuthenticateAs(limited, kibana)
	if err != nil {
		x.bad(d.Login, hinting(err, failure.Unauthorized, wrongPassword))
		return
	}
	x.Good(d.Login, "%s can log in, realm %s", id.Username, id.Realm.Name)
}

// role is whether the certificate alone has the role.
func (x *examination) role(ctx context.Context) {
	limited, cancel := oneCall(ctx)
	defer cancel()
	id, err := x.es.AuthenticateCertificate(limited)
	if err != nil {
		x.bad(d.Role, restarted(x.o, noName(x.o, hinting(err, failure.Unauthorized, noRealm))))
		return
	}
	has := slices.Contains(id.Roles, x.o.Role)
	if !has {
		if err := x.mapping(limited, id); err != nil {
			x.bad(d.Role, err)
			return
		}
	}
	switch err := roleExists(limited, x.es, x.o.Role, has && len(id.Roles) == 1); {
	case failure.Of(err) == failure.NoRole && !has:
		x.Bad(d.Role, failure.Hint(err)+"; or, where it is one of a file roles.yml, "+restart(x.o),
			"there is no role %q, but perhaps in a file", x.o.Role)
	case failure.Of(err) == failure.NoRole:
		x.bad(d.Role, err)
	case !has:
		x.Bad(d.Role, restart(x.o)+": the init container writes the role mapping",
			"by its certificate %q has the roles %q, not %q", id.Username, id.Roles, x.o.Role)
	default:
		x.Good(d.Role, "by its certificate %q has the role %s", id.Username, x.o.Role)
	}
}

// mapping says why the role mapping cannot be written.
func (x *examination) mapping(ctx context.Context, id elastic.Identity) error {
	name, want, err := wanted(x.o.Ensure, id)
	if err != nil {
		return err
	}
	have, exists, err := x.es.Mapping(ctx, name)
	if err == nil && exists && !have.Equivalent(want) {
		if err = replaceable(name, have, want); err != nil {
			return restarted(x.o, err)
		}
	}
	return nil // the right to read it is looked at by itself
}

// noName names a certificate without a CN as the cause of a 401.
func noName(o config.Doctor, err error) error {
	if leaf, bad := o.TLS.Leaf(); bad == nil && failure.Of(err) == failure.Unauthorized {
		return nameless(leaf, err)
	}
	return err
}
