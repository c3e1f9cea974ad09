// Package node gives tests a real Kubernetes cluster of one node: etcd, API server, controllers, scheduler, kube-proxy,
// kubelet, containerd and DNS. In go the programs and the images; out comes a running cluster, in mount, network and
// process namespaces of its own. Its network has no link to the outside: nothing can leave, no port can collide. It is
// kept by a process of its own (see the program machine), which removes every trace when this one ends, however it ends.
package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Name is that of the node.
const Name = "node1"

const startLimit = 6 * time.Minute // less than one on an idle machine

// Options say what the cluster is made of.
type Options struct {
	Folder   string   // of the cluster; it is removed in the end
	Machine  string   // path of the program machine
	Programs []string // folders that hold the programs of Kubernetes, etcd and CoreDNS
	CNI      string   // folder of the network plugins
	Pause    string   // name of the image of the pods' first container
	// Images writes an archive of images, as `docker save` does, Pause among them.
	Images func(io.Writer) error
	// Archives are paths of further archives.
	Archives []string
}

// A Cluster is running.
type Cluster struct {
	Kubeconfig string // path of an administrator's, for programs that Command starts
	Client     *kubernetes.Clientset

	folder string
	keeper *exec.Cmd
	stdin  io.Closer
	ended  chan error
	pid    string // of the namespaces' first process
	netns  *os.File
}

// Start brings the cluster up and returns when the node is ready and has the images.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{folder: o.Folder, Kubeconfig: filepath.Join(o.Folder, "kubeconfig")}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(err, c.Logs(), c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, o Options) error {
	if err := os.Chmod(c.folder, 0o755); err != nil { // pods read their volumes below it
		return err
	}
	if err := c.fill(o); err != nil {
		return err
	}
	if err := c.spawn(o.Machine); err != nil {
		return err
	}
	if err := c.await(ctx, "the namespaces", c.enter); err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	if err := c.await(ctx, "containerd", func(ctx context.Context) error {
		return c.ctr(ctx, nil, "version")
	}); err != nil {
		return err
	}
	if err := c.load(ctx, o); err != nil {
		return fmt.Errorf("loading the images: %w", err)
	}
	if err := c.await(ctx, "the node", c.ready); err != nil {
		return err
	}
	return c.volumes(ctx)
}

// fill writes all that is read from the cluster's folder.
func (c *Cluster) fill(o Options) error {
	cgroup := filepath.Base(c.folder)
	if err := c.credentials(); err != nil {
		return err
	}
	for name, text := range c.configurations(cgroup, o.CNI, o.Pause) {
		if err := c.write(name, []byte(text)); err != nil {
			return err
		}
	}
	for _, dir := range []string{LogDir, "kubelet", "containerd"} {
		if err := os.Mkdir(filepath.Join(c.folder, dir), 0o755); err != nil {
			return err
		}
	}
	var lost []string
	find := func(name string) string {
		for _, dir := range o.Programs {
			if path := filepath.Join(dir, name); exists(path) {
				return path
			}
		}
		lost = append(lost, name)
		return name
	}
	spec := Spec{Folder: c.folder, Cgroup: cgroup, Programs: c.programs(find)}
	if lost != nil {
		return fmt.Errorf("no %s in %s", strings.Join(lost, ", "), strings.Join(o.Programs, ", "))
	}
	return spec.write()
}

func (c *Cluster) write(name string, content []byte) error {
	path := filepath.Join(c.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// spawn starts the keeper, in a session of its own: Ctrl-C is for us. That our end of its stdin is gone tells it to end.
func (c *Cluster) spawn(machine string) error {
	log, err := os.Create(filepath.Join(c.folder, LogDir, "machine"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	c.keeper = exec.Command(machine, "keep", c.folder)
	c.keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.keeper.Stdout, c.keeper.Stderr = log, log
	if c.stdin, err = c.keeper.StdinPipe(); err != nil {
		return err
	}
	if err := c.keeper.Start(); err != nil {
		c.keeper = nil
		return err
	}
	c.ended = make(chan error, 1)
	go func() { c.ended <- c.keeper.Wait() }()
	return nil
}

// enter opens the cluster's network, once it is there.
func (c *Cluster) enter(context.Context) error {
	pid, err := os.ReadFile(filepath.Join(c.folder, PIDFile))
	if err != nil {
		return err
	}
	c.pid = string(pid)
	c.netns, err = os.Open("/proc/" + c.pid + "/ns/net")
	return err
}

// await repeats try until it succeeds, the machine ends, or ctx does.
func (c *Cluster) await(ctx context.Context, what string, try func(context.Context) error) error {
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case ended := <-c.ended:
			c.ended <- ended
			return fmt.Errorf("waiting for %s: the machine ended: %w", what, errors.Join(ended, err))
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w, last: %w", what, ctx.Err(), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Stop ends all processes of the cluster and removes what they left. It may be called twice.
func (c *Cluster) Stop() error {
	if c.netns != nil {
		_ = c.netns.Close()
	}
	if c.keeper == nil {
		return os.RemoveAll(c.folder)
	}
	_ = c.stdin.Close()
	err := <-c.ended
	c.ended <- err
	return err
}

// Dial connects to an IP address inside the cluster's network. The thread that has entered it is never used again.
func (c *Cluster) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function
		if err := setns(c.netns.Fd()); err != nil {
			done <- result{err: fmt.Errorf("entering the cluster's network: %w", err)}
			return
		}
		conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

func setns(fd uintptr) error {
	if _, _, errno := syscall.RawSyscall(sysSetns, fd, syscall.CLONE_NEWNET, 0); errno != 0 {
		return errno
	}
	return nil
}

// Command makes a command that runs in the cluster's network, as its administrator.
func (c *Cluster) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	args = append([]string{"--net=/proc/" + c.pid + "/ns/net", "--", name}, args...)
	cmd := exec.CommandContext(ctx, "nsenter", args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	return cmd
}

// Config is an administrator's, for clients in this process.
func (c *Cluster) Config() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Dial = c.Dial
	config.QPS, config.Burst = 100, 200
	return config, nil
}

func (c *Cluster) connect() error {
	config, err := c.Config()
	if err != nil {
		return err
	}
	c.Client, err = kubernetes.NewForConfig(config)
	return err
}

// Logs gives the ends of all programs' logs, as an error to be joined to another.
func (c *Cluster) Logs() error {
	files, _ := filepath.Glob(filepath.Join(c.folder, LogDir, "*"))
	var all strings.Builder
	for _, file := range files {
		text, _ := os.ReadFile(file)
		lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
		lines = lines[max(0, len(lines)-12):]
		fmt.Fprintf(&all, "\n--- end of the log of %s\n%s", filepath.Base(file), bytes.Join(lines, []byte("\n")))
	}
	return errors.New(all.String())
}
