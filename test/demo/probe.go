package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/pod"
)

// probeFails runs the readiness probe of the chart against a node that requires certificates.
func (d *demo) probeFails() (string, error) {
	said, err := d.probe(d.before, "probe-before")
	exit := new(exec.ExitError)
	switch {
	case err == nil:
		return "", errors.New("it passes")
	case !errors.As(err, &exit):
		return "", err
	case exit.ExitCode() != 35 && exit.ExitCode() != 56: // TLS 1.2, TLS 1.3
		return "", fmt.Errorf("it fails for another reason than TLS: %w: %s", err, said)
	}
	return d.note(fmt.Sprintf("curl exits with %d (TLS): the pod never becomes ready, and the roll-out hangs", exit.ExitCode())), nil
}

// probePasses runs the probe of the patched manifests, which has the same command.
func (d *demo) probePasses() (string, error) {
	old, err := command(d.before, d.path("command-before"))
	if err != nil {
		return "", err
	}
	now, err := command(d.after, d.path("command-after"))
	if err != nil {
		return "", err
	}
	if !slices.Equal(old, now) {
		return "", errors.New("its command is another one in the patched manifests")
	}
	if said, err := d.probe(d.after, "probe-after"); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return d.note("the same command; curl finds its certificate by CURL_HOME, which elk-mtls set in the pod"), nil
}

func command(release *pod.Release, folder string) ([]string, error) {
	container, err := release.Container(server, "elasticsearch", folder)
	if err != nil {
		return nil, err
	}
	if probe := container.Spec.ReadinessProbe; probe != nil && probe.Exec != nil {
		return probe.Exec.Command, nil
	}
	return nil, fmt.Errorf("%s has no readiness probe that runs a command", server)
}

// probe runs the command of the probe with the environment and the files of its container. Its text is that of the manifests. What
// differs on this machine stands in the .curlrc: where files are, and which port stands for 9200.
func (d *demo) probe(release *pod.Release, folder string) (string, error) {
	if _, err := exec.LookPath("curl"); err != nil {
		return "", errors.New("curl is not on the PATH, and the probe calls it: install curl")
	}
	words, err := command(release, d.path(folder+"-command"))
	if err != nil {
		return "", err
	}
	container, err := release.Container(server, "elasticsearch", d.path(folder))
	if err != nil {
		return "", err
	}
	home := container.Path(container.Env["CURL_HOME"])
	text, err := os.ReadFile(filepath.Join(home, ".curlrc"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	config := strings.ReplaceAll(string(text), container.Env["CURL_HOME"]+"/", home+"/")
	port := d.node.URL()[strings.LastIndexByte(d.node.URL(), ':')+1:]
	config += fmt.Sprintf("\nconnect-to = \"127.0.0.1:9200:127.0.0.1:%s\"\n", port)
	own := d.path(folder + "-home")
	if err := os.MkdirAll(own, 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(own, ".curlrc"), []byte(config), 0o600); err != nil {
		return "", err
	}
	ctx, stop := context.WithTimeout(d.ctx, time.Minute)
	defer stop()
	run := exec.CommandContext(ctx, words[0], words[1:]...)
	run.Env = append(container.Environ(), "PATH="+os.Getenv("PATH"), "CURL_HOME="+own)
	out, err := run.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
