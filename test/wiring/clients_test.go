//go:build elasticsearch || integration

package wiring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

// clientProgram is a real client, and how it is known that it works: by what is in Elasticsearch, or in its metrics. Never by its exit
// code, as all of them run on when they are refused.
type clientProgram struct {
	name      string // of the program, as test/parts has it
	workload  string
	container string
	path      string             // where the image has the program
	args      []string           // besides those of the manifests: what this node cannot serve, or what else of this machine is in the way
	env       []string           // as args
	python    string             // where a program of Python is in its folder, which has to be there besides: root enters the container
	port      string             // of the manifests on which it is called; another one stands for it here
	before    func(l *lab) error // makes what it is to find; nil for nothing
	works     func(l *lab, r *running) error
	half      func(c *pod.Container) error // takes the pair of one connection out of the patched files; nil where there is only one
}

// beatArgs stand for the working directory of the image, and leave out what the node has no modules for and the port of the Beat's own
// status page, which several would share here.
func beatArgs(home string) []string {
	return []string{"-path.home", home, "-E", "setup.ilm.enabled=false", "-E", "setup.template.enabled=false", "-E", "http.enabled=false"}
}

func beat(name, workload, query string) clientProgram {
	return clientProgram{
		name: name, workload: workload, container: name, path: "/usr/share/" + name + "/" + name, args: beatArgs("/usr/share/" + name),
		works: func(l *lab, _ *running) error { return l.found(name+"-*", query) },
	}
}

func exporter(name, workload string) clientProgram {
	return clientProgram{name: name, workload: workload, container: "exporter", path: "/bin/elasticsearch_exporter", port: ":9108", works: (*lab).scraped}
}

// logLine is what Filebeat finds.
const logLine = "a line of the log"

// ours are the clients in the release of this package.
func ours() []clientProgram {
	// A module or monitor without a pair of its own writes documents too: of an error.
	metricbeat := beat("metricbeat", "Deployment/elk-metricbeat", `metricset.name:node_stats AND elasticsearch.node.name:* AND NOT error.message:*`)
	metricbeat.half = func(c *pod.Container) error {
		return c.Edit("/usr/share/metricbeat/metricbeat.yml", "  ssl.certificate: /etc/elk-mtls/tls.crt\n  ssl.key: /etc/elk-mtls/tls.key\n", "")
	}
	return []clientProgram{
		beat("filebeat", "DaemonSet/elk-filebeat", `message:"`+logLine+`"`),
		metricbeat,
		beat("heartbeat", "Deployment/elk-heartbeat", `monitor.status:up AND http.response.status_code:200`),
		beat("auditbeat", "DaemonSet/elk-auditbeat", `file.path:"/var/log/containers/x.log"`),
		exporter("elasticsearch_exporter", "Deployment/elk-exporter"),
		exporter("elasticsearch_exporter-1.7", "Deployment/elk-exporter"),
	}
}

// charts are the clients of real charts' renderings.
func charts() []clientProgram {
	return []clientProgram{
		beat("filebeat", "DaemonSet/filebeat-filebeat", `message:"`+logLine+`"`),
		exporter("elasticsearch_exporter", "Deployment/exporter-prometheus-elasticsearch-exporter"),
	}
}

// TestRealClients runs the real programs with the very configuration of the manifests, against a node that requires certificates. All
// certificates come from elk-mtls certs.
func TestRealClients(t *testing.T) {
	t.Run("our example", func(t *testing.T) {
		realClients(t, "Deployment/elk-kibana", ours(), "../../examples/release/rendered.yaml", "testdata/clients.yaml")
	})
	t.Run("the charts", func(t *testing.T) {
		dir := renders()
		if dir == "" {
			t.Skip("LEFT OUT: no renderings of real charts here; name their folder in ELK_MTLS_RENDERS")
		}
		realClients(t, "Deployment/kibana-kibana", charts(), dir+"/elasticsearch-8.5.1-default.yaml", dir+"/kibana-8.5.1-default.yaml",
			dir+"/filebeat-8.5.1-default.yaml", dir+"/prometheus-elasticsearch-exporter-7.4.0-ca-only.yaml")
	})
}

