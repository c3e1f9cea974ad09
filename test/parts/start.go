package parts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	startLimit = 6 * time.Minute // a cold start is 6 s on an idle machine; thirty times that has been seen on a busy one
	stopLimit  = 30 * time.Second
)

// start starts the server and waits until the user elastic can log in.
func (n *Node) start(ctx context.Context) error {
	ports := filepath.Join(n.home, "logs", "http.ports")
	if err := os.Remove(ports); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := n.spawn(ctx)
	for foreign := (*foreignSocket)(nil); errors.As(err, &foreign) && ctx.Err() == nil; {
		err = n.spawn(ctx) // another number
	}
	if err != nil {
		return fmt.Errorf("starting Elasticsearch: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := n.await(ctx, func() error { return n.readAddress(ports) }); err != nil {
		return n.explain("Elasticsearch did not start", err)
	}
	if err := n.await(ctx, func() error { return n.logIn(ctx) }); err != nil {
		return n.explain("Elasticsearch started, but the user elastic cannot log in", err)
	}
	return nil
}

func (n *Node) spawn(ctx context.Context) error {
	cmd, stdin, err := n.server.command(ctx, n.launch())
	if err != nil {
		return err
	}
	n.process, err = spawn(cmd, stdin, filepath.Join(n.home, "logs", "console.log"))
	return err
}

// launch is how the node is to be started now: with the caller's settings, and our own.
func (n *Node) launch() launch {
	all := map[string]string{
		"xpack.security.enabled":            "true",
		"xpack.license.self_generated.type": "basic",
	}
	maps.Copy(all, n.settings)
	maps.Copy(all, map[string]string{
		"discovery.type": "single-node",
		"network.host":   "127.0.0.1",
		"transport.port": "0",
		"http.port":      "0",
		"node.portsfile": "true", // logs/http.ports tells which port it became
		"path.data":      filepath.Join(n.home, "data"),
		"path.logs":      filepath.Join(n.home, "logs"),
	})
	n.together(all)
	if i := strings.LastIndexByte(n.URL, ':'); i >= 0 {
		all["http.port"] = n.URL[i+1:]
	}
	l := launch{home: n.home, env: n.options.Env, secrets: maps.Clone(n.options.Keystore)}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l.settings = append(l.settings, name+"="+all[name])
	}
	if l.secrets == nil {
		l.secrets = map[string]string{}
	}
	l.secrets["bootstrap.password"] = n.Password
	return l
}

// together are the settings of a node that is not alone, or not on one address.
func (n *Node) together(all map[string]string) {
	if n.options.IPv6 {
		all["http.host"], all["http.publish_host"], all["http.port"] = "127.0.0.1,::1", "127.0.0.1", freePort()
	}
	switch {
	case n.options.Join != nil:
		delete(all, "discovery.type")
		all["discovery.seed_hosts"] = n.options.Join.transport()
	case n.options.Several:
		delete(all, "discovery.type")
		all["cluster.initial_master_nodes"] = all["node.name"]
		if _, port, err := net.SplitHostPort(n.transport()); err == nil { // where those that have joined look for it
			all["transport.port"] = port
		}
	}
}

// transport is the address for other nodes, of this start or the last one; "" before the first.
func (n *Node) transport() string {
	text, _ := os.ReadFile(filepath.Join(n.home, "logs", "transport.ports"))
	address, _, _ := strings.Cut(string(text), "\n")
	return address
}

// freePort is one that is free on ::1: with 0 each address would have another one.
func freePort() string {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return "0"
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// readAddress takes the first line of the ports file: a file without a whole line is still being written.
func (n *Node) readAddress(ports string) error {
	text, err := os.ReadFile(ports)
	if err != nil {
		return err
	}
	address, _, whole := strings.Cut(string(text), "\n")
	if !whole || address == "" {
		return fmt.Errorf("%s has no address yet: %q", filepath.Base(ports), text)
	}
	n.URL = "http://" + address
	if n.options.TLS != nil {
		n.URL = "https://" + address
	}
	return nil
}

func (n *Node) logIn(ctx context.Context) error {
	status, body, err := n.Call(ctx, http.MethodGet, "/_security/_authenticate", nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", status, body)
	}
	return err
}

// await repeats try until it succeeds, the process ends, or ctx does.
func (n *Node) await(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-n.process.done:
			return fmt.Errorf("the process ended: %w", n.process.err)
		case <-ctx.Done():
			return fmt.Errorf("%w, last: %w", ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (n *Node) explain(what string, err error) error {
	text := &strings.Builder{}
	for _, name := range []string{"console.log", "node.log"} {
		log, _ := os.ReadFile(filepath.Join(n.home, "logs", name))
		fmt.Fprintf(text, "\n--- end of %s\n%s", name, tail(string(log), 25))
	}
	return fmt.Errorf("%s: %w%s", what, err, text)
}

// A process is a running server. Its stdin stays open until it ends or we do: the server takes the end of its stdin
// for the end of whoever started it, so that none is ever left behind.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{}
	err   error // valid once done is closed
}

func spawn(cmd *exec.Cmd, stdin []byte, console string) (*process, error) {
	log, err := os.OpenFile(console, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	if cmd.Stderr = log; cmd.Stdout == nil {
		cmd.Stdout = log
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: pipe, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := p.forget(); err != nil {
		p.kill()
		return nil, err
	}
	if _, err := pipe.Write(stdin); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// stop asks the process to end and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopLimit):
		p.kill()
		return fmt.Errorf("it did not stop within %s", stopLimit)
	}
}

// kill ends the process and all that it started.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // the group: bin/elasticsearch runs the server as a child
	<-p.done
	_ = p.forget()
}

// forget removes the socket by which an agent attached to a JVM of this number: the file outlives one that was killed,
// and a server that inherits the number from another user's then refuses to start. The server reads its stdin before
// it attaches its own agent, so nothing of use is removed before the first byte is written. The error is a
// *foreignSocket when the file is another user's and stays.
func (p *process) forget() error {
	socket := fmt.Sprintf("/tmp/.java_pid%d", p.cmd.Process.Pid) // not java.io.tmpdir: jdk.attach knows only /tmp
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &foreignSocket{err}
	}
	return nil
}

type foreignSocket struct{ error }
