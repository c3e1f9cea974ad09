//go:build elasticsearch || integration

// Package wiring holds what the patched manifests are worth: containers are built from them, mount by mount, and used against a real
// Elasticsearch that runs with the settings and files of the same manifests.
package wiring

import (
	"bytes"
	"context"
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

// programs are built once for all tests.
var programs string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "elk-mtls-wiring-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, source := range map[string]string{"elk-mtls": "../../plugin/elk-mtls", "elk-mtls-init": "../../initcontainer/elk-mtls-init"} {
		command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, name), source)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			panic(string(out))
		}
	}
	programs = dir
	m.Run()
}

// TestPatchedRelease starts the Elasticsearch of a release once and holds everything against it.
func TestPatchedRelease(t *testing.T) {
	for _, s := range stocks(t) {
		t.Run(s.name, func(t *testing.T) {
			l := newLab(t, s)
			t.Run("the stock readiness probe", l.probe)
			t.Run("the helm test", l.helmTest)
			t.Run("Kibana logs in", l.login)
		})
	}
}

// stock is a release as a chart renders it, with where its parts are.
type stock struct {
	name    string
	text    string
	certs   string // Secret of the certificates
	server  string
	kibana  string
	service string
	config  string   // of elk-mtls
	more    []string // Secrets with a pair of the cluster besides certs
	bitnami bool     // the images are Bitnami's
	issued  bool     // by elk-mtls certs, which also makes the configuration; containers are entered without root
}

// stocks gives the release of the project, and those of the real charts where they are.
func stocks(t *testing.T) []stock {
	t.Helper()
	all := []stock{{
		name: "our example", text: readAll(t, "../../examples/release/rendered.yaml"), certs: "elasticsearch-master-certs", service: "elasticsearch-master",
		server: "StatefulSet/elasticsearch-master", kibana: "Deployment/elk-kibana",
	}}
	dir := renders()
	if dir == "" {
		t.Log("LEFT OUT: no renderings of real charts here; name their folder in ELK_MTLS_RENDERS")
		return all
	}
	return append(all, stock{
		name: "the official charts", text: readAll(t, dir+"/elasticsearch-8.5.1-default.yaml", dir+"/kibana-8.5.1-default.yaml"), certs: "elasticsearch-master-certs",
		service: "elasticsearch-master", server: "StatefulSet/elasticsearch-master", kibana: "Deployment/kibana-kibana",
	})
}