func realClients(t *testing.T, kibana string, programs []clientProgram, files ...string) {
	ruledClients(t, kibana, "", programs, files...)
}

// ruledClients is realClients with a configuration.
func ruledClients(t *testing.T, kibana, config string, programs []clientProgram, files ...string) {
	l := newLab(t, stock{
		text: readAll(t, files...), certs: "elasticsearch-master-certs", service: "elasticsearch-master",
		server: "StatefulSet/elasticsearch-master", kibana: kibana, issued: true, config: config,
	})
	t.Run("certificates of elk-mtls certs", l.accepted)
	for _, p := range programs {
		program, err := parts.Client(t.Context(), p.name) // or its folder
		if err != nil {
			parts.SkipOrFail(t, err)
		}
		t.Run(p.name, func(t *testing.T) { l.in(t).hold(p, program) })
	}
}

// hold holds one program to what it must and must not be able to do. What a run that works leaves behind would hide what comes after,
// so that it comes last.
func (l *lab) hold(p clientProgram, program string) {
	l.t.Run("unpatched it is refused", func(t *testing.T) {
		l := l.in(t)
		r := l.start(l.before, p, program, nil)
		l.await(time.Minute, r, func() error {
			if !refused(r.log()) {
				return fmt.Errorf("it was not refused yet")
			}
			return nil
		})
		if err := p.works(l, r); err == nil {
			t.Errorf("it works without a certificate\n%s", r.tail())
		}
	})
	if p.half != nil {
		l.t.Run("with a pair for half of its connections it is refused", func(t *testing.T) {
			l := l.in(t)
			r := l.start(l.after, p, program, p.half)
			l.await(time.Minute, r, func() error { return l.found(p.name+"-*", `error.message:*tls*`) })
			if err := p.works(l, r); err == nil {
				t.Errorf("it works\n%s", r.tail())
			}
		})
	}
	l.t.Run("patched it works", func(t *testing.T) {
		l := l.in(t)
		r := l.start(l.after, p, program, nil)
		l.await(time.Minute, r, func() error { return p.works(l, r) })
		if refused(r.log()) {
			t.Errorf("it works, and something of it was refused all the same\n%s", r.tail())
		}
	})
}

// refused holds where a client tells of a node that ends the handshake, in the words of Go or of OpenSSL.
func refused(log string) bool {
	return strings.Contains(log, "remote error: tls: ") || strings.Contains(log, "alert bad certificate") || strings.Contains(log, "alert certificate required")
}

// in gives the lab to a subtest.
func (l *lab) in(t *testing.T) *lab {
	other := *l
	other.t = t
	return &other
}

// running is a program in its container.
type running struct {
	port   string // of its metrics, where it has some
	mutex  sync.Mutex
	output bytes.Buffer
	done   chan struct{}
	err    error
}

// Write takes what the program says.
func (r *running) Write(text []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.output.Write(text)
}

func (r *running) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func (r *running) log() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.output.String()
}

