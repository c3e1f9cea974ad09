//go:build elasticsearch || integration

package initcontainer

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

var (
	oidCN = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidO  = asn1.ObjectIdentifier{2, 5, 4, 10}
)

func cn(value string) pkix.RDNSequence { return pkix.RDNSequence{rdn(oidCN, value)} }

func rdn(oid asn1.ObjectIdentifier, value string) pkix.RelativeDistinguishedNameSET {
	return pkix.RelativeDistinguishedNameSET{{Type: oid, Value: value}}
}

func in(o string, subject pkix.RDNSequence) pkix.RDNSequence {
	return append(pkix.RDNSequence{rdn(oidO, o)}, subject...)
}

func multi(o, name string) pkix.RDNSequence {
	return pkix.RDNSequence{append(rdn(oidCN, name), rdn(oidO, o)...)}
}

// Each subject is mapped in turn. Its neighbours are those that Elasticsearch would let in with it if it read the
// subject as a pattern, as a regular expression or as a name of LDAP.
var subjects = []struct {
	name       string
	own        pkix.RDNSequence
	neighbours []pkix.RDNSequence
}{
	{"a star", cn("kib*"), []pkix.RDNSequence{cn("kib"), cn("kibitz"), cn(`kib\*`), cn("KIB*")}},
	{"nothing but a star", cn("*"), []pkix.RDNSequence{cn("x"), cn(`\*`)}},
	{"a question mark", cn("kib?na"), []pkix.RDNSequence{cn("kibana"), cn(`kib\?na`)}},
	{"a star and a question mark", cn("k?b*"), []pkix.RDNSequence{cn("kob*"), cn("k?bo")}},
	{"between slashes", cn("/k.+/"), []pkix.RDNSequence{cn("kk"), cn("/kk/"), cn("k.+")}},
	{"between slashes, with a star", cn("/k.*/"), []pkix.RDNSequence{cn("k"), cn("/k./")}},
	{"backslashes", cn(`kib\ana`), []pkix.RDNSequence{cn(`kib\\ana`)}},
	{"a backslash before a star", cn(`ki\*`), []pkix.RDNSequence{cn("ki*"), cn(`ki\`), cn(`ki\x`), cn(`ki\\*`)}},
	{"a comma", cn("kib, O=lab"), []pkix.RDNSequence{in("lab", cn("kib"))}},
	{"a comma and a star", in("Lab, *", cn("kib")), []pkix.RDNSequence{in("Lab, Inc.", cn("kib")), in("Lab", cn("kib"))}},
	{"quotation marks", cn(`kib"an"a`), []pkix.RDNSequence{cn(`kib\"an\"a`)}},
	{"quotation marks and a star", cn(`kib"*"a`), []pkix.RDNSequence{cn(`kib"x"a`), cn(`kib"\*"a`)}},
	{"a plus", cn("kib + O=lab"), []pkix.RDNSequence{multi("lab", "kib")}},
	{"two values at one place", multi("pub", "kib*"), []pkix.RDNSequence{
		in("pub", cn("kib*")), multi("pub", "kibo"), multi("PUB", "kib*"),
	}},
	{"other letters", cn("kibäna"), []pkix.RDNSequence{cn("KIBÄNA"), cn("kibåna"), cn("kiba\u0308na")}},
	{"other letters and a star", cn("キバナ*"), []pkix.RDNSequence{cn("キバナ"), cn("キバナナ")}},
	{"a character above U+FFFF", cn("kibana 😀"), []pkix.RDNSequence{cn("kibana 😁"), cn("kibana 😀😀")}},
	{"a star and a character above U+FFFF", cn("😀*"), []pkix.RDNSequence{cn("😀"), cn("😀😀"), cn("😁*")}},
	{"capitals and spaces", cn("kib ana"), []pkix.RDNSequence{
		cn("KIB ANA"), cn("kıb ana"), cn("kib  ana"), cn(" kib ana "),
	}},
	{"an e-mail address", mail("kibana@lab.example"), []pkix.RDNSequence{
		mail("kibana@LAB.example"), mail("kibana@pub.example"), cn("kibana@lab.example"), cn("EMAILADDRESS=kibana@lab.example"),
	}},
	{"components of a domain", domain("lab", "example"), []pkix.RDNSequence{
		domain("pub", "example"), domain("lab"), domain("example", "lab"), domain("LAB", "example"),
	}},
}

func mail(address string) pkix.RDNSequence {
	return append(pkix.RDNSequence{rdn(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, address)}, cn("mail")...)
}

func domain(components ...string) (all pkix.RDNSequence) {
	for _, c := range slices.Backward(components) {
		all = append(all, rdn(asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, c))
	}
	return append(all, cn("dc")...)
}

// subjects proves that the one role of each run goes to one certificate of all.
func (m *modes) subjects(t *testing.T, ca *pki.CA) {
	type someone struct {
		name  string
		roles func(*testing.T) []string
	}
	var all []someone
	for _, s := range subjects {
		for _, subject := range append(s.neighbours, s.own) {
			all = append(all, someone{subject.String(), m.roles(t, ca, subject)})
		}
	}
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			if status, text, err := m.node.Call(t.Context(), http.MethodDelete, "/_security/role_mapping/subject", nil); err != nil || status >= 500 {
				t.Fatalf("%d, %v: %s", status, err, text)
			}
			for _, want := range []string{"wrote the role mapping", "the role mapping is there"} {
				log, err := m.run(t, config.ModePKI, m.as(t, ca, s.own))
				if err != nil || !strings.Contains(log, want) || !strings.Contains(log, "the certificate alone has the role") {
					t.Fatalf("%v, want %q\n%s", err, want, log)
				}
			}
			for _, one := range all {
				if got := one.roles(t); (one.name == s.own.String()) != slices.Equal(got, []string{config.KibanaSystem}) {
					t.Errorf("%s has the roles %q", one.name, got)
				}
			}
		})
	}
	t.Run("a subject without a CN is named", func(t *testing.T) {
		log, err := m.run(t, config.ModePKI, func(o *config.Ensure) {
			m.as(t, ca, pkix.RDNSequence{rdn(oidO, "lab")})(o)
			o.Timeout = 10 * time.Second
		})
		if failure.Of(err) != failure.Unauthorized || !strings.Contains(err.Error(), `"O=lab" has no CN`) {
			t.Errorf("exit %d: %v\n%s", failure.Of(err).Code(), err, log)
		}
	})
	t.Run("the mapping of another certificate is not replaced", func(t *testing.T) {
		log, err := m.run(t, config.ModePKI, m.as(t, ca, cn("another")))
		if failure.Of(err) != failure.Usage || !strings.Contains(err.Error(), "it is that of another certificate") {
			t.Errorf("exit %d: %v\n%s", failure.Of(err).Code(), err, log)
		}
	})
	t.Run("a role that does not exist is not proved", func(t *testing.T) {
		log, err := m.run(t, config.ModePKI, func(o *config.Ensure) {
			m.as(t, ca, cn("roleless"))(o)
			o.Role, o.RoleMapping, o.Timeout = "kibana_sys", "roleless", 10*time.Second
		})
		if failure.Of(err) != failure.NoRole || !strings.Contains(err.Error(), `the role "kibana_sys" does not exist`) {
			t.Errorf("exit %d: %v\n%s", failure.Of(err).Code(), err, log)
		}
	})
	for _, test := range []struct {
		name string
		own  pkix.RDNSequence
	}{
		{"quotation marks around a value", cn(`"kib, ana"`)},
		{"what may be any character", cn("kib\uFFFD")},
	} {
		t.Run(test.name+" is refused", func(t *testing.T) {
			log, err := m.run(t, config.ModePKI, m.as(t, ca, test.own))
			if failure.Of(err) != failure.ClientCertificate || !strings.Contains(failure.Hint(err), "another subject") {
				t.Errorf("exit %d: %v\n%s", failure.Of(err), err, log)
			}
			if strings.Contains(log, "wrote") {
				t.Errorf("it wrote something\n%s", log)
			}
		})
	}
}

// as is a run with a certificate of that subject. All use one mapping.
func (m *modes) as(t *testing.T, ca *pki.CA, subject pkix.RDNSequence) func(*config.Ensure) {
	pair := ca.Leaf(pki.Options{Subject: subject, ClientAuth: true})
	dir := t.TempDir()
	cert, key := file(t, dir, "tls.crt", pair.Cert), file(t, dir, "tls.key", pair.Key)
	return func(o *config.Ensure) { o.TLS.Cert, o.TLS.Key, o.RoleMapping = cert, key, "subject" }
}

// roles asks as what a certificate of that subject passes.
func (m *modes) roles(t *testing.T, ca *pki.CA, subject pkix.RDNSequence) func(*testing.T) []string {
	o := m.o
	m.as(t, ca, subject)(&o)
	es, err := connect(o.Common, edge{clock: systemClock(), transport: closing(t)})
	must(t, err)
	return func(t *testing.T) []string {
		id, err := es.AuthenticateCertificate(t.Context())
		must(t, err)
		return id.Roles
	}
}
