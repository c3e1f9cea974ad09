package initcontainer

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/credential"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/elastic"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/tlsfiles"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
	"github.com/elk-mtls/elk-mtls/test/minting"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// world is where the scripts of interleave_test.go play: the stand-in and a fake Secret in go test, a real Elasticsearch
// and a real API server with -tags integration. The scripts are the same.
type world struct {
	urls                       []string
	files                      tlsfiles.Files
	usernameFile, passwordFile string
	kubernetes                 *rest.Config // what the pod's ServiceAccount may do
	namespace, secret          string

	// The hand of a person or of Helm, with all rights.
	read   func() *corev1.Secret // nil: not there
	edit   func(func(*corev1.Secret))
	remove func()
}

const testKey = "token"

var kibana = credential.Account{Namespace: "elastic", Service: "kibana"}

// localWorld starts the stand-in and the fake.
func localWorld(t *testing.T) (*world, *standin.Server, *kubefake.Server) {
	t.Helper()
	dir := t.TempDir()
	ca := pki.NewCA("test CA")
	node := ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true})
	client := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
	es, err := standin.Start(standin.Options{
		CertPEM: node.Cert, KeyPEM: node.Key, ClientCAPEM: ca.Cert, ClientAuthentication: "required",
		Users: map[string]standin.User{"minter": {Password: testPassword, Mint: true, Monitor: true}},
	})
	must(t, err)
	api := kubefake.Start("elk", "kibana-elk-mtls-token")
	t.Cleanup(func() {
		api.Close()
		must(t, es.Close())
		if unknown := es.Unknown(); len(unknown) > 0 {
			t.Errorf("calls that the stand-in does not know: %v", unknown)
		}
	})
	w := &world{
		urls: []string{es.URL},
		files: tlsfiles.Files{
			CA: file(t, dir, "ca.crt", ca.Cert), Cert: file(t, dir, "tls.crt", client.Cert), Key: file(t, dir, "tls.key", client.Key),
			VerificationMode: "full",
		},
		usernameFile: file(t, dir, "username", []byte("minter\n")),
		passwordFile: file(t, dir, "password", []byte(testPassword+"\n")),
		kubernetes:   &rest.Config{Host: api.URL},
		namespace:    "elk", secret: "kibana-elk-mtls-token",
		read: api.Secret, edit: api.Change, remove: api.Delete,
	}
	return w, es, api
}

const testPassword = minting.Password

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, text, 0o600))
	return path
}

// settings are those of one pod's init container.
func (w *world) settings(pod string) config.Ensure {
	return config.Ensure{
		Common: config.Common{
			URLs: w.urls, TLS: w.files, UsernameFile: w.usernameFile, PasswordFile: w.passwordFile, Timeout: 5 * time.Minute,
		},
		Account: kibana, AccountName: kibana.String(), Secret: w.secret, SecretKey: testKey, Namespace: w.namespace,
		PodUID: pod, Settle: 2 * time.Second,
	}
}

// elasticsearch is a client with the minter's rights, for what a test does itself.
func (w *world) elasticsearch(t *testing.T) *elastic.Client {
	t.Helper()
	transport, err := w.files.Transport(time.Now)
	must(t, err)
	t.Cleanup(transport.CloseIdleConnections)
	o := w.settings("")
	client, err := elastic.New(w.urls, transport, o.Login)
	must(t, err)
	_, err = client.Authenticate(context.Background())
	must(t, err)
	return client
}

// mint makes a live token behind everybody's back.
func (w *world) mint(t *testing.T, name string) credential.Token {
	t.Helper()
	token, err := w.elasticsearch(t).Create(context.Background(), kibana, name)
	must(t, err)
	return token
}

// kill deletes a token behind everybody's back.
func (w *world) kill(t *testing.T, name string) {
	t.Helper()
	_, err := w.elasticsearch(t).Delete(context.Background(), kibana, name)
	must(t, err)
}

// alive reports whether Elasticsearch has a token of that name.
func (w *world) alive(t *testing.T, name string) bool {
	t.Helper()
	names, err := w.elasticsearch(t).Names(context.Background(), kibana)
	must(t, err)
	return names[name]
}