// renders is the folder with renderings of real charts, "" where there is none.
func renders() string {
	dir := os.Getenv("ELK_MTLS_RENDERS")
	if dir == "" {
		dir = "../../../shared/renders"
	}
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

func readAll(t *testing.T, names ...string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// lab is a release, patched, and the Elasticsearch that its manifests describe.
type lab struct {
	stock
	t             *testing.T
	node          *parts.Node
	ca            *pki.CA
	pair          pki.Pair
	clients       *pki.CA // that signs clients, nil when the cluster's does
	tls           *tls.Config
	secrets       string // that elk-mtls certs made
	patched       []byte
	before, after *pod.Release // the stock release and the patched one
}

// newLab patches a release and starts its Elasticsearch. The port is the one thing that is decided by the machine: every 9200 of the
// input stands for it once the node is up.
func newLab(t *testing.T, s stock) *lab {
	t.Helper()
	can := pod.CanRun
	if s.issued {
		can = pod.CanRunStatic
	}
	if err := can(); err != nil {
		parts.SkipOrFail(t, &parts.Missing{Part: "a container", Why: err.Error(), Remedy: "run the tests as root"})
	}
	l := &lab{stock: s, t: t, ca: pki.NewCA("lab")}
	l.pair = l.ca.Leaf(pki.Options{CN: s.service, SANs: []string{s.service, "127.0.0.1"}, ServerAuth: true, ClientAuth: true})
	l.tls = l.ca.Client(l.pair)
	switch {
	case s.issued:
		l.issue()
	case s.config != "":
		l.clients = pki.NewCA("clients")
	}
	l.render(s.text)
	container := l.build(l.after, s.server, "elasticsearch")
	start, password := container.Elasticsearch, "ELASTIC_PASSWORD"
	if s.bitnami {
		start, password = container.Bitnami, "ELASTICSEARCH_PASSWORD"
	}
	config, settings, files, err := start()
	if err != nil {
		t.Fatal(err)
	}
	for name := range settings {
		if parts.Owned(name) {
			delete(settings, name)
		}
	}
	l.node, err = parts.Elasticsearch(t.Context(), parts.Options{
		Config: config, Settings: settings, Files: files, Password: container.Env[password], TLS: l.tls,
	})
	if err != nil {
		parts.SkipOrFail(t, err)
	}
	t.Cleanup(func() {
		if err := l.node.Stop(); err != nil {
			t.Error(err)
		}
	})
	port := l.node.URL[strings.LastIndex(l.node.URL, ":"):]
	l.render(regexp.MustCompile(`:9200\b`).ReplaceAllString(s.text, port))
	return l
}

// render patches the release. The certificates of the cluster take the place of those in the stream, which belong to nobody.
func (l *lab) render(text string) {
	l.t.Helper()
	if l.issued {
		text = l.secrets + "---\n" + text
	}
	args := []string{"--init-image", "registry.example/elk-mtls-init:test"}
	if l.config != "" {
		file := filepath.Join(l.t.TempDir(), "elk-mtls.yaml")
		if err := os.WriteFile(file, []byte(l.config), 0o600); err != nil {
			l.t.Fatal(err)
		}
		args = append(args, "--config", file)
	}
	l.patched = l.elkMTLS(text, args...)
	l.before, l.after = l.release([]byte(text)), l.release(l.patched)
}

// elkMTLS runs the program and gives its stdout.
func (l *lab) elkMTLS(stdin string, args ...string) []byte {
	l.t.Helper()
	command := exec.Command(filepath.Join(programs, "elk-mtls"), args...)
	command.Stdin = strings.NewReader(stdin)
	var out, messages bytes.Buffer
	command.Stdout, command.Stderr = &out, &messages
	if err := command.Run(); err != nil {
		l.t.Fatalf("elk-mtls: %v\n%s", err, messages.Bytes())
	}
	return out.Bytes()
}

func (l *lab) release(stream []byte) *pod.Release {
	l.t.Helper()
	r, err := pod.Read(stream)
	if err != nil {
		l.t.Fatal(err)
	}
	chart := map[string][]byte{"ca.crt": l.ca.Cert, "tls.crt": l.pair.Cert, "tls.key": l.pair.Key}
	if l.issued { // clients of the stock release trust the same CA
		chart = r.Data("Secret", secretOf(l.server))
	}
	r.Put("Secret", l.certs, chart)
	for _, name := range l.more {
		r.Put("Secret", name, map[string][]byte{"ca.crt": l.ca.Cert, "tls.crt": l.pair.Cert, "tls.key": l.pair.Key})
	}
	r.Put("Secret", "kibana-login", map[string][]byte{"password": []byte(kibanaPassword)})
	if l.clients != nil {
		pair := l.clients.Leaf(pki.Options{CN: "kibana", ClientAuth: true})
		r.Put("Secret", "clients-ca", map[string][]byte{"ca.crt": l.clients.Cert})
		r.Put("Secret", "kibana-client", map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key})
	}
	r.API = pod.API{Token: "none", Namespace: "test"}
	return r
}

func (l *lab) build(r *pod.Release, workload, name string) *pod.Container {
	l.t.Helper()
	c, err := r.Container(workload, name, l.t.TempDir())
	if err != nil {
		l.t.Fatal(err)
	}
	if err := c.Host(l.service); err != nil {
		l.t.Fatal(err)
	}
	return c
}

// run runs a command in a container and gives its output.
func (l *lab) run(c *pod.Container, words ...string) (string, error) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 5*time.Minute)
	defer cancel()
	command, err := c.Command(ctx, filepath.Join(l.t.TempDir(), "work"), words...)
	if err != nil {
		l.t.Fatal(err)
	}
	out, err := command.CombinedOutput()
	return string(out), err
}
