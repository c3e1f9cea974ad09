//go:build elasticsearch || integration

package wiring

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

// issue makes certificates as a user does: with elk-mtls certs, from the manifests that are patched later.
func (l *lab) issue() {
	l.t.Helper()
	file := filepath.Join(l.t.TempDir(), "elk-mtls.yaml")
	args := []string{"certs", "--namespace", "elastic", "--config-out", file}
	if l.config != "" {
		before := filepath.Join(l.t.TempDir(), "before.yaml")
		if err := os.WriteFile(before, []byte(l.config), 0o600); err != nil {
			l.t.Fatal(err)
		}
		args = append(args, "--config", before)
	}
	l.secrets = string(l.elkMTLS(l.text, args...))
	config, err := os.ReadFile(file)
	if err != nil {
		l.t.Fatal(err)
	}
	l.config = string(config)
	made, err := pod.Read([]byte(l.secrets))
	if err != nil {
		l.t.Fatal(err)
	}
	l.tls = clientOf(l.t, made, secretOf(l.kibana))
}

// secretOf names the Secret that elk-mtls certs makes for a workload.
func secretOf(workload string) string { return path.Base(workload) + "-elk-mtls-tls" }

// clientOf is a client that has nothing but the files of a Secret.
func clientOf(t *testing.T, r *pod.Release, secret string) *tls.Config {
	t.Helper()
	data := r.Data("Secret", secret)
	pair, err := tls.X509KeyPair(data["tls.crt"], data["tls.key"])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data["ca.crt"]) {
		t.Fatalf("Secret/%s holds no CA", secret)
	}
	return &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// accepted holds the node to what certs made: each leaf is let in, and nobody without one or with one of another CA.
func (l *lab) accepted(t *testing.T) {
	strangers := pki.NewCA("strangers").Leaf(pki.Options{CN: "elk-kibana", ClientAuth: true}).TLS()
	for name, c := range map[string]struct {
		secret string
		pairs  func([]tls.Certificate) []tls.Certificate
		in     bool
	}{
		"a client's own":      {secret: secretOf(l.kibana), in: true},
		"Elasticsearch's own": {secret: secretOf(l.server), in: true},
		"none":                {secret: secretOf(l.kibana), pairs: func([]tls.Certificate) []tls.Certificate { return nil }},
		"one of another CA":   {secret: secretOf(l.kibana), pairs: func([]tls.Certificate) []tls.Certificate { return []tls.Certificate{strangers} }},
	} {
		t.Run(name, func(t *testing.T) {
			config := clientOf(t, l.after, c.secret)
			if c.pairs != nil {
				pairs := c.pairs(config.Certificates)
				config.Certificates = nil
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // also one that the node does not ask for
					if len(pairs) == 0 {
						return &tls.Certificate{}, nil
					}
					return &pairs[0], nil
				}
			}
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.node.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth("elastic", l.node.Password)
			response, err := client.Do(request)
			if (err == nil) != c.in {
				t.Fatalf("let in: %v, want %v: %v", err == nil, c.in, err)
			}
			if err == nil {
				_ = response.Body.Close()
				if response.StatusCode != http.StatusOK {
					t.Errorf("status %d", response.StatusCode)
				}
			}
		})
	}
}
