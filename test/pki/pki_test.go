package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
	"time"
	"unicode"

	"github.com/elk-mtls/elk-mtls/test/pki"
)

func TestLeavesAreWhatTheyWereAskedToBe(t *testing.T) {
	ca := pki.NewCA("ca")
	under := ca.Intermediate("under ca")
	server := ca.Leaf(pki.Options{CN: "server", SANs: []string{"localhost", "127.0.0.1"}, ServerAuth: true})
	past := time.Now().Add(-time.Minute)

	underling := under.Leaf(pki.Options{CN: "c", ClientAuth: true})
	chained := pki.Pair{Cert: append(underling.Cert, under.Cert...), Key: underling.Key}

	for name, c := range map[string]struct {
		client pki.Pair
		ok     bool
	}{
		"a client":               {ca.Leaf(pki.Options{CN: "c", ClientAuth: true}), true},
		"with an RSA key":        {ca.Leaf(pki.Options{CN: "c", ClientAuth: true, RSA: true}), true},
		"without any usage":      {ca.Leaf(pki.Options{CN: "c"}), true},
		"of an intermediate":     {chained, true},
		"without the chain":      {underling, false},
		"a server's certificate": {ca.Leaf(pki.Options{CN: "c", ServerAuth: true}), false},
		"expired":                {ca.Leaf(pki.Options{CN: "c", ClientAuth: true, NotAfter: past}), false},
		"not yet valid":          {ca.Leaf(pki.Options{CN: "c", ClientAuth: true, NotBefore: time.Now().Add(time.Hour)}), false},
		"another CA, same name":  {pki.NewCA("ca").Leaf(pki.Options{CN: "c", ClientAuth: true}), false},
	} {
		t.Run(name, func(t *testing.T) {
			err := handshake(&tls.Config{
				Certificates: []tls.Certificate{server.TLS()}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
				MinVersion: tls.VersionTLS12,
			}, ca.Client(c.client))
			if (err == nil) != c.ok {
				t.Errorf("let in: %v, want %v: %v", err == nil, c.ok, err)
			}
		})
	}
}

func TestKeysArePKCS8(t *testing.T) {
	for _, useRSA := range []bool{false, true} {
		block, _ := pem.Decode(pki.NewCA("ca").Leaf(pki.Options{CN: "c", RSA: useRSA}).Key)
		if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil || block.Type != "PRIVATE KEY" {
			t.Errorf("%s, %v", block.Type, err)
		}
	}
}

// handshake returns what the server thinks of the client.
func handshake(server, client *tls.Config) error {
	client.ServerName = "localhost"
	a, b := net.Pipe()
	go func() {
		conn := tls.Client(b, client)
		_ = conn.Handshake()
		_, _ = conn.Read(make([]byte, 1)) // with TLS 1.3 the refusal comes after the client's part is done
		_ = b.Close()
	}()
	defer func() { _ = a.Close() }()
	return tls.Server(a, server).Handshake()
}

func TestNoKeyEndsInSpace(t *testing.T) {
	ca := pki.NewCA("ca")
	for range 300 {
		block, _ := pem.Decode(ca.Leaf(pki.Options{CN: "leaf"}).Key)
		if last := block.Bytes[len(block.Bytes)-1]; last == 0 || unicode.IsSpace(rune(last)) && last < 0x80 {
			t.Fatalf("a key ends in %q", last)
		}
	}
}
