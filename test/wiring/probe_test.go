//go:build elasticsearch || integration

package wiring

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/test/pod"
)

// probe runs the readiness probe of the chart, as it stands in the manifests, against a node that requires certificates: in the
// stock container it fails in both of its phases, in the patched one it passes.
func (l *lab) probe(t *testing.T) {
	for _, c := range []struct {
		what    string
		release *pod.Release
		passes  bool
	}{{"stock", l.before, false}, {"patched", l.after, true}} {
		container := l.build(c.release, l.server, "elasticsearch")
		command := container.Spec.ReadinessProbe.Exec.Command
		if out, err := l.run(container, command...); (err == nil) != c.passes {
			t.Errorf("%s, before the first success: %v\n%s", c.what, err, out)
		}
		if out, err := l.run(container, "touch", "/tmp/.es_start_file"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		out, err := l.run(container, command...)
		if (err == nil) != c.passes {
			t.Errorf("%s, after the first success: %v\n%s", c.what, err, out)
		}
		if !c.passes && !failedByTLS(err) {
			t.Errorf("%s: it failed, but not by curl's TLS errors 35 or 56: %v\n%s", c.what, err, out)
		}
	}
}

// failedByTLS holds for the exit codes of curl when the server ends the connection for want of a certificate (TLS 1.2: 35, 1.3: 56).
func failedByTLS(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && (exit.ExitCode() == 35 || exit.ExitCode() == 56)
}

// helmTest runs the command of the chart's test Pod.
func (l *lab) helmTest(t *testing.T) {
	for _, c := range []struct {
		what    string
		release *pod.Release
		passes  bool
	}{{"stock", l.before, false}, {"patched", l.after, true}} {
		workload := testPod(t, c.release)
		container := l.build(c.release, workload, c.release.FirstContainer(workload))
		out, err := l.run(container, append(container.Spec.Command, container.Spec.Args...)...)
		if (err == nil) != c.passes {
			t.Errorf("%s: %v\n%s", c.what, err, out)
		}
		if !c.passes && !strings.Contains(out, "curl:") {
			t.Errorf("%s: it failed, but not in curl: %v\n%s", c.what, err, out)
		}
	}
}

func testPod(t *testing.T, r *pod.Release) string {
	t.Helper()
	for _, name := range r.Pods() {
		if strings.HasPrefix(name, "Pod/") {
			return name
		}
	}
	t.Fatal("the stream has no test Pod")
	return ""
}