// unique makes a name for a token that a test makes itself.
func unique(prefix string) string { return credential.NewName(prefix) }

func (w *world) prefix(s protocol.State) string {
	return credential.Prefix(w.namespace, w.secret, s.UID)
}

// state reads the Secret.
func (w *world) state(t *testing.T) protocol.State {
	t.Helper()
	s := w.read()
	if s == nil {
		t.Fatal("the Secret is not there")
	}
	out := protocol.Read(s.Annotations, credential.NewToken(string(s.Data[testKey])), kibana)
	out.UID, out.Version = string(s.UID), s.ResourceVersion
	return out
}

// put lets a person write data.token.
func (w *world) put(token string) {
	w.edit(func(s *corev1.Secret) { s.Data = map[string][]byte{testKey: []byte(token)} })
}

// blank lets somebody replace the Secret by its manifest, which has neither data nor annotations.
func (w *world) blank() {
	w.edit(func(s *corev1.Secret) { s.Data, s.Annotations = nil, nil })
}

// relabel lets Helm change a label.
func (w *world) relabel() {
	w.edit(func(s *corev1.Secret) { s.Labels = map[string]string{"helm": s.ResourceVersion} })
}

// annotate writes our annotations as an earlier run left them.
func (w *world) annotate(s protocol.State) {
	w.edit(func(secret *corev1.Secret) {
		secret.Annotations = map[string]string{}
		for key, text := range s.Annotations() {
			if text != "" {
				secret.Annotations[key] = text
			}
		}
	})
}

// works checks what must hold at the end of every script: the Secret's token works, is named by token-name and in no
// other list (I2), and nothing that was made for this Secret is without a record, but for what is expected.
func (w *world) works(t *testing.T, unrecorded ...string) protocol.State {
	t.Helper()
	s := w.state(t)
	client := w.elasticsearch(t)
	id, err := client.AuthenticateToken(context.Background(), s.Token)
	if err != nil || id.Username != kibana.String() {
		t.Errorf("the Secret's token %s does not work: %q, %v", s.Has, id.Username, err)
	}
	if s.TokenName != s.Has {
		t.Errorf("token-name is %s, data.token is %s", s.TokenName, s.Has)
	}
	recorded := map[string]bool{s.Has: true, s.Claim.Name: true}
	for _, name := range s.Previous {
		recorded[name] = true
	}
	for _, d := range s.Abandoned {
		recorded[d.Name] = true
	}
	for _, name := range unrecorded {
		recorded[name] = true
	}
	names, err := client.Names(context.Background(), kibana)
	must(t, err)
	for name := range names {
		if strings.HasPrefix(name, w.prefix(s)) && !recorded[name] {
			t.Errorf("token %s is in no record", name)
		}
	}
	return s
}

// testClock is an actor's own time: it moves when the actor sleeps, and never makes anybody wait.
type testClock struct {
	mu   sync.Mutex
	time time.Time
}

func newTestClock() *testClock { return &testClock{time: time.Now()} }

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

func (c *testClock) clock() clock {
	return clock{now: c.now, sleep: func(_ context.Context, d time.Duration) { c.advance(d) }}
}

// plain runs one ensure to its end, with nobody in between.
func (w *world) plain(t *testing.T, pod string, change ...func(*config.Ensure)) (log string, err error) {
	t.Helper()
	o := w.settings(pod)
	for _, f := range change {
		f(&o)
	}
	var out bytes.Buffer
	err = ensure(context.Background(), o, edge{
		clock: newTestClock().clock(), log: slog.New(slog.NewTextHandler(&out, nil)), stdout: &out, kubernetes: w.kubernetes,
		transport: closing(t),
	})
	return out.String(), err
}

// timed is plain with a clock that the test knows.
func (w *world) timed(t *testing.T, pod string, c *testClock) (log string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = ensure(context.Background(), w.settings(pod), edge{
		clock: c.clock(), log: slog.New(slog.NewTextHandler(&out, nil)), stdout: &out, kubernetes: w.kubernetes, transport: closing(t),
	})
	return out.String(), err
}

// closing lets go of the connections at the end of a test.
func closing(t *testing.T) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		t.Cleanup(func() { next.(*http.Transport).CloseIdleConnections() })
		return next
	}
}
