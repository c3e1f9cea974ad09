package verify

import (
	"os"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// TestClock proves a release as of each day of two years, with certificates that nobody renews: no day is refused of which
// --fail-if-expires-within 30d did not warn on each of the 30 days before, and on none earlier. make prove-clock looks at every day, else it is a
// sample.
func TestClock(t *testing.T) {
	const notice, years = 30, 730
	begin := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for name, lives := range map[string]struct{ ca, server, client int }{
		"as elk-mtls certs makes them": {3650, 365, 365},
		"the server's ends first":      {3650, 100, 500},
		"the client's ends first":      {3650, 500, 100},
		"the CA ends first":            {200, 400, 400},
		"47 days":                      {3650, 47, 47},
		"nothing ends":                 {3650, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := func(days int, o pki.Options) pki.Options {
				o.NotBefore = begin.Add(-day / 2)
				o.NotAfter = o.NotBefore.Add(time.Duration(days) * day)
				return o
			}
			ca := pki.NewCAWith(made(lives.ca, pki.Options{CN: "ca"}))
			server := ca.Leaf(made(lives.server, pki.Options{CN: "search", SANs: []string{"search"}, ServerAuth: true}))
			client := ca.Leaf(made(lives.client, pki.Options{CN: "board", ClientAuth: true}))
			text := node{}.String() + board + secret("search-tls", "ca.crt", string(ca.Cert), "tls.crt", string(server.Cert), "tls.key", string(server.Key)) +
				secret("pair", "ca.crt", string(ca.Cert), "tls.crt", string(client.Cert), "tls.key", string(client.Key))
			codes := func(n int, within time.Duration) string {
				stream, err := manifest.Split([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				g, err := Manifests(stream, nil, Options{ClientAuthentication: "required", Now: begin.Add(time.Duration(n) * day), Within: within})
				if err != nil {
					t.Fatal(err)
				}
				return codesOf(g)
			}
			end := min(lives.ca, lives.server, lives.client)
			for n := range years + 1 {
				if near := max(n-end, end-n); os.Getenv("CLOCK_EVERY") == "" && n%60 > 0 && near > 1 && max(near-notice, notice-near) > 1 {
					continue
				}
				plain, early := codes(n, 0), codes(n, notice*day)
				wantPlain, wantEarly := "", ""
				if n >= end {
					wantPlain, wantEarly = string(NotValid), string(NotValid)
				} else if n >= end-notice {
					wantEarly = string(EndsSoon)
				}
				if plain != wantPlain || wantEarly == string(EndsSoon) && early != wantEarly || (early == "") != (wantEarly == "") {
					t.Fatalf("day %d, the first end on day %d: got %q, and %q with the warning", n, end, plain, early)
				}
			}
		})
	}
}
