//go:build integration

package truth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pod"
	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// lab is a real node that requires certificates, and what clients need to reach it.
type lab struct {
	node   *parts.Node
	verify string        // the program that is judged
	work   string        // folder of this run
	used   atomic.Uint32 // networks
}

// newLab builds verify, and starts the node where it is needed.
func newLab(t *testing.T, withNode bool) *lab {
	t.Helper()
	l := &lab{work: t.TempDir()}
	l.verify = filepath.Join(l.work, "elk-mtls")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", l.verify, "../../plugin/elk-mtls")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if withNode {
		l.startNode(t)
	}
	return l
}

func (l *lab) startNode(t *testing.T) {
	t.Helper()
	if err := pod.CanRun(); err != nil {
		parts.SkipOrFail(t, &parts.Missing{Part: "a container", Why: err.Error(), Remedy: "run the tests as root"})
	}
	files, own, root := setups.Node()
	settings := map[string]string{}
	for line := range strings.Lines(setups.NodeConfig()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if !parts.Owned(name) {
			settings[name] = value
		}
	}
	inFolder := map[string][]byte{}
	for name, text := range files {
		inFolder["tls/"+name] = text
	}
	node, err := parts.Elasticsearch(t.Context(), parts.Options{Settings: settings, Files: inFolder, Password: setups.Password, TLS: root.Client(own)})
	parts.SkipOrFail(t, err)
	t.Cleanup(func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	})
	l.node = node
	home := &network{} // curl takes localhost for this, whatever /etc/hosts says
	if err := l.open(t.Context(), home, "127.0.0.1", 9200); err != nil {
		parts.SkipOrFail(t, &parts.Missing{Part: "port 9200 of 127.0.0.1", Why: err.Error(), Remedy: "end what listens there"})
	}
	t.Cleanup(func() { _ = home.Close() })
}

// verdict is what verify says.
type verdict struct {
	Verdict     string `json:"verdict"`
	Findings    []finding
	Assumptions []string
}

type finding struct{ Code, Object, Reason string }

func (v verdict) String() string {
	var b strings.Builder
	b.WriteString(v.Verdict)
	for _, f := range v.Findings {
		b.WriteString("\n    " + f.Code + " " + f.Object + ": " + f.Reason)
	}
	for _, a := range v.Assumptions {
		b.WriteString("\n    IF " + a)
	}
	return b.String()
}

// judged asks verify.
func (l *lab) judged(ctx context.Context, program, stream, config string) (verdict, error) {
	args := []string{"verify", "-o", "json"}
	if config != "" {
		file := filepath.Join(l.work, fmt.Sprintf("config-%d.yaml", l.used.Add(1)))
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			return verdict{}, err
		}
		args = append(args, "--config", file)
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Stdin = strings.NewReader(stream)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output() // exit 1 is a verdict as well
	var v verdict
	if jsonErr := json.Unmarshal(out, &v); jsonErr != nil {
		return v, fmt.Errorf("verify: %w, %w: %s", err, jsonErr, errs.String())
	}
	return v, nil
}

// network is what the pods of one set-up reach: each Service at an address of its own.
type network struct {
	hosts     string // /etc/hosts
	self      string // the address of the client's pod
	listeners []net.Listener
}

// newNetwork forwards the ports of the Services to the node.
func (l *lab) newNetwork(ctx context.Context, services []service) (*network, error) {
	n := l.used.Add(1)
	address := func(last int) string { return fmt.Sprintf("127.%d.%d.%d", 64+n>>8, n&255, last) }
	made := &network{self: address(1)}
	made.hosts = made.self + " localhost\n"
	for i, s := range services {
		at := address(i + 2)
		for _, name := range s.names {
			made.hosts += at + " " + name + "\n"
		}
		for _, port := range s.ports {
			if err := l.open(ctx, made, at, port); err != nil {
				return nil, errors.Join(err, made.Close())
			}
		}
	}
	return made, nil
}

// open lets an address lead to the node.
func (l *lab) open(ctx context.Context, n *network, at string, port int32) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(at, fmt.Sprint(port)))
	if err != nil {
		return err
	}
	n.listeners = append(n.listeners, listener)
	go forward(listener, strings.TrimPrefix(l.node.URL, "https://"))
	return nil
}

// Close ends the network.
func (n *network) Close() error {
	var all []error
	for _, l := range n.listeners {
		all = append(all, l.Close())
	}
	return errors.Join(all...)
}

// forward hands each connection on, until the listener is closed.
func forward(from net.Listener, to string) {
	for {
		conn, err := from.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			other, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", to)
			if err != nil {
				return
			}
			defer func() { _ = other.Close() }()
			go func() {
				_, _ = io.Copy(other, conn)
				_ = other.(*net.TCPConn).CloseWrite()
			}()
			_, _ = io.Copy(conn, other)
		}()
	}
}

// running is a program in its container.
type running struct {
	mutex  sync.Mutex
	output bytes.Buffer
	done   chan struct{}
	err    error
	stop   context.CancelFunc
}

// Write takes what the program says.
func (r *running) Write(text []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.output.Write(text)
}

func (r *running) log() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.output.String()
}

func (r *running) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func start(command *exec.Cmd, stop context.CancelFunc) (*running, error) {
	r := &running{done: make(chan struct{}), stop: stop}
	command.Stdout, command.Stderr = r, r
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a shell may have started more
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Minute
	if err := command.Start(); err != nil {
		stop()
		return nil, err
	}
	go func() {
		r.err = command.Wait()
		close(r.done)
	}()
	return r, nil
}

func (r *running) end() {
	r.stop()
	<-r.done
}

// found tells whether an index of the node holds a document.
func (l *lab) found(ctx context.Context, index, query string) (bool, error) {
	if _, _, err := l.node.Call(ctx, http.MethodPost, "/"+index+"/_refresh", nil); err != nil {
		return false, err
	}
	status, body, err := l.node.Call(ctx, http.MethodPost, "/"+index+"/_search", map[string]any{
		"size": 1, "query": map[string]any{"query_string": map[string]any{"query": query}},
	})
	if err != nil || status == http.StatusNotFound || status == http.StatusServiceUnavailable { // it is being made
		return false, err
	}
	var answer struct {
		Hits struct {
			Hits []any `json:"hits"`
		} `json:"hits"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
		return false, fmt.Errorf("searching %s: status %d: %s", index, status, body)
	}
	return len(answer.Hits.Hits) > 0, nil
}
