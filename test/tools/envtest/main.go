// Command envtest starts a Kubernetes control plane (etcd and kube-apiserver out of KUBEBUILDER_ASSETS) on loopback,
// writes an administrator's kubeconfig to the file that it is given, prints one line of JSON when all is ready, and
// lives until its stdin ends or it gets a signal. A line "restart" on stdin restarts kube-apiserver, on the same port and with the
// same keys; it is answered by one line when that is ready. It is a program of its own so that the tests need not depend on
// controller-runtime.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// ready is what the line says.
type ready struct {
	URL        string `json:"url"`
	Kubeconfig string `json:"kubeconfig"`
	CertDir    string `json:"certDir"` // the API server's own: the key that signs service account tokens is in it
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: envtest KUBECONFIG")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "envtest:", err)
		os.Exit(1)
	}
}

func run(kubeconfig string, stdin io.Reader, stdout io.Writer) (err error) {
	over, restart := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(over, os.Interrupt, syscall.SIGTERM)
	go func() {
		for lines := bufio.NewScanner(stdin); lines.Scan(); {
			if lines.Text() == "restart" {
				restart <- struct{}{}
			}
		}
		over <- syscall.SIGTERM
	}()
	keys, err := os.MkdirTemp("", "keys-") // else a restart would make new ones
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(keys) }()

	env := &envtest.Environment{
		ControlPlaneStartTimeout: 2 * time.Minute, // seconds on an idle machine
		ControlPlaneStopTimeout:  30 * time.Second,
	}
	server := env.ControlPlane.GetAPIServer()
	server.CertDir = keys
	if _, err := env.Start(); err != nil {
		return errors.Join(err, env.Stop())
	}
	defer func() { err = errors.Join(err, env.Stop()) }()

	admin, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return err
	}
	text, err := admin.KubeConfig()
	if err != nil {
		return err
	}
	if err := os.WriteFile(kubeconfig, text, 0o600); err != nil {
		return err
	}
	line := ready{URL: env.Config.Host, Kubeconfig: kubeconfig, CertDir: keys}
	if err := json.NewEncoder(stdout).Encode(line); err != nil {
		return err
	}
	for {
		select {
		case <-over:
			return nil
		case <-restart:
			if err := errors.Join(server.Stop(), server.Start()); err != nil {
				return err
			}
			if _, err := fmt.Fprintln(stdout, "restarted"); err != nil {
				return err
			}
		}
	}
}
