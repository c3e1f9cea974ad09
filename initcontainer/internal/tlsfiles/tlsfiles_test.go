package tlsfiles

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cert-manager may renew the pair while we wait: the next handshake shows the new one.
func TestTheClientCertificateIsReadForEachHandshake(t *testing.T) {
	ca, dir := pki.NewCA("ca"), t.TempDir()
	node := ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true})
	es, err := standin.Start(standin.Options{CertPEM: node.Cert, KeyPEM: node.Key, ClientCAPEM: ca.Cert, ClientAuthentication: "required"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = es.Close() }()
	stranger := pki.NewCA("stranger").Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	f := Files{
		CA: write(t, dir, "ca.crt", ca.Cert), Cert: write(t, dir, "tls.crt", stranger.Cert), Key: write(t, dir, "tls.key", stranger.Key),
		VerificationMode: "full",
	}
	transport, err := f.Transport(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, es.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		return transport.RoundTrip(req)
	}
	if res, err := ask(); err == nil {
		_ = res.Body.Close()
		t.Fatal("the stranger's certificate is taken")
	}
	renewed := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	write(t, dir, "tls.crt", renewed.Cert)
	write(t, dir, "tls.key", renewed.Key)
	res, err := ask()
	if err != nil {
		t.Fatalf("the renewed certificate: %v", err)
	}
	_ = res.Body.Close()
}

func TestCheck(t *testing.T) {
	ca, dir, now := pki.NewCA("ca"), t.TempDir(), time.Now()
	pair := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	cert, key := write(t, dir, "tls.crt", pair.Cert), write(t, dir, "tls.key", pair.Key)
	authority := write(t, dir, "ca.crt", ca.Cert)
	issuing := ca.Leaf(pki.Options{CN: "issuing", ClientAuth: true, CA: true})
	caCert, caKey := write(t, dir, "issuing.crt", issuing.Cert), write(t, dir, "issuing.key", issuing.Key)
	for _, test := range []struct {
		name  string
		files Files
		now   time.Time
		code  failure.Cause
		says  string
	}{
		{"all well", Files{CA: authority, Cert: cert, Key: key}, now, 0, ""},
		{"no client certificate", Files{CA: authority}, now, 0, ""},
		{"a key where the CA should be", Files{CA: key}, now, failure.WrongCA, "no PEM certificate"},
		{"no key", Files{CA: authority, Cert: cert, Key: dir}, now, failure.ClientCertificate, "tls.crt"},
		{"the key pair of a CA", Files{CA: authority, Cert: caCert, Key: caKey}, now, failure.ClientCertificate, `"CN=issuing" is a CA`},
		{"a certificate before its time", Files{CA: authority, Cert: cert, Key: key}, now.Add(-2 * time.Hour), failure.Dates, "not yet valid"},
		{"everything expired", Files{CA: authority, Cert: cert, Key: key}, now.AddDate(20, 0, 0), failure.Dates, "is expired"},
	} {
		err := test.files.Check(test.now)
		if failure.Of(err) != test.code || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: cause %d, %v", test.name, failure.Of(err), err)
		}
		if err != nil && strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: quotes a key", test.name)
		}
	}
}
