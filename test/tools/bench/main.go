// Command bench compares elk-mtls with its floor and a peer: whole processes, start included, in turn, in one run. The median ratio is
// what counts; the times belong to this machine and to this minute.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// top is the folder of the project, seen from this module.
const top = "../../.."

// rounds is how often each program runs on each stream.
const rounds = 31

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	dir, err := os.MkdirTemp("", "elk-mtls-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs := []program{
		{name: "copy", source: "./copy"},
		{name: "elk-mtls", folder: top, source: "./plugin", args: []string{"--init-image", "x:1"}},
		{name: "kio", source: "./kio"},
	}
	for i := range programs {
		if err := programs[i].build(dir); err != nil {
			return err
		}
	}
	release, err := os.ReadFile(filepath.Join(top, "examples/release/rendered.yaml"))
	if err != nil {
		return fmt.Errorf("%w; run it by make bench", err)
	}
	_, _ = fmt.Fprintf(out, "%-34s %-10s %12s %12s %10s\n", "stream", "program", "median", "÷ copy", "peak RSS")
	for _, others := range []int{20, 1000, 10000} {
		input := filepath.Join(dir, "input.yaml")
		text := stream(release, others)
		if err := os.WriteFile(input, text, 0o600); err != nil {
			return err
		}
		if err := compare(out, programs, input, fmt.Sprintf("one release, %d others, %d KB", others, len(text)/1024)); err != nil {
			return err
		}
	}
	return nil
}

// program is one of those compared.
type program struct {
	name, folder, source, path string
	args                       []string
	times                      []time.Duration
	rss                        int64 // KB
}

func (p *program) build(dir string) error {
	p.path = filepath.Join(dir, p.name)
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", p.path, p.source)
	command.Dir = p.folder
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", p.source, err, out)
	}
	return nil
}

// compare runs all programs in turn on one stream, so that what disturbs one disturbs all.
func compare(out io.Writer, programs []program, input, name string) error {
	for i := range programs {
		programs[i].times, programs[i].rss = nil, 0
	}
	for range rounds {
		for i := range programs {
			if err := programs[i].measure(input); err != nil {
				return err
			}
		}
	}
	floor := median(programs[0].times)
	for _, p := range programs {
		m := median(p.times)
		_, _ = fmt.Fprintf(out, "%-34s %-10s %12s %12.1f %7d MB\n", name, p.name, m.Round(10*time.Microsecond), float64(m)/float64(floor), p.rss/1024)
		name = ""
	}
	return nil
}

func (p *program) measure(input string) error {
	file, err := os.Open(input)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	command := exec.Command(p.path, p.args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	command.Stdin = file
	var out, messages bytes.Buffer
	command.Stdout, command.Stderr = &out, &messages
	start := time.Now()
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, messages.Bytes())
	}
	p.times = append(p.times, time.Since(start))
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.rss = max(p.rss, usage.Maxrss)
	}
	return nil
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// stream hides a release among other documents.
func stream(release []byte, others int) []byte {
	var b strings.Builder
	for i := range others {
		kind := []string{"ConfigMap", "Deployment", "Secret", "Service"}[i%4]
		fmt.Fprintf(&b, "---\n# Source: other/templates/%d.yaml\napiVersion: v1\nkind: %s\nmetadata:\n  name: other-%d\n  labels:\n    app: other\nspec:\n", i, kind, i)
		for line := range 80 {
			fmt.Fprintf(&b, "  key-%d: a value of no interest at all\n", line)
		}
	}
	return append([]byte(b.String()), release...)
}
