// Package tlsfiles gives the connection to Elasticsearch: PEM files go in, checked, and a transport comes out that
// presents the client certificate and trusts the CA and nobody else.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
)

// Files are the PEM files of one client, and how it checks the server: "full", or "certificate" for the chain alone.
type Files struct {
	CA, Cert, Key    string
	VerificationMode string
}

// Check reads all files before anybody dials: an expired certificate would otherwise come back as the server's alert,
// which does not say why.
func (f Files) Check(now time.Time) error {
	_, authorities, err := f.trust()
	if err != nil {
		return err
	}
	if err := someValid(f.CA, authorities, now); err != nil {
		return err
	}
	if f.Cert == "" {
		return nil
	}
	leaf, err := f.Leaf()
	if err != nil {
		return err
	}
	return valid(f.Cert, leaf, now)
}

// Leaf is the client certificate, whose key was seen to belong to it.
func (f Files) Leaf() (*x509.Certificate, error) {
	pair, err := f.Pair()
	if err != nil {
		return nil, err
	}
	return pair.Leaf, nil
}

// Authorities are the CAs in our file: two, while one is replaced.
func (f Files) Authorities() ([]*x509.Certificate, error) {
	_, all, err := f.trust()
	return all, err
}

// Chain is the server's certificate and those above it, up to the CA in our file, as of that moment.
func (f Files) Chain(sent []*x509.Certificate, now time.Time) ([]*x509.Certificate, error) {
	pool, _, err := f.trust()
	if err != nil {
		return nil, err
	}
	chains, err := sent[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: poolOf(sent[1:]), CurrentTime: now})
	if err != nil {
		return nil, err
	}
	return chains[0], nil
}

func poolOf(certificates []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certificates {
		pool.AddCert(c)
	}
	return pool
}

const noCA = "put the CA of Elasticsearch's HTTP certificate into the file of --ca, as PEM"

// trust reads the CA file, which may be a bundle: while a CA is replaced, the old and the new one are trusted.
func (f Files) trust() (*x509.CertPool, []*x509.Certificate, error) {
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, nil, failure.New(failure.WrongCA, err, noCA)
	}
	pool := x509.NewCertPool()
	var all []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, failure.New(failure.WrongCA, fmt.Errorf("%s: certificate %d: %w", f.CA, len(all)+1, err),
				noCA)
		}
		pool.AddCert(ca)
		all = append(all, ca)
	}
	if len(all) == 0 {
		return nil, nil, failure.New(failure.WrongCA, fmt.Errorf("%s: no PEM certificate in it", f.CA),
			noCA)
	}
	return pool, all, nil
}

// Pair reads certificate and key, which were seen to belong together. The key pair of a CA is refused: it does not
// belong in a pod that only calls Elasticsearch, and presenting it would hide the mistake.
func (f Files) Pair() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key) // its errors hold no key material
	if err != nil {
		return nil, failure.New(failure.ClientCertificate,
			fmt.Errorf("client certificate %s with key %s: %w", f.Cert, f.Key, err),
			"set --cert and --key to a key pair: both PEM, belonging together, the key not encrypted")
	}
	if leaf := pair.Leaf; leaf.BasicConstraintsValid && leaf.IsCA {
		return nil, failure.New(failure.ClientCertificate,
			fmt.Errorf("client certificate %s: %q is a CA: anyone who holds its key can issue certificates that "+
				"Elasticsearch accepts", f.Cert, leaf.Subject),
			"set --cert and --key to a key pair that was issued for this client (extended key usage client auth, "+
				"CA:FALSE), and replace this CA if its key was readable for others")
	}
	return &pair, nil
}

// someValid: in a bundle an old CA may be expired, but not all of them.
func someValid(file string, authorities []*x509.Certificate, now time.Time) error {
	var errs []error
	for _, ca := range authorities {
		err := valid(file, ca, now)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func valid(file string, c *x509.Certificate, now time.Time) error {
	const day = "2006-01-02 15:04 MST"
	if now.After(c.NotBefore) && now.Before(c.NotAfter) {
		return nil
	}
	state := "expired"
	if now.Before(c.NotBefore) {
		state = "not yet valid"
	}
	return failure.New(failure.Dates, fmt.Errorf("%s: the certificate of %q is %s: valid from %s to %s, now it is %s",
		file, c.Subject, state,
		c.NotBefore.UTC().Format(day), c.NotAfter.UTC().Format(day), now.UTC().Format(day)),
		"renew it: Elasticsearch reads new files by itself, a pod reads them when it starts; or correct the clock of "+
			"this node")
}

// Transport makes the HTTP transport, which judges dates as of now. It ignores the proxy environment: a proxy cannot
// pass a client certificate on.
func (f Files) Transport(now func() time.Time) (*http.Transport, error) {
	pool, _, err := f.trust()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12, Time: now}
	if f.Cert != "" {
		// Read for each handshake: cert-manager may renew the pair while we wait.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return f.Pair() }
	}
	if f.VerificationMode == "certificate" {
		config.InsecureSkipVerify = true // crypto/tls has no mode between; the next line checks the chain
		config.VerifyConnection = chainOnly(pool, now)
	}
	return &http.Transport{
		Proxy:                 nil,
		TLSClientConfig:       config,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,

		DisableCompression:     true, // a small answer must not become a large one
		MaxResponseHeaderBytes: 64 << 10,
	}, nil
}

// chainOnly is what crypto/tls does itself, less the host name.
func chainOnly(pool *x509.CertPool, now func() time.Time) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool,
			Intermediates: poolOf(s.PeerCertificates[1:]), CurrentTime: now()})
		return err
	}
}