func (r *running) tail() string {
	lines := strings.Split(r.log(), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}

// start runs a program as its image would: with the arguments, files, environment and user of the manifests. It ends with the test.
func (l *lab) start(release *pod.Release, p clientProgram, program string, edit func(*pod.Container) error) *running {
	l.t.Helper()
	c := l.build(release, p.workload, p.container)
	if edit != nil {
		if err := edit(c); err != nil {
			l.t.Fatal(err)
		}
	}
	if p.before != nil {
		if err := p.before(l); err != nil {
			l.t.Fatal(err)
		}
	}
	log := c.Path("var/log/containers/x.log")
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(log, []byte("2026-01-01T00:00:00.000000000Z stdout F "+logLine+"\n"), 0o644); err != nil {
		l.t.Fatal(err)
	}
	r := &running{port: freePort(l.t), done: make(chan struct{})}
	words := append(append([]string(nil), c.Spec.Command...), c.Spec.Args...)
	if len(c.Spec.Command) > 0 {
		words = words[1:]
	}
	words, env := append(words, p.args...), append([]string(nil), p.env...)
	for _, list := range [][]string{words, env} {
		for i := range list {
			if p.port != "" {
				list[i] = strings.ReplaceAll(list[i], p.port, "127.0.0.1:"+r.port)
			}
		}
	}
	ctx, cancel := context.WithCancel(l.t.Context())
	command, err := l.command(ctx, c, p, program, words)
	if err != nil {
		cancel()
		l.t.Fatal(err)
	}
	command.Env = append(command.Env, env...)
	command.Stdout, command.Stderr = r, r
	if err := command.Start(); err != nil {
		cancel()
		l.t.Fatal(err)
	}
	go func() {
		r.err = command.Wait()
		close(r.done)
	}()
	l.t.Cleanup(func() {
		cancel()
		<-r.done
	})
	return r
}

// command makes the command of a program: a static one where its image has it, or one of Python out of the folder that program is.
func (l *lab) command(ctx context.Context, c *pod.Container, p clientProgram, program string, words []string) (*exec.Cmd, error) {
	if p.python == "" {
		return c.Static(ctx, append([]string{p.path}, words...)...), c.Program(program, p.path)
	}
	if err := pod.CanRun(); err != nil {
		parts.SkipOrFail(l.t, &parts.Missing{Part: p.name, Why: err.Error(), Remedy: "run the tests as root"})
	}
	c.User = 0 // who may read the folder
	command, err := c.Command(ctx, filepath.Join(l.t.TempDir(), "work"), append([]string{"python3", filepath.Join(program, p.python)}, words...)...)
	if err == nil {
		command.Env = append(command.Env, "PYTHONPATH="+program, "LC_ALL=C.UTF-8")
	}
	return command, err
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// await tries until it succeeds, the time is over, or the program has ended without.
func (l *lab) await(limit time.Duration, r *running, try func() error) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), limit)
	defer cancel()
	for {
		over := r.over()
		err := try()
		switch {
		case err == nil:
			return
		case over:
			l.t.Fatalf("it ended (%v), and %v\n%s", r.err, err, r.tail())
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			l.t.Fatalf("after %s: %v\n%s", limit, err, r.tail())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// found tells whether an index holds a document that a query finds.
func (l *lab) found(index, query string) error {
	_, _, err := l.node.Call(l.t.Context(), http.MethodPost, "/"+index+"/_refresh", nil)
	if err != nil {
		return err
	}
	status, body, err := l.node.Call(l.t.Context(), http.MethodPost, "/"+index+"/_search", map[string]any{
		"size": 1, "query": map[string]any{"query_string": map[string]any{"query": query}},
	})
	if err != nil {
		return err
	}
	var answer struct {
		Hits struct {
			Hits []any `json:"hits"`
		} `json:"hits"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
		return fmt.Errorf("searching %s: status %d: %s", index, status, body)
	}
	if len(answer.Hits.Hits) == 0 {
		return fmt.Errorf("%s holds no document with %s", index, query)
	}
	return nil
}

// scraped tells whether the exporter's metrics are those of the node.
func (l *lab) scraped(r *running) error {
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, "http://127.0.0.1:"+r.port+"/metrics", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: 2 * time.Minute}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	for _, metric := range []string{"elasticsearch_cluster_health_number_of_nodes{", "elasticsearch_indices_docs{"} {
		if !strings.Contains(string(text), "\n"+metric) {
			return fmt.Errorf("metrics of the node are missing: no %s…}", metric)
		}
	}
	return nil
}
