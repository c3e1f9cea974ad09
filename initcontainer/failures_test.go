package initcontainer

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/test/kubefake"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/standin"
)

// failing is one way to fail, as a person meets it who typed the command.
type failing struct {
	name    string
	node    func(*standin.Options, *pki.Options)
	arrange func(*scene)
	args    []string // after the command; the first may be the command itself
	cause   failure.Cause
	says    string
	hint    string
	writes  bool // a role mapping was written before it failed
	claims  bool // a name was claimed before it failed: the records say so, and nothing else
}

// scene is what one of them plays on.
type scene struct {
	t     *testing.T
	dir   string
	es    *standin.Server
	api   *kubefake.Server
	flags map[string]string
}

const failingTime = "500ms"

// Every failure has its exit code, a message, advice, the same where kubelet looks for it, and changes nothing: neither where
// there is no token yet, nor where one works.
func TestFailures(t *testing.T) {
	for _, f := range slices.Concat(connectionFailures(), elasticsearchFailures(), kubernetesFailures(), modeFailures()) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.play(t, false)
		})
		if !strings.Contains(strings.Join(f.args, " "), "--mode") {
			t.Run(f.name+", with a token that works", func(t *testing.T) {
				t.Parallel()
				f.play(t, true)
			})
		}
	}
}

func (f failing) play(t *testing.T, held bool) {
	s := newScene(t, f)
	if held {
		s.hold()
	}
	if f.arrange != nil {
		f.arrange(s)
	}
	before, tokens := s.api.Secret(), s.es.Tokens()
	code, stderr := s.run(f.args)
	if !held || code != 0 {
		s.says(f, code, stderr)
	} else if unverified := strings.Contains(stderr, "could not be verified"); !unverified && !strings.Contains(stderr, "the token in the Secret works") {
		t.Errorf("exit 0 without a word about the token:\n%s", stderr)
	} else if unverified && !f.cause.Silent() {
		t.Errorf("exit 0 with a token that was not verified:\n%s", stderr)
	}
	if !maps.Equal(tokens, s.es.Tokens()) {
		t.Errorf("the tokens changed: %d, were %d", len(s.es.Tokens()), len(tokens))
	}
	for _, c := range s.es.Calls() {
		if c.Method != http.MethodGet && c.Status/100 == 2 && !f.writes {
			t.Errorf("it changed something: %s", c)
		}
	}
	after := s.api.Secret()
	if f.claims && code != 0 {
		if !slices.Equal(before.Data["token"], after.Data["token"]) {
			t.Error("it changed the token in the Secret")
		}
		before.ObjectMeta = after.ObjectMeta
	}
	if before.String() != after.String() {
		t.Errorf("the Secret changed:\n%s\nwas\n%s", after, before)
	}
}

// Each cause has a failure in the lists above, as a person meets it.
func TestEveryCauseIsMet(t *testing.T) {
	met := map[failure.Cause]bool{failure.None: true}
	for _, f := range slices.Concat(connectionFailures(), elasticsearchFailures(), kubernetesFailures(), modeFailures()) {
		met[f.cause] = true
	}
	for cause := failure.None; cause <= failure.SecretForeign; cause++ {
		if !met[cause] {
			t.Errorf("no failure has cause %d, exit code %d", cause, cause.Code())
		}
	}
}

// says checks message, hint and exit code, on stderr and where kubelet looks.
func (s *scene) says(f failing, code int, stderr string) {
	s.t.Helper()
	if code != f.cause.Code() || !strings.Contains(stderr, f.says) || !strings.Contains(stderr, "elk-mtls-init: hint: ") && f.hint != "" {
		s.t.Errorf("exit %d, want %d and %q:\n%s", code, f.cause.Code(), f.says, stderr)
	}
	text, err := os.ReadFile(s.flags["termination-log"])
	must(s.t, err)
	message, hint, _ := strings.Cut(string(text), "\nhint: ")
	if !strings.Contains(message, f.says) || !strings.Contains(hint, f.hint) {
		s.t.Errorf("kubelet reads %q, want %q, %q", text, f.says, f.hint)
	}
	for _, secret := range append(slices.Collect(maps.Values(s.es.Tokens())), testPassword, kibanaPassword) {
		if strings.Contains(stderr+string(text), secret) {
			s.t.Errorf("a secret is shown:\n%s", stderr)
		}
	}
}

