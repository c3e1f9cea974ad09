//go:build elasticsearch || integration

package initcontainer

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// fakeTime gives the environment with which libfaketime moves the clock of a process to that in a file, and the function that moves it.
func fakeTime(t *testing.T) (env []string, move func(days int)) {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/*/faketime/libfaketimeMT.so.1") // the one for programs with threads
	must(t, err)
	if len(found) == 0 {
		parts.SkipOrFail(t, &parts.Missing{Part: "another clock of Elasticsearch", Why: "no libfaketime", Remedy: "apt-get install libfaketime"})
	}
	dir, err := os.MkdirTemp("", "elk-mtls-clock-") //nolint:usetesting // the node's user could not enter t.TempDir()
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, "clock")
	move = func(days int) { // at once: an empty file is no date
		must(t, os.WriteFile(file+".new", fmt.Appendf(nil, "+%dd\n", days), 0o644))
		must(t, os.Rename(file+".new", file))
	}
	move(0)
	// Timers keep to the true time: only dates move.
	return []string{"LD_PRELOAD=" + found[0], "FAKETIME_TIMESTAMP_FILE=" + file, "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"}, move
}

// TestClockOfARealNode moves a real node and our programs through two years, in steps of five days and by each day around a renewal.
// Certificates of 100 days are renewed on each 66th day, those of the node in its files, which it reads by itself: nothing is ever red, and
// each pod starts. Then nobody renews them any more: doctor --fail-before 30d is red for the last 30 days, and the node refuses the client
// on the last one.
func TestClockOfARealNode(t *testing.T) {
	if os.Getenv("CLOCK_EVERY") == "" {
		t.Skip("make prove-clock runs it: it takes minutes")
	}
	env, move := fakeTime(t)
	const life, every = 100, 66
	c := newCalendar(t, lives{3650, life, life})
	pairs := func(period int) (node, client pki.Pair) {
		from := c.begin.Add(time.Duration(period*every)*day - birth)
		o := pki.Options{NotBefore: from, NotAfter: from.Add(life * day), ServerAuth: true, SANs: []string{"127.0.0.1"}, CN: "node"}
		node = c.ca.Leaf(o)
		o.CN, o.SANs, o.ServerAuth, o.ClientAuth = "kibana", nil, false, true
		return node, c.ca.Leaf(o)
	}
	admin := c.ca.Client(c.ca.Leaf(pki.Options{CN: "admin", ClientAuth: true, NotAfter: c.begin.Add(3000 * day)}))
	admin.Time = c.clock.now
	server, client := pairs(0)
	const ssl = "xpack.security.http.ssl."
	node, err := parts.Elasticsearch(t.Context(), parts.Options{
		Settings: map[string]string{
			ssl + "enabled": "true", ssl + "client_authentication": "required", "resource.reload.interval.high": "1s",
			ssl + "certificate": "certs/tls.crt", ssl + "key": "certs/tls.key", ssl + "certificate_authorities": "certs/ca.crt",
		},
		Files: map[string][]byte{"certs/tls.crt": server.Cert, "certs/tls.key": server.Key, "certs/ca.crt": c.ca.Cert},
		Env:   env, TLS: admin,
	})
	parts.SkipOrFail(t, err)
	t.Cleanup(func() { must(t, node.Stop()) })
	for path, body := range map[string]any{
		"/_security/role/minter": map[string]any{"cluster": []string{"manage_service_account", "monitor"}},
		"/_security/user/minter": map[string]any{"password": testPassword, "roles": []string{"minter"}},
	} {
		if status, text, err := node.Call(t.Context(), http.MethodPut, path, body); err != nil || status != http.StatusOK {
			t.Fatalf("PUT %s: %d %s, %v", path, status, text, err)
		}
	}
	c.urls = []string{node.URL}
	var days []int
	for n := range clockYears + 1 {
		if n%5 == 0 || (n+1)%every < 3 {
			days = append(days, n)
		}
	}
	at := func(n int) {
		c.at(n)
		move(n)
	}
	renewed := -1
	for _, n := range days {
		if period := n / every; period != renewed {
			renewed = period
			server, client = pairs(period)
			at(period * every)
			must(t, os.WriteFile(c.files.Cert, client.Cert, 0o600))
			must(t, os.WriteFile(c.files.Key, client.Key, 0o600))
			must(t, node.WriteFile("certs/tls.key", server.Key))
			must(t, node.WriteFile("certs/tls.crt", server.Cert))
			presents(t, node.URL, server)
		}
		at(n)
		if err := c.ensure(); err != nil {
			t.Fatalf("day %d: a pod does not start: %v", n, err)
		}
		if problems := red(c.doctor(notice * day)); problems != "" {
			t.Fatalf("day %d: red of %q", n, problems)
		}
	}
	end := renewed*every + life
	for n := renewed * every; n <= end+1; n++ {
		at(n)
		refused := refuses(t, node.URL, client)
		plain, early := red(c.doctor(0)), red(c.doctor(notice*day))
		if refused != (n >= end) || (plain != "") != (n >= end) || (early != "") != (n >= end-notice) {
			t.Fatalf("day %d of %d: the node refuses %t, doctor is red of %q, with --fail-before of %q", n, end, refused, plain, early)
		}
	}
	t.Logf("%d days, %d renewals", len(days), renewed)
}

// presents waits until a node has taken up a renewed certificate.
func presents(t *testing.T, address string, want pki.Pair) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		var got []byte
		config := &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error { //nolint:gosec // G402: it compares all bytes
			got = s.PeerCertificates[0].Raw
			return nil
		}}
		_ = shake(t, address, config)
		if string(got) == string(want.TLS().Certificate[0]) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the node does not read its renewed certificate")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// refuses tells whether a node refuses a certificate, by its own clock alone.
func refuses(t *testing.T, address string, pair pki.Pair) bool {
	t.Helper()
	own := pair.TLS()
	return shake(t, address, &tls.Config{
		InsecureSkipVerify:   true, //nolint:gosec // G402: what the node says of us is of interest, and nothing is sent
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil },
	}) != nil
}

// shake opens a connection and asks for a byte: with TLS 1.3 a refusal comes after the handshake.
func shake(t *testing.T, address string, config *tls.Config) error {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", u.Host, config)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	must(t, connection.SetDeadline(time.Now().Add(10*time.Second)))
	if _, err := connection.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		return err
	}
	_, err = connection.Read(make([]byte, 1))
	return err
}
