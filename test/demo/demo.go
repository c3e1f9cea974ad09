package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pki"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

const (
	example     = "examples/release/rendered.yaml"
	certsSecret = "elasticsearch-master-certs" // which the cluster holds: the example brings no certificates
	tokenSecret = "elk-kibana-elk-mtls-token"
	server      = "StatefulSet/elasticsearch-master"
	kibana      = "Deployment/elk-kibana"
)

// demo is what the steps hand on.
type demo struct {
	ctx     context.Context
	begin   time.Time
	dir     string
	ca      *pki.CA
	pair    pki.Pair
	stock   []byte
	patched []byte
	before  *pod.Release
	after   *pod.Release
	node    elasticsearch
	missing *parts.Missing // why the node is a stand-in; nil for a real one
	// password is that of the user elastic.
	password string
	file     string // the Secret that elk-mtls-init writes
	args     []string
}

// clean stops Elasticsearch and removes all that was written.
func (d *demo) clean() error { return errors.Join(d.stop(), os.RemoveAll(d.dir)) }

func (d *demo) stop() error {
	if d.node == nil {
		return nil
	}
	err := d.node.Stop()
	d.node = nil
	if err != nil {
		return fmt.Errorf("stopping Elasticsearch: %w", err)
	}
	return nil
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

func (d *demo) build() (string, error) {
	for name, source := range map[string]string{"elk-mtls": "./plugin/elk-mtls", "elk-mtls-init": "./initcontainer/elk-mtls-init"} {
		command := exec.CommandContext(d.ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", d.path(name), source)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", source, err, out)
		}
	}
	return "", nil
}

// certify makes what a user brings along: one Secret with ca.crt, tls.crt and tls.key, as the chart of Elasticsearch uses it.
func (d *demo) certify() (string, error) {
	d.ca = pki.NewCA("demo CA")
	d.pair = d.ca.Leaf(pki.Options{CN: "elasticsearch-master", SANs: []string{"elasticsearch-master", "localhost", "127.0.0.1"}, ServerAuth: true, ClientAuth: true})
	return "", nil
}

// tool runs one of our programs. Of the environment it gets nothing that could configure it.
func (d *demo) tool(stdin []byte, name string, args ...string) (stdout, stderr []byte, err error) {
	command := exec.CommandContext(d.ctx, d.path(name), args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	command.Stdin = bytes.NewReader(stdin)
	var out, messages bytes.Buffer
	command.Stdout, command.Stderr = &out, &messages
	if err = command.Run(); err != nil {
		err = fmt.Errorf("%s: %w\n%s", name, err, messages.Bytes())
	}
	return out.Bytes(), messages.Bytes(), err
}

func (d *demo) patch() (string, error) {
	output, report, err := d.filter(d.stock)
	if err != nil {
		return "", err
	}
	d.patched = output
	return strings.ReplaceAll(strings.TrimSpace(report), "\n", "\n    "), nil
}

func (d *demo) filter(input []byte) ([]byte, string, error) {
	output, report, err := d.tool(input, "elk-mtls", "--init-image", "registry.example/elk-mtls-init:demo", "--report", "-")
	return output, string(report), err
}