func newScene(t *testing.T, f failing) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir()}
	ca, another := pki.NewCA("test CA"), pki.NewCA("another CA")
	server := pki.Options{CN: "node", SANs: []string{"127.0.0.1"}, ServerAuth: true}
	o := standin.Options{ClientCAPEM: ca.Cert, ClientAuthentication: "required", Users: map[string]standin.User{
		"minter":        {Password: testPassword, Mint: true, Monitor: true},
		"reader":        {Password: testPassword, Monitor: true},
		"kibana_system": {Password: "as the cluster made it", Roles: []string{"kibana_system"}},
	}}
	if f.node != nil {
		f.node(&o, &server)
	}
	client := ca.Leaf(pki.Options{CN: "kibana", ClientAuth: true, ServerAuth: true, SANs: server.SANs})
	pair := ca.Leaf(server)
	if server.CN == "kibana" {
		pair = client
	}
	o.CertPEM, o.KeyPEM = pair.Cert, pair.Key
	var err error
	s.es, err = standin.Start(o)
	must(t, err)
	s.api = kubefake.Start("elk", "kibana-elk-mtls-token")
	t.Cleanup(func() {
		s.api.Close()
		must(t, s.es.Close())
	})
	past := time.Now().Add(-48 * time.Hour)
	stranger := another.Leaf(pki.Options{CN: "stranger", ClientAuth: true})
	old := ca.Leaf(pki.Options{CN: "old", ClientAuth: true, NotBefore: past, NotAfter: past.Add(time.Hour)})
	nobody := ca.Leaf(pki.Options{O: "lab", ClientAuth: true})
	next := ca.Leaf(pki.Options{CN: "next", ClientAuth: true, NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)})
	for name, text := range map[string][]byte{
		"ca": ca.Cert, "another-ca": another.Cert, "cert": client.Cert, "key": client.Key, "stranger.crt": stranger.Cert, "stranger.key": stranger.Key,
		"old.crt": old.Cert, "old.key": old.Key, "next.crt": next.Cert, "next.key": next.Key, "nocn.crt": nobody.Cert, "nocn.key": nobody.Key, "reader": []byte("reader"),
		"username": []byte("minter"), "password": []byte(testPassword), "wrong": []byte("open sesame"), "kibana-password": []byte(kibanaPassword),
		"kubeconfig": []byte(strings.Replace(kubeconfigText, "%q", s.api.URL, 1)),
	} {
		file(t, s.dir, name, text)
	}
	s.flags = map[string]string{
		"elasticsearch-url": strings.Replace(s.es.URL, "http://", "https://", 1), "ca": s.path("ca"), "cert": s.path("cert"), "key": s.path("key"),
		"username-file": s.path("username"), "password-file": s.path("password"), "kubeconfig": s.path("kubeconfig"),
		"namespace": "elk", "secret": "kibana-elk-mtls-token", "timeout": failingTime, "termination-log": s.path("termination-log"),
	}
	return s
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// set gives a flag the path of a file, or another value.
func (s *scene) set(flag, value string) { s.flags[flag] = value }

// hold puts a token that works into the Secret, as an earlier run left it.
func (s *scene) hold() {
	secret := s.api.Secret()
	name := "elk-mtls_elk_kibana-elk-mtls-token_" + strings.ReplaceAll(string(secret.UID), "-", "")[:8] + "_held"
	value := s.es.Mint("elastic/kibana", name)
	s.api.Change(func(secret *corev1.Secret) {
		secret.Data = map[string][]byte{"token": []byte(value)}
		secret.Annotations = map[string]string{"elk-mtls.dev/token-name": name}
	})
}

func (s *scene) run(args []string) (code int, stderr string) {
	line := []string{"ensure"}
	if len(args) > 0 && !strings.HasPrefix(args[0], "--") {
		line, args = args[:1:1], args[1:]
	}
	for _, flag := range slices.Sorted(maps.Keys(s.flags)) {
		if value := s.flags[flag]; value != "" {
			line = append(line, "--"+flag+"="+value)
		}
	}
	var out, log bytes.Buffer
	code = run(append(line, args...), nil, &out, &log)
	if out.Len() > 0 {
		s.t.Errorf("on stdout: %s", out.String())
	}
	return code, log.String()
}
