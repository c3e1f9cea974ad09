//go:build elasticsearch || integration

package initcontainer

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/tlsfiles"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

// While the index .security is not available a real node answers 401 to a token that is well. That never leads to a new
// token, whoever the minter is, and Kibana does not start with it either; a token that is deleted behind our back does.
func TestTheSecurityIndexIsNotAvailable(t *testing.T) {
	o := newOutage(t)
	w := o.world
	w.start(t, "pod-a").ends(0)
	before := w.works(t)
	for _, test := range []struct {
		minter string
		cause  failure.Cause
	}{
		{"minter", failure.Unauthorized},
		{"surgeon", failure.IndexClosed}, // can log in all the time: it is in a file
	} {
		minter, cause := test.minter, test.cause
		t.Run("a token is kept, minter "+minter, func(t *testing.T) {
			o.begin(t)
			defer o.end(t)
			mint := func(c *config.Ensure) { c.UsernameFile = file(t, o.dir, minter+"-name", []byte(minter)) }
			log, err := o.run(t, nil, mint)
			if failure.Of(err) != cause || !strings.Contains(err.Error(), "refused for 30s") {
				t.Errorf("%v\n%s", err, log)
			}
			t.Logf("after half a minute of it: %s", log)
			log, err = o.run(t, func(n int) {
				if n == 30 { // about a quarter of a minute
					o.end(t)
				}
			}, mint)
			if err != nil || !strings.Contains(log, "the token in the Secret works") {
				t.Errorf("when it is back: %v\n%s", err, log)
			}
			if after := w.works(t); after.Version != before.Version || !w.alive(t, before.Has) {
				t.Errorf("has %s at version %s, had %s at %s", after.Has, after.Version, before.Has, before.Version)
			}
		})
	}
	t.Run("a token deleted behind our back is replaced", func(t *testing.T) {
		w.kill(t, before.Has)
		w.start(t, "pod-b").ends(0)
		if after := w.works(t); after.Has == before.Has || w.alive(t, before.Has) {
			t.Errorf("has %s", after.Has)
		}
	})
	t.Run("none is made into an index that is not there", func(t *testing.T) {
		w.blank()
		o.begin(t)
		log, err := o.run(t, nil, func(c *config.Ensure) { c.UsernameFile = file(t, o.dir, "surgeon-name", []byte("surgeon")) })
		o.end(t)
		if failure.Of(err) != failure.IndexClosed || !strings.Contains(failure.Hint(err), "open it") || !w.state(t).Token.IsZero() {
			t.Errorf("%v\n%s", err, log)
		}
	})
}

// outage closes the index .security of a real node and opens it again, as a user of a file realm, who needs no index.
type outage struct {
	world *world
	node  *parts.Node
	http  *http.Client
	dir   string
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	salt := []byte("elk-mtls test salt, 32 bytes....")
	key, err := pbkdf2.Key(sha512.New, testPassword, salt, 10000, 32)
	must(t, err)
	text := base64.StdEncoding.EncodeToString
	node, ca := realElasticsearch(t, nil, map[string][]byte{
		"users":       fmt.Appendf(nil, "surgeon:{PBKDF2}10000$%s$%s\n", text(salt), text(key)),
		"users_roles": []byte("surgeon:surgeon\n"),
		"roles.yml":   []byte("surgeon:\n  cluster: [all]\n  indices:\n  - {names: ['*'], privileges: [all], allow_restricted_indices: true}\n"),
	})
	api := kubefake.Start("elk", "kibana-elk-mtls-token")
	t.Cleanup(api.Close)
	o := &outage{node: node, dir: t.TempDir()}
	pair := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	transport := &http.Transport{TLSClientConfig: ca.Client(pair)}
	t.Cleanup(transport.CloseIdleConnections)
	o.http = &http.Client{Transport: transport}
	o.world = &world{
		urls: []string{node.URL},
		files: tlsfiles.Files{
			CA: file(t, o.dir, "ca.crt", ca.Cert), Cert: file(t, o.dir, "tls.crt", pair.Cert), Key: file(t, o.dir, "tls.key", pair.Key), VerificationMode: "full",
		},
		usernameFile: file(t, o.dir, "username", []byte("minter")), passwordFile: file(t, o.dir, "password", []byte(testPassword)),
		kubernetes: &rest.Config{Host: api.URL}, namespace: "elk", secret: "kibana-elk-mtls-token",
		read: api.Secret, edit: api.Change, remove: api.Delete,
	}
	return o
}

// begin closes the index, and lets the node forget what it knows by heart.
func (o *outage) begin(t *testing.T) {
	t.Helper()
	o.call(t, http.MethodPost, "/.security-7/_close")
	o.call(t, http.MethodPost, "/_security/realm/*/_clear_cache")
	o.call(t, http.MethodPost, "/_security/service/elastic/kibana/credential/token/*/_clear_cache")
	s := o.world.state(t)
	if s.Token.IsZero() {
		return
	}
	status, text := o.send(t, http.MethodGet, "/_security/_authenticate", "Bearer "+s.Token.Reveal())
	if status != http.StatusUnauthorized {
		t.Fatalf("the token is not refused: %d %s", status, text)
	}
	t.Logf("the node's answer to a token that is well: %d %.200s", status, text)
}

func (o *outage) end(t *testing.T) {
	t.Helper()
	o.call(t, http.MethodPost, "/.security-7/_open")
	o.call(t, http.MethodGet, "/_cluster/health/.security-7?wait_for_status=yellow&timeout=30s")
}

func (o *outage) call(t *testing.T, method, path string) {
	t.Helper()
	status, text := o.send(t, method, path, "Basic "+base64.StdEncoding.EncodeToString([]byte("surgeon:"+testPassword)))
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
}

func (o *outage) send(t *testing.T, method, path, authorization string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, o.node.URL+path, nil)
	must(t, err)
	request.Header.Set("Authorization", authorization)
	answer, err := o.http.Do(request)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(text)
}

// run is one ensure whose pauses take no time; before each something may be done.
func (o *outage) run(t *testing.T, pausing func(n int), change ...func(*config.Ensure)) (string, error) {
	t.Helper()
	settings := o.world.settings("pod-b")
	for _, f := range change {
		f(&settings)
	}
	fast, n := newTestClock().clock(), 0
	sleep := fast.sleep
	fast.sleep = func(ctx context.Context, d time.Duration) {
		if n++; pausing != nil {
			pausing(n)
		}
		sleep(ctx, d)
	}
	var log bytes.Buffer
	err := ensure(context.Background(), settings, edge{
		clock: fast, log: slog.New(slog.NewTextHandler(&log, nil)), stdout: io.Discard, kubernetes: o.world.kubernetes, transport: closing(t),
	})
	return log.String(), err
}
