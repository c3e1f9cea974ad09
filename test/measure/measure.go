// Package measure runs whole programs and says what they took, and writes what was measured into a document. It compares nothing.
package measure

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Taken is what one process took.
type Taken struct {
	Wall, CPU time.Duration
	RSS       int // KB, at its peak
}

// Launcher starts programs from a process that is smaller than they are: see test/measure/launch.
type Launcher struct{ path string }

// NewLauncher builds one into a folder. It is called from the top of the project.
func NewLauncher(ctx context.Context, dir string) (Launcher, error) {
	l := Launcher{filepath.Join(dir, "launch")}
	return l, Build(ctx, l.path, "./test/measure/launch")
}

// Run runs a command with a file as its stdin and nothing in its environment but env. What it prints is thrown away; an error holds what
// it says on stderr.
func (l Launcher) Run(ctx context.Context, input string, env []string, command ...string) (Taken, error) {
	cmd := exec.CommandContext(ctx, l.path, append([]string{input}, command...)...)
	var messages bytes.Buffer
	cmd.Stderr, cmd.Env = &messages, env
	out, err := cmd.Output()
	if err != nil {
		return Taken{}, fmt.Errorf("%w\n%s", err, messages.Bytes())
	}
	var t Taken
	_, err = fmt.Sscan(string(out), &t.Wall, &t.CPU, &t.RSS)
	return t, err
}

// Build compiles a program as a release does. It is called from the top of the project.
func Build(ctx context.Context, path, source string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, source)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, out)
	}
	return nil
}

// Median is At a half.
func Median(times []time.Duration) time.Duration { return At(times, 0.5) }

// At is the time that a share of all does not exceed.
func At(times []time.Duration, share float64) time.Duration {
	return slices.Sorted(slices.Values(times))[min(int(share*float64(len(times))), len(times)-1)]
}
