//go:build integration || survey

package survey

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/internal/evidence"
	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a real Elasticsearch at optional, both programs, and what an API server would say of the pods.
type world struct {
	nodes         []*parts.Node
	ca            *pki.CA
	with, without *tls.Config
	dir           string
	api           *api
	init, plugin  string // the programs
	args          []string
	stdin         io.Reader     // of the surveys
	started       time.Duration // how long a node takes
}

const password = "survey-password"

// newWorld starts it, with that many nodes.
func newWorld(t *testing.T, nodes int) *world {
	t.Helper()
	w := &world{ca: pki.NewCA("ca"), dir: t.TempDir()}
	server := w.ca.Leaf(pki.Options{CN: "node", SANs: []string{"127.0.0.1", "::1"}, ServerAuth: true, ClientAuth: true})
	w.with = w.ca.Client(w.ca.Leaf(pki.Options{CN: "client", ClientAuth: true}))
	w.without = w.with.Clone()
	w.without.Certificates, w.without.GetClientCertificate = nil, nil
	const http, transport = "xpack.security.http.ssl.", "xpack.security.transport.ssl."
	for i := range nodes {
		o := parts.Options{
			IPv6: true, TLS: w.with, Files: map[string][]byte{"certs/tls.crt": server.Cert, "certs/tls.key": server.Key, "certs/ca.crt": w.ca.Cert},
			Settings: map[string]string{
				"node.name": fmt.Sprintf("node-%d", i), http + "enabled": "true", http + "client_authentication": "optional",
				http + "certificate": "certs/tls.crt", http + "key": "certs/tls.key", http + "certificate_authorities": "certs/ca.crt",
			},
		}
		if nodes > 1 {
			for name, value := range map[string]string{
				"enabled": "true", "verification_mode": "certificate", "certificate": "certs/tls.crt", "key": "certs/tls.key", "certificate_authorities": "certs/ca.crt",
			} {
				o.Settings[transport+name] = value
			}
			o.Several = i == 0
			if i > 0 {
				o.Join = w.nodes[0]
			}
		}
		began := time.Now()
		node, err := parts.Elasticsearch(t.Context(), o)
		parts.SkipOrFail(t, err)
		w.started = max(w.started, time.Since(began))
		t.Cleanup(func() { must(t, node.Stop()) })
		w.nodes = append(w.nodes, node)
	}
	w.user(t, []string{"cluster:monitor/settings", "cluster:admin/settings/update", "cluster:monitor/nodes/info", "cluster:monitor/nodes/stats"})
	w.programs(t)
	w.api = startAPI(t, w.nodes)
	pair := w.ca.Leaf(pki.Options{CN: "survey", ClientAuth: true})
	w.args = []string{"survey", "--elasticsearch-url=" + w.nodes[0].URL}
	for flag, text := range map[string][]byte{
		"ca": w.ca.Cert, "cert": pair.Cert, "key": pair.Key, "username-file": []byte("survey"), "password-file": []byte(password),
		"kubeconfig": fmt.Appendf(nil, "clusters: [{name: c, cluster: {server: %q}}]\ncontexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n", w.api.server.URL),
	} {
		path := filepath.Join(w.dir, flag)
		must(t, os.WriteFile(path, text, 0o600))
		w.args = append(w.args, "--"+flag+"="+path)
	}
	return w
}

// user makes the survey's user, with these privileges.
func (w *world) user(t *testing.T, privileges []string) {
	t.Helper()
	for path, body := range map[string]any{
		"/_security/role/survey": map[string]any{"cluster": privileges},
		"/_security/user/survey": map[string]any{"password": password, "roles": []string{"survey"}},
	} {
		w.call(t, http.MethodPut, path, body)
	}
}

// call calls as elastic. A node that starts answers 401 for a moment.
func (w *world) call(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		status, text, err := w.nodes[0].Call(t.Context(), method, path, body)
		if err == nil && status == http.StatusOK {
			return text
		}
		if time.Now().After(until) {
			t.Fatalf("%s %s: %d %s %v", method, path, status, text, err)
		}
	}
}

