package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pod"
)

// startStock runs Elasticsearch as the chart would, without elk-mtls.
func (d *demo) startStock() (string, error) {
	var err error
	if d.stock, err = os.ReadFile(example); err != nil {
		return "", fmt.Errorf("%w; run it from the top folder of the project: make demo", err)
	}
	if d.before, err = d.read(d.stock); err != nil {
		return "", err
	}
	return d.start(d.before, "stock", "")
}

// startByHand runs it with the one setting that a user would add to the chart's values.
func (d *demo) startByHand() (string, error) { return d.start(d.before, "by-hand", "required") }

func (d *demo) startPatched() (string, error) {
	var err error
	if d.after, err = d.read(d.patched); err != nil {
		return "", err
	}
	return d.start(d.after, "patched", "")
}

// read takes manifests, with the Secret that the cluster holds beside them.
func (d *demo) read(stream []byte) (*pod.Release, error) {
	release, err := pod.Read(stream)
	if err != nil {
		return nil, err
	}
	release.Put("Secret", certsSecret, map[string][]byte{"ca.crt": d.ca.Cert, "tls.crt": d.pair.Cert, "tls.key": d.pair.Key})
	release.API = pod.API{Token: "not used here", Namespace: "demo"}
	return release, nil
}

// start runs Elasticsearch as its container would: settings from the environment and the ConfigMap, certificates from the Secret. The
// node that ran before is stopped. byHand is a value of client_authentication that replaces that of the manifests.
func (d *demo) start(release *pod.Release, folder, byHand string) (string, error) {
	if err := d.stop(); err != nil {
		return "", err
	}
	container, err := release.Container(server, "elasticsearch", d.path(folder))
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
	if byHand != "" {
		settings[clientAuthentication], asks = byHand, setting{byHand, "hand"}
	}
	d.password = container.Env["ELASTIC_PASSWORD"]
	node, err := parts.Elasticsearch(d.ctx, parts.Options{
		Config: config, Settings: settings, Files: files, Password: d.password, TLS: d.ca.Client(d.pair),
	})
	switch {
	case errors.As(err, &d.missing):
		if d.node, err = standIn(asks.value, settings, files, d.password); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	default:
		d.node = real{node}
	}
	return d.note(fmt.Sprintf("%s at %s, client_authentication %s, set by %s", d.node.Name(), d.node.URL(), asks.value, asks.by)), nil
}
