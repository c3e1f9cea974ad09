package parts

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// An APIServer is a running kube-apiserver with its etcd, RBAC on, without controllers: nothing makes pods, or the
// service account "default".
type APIServer struct {
	URL        string
	Kubeconfig string // path of an administrator's, until Stop
	CertDir    string // holds the key that signs service account tokens

	folder  string
	process *process
	lines   chan string // what the program that started it says
}

// KubeAPIServer starts a control plane on loopback, of the programs in $KUBEBUILDER_ASSETS when that is set.
func KubeAPIServer(ctx context.Context) (*APIServer, error) {
	assets, err := kubePart().dir(ctx)
	if err != nil {
		return nil, err
	}
	starter := envtestPart()
	dir, err := starter.dir(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "elk-mtls-kube-")
	if err != nil {
		return nil, err
	}
	s := &APIServer{folder: folder}
	if err := s.start(ctx, filepath.Join(dir, starter.program), assets); err != nil {
		return nil, errors.Join(fmt.Errorf("starting kube-apiserver: %w", err), s.Stop())
	}
	return s, nil
}

func (s *APIServer) start(ctx context.Context, program, assets string) error {
	cmd := exec.Command(program, filepath.Join(s.folder, "kubeconfig"))
	cmd.Env = append(os.Environ(), "KUBEBUILDER_ASSETS="+assets, "TMPDIR="+s.folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us, who then stop it
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	console := filepath.Join(s.folder, "console.log")
	if s.process, err = spawn(cmd, nil, console); err != nil {
		return err
	}
	s.lines = make(chan string, 1)
	go func() {
		defer close(s.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			s.lines <- scanner.Text()
		}
	}()
	line, err := s.answer(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(line), s); err != nil {
		log, _ := os.ReadFile(console)
		return fmt.Errorf("it said %q, and on stderr:\n%s", line, tail(string(log), 25))
	}
	return nil
}

// answer returns the next line that the program says, "" where it ended.
func (s *APIServer) answer(ctx context.Context) (string, error) {
	select {
	case line := <-s.lines:
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Restart stops kube-apiserver as the system would (SIGTERM) and starts it again, on the same address, data and keys. etcd goes
// on.
func (s *APIServer) Restart(ctx context.Context) error {
	if _, err := io.WriteString(s.process.stdin, "restart\n"); err != nil {
		return err
	}
	line, err := s.answer(ctx)
	if err == nil && line != "restarted" {
		err = fmt.Errorf("kube-apiserver did not restart: %q", line)
	}
	return err
}

// Stop ends the control plane and removes all that it wrote.
func (s *APIServer) Stop() error {
	var err error
	if s.process != nil {
		err = s.process.stop()
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}
