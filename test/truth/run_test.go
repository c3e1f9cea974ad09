//go:build integration

package truth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/parts"
	"github.com/elk-mtls/elk-mtls/test/pod"
	"github.com/elk-mtls/elk-mtls/test/truth/setups"
)

// outcome is what came of running a set-up.
type outcome struct {
	works bool
	said  string // by the program, or the kubelet
}

// attempt is a program that runs in a set-up.
type attempt struct {
	*lab
	*network
	*running
	c  *pod.Container
	id string // of the set-up, which its documents bear
}

// ways tell of each program whether it is let in. Those that end by themselves say so by their exit code.
var ways = map[string]func(ctx context.Context, a *attempt) (works, known bool, err error){
	"curl":         exits,
	"exporter":     scraped,
	"exporter-1.7": scraped,
	"filebeat":     shipped,
	"metricbeat":   measured, "metricbeat-modules": measured,
	"heartbeat": watched, "auditbeat": audited,
	"jaeger-es-index-cleaner": exits, "curator": exits, "elastalert2": answered, "kibana": exits,
}

// limit is when a program that has not said anything by then has failed the test.
const limit = 10 * time.Minute

// run builds the container of a set-up, starts its program, and waits until it is known whether that is let in.
func (l *lab) run(ctx context.Context, s setups.SetUp, p setups.Program) (o outcome, err error) {
	release, err := pod.Read([]byte(s.Manifests + s.Secrets))
	if err != nil {
		return o, err
	}
	services, err := servicesOf(s.Manifests)
	if err != nil {
		return o, err
	}
	dir, err := os.MkdirTemp(l.work, "pod-")
	if err != nil {
		return o, err
	}
	defer func() { err = firstOf(err, os.RemoveAll(dir)) }()
	root := filepath.Join(dir, "root")
	n, err := l.newNetwork(ctx, services)
	if err != nil {
		return o, err
	}
	defer func() { err = firstOf(err, n.Close()) }()
	if s.Ask.Container == setups.Elasticsearch { // what runs beside the node finds it at home
		if err := l.open(ctx, n, n.self, 9200); err != nil {
			return o, err
		}
	}
	release.API.PodIP = n.self
	c, err := release.Container(s.Ask.Workload, s.Ask.Container, root)
	if err != nil {
		return outcome{said: err.Error()}, nil // the kubelet does not start it
	}
	a := &attempt{lab: l, network: n, c: c, id: filepath.Base(dir)}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := a.start(ctx, s, p, filepath.Join(dir, "work")); err != nil {
		return o, err
	}
	defer a.end()
	for {
		over := a.over()
		works, known, err := ways[p.Name](ctx, a)
		var slow net.Error
		if errors.As(err, &slow) && slow.Timeout() && ctx.Err() == nil && !over { // the node has much to do
			err = nil
		}
		if err != nil || known || over {
			return outcome{works: works, said: tail(a.log())}, err
		}
		select {
		case <-ctx.Done():
			return o, fmt.Errorf("nothing was known after %s: %s", limit, tail(a.log()))
		case <-a.done:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// start starts the program as its image would.
func (a *attempt) start(ctx context.Context, s setups.SetUp, p setups.Program, work string) error {
	a.c.User = 0
	if err := a.prepare(ctx, p); err != nil {
		return err
	}
	words := a.c.Words(p.Path)
	if s.Ask.Command != nil {
		words = s.Ask.Command
	}
	if p.Dir != "" && len(a.c.Spec.Command) == 0 {
		words = append(words, "-e")
	}
	dir := p.Dir
	switch {
	case s.Ask.Container == setups.Elasticsearch:
		dir = "/usr/share/elasticsearch"
	case dir == "":
		dir = "/"
	}
	ctx, stop := context.WithCancel(ctx)
	command, err := a.c.Command(ctx, work, append([]string{"sh", "-c", `cd "$0" && exec "$@"`, dir}, words...)...)
	if err != nil {
		stop()
		return err
	}
	a.running, err = start(command, stop)
	return err
}

// prepare lays what the image has into the container.
func (a *attempt) prepare(ctx context.Context, p setups.Program) error {
	files := map[string]string{"etc/hosts": a.hosts, "etc/resolv.conf": "", "root/.keep": "", "tmp/.keep": "", "logs/x.log": "a line of " + a.id + "\n"}
	for name, text := range files {
		at := a.c.Path(name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if p.Name == "kibana" {
		if err := a.layKibana(p); err != nil {
			return err
		}
		return a.install("/usr/bin/kibana", "exec node /judge/kibana.js /judge/settings.json\n")
	}
	if p.Part == "" {
		return nil
	}
	program, err := parts.Client(ctx, p.Part)
	if err != nil {
		return err
	}
	text := "exec " + program + ` "$@"` + "\n"
	switch {
	case p.Part == "curator" || p.Part == "elastalert2":
		text = "PYTHONPATH=" + program + " LC_ALL=C.UTF-8 exec python3 " + program + "/bin/" + p.Path + ` "$@"` + "\n"
	case p.Dir != "":
		text = "exec " + program + " -path.home " + p.Dir + ` -path.data /tmp/data -path.logs /tmp -E setup.ilm.enabled=false -E setup.template.enabled=false "$@"` + "\n"
	}
	for _, at := range []string{p.Path, "/usr/bin/" + filepath.Base(p.Path)} {
		if !filepath.IsAbs(at) || strings.HasPrefix(at, "/bin/") { // a link to /usr/bin on this machine
			continue
		}
		if err := a.install(at, text); err != nil {
			return err
		}
	}
	return nil
}

// install puts a script into the container.
func (a *attempt) install(at, text string) error {
	at = a.c.Path(at)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, []byte("#!/bin/sh\n"+text), 0o755)
}

// measured looks for what a module has found out, or that it was refused. Each pod tags its documents.
func measured(ctx context.Context, a *attempt) (works, known bool, err error) {
	tag := `tags:"` + a.self + `" AND `
	works, err = a.found(ctx, "metricbeat-*", tag+"elasticsearch.node.name:* AND NOT error.message:*")
	if err != nil || works {
		return works, err == nil, err
	}
	failed, err := a.found(ctx, "metricbeat-*", tag+"error.message:*")
	return false, err == nil && (failed || a.over()), err
}

// watched looks for what a monitor has found out.
func watched(ctx context.Context, a *attempt) (works, known bool, err error) {
	tag := `tags:"` + a.self + `" AND `
	works, err = a.found(ctx, "heartbeat-*", tag+"http.response.status_code:200")
	if err != nil || works {
		return works, err == nil, err
	}
	failed, err := a.found(ctx, "heartbeat-*", tag+"monitor.status:down")
	return false, err == nil && (failed || a.over()), err
}

// audited looks for a file that was seen.
func audited(ctx context.Context, a *attempt) (works, known bool, err error) {
	works, err = a.found(ctx, "auditbeat-*", `tags:"`+a.self+`" AND file.path:*`)
	return works, works || err == nil && (a.failed() || a.over()), err
}

// failed tells whether a Beat says that it could not write.
func (a *attempt) failed() bool {
	log := a.log()
	return strings.Contains(log, "Failed to connect to") || strings.Contains(log, "Failed to perform any bulk index operations")
}

// exits waits for the end of a program, which says by its exit code whether it was let in.
func exits(_ context.Context, a *attempt) (works, known bool, err error) {
	return a.over() && a.err == nil, a.over(), nil
}

// answered is exits for a program that stops too where the node says that what it makes is there already.
func answered(_ context.Context, a *attempt) (works, known bool, err error) {
	return a.over() && (a.err == nil || strings.Contains(a.log(), "resource_already_exists_exception")), a.over(), nil
}

// scraped asks an exporter for its metrics, for which it asks the node.
func scraped(ctx context.Context, a *attempt) (works, known bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.self+":9114/metrics", nil)
	if err != nil {
		return false, false, err
	}
	if strings.Contains(a.log(), "failed to get cluster info") { // its server would wait for that
		return false, true, nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, a.over(), nil // it does not listen yet
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return false, false, err
	}
	return strings.Contains(string(text), "\nelasticsearch_cluster_health_number_of_nodes{"), true, nil
}

// shipped looks for the line of a log in the node.
func shipped(ctx context.Context, a *attempt) (works, known bool, err error) {
	works, err = a.found(ctx, "filebeat-*", `message:"`+a.id+`"`)
	if err != nil {
		return false, false, fmt.Errorf("asking the node: %w", err)
	}
	return works, works || a.failed() || a.over(), nil
}