func (w *world) programs(t *testing.T) {
	t.Helper()
	w.init, w.plugin = filepath.Join(w.dir, "elk-mtls-init"), filepath.Join(w.dir, "elk-mtls")
	for program, of := range map[string]string{w.init: "../../initcontainer/elk-mtls-init", w.plugin: "../../plugin/elk-mtls"} {
		out, err := exec.Command("go", "build", "-o", program, of).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// surveying is a survey that runs.
type surveying struct {
	cmd      *exec.Cmd
	out, err *os.File
}

// begin starts elk-mtls-init survey and waits until every node is watched.
func (w *world) begin(t *testing.T, args ...string) *surveying {
	t.Helper()
	s := w.start(t, args...)
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		text := s.text(t)
		if !slices.ContainsFunc(w.names(), func(n string) bool { return !watched(text, n) }) {
			return s
		}
		if s.ended() || time.Now().After(until) {
			errs, _ := os.ReadFile(s.err.Name())
			t.Fatalf("no node is watched\n%s\n%s", text, errs)
		}
	}
}

// watched reports whether a line says that a node is watched: its log has named a request of the survey's own.
func watched(text, node string) bool {
	for line := range strings.Lines(text) {
		var l evidence.Line
		if json.Unmarshal([]byte(line), &l) == nil && l.Kind == evidence.Node && l.Node == node && l.Source == "" {
			return true
		}
	}
	return false
}

func (w *world) names() (all []string) {
	for i := range w.nodes {
		all = append(all, fmt.Sprintf("node-%d", i))
	}
	return all
}

func (w *world) start(t *testing.T, args ...string) *surveying {
	t.Helper()
	s := &surveying{cmd: exec.Command(w.init, append(append([]string{}, w.args...), args...)...)}
	var err error
	s.out, err = os.CreateTemp(w.dir, "evidence")
	must(t, err)
	s.err, err = os.CreateTemp(w.dir, "log")
	must(t, err)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = w.stdin, s.out, s.err
	must(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

func (s *surveying) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.out.Name())
	must(t, err)
	return string(text)
}

func (s *surveying) ended() bool { return s.cmd.ProcessState != nil }

// wait waits for its end and gives the evidence.
func (s *surveying) wait(t *testing.T) string {
	t.Helper()
	err := s.cmd.Wait()
	log, _ := os.ReadFile(s.err.Name())
	if err != nil {
		t.Errorf("survey: %v\n%s", err, log)
	}
	return s.text(t)
}

// api is what a survey asks of an API server: pods, and the log of those of Elasticsearch, which is that of the real node with the
// times that a kubelet puts before each line.
type api struct {
	server *httptest.Server
	logs   map[string]string // of pods
	mu     sync.Mutex
	items  []map[string]any
	forbid string // a resource
}

func startAPI(t *testing.T, nodes []*parts.Node) *api {
	a := &api{logs: map[string]string{}}
	for i, n := range nodes {
		name := fmt.Sprintf("node-%d", i) // as in the charts; here, all nodes have one address
		a.logs[name] = n.Log
		a.add("elastic", name, "StatefulSet/node", "127.0.0.1")
	}
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

// add makes a pod of a workload, by the owners and labels that the controllers give.
func (a *api) add(namespace, name, workload, ip string) {
	kind, owner, _ := strings.Cut(workload, "/")
	labels := map[string]string{}
	if kind == "Deployment" {
		kind, owner, labels["pod-template-hash"] = "ReplicaSet", owner+"-5d8c7", "5d8c7"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.items = append(a.items, map[string]any{
		"metadata": map[string]any{"namespace": namespace, "name": name, "labels": labels, "ownerReferences": []any{
			map[string]any{"kind": kind, "name": owner, "controller": true, "apiVersion": "x", "uid": "x"}}},
		"spec":   map[string]any{"containers": []any{map[string]any{"name": "main"}}},
		"status": map[string]any{"phase": "Running", "hostIP": "192.0.2.1", "podIP": ip, "podIPs": []any{map[string]any{"ip": ip}}},
	})
}

// ServeHTTP answers as an API server.
func (a *api) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	resource := "pods"
	if path[len(path)-1] == "log" {
		resource = "pods/log"
	}
	a.mu.Lock()
	forbid, items := a.forbid, a.items
	a.mu.Unlock()
	if forbid == resource {
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(out).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403, "reason": "Forbidden",
			"message": fmt.Sprintf("%s is forbidden: User %q cannot use it", resource, "survey")})
		return
	}
	if resource == "pods" {
		_ = json.NewEncoder(out).Encode(map[string]any{"kind": "PodList", "apiVersion": "v1", "metadata": map[string]any{}, "items": items})
		return
	}
	a.log(out, r, path[len(path)-2])
}

// log answers as a kubelet that is asked for the log of a pod.
func (a *api) log(out http.ResponseWriter, r *http.Request, pod string) {
	log, there := a.logs[pod]
	if !there || r.URL.Query().Get("previous") == "true" {
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	since, _ := time.Parse(time.RFC3339, r.URL.Query().Get("sinceTime"))
	follow(r.Context(), out, log, since, r.URL.Query().Get("follow") == "true")
}

// follow gives the lines of a log with the times at which they were written, each later than the one before.
func follow(ctx context.Context, out http.ResponseWriter, name string, since time.Time, on bool) {
	file, err := os.Open(name)
	if err != nil {
		out.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer file.Close()
	out.WriteHeader(http.StatusOK)
	reader, rest, at := bufio.NewReader(file), "", time.Time{}
	nanos := 0
	for ctx.Err() == nil {
		text, err := reader.ReadString('\n')
		rest += text
		if err == nil {
			if len(rest) > 24 && rest[0] == '[' {
				if t, bad := time.ParseInLocation("2006-01-02T15:04:05.000", strings.Replace(rest[1:24], ",", ".", 1), time.Local); bad == nil {
					if t.After(at) { // threads write what they began earlier behind what they began later; a kubelet's times only grow
						at, nanos = t, 0
					}
				}
			}
			nanos++
			if !at.Before(since) {
				_, _ = io.WriteString(out, at.Add(time.Duration(nanos)).UTC().Format(time.RFC3339Nano)+" "+rest)
			}
			rest = ""
			continue
		}
		if !on {
			return
		}
		out.(http.Flusher).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}
