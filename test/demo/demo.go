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
	patched []byte
	release *pod.Release
	node    elasticsearch
	// password is that of the user elastic.
	password string
	file     string // the Secret that elk-mtls-init writes
	args     []string
}

// clean stops Elasticsearch and removes all that was written.
func (d *demo) clean() error {
	var err error
	if d.node != nil {
		if err = d.node.Stop(); err != nil {
			err = fmt.Errorf("stopping Elasticsearch: %w", err)
		}
	}
	return errors.Join(err, os.RemoveAll(d.dir))
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
	input, err := os.ReadFile(example)
	if err != nil {
		return "", fmt.Errorf("%w; run it from the top folder of the project: make demo", err)
	}
	output, report, err := d.filter(input)
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

// start runs Elasticsearch as its container would: settings from the environment and the ConfigMap, certificates from the Secret.
func (d *demo) start() (string, error) {
	var err error
	if d.release, err = pod.Read(d.patched); err != nil {
		return "", err
	}
	d.release.Put("Secret", certsSecret, map[string][]byte{"ca.crt": d.ca.Cert, "tls.crt": d.pair.Cert, "tls.key": d.pair.Key})
	d.release.API = pod.API{Token: "not used here", Namespace: "demo"}
	container, err := d.release.Container(server, "elasticsearch", d.path("elasticsearch"))
	if err != nil {
		return "", err
	}
	config, settings, files, err := container.Elasticsearch()
	if err != nil {
		return "", err
	}
	for name := range settings {
		if parts.Owned(name) {
			delete(settings, name) // where it listens and with whom it forms a cluster is the machine's business
		}
	}
	asks, err := asksForCertificates(config, settings)
	if err != nil {
		return "", err
	}
	d.password = container.Env["ELASTIC_PASSWORD"]
	node, err := parts.Elasticsearch(d.ctx, parts.Options{
		Config: config, Settings: settings, Files: files, Password: d.password, TLS: d.ca.Client(d.pair),
	})
	if missing := new(parts.Missing); errors.As(err, &missing) {
		d.node, err = standIn(asks.value, settings, files, d.password)
		return fmt.Sprintf("[stand-in, not Elasticsearch] %v", missing), err
	}
	if err != nil {
		return "", err
	}
	d.node = real{node}
	return fmt.Sprintf("%s at %s, client_authentication %s, by %s", d.node.Name(), d.node.URL(), asks.value, asks.by), nil
}
