package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/pod"
)

// letsIn connects without a certificate, with the password alone, as anybody in the cluster can who learned it.
func (d *demo) letsIn() (string, error) {
	status, err := d.withoutCertificate()
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("it was answered with status %d", status)
	}
	return d.note(fmt.Sprintf("GET /_cluster/health with the password of elastic: %d", status)), nil
}

func (d *demo) refused() (string, error) {
	status, err := d.withoutCertificate()
	if err == nil {
		return "", fmt.Errorf("it was let in, with status %d", status)
	}
	if !strings.Contains(err.Error(), "remote error: tls: ") { // what the server says in the handshake
		return "", fmt.Errorf("it failed for another reason: %w", err)
	}
	return d.note(err.Error()), nil
}

func (d *demo) withoutCertificate() (status int, err error) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: d.ca.Client(), DisableKeepAlives: true}, Timeout: 20 * time.Second}
	request, err := http.NewRequestWithContext(d.ctx, http.MethodGet, d.node.URL()+"/_cluster/health", nil)
	if err != nil {
		return 0, err
	}
	request.SetBasicAuth("elastic", d.password)
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// ensure runs the init container as the patched Deployment says: its arguments and its files. Only where it calls and where it writes
// differ, as there is no cluster.
func (d *demo) ensure() (string, error) {
	container, err := d.after.Container(kibana, "elk-mtls-init", d.path("init"))
	if err != nil {
		return "", err
	}
	d.file = d.path("token-secret.yaml")
	for _, arg := range container.Spec.Args {
		flag, value, _ := strings.Cut(arg, "=")
		switch {
		case flag == "--elasticsearch-url":
			arg = flag + "=" + d.node.URL()
		case flag == "--secret":
			arg = "--secret-out=" + d.file
		case strings.HasPrefix(value, "/"):
			arg = flag + "=" + container.Path(value)
		}
		d.args = append(d.args, arg)
	}
	return d.runInit()
}

func (d *demo) runInit() (string, error) {
	_, log, err := d.tool(nil, "elk-mtls-init", d.args...)
	return d.note(strings.ReplaceAll(strings.TrimSpace(string(log)), "\n", "\n    ")), err
}

// login logs in with what Kibana's container sees, and with nothing else.
func (d *demo) login(asUser bool) (string, error) {
	written, err := os.ReadFile(d.file)
	if err != nil {
		return "", err
	}
	secret, err := pod.Read(written)
	if err != nil {
		return "", err
	}
	for _, name := range secret.Names("Secret") {
		d.after.Put("Secret", tokenSecret, secret.Data("Secret", name))
	}
	container, err := d.after.Container(kibana, "kibana", d.path("kibana"))
	if err != nil {
		return "", err
	}
	name, stage, err := container.Login(d.ctx, d.node.URL(), asUser)
	if err != nil {
		return "", fmt.Errorf("%s: %w", stage, err)
	}
	if name != "elastic/kibana" {
		return "", fmt.Errorf("logged in as %q", name)
	}
	return d.note(""), nil
}

// state is what elk-mtls-init works on: the Secret that it writes, and the tokens of Kibana's account by name.
func (d *demo) state() (string, error) {
	file, err := os.ReadFile(d.file)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(d.ctx, http.MethodGet, d.node.URL()+"/_security/service/elastic/kibana/credential", nil)
	if err != nil {
		return "", err
	}
	request.SetBasicAuth("elastic", d.password)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: d.ca.Client(d.pair), DisableKeepAlives: true}, Timeout: 20 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Tokens map[string]any }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("listing the tokens: %w", err)
	}
	if len(answer.Tokens) == 0 {
		return "", fmt.Errorf("listing the tokens: none, with status %d", response.StatusCode)
	}
	return fmt.Sprintf("%s\n%q", file, slices.Sorted(maps.Keys(answer.Tokens))), nil
}

func (d *demo) again() (string, error) {
	before, err := d.state()
	if err != nil {
		return "", err
	}
	log, err := d.runInit()
	if err != nil {
		return "", err
	}
	after, err := d.state()
	if err == nil && after != before {
		err = fmt.Errorf("the Secret or the tokens are others now")
	}
	return log, err
}

func (d *demo) patchAgain() (string, error) {
	output, _, err := d.filter(d.patched)
	if err == nil && !bytes.Equal(output, d.patched) {
		err = fmt.Errorf("the output differs")
	}
	return "", err
}

// note marks every line that rests on the stand-in.
func (d *demo) note(text string) string {
	if _, ok := d.node.(stand); !ok {
		return text
	}
	mark := "[stand-in, not Elasticsearch; " + howToGetTheRealOne + "] "
	return strings.TrimSpace(mark + strings.ReplaceAll(text, "\n    ", "\n    "+mark))
}
