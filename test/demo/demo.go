package main

import (
	"errors"
	"fmt"
	"os"
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
	programs
	begin   time.Time
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

// certify makes what a user brings along: one Secret with ca.crt, tls.crt and tls.key, as the chart of Elasticsearch uses it.
func (d *demo) certify() (string, error) {
	d.ca = pki.NewCA("demo CA")
	d.pair = d.ca.Leaf(pki.Options{CN: "elasticsearch-master", SANs: []string{"elasticsearch-master", "localhost", "127.0.0.1"}, ServerAuth: true, ClientAuth: true})
	return "", nil
}

func (d *demo) patch() (string, error) {
	output, report, err := d.filter(d.stock)
	if err != nil {
		return "", err
	}
	d.patched = output
	return strings.ReplaceAll(strings.TrimSpace(report), "\n", "\n    "), nil
}
