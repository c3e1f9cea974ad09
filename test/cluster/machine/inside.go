package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/elk-mtls/elk-mtls/test/cluster/node"
)

// inside sets the namespaces up, starts the programs, and returns when one of them has ended, or it is over.
func inside(spec node.Spec, over <-chan struct{}) error {
	if os.Getpid() != 1 {
		return errors.New("not the first process of a namespace: use keep")
	}
	for _, setUp := range []func() error{mounts, network} {
		if err := setUp(); err != nil {
			return err
		}
	}
	m := &machine{names: map[int]string{}, failed: make(chan error, 1)}
	go m.start(spec)
	go m.bury()
	select {
	case err := <-m.failed:
		return err
	case <-over:
		return nil
	}
}

// mounts gives the namespace places of its own to write to, and a /proc that shows its own processes.
func mounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping mounts to ourselves: %w", err)
	}
	type mount struct{ source, target, kind, options string }
	all := []mount{{"proc", "/proc", "proc", ""}, {"tmpfs", "/run", "tmpfs", "mode=755"}}
	for _, dir := range []string{"/var/lib", "/var/log"} { // what is there stays visible, what is written is written elsewhere
		layer := "/run/layers" + dir
		all = append(all, mount{"overlay", dir, "overlay", "lowerdir=" + dir + ",upperdir=" + layer + "/upper,workdir=" + layer + "/work"})
	}
	for _, m := range all {
		if m.kind == "overlay" {
			for _, dir := range []string{"upper", "work"} {
				if err := os.MkdirAll("/run/layers"+m.target+"/"+dir, 0o755); err != nil {
					return err
				}
			}
		}
		if err := syscall.Mount(m.source, m.target, m.kind, 0, m.options); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	return errors.Join(os.MkdirAll("/run/netns", 0o755), os.MkdirAll("/run/lock", 0o755), os.MkdirAll("/var/lib/cni", 0o755))
}

// network makes the bridge that pods are put on, with the node's address. The default route is for "which address is
// mine"; it leads nowhere.
func network() error {
	for file, value := range map[string]string{
		"ip_forward": "1",
		// Else a Service without endpoints is a silence, not a refused connection: redirects use up what ICMP may send.
		"icmp_ratelimit": "0", "conf/all/send_redirects": "0", "conf/default/send_redirects": "0",
	} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+file, []byte(value), 0o600); err != nil {
			return err
		}
	}
	for _, line := range []string{
		"link set lo up",
		"link add " + node.Bridge + " type bridge",
		"address add " + node.Address + "/24 dev " + node.Bridge,
		"link set " + node.Bridge + " up",
		"route add default dev " + node.Bridge,
	} {
		if out, err := exec.CommandContext(context.Background(), "ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, out)
		}
	}
	return nil
}

type machine struct {
	mutex  sync.Mutex // held while a program starts, so that it is known when it ends
	names  map[int]string
	failed chan error
}

func (m *machine) start(spec node.Spec) {
	for _, p := range spec.Programs {
		for _, address := range p.Await {
			for !answers(address) {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if err := m.launch(p, filepath.Join(spec.Folder, node.LogDir, p.Name)); err != nil {
			m.fail(fmt.Errorf("starting %s: %w", p.Name, err))
			return
		}
	}
}

func (m *machine) launch(p node.Program, logFile string) error {
	path, err := exec.LookPath(p.Args[0])
	if err != nil {
		return err
	}
	log, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = nothing.Close() }()
	m.mutex.Lock()
	defer m.mutex.Unlock()
	process, err := os.StartProcess(path, p.Args, &os.ProcAttr{Dir: "/", Env: os.Environ(), Files: []*os.File{nothing, log, log}})
	if err == nil {
		m.names[process.Pid] = p.Name
	}
	return err
}

// bury waits for processes that end: programs, and all that nobody else waits for. A program must not end.
func (m *machine) bury() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.ECHILD) {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		m.mutex.Lock()
		name, ours := m.names[pid]
		m.mutex.Unlock()
		if ours {
			m.fail(fmt.Errorf("%s ended: exit status %d, signal %q", name, status.ExitStatus(), status.Signal()))
		}
	}
}

func (m *machine) fail(err error) {
	select {
	case m.failed <- err:
	default:
	}
}

// answers reports whether something listens at the path of a socket, or says 200 at an https address.
func answers(address string) bool {
	if strings.HasPrefix(address, "/") {
		conn, err := net.DialTimeout("unix", address, time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // only whether it is up
	}}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}
