package initcontainer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	d "github.com/elk-mtls/elk-mtls/initcontainer/internal/diagnosis"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

const (
	clockYears = 730            // days
	notice     = 30             // days of warning, at least
	birth      = 12 * time.Hour // before the first look, so that nothing ends while one looks
)

// calendar is a world whose clock is set to any day: that of the node, of our programs and of the records in the Secret.
type calendar struct {
	*world
	t     *testing.T
	ca    *pki.CA
	begin time.Time
	clock *testClock
	api   *kubefake.Server
}

// lives says for how many days each certificate lives.
type lives struct{ ca, server, client int }

// newCalendar starts a node with certificates that were made half a day before.
func newCalendar(t *testing.T, l lives) *calendar {
	t.Helper()
	c := &calendar{t: t, begin: time.Now().Truncate(time.Second), clock: newTestClock()}
	made := func(o pki.Options, days int) pki.Options {
		o.NotBefore, o.NotAfter = c.begin.Add(-birth), c.begin.Add(-birth).Add(time.Duration(days)*day)
		return o
	}
	c.ca = pki.NewCAWith(made(pki.Options{CN: "ca"}, l.ca))
	node := c.ca.Leaf(made(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true}, l.server))
	pair := c.ca.Leaf(made(pki.Options{CN: "kibana", ClientAuth: true}, l.client))
	es, err := standin.Start(standin.Options{
		CertPEM: node.Cert, KeyPEM: node.Key, ClientCAPEM: c.ca.Cert, ClientAuthentication: "required", Now: c.clock.now,
		Users: map[string]standin.User{"minter": {Password: testPassword, Mint: true, Monitor: true}},
	})
	must(t, err)
	c.api = kubefake.Start("elk", "kibana-elk-mtls-token")
	t.Cleanup(func() {
		c.api.Close()
		must(t, es.Close())
	})
	dir := t.TempDir()
	c.world = &world{
		urls: []string{es.URL}, usernameFile: file(t, dir, "username", []byte("minter\n")), passwordFile: file(t, dir, "password", []byte(testPassword+"\n")),
		kubernetes: &rest.Config{Host: c.api.URL}, namespace: "elk", secret: "kibana-elk-mtls-token", read: c.api.Secret, edit: c.api.Change,
	}
	c.files.CA, c.files.VerificationMode = file(t, dir, "ca.crt", c.ca.Cert), "full"
	c.files.Cert, c.files.Key = file(t, dir, "tls.crt", pair.Cert), file(t, dir, "tls.key", pair.Key)
	return c
}

// at sets the clock to a day, counted from the first.
func (c *calendar) at(n int) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	c.clock.time = c.begin.Add(time.Duration(n) * day)
}

// edge is what our programs see of the world. Pauses take no time, and do not move the day either.
func (c *calendar) edge(out io.Writer) edge {
	return edge{clock: c.clock.clock(), log: slog.New(slog.DiscardHandler), stdout: out, kubernetes: c.kubernetes, transport: closing(c.t)}
}

// ensure is the init container of a pod that starts now.
func (c *calendar) ensure() error {
	return ensure(c.t.Context(), c.settings("pod"), c.edge(io.Discard))
}

// doctor gives the level of each check now.
func (c *calendar) doctor(failBefore time.Duration) map[d.Code]d.Level {
	c.t.Helper()
	var out bytes.Buffer
	o := config.Doctor{Ensure: c.settings(""), Format: "json", FailBefore: failBefore}
	_ = doctor(c.t.Context(), o, c.edge(&out)) // the report says what is wrong
	var report struct{ Findings []d.Finding }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		c.t.Fatalf("%v\n%s", err, out.String())
	}
	levels := map[d.Code]d.Level{}
	for _, f := range report.Findings {
		levels[f.Code] = f.Level
	}
	return levels
}

