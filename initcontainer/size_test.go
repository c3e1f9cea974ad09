//go:build integration && linux

package initcontainer

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/protocol"
)

// The program is pulled by every node and runs before every start of Kibana: it is to be small. client-go's typed
// clients alone would double it.
func TestSizeAndMemory(t *testing.T) {
	program := filepath.Join(t.TempDir(), "elk-mtls-init")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./elk-mtls-init")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	must(t, err)
	const million = 1000 * 1000
	if size := info.Size(); size > 16*million {
		t.Errorf("the program has %.1f MB", float64(size)/million)
	}

	w, _, api := localWorld(t)
	w.edit(func(s *corev1.Secret) { // after a replacement the program pauses, and its memory can be read at leisure
		s.Data = map[string][]byte{testKey: []byte("garbage")}
		s.Annotations = map[string]string{protocol.TokenNameKey: "spoilt"}
	})
	kubeconfig := file(t, t.TempDir(), "kubeconfig", fmt.Appendf(nil, kubeconfigText, api.URL))
	run := exec.Command(program, "ensure", "--elasticsearch-url", w.urls[0], "--ca", w.files.CA, "--cert", w.files.Cert,
		"--key", w.files.Key, "--username-file", w.usernameFile, "--password-file", w.passwordFile, "--settle", "1m",
		"--kubeconfig", kubeconfig, "--namespace", w.namespace, "--secret", w.secret)
	output, err := run.StderrPipe()
	must(t, err)
	must(t, run.Start())
	for lines := bufio.NewScanner(output); lines.Scan() && !strings.Contains(lines.Text(), "replaced"); {
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", run.Process.Pid))
	must(t, err)
	must(t, run.Process.Signal(os.Interrupt)) // the token is safe: it still exits 0
	must(t, run.Wait())
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	_, err = fmt.Sscanf(peak, "%d kB", &kib)
	must(t, err)
	t.Logf("%.1f MB of program, %.1f MB of memory", float64(info.Size())/million, float64(kib)*1024/million)
	if kib*1024 > 16*million {
		t.Errorf("it takes %.1f MB of memory", float64(kib)*1024/million)
	}
}
