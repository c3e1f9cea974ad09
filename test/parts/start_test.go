package parts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A killed JVM leaves the socket of its agents behind, and the next process of that number may be another user's.
func TestKillLeavesNoSocketBehind(t *testing.T) {
	p, err := spawn(unprivileged(exec.Command("cat")), nil, filepath.Join(t.TempDir(), "console.log"))
	if err != nil {
		t.Fatal(err)
	}
	socket := fmt.Sprintf("/tmp/.java_pid%d", p.cmd.Process.Pid)
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.kill()
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", socket, err)
	}
}