// red names the checks that found a problem.
func red(levels map[d.Code]d.Level) string {
	var all []string
	for code, level := range levels {
		if level == d.Problem {
			all = append(all, string(code))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// clockDays are those on which a run looks: each one for make prove-clock, else each 30th and those around moments of interest.
func clockDays(interesting ...int) (days []int) {
	for n := range clockYears + 1 {
		near := slices.ContainsFunc(interesting, func(at int) bool { return n >= at-1 && n <= at+1 })
		if os.Getenv("CLOCK_EVERY") != "" || n%60 == 0 || near {
			days = append(days, n)
		}
	}
	return days
}

// TestClockOfDoctor looks at each day of two years at a release whose certificates nobody renews: nothing turns red, neither in doctor nor in
// an init container that starts, that doctor --fail-before 30d did not call a problem for 30 days before; and it does not call it one earlier.
func TestClockOfDoctor(t *testing.T) {
	for name, l := range map[string]lives{
		"as elk-mtls certs makes them": {3650, 365, 365},
		"the server's ends first":      {3650, 100, 500},
		"the client's ends first":      {3650, 500, 100},
		"the CA ends first":            {200, 400, 400},
		"47 days":                      {3650, 47, 47},
		"nothing ends":                 {3650, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCalendar(t, l)
			must(t, c.ensure())
			token := string(c.read().Data[testKey])
			end := min(l.ca, l.server, l.client) // on this day, at noon, it has ended
			looked, wrong := clockDays(end, end-notice), 0
			for _, n := range looked {
				c.at(n)
				starts := c.ensure() == nil
				plain, early := red(c.doctor(0)), red(c.doctor(notice*day))
				if wantRed, wantEarly := n >= end, n >= end-notice; starts == wantRed || (plain != "") != wantRed || (early != "") != wantEarly {
					wrong++
					t.Errorf("day %d, the first end on day %d: a pod starts %t, doctor is red of %q, with --fail-before of %q", n, end, starts, plain, early)
				}
				if wrong > 5 {
					t.FailNow()
				}
			}
			if now := string(c.read().Data[testKey]); now != token {
				t.Error("the token is another one: it does not end, and nobody has to make one")
			}
			t.Logf("%d days", len(looked))
		})
	}
}

// TestClockOfRenewed is a release whose certificates are renewed when a third of their life is left, as cert-manager does: it is never red,
// and doctor warns of nothing, with a --fail-before that is shorter than that third.
func TestClockOfRenewed(t *testing.T) {
	for life, failBefore := range map[int]int{365: notice, 100: notice, 47: 14} {
		t.Run(fmt.Sprint(life), func(t *testing.T) {
			t.Parallel()
			c := newCalendar(t, lives{3650, 3650, 3650})
			every := life * 2 / 3
			var renewals []int
			for n := every; n <= clockYears; n += every {
				renewals = append(renewals, n)
			}
			last := -1
			for _, n := range clockDays(renewals...) {
				c.at(n)
				if period := n / every; period != last {
					last = period
					from := c.begin.Add(time.Duration(period*every)*day - birth)
					pair := c.ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true, NotBefore: from, NotAfter: from.Add(time.Duration(life) * day)})
					must(t, errors.Join(os.WriteFile(c.files.Cert, pair.Cert, 0o600), os.WriteFile(c.files.Key, pair.Key, 0o600)))
				}
				err := c.ensure()
				levels := c.doctor(time.Duration(failBefore) * day)
				if err != nil || red(levels) != "" || levels[d.CertificateDates] != d.OK {
					t.Fatalf("day %d: %v, red of %q, the certificate's dates: %s", n, err, red(levels), levels[d.CertificateDates])
				}
			}
		})
	}
}

// TestClockOfHalfDone kills the init container of a pod at any of its requests, on each day, and holds that the next pod ends what it began,
// be that days later.
func TestClockOfHalfDone(t *testing.T) {
	c := newCalendar(t, lives{3650, 3650, 3650})
	kills := 0
	for i, n := range clockDays() {
		c.at(n)
		c.edit(func(s *corev1.Secret) { delete(s.Data, testKey) }) // somebody took the token away: a new one is made
		ctx, stop := context.WithCancel(t.Context())
		left := 1 + i%12
		e := c.edge(io.Discard)
		e.kubernetes = rest.CopyConfig(c.kubernetes)
		cut := func(next http.RoundTripper) http.RoundTripper { return guillotine{next, stop, &left, i%2 == 0} }
		e.kubernetes.Wrap(cut)
		connect := e.transport
		e.transport = func(next http.RoundTripper) http.RoundTripper { return cut(connect(next)) }
		if err := ensure(ctx, c.settings("killed"), e); left <= 0 {
			kills++
			if err == nil {
				t.Errorf("day %d: killed, and it says that all is well", n)
			}
		}
		stop()
		c.at(n + i%9)
		if err := c.ensure(); err != nil {
			t.Fatalf("day %d, killed at request %d, and %d days later: %v", n, 1+i%12, i%9, err)
		}
		if levels := c.doctor(notice * day); red(levels) != "" {
			t.Fatalf("day %d: red of %s", n, red(levels))
		}
	}
	if kills < 5 {
		t.Errorf("%d kills", kills)
	}
	t.Logf("%d kills", kills)
}
