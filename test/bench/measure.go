package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/measure"
)

// bench holds what one run needs.
type bench struct {
	dir          string
	launcher     measure.Launcher
	rounds, slow int
	programs     []program
	lacks        []string
}

// stream is what programs are compared on: one file, or several one after the other.
type stream struct {
	name     string
	files    []string
	bytes    int
	releases int // 0: what comes out is not looked at
}

// result is one program on one stream.
type result struct {
	rounds    int
	wall, cpu time.Duration // medians
	rss       int           // KB, the largest
}

// compare runs programs in turn on a stream, so that what disturbs one disturbs all. The first round is not counted: it looks at what
// comes out.
func (b *bench) compare(ctx context.Context, s stream, programs []program) (map[string]result, error) {
	walls, cpus, rss := map[string][]time.Duration{}, map[string][]time.Duration{}, map[string]int{}
	rounds := b.rounds
	for _, p := range programs {
		start := time.Now()
		if err := b.check(ctx, s, p); err != nil {
			return nil, err
		}
		if time.Since(start) > 2*time.Second {
			rounds = b.slow
		}
	}
	fmt.Fprintf(os.Stderr, "%s: %d programs, %d rounds\n", s.name, len(programs), rounds)
	for range rounds {
		for _, p := range programs {
			var wall, cpu time.Duration
			for _, file := range s.files {
				t, err := b.once(ctx, p, file)
				if err != nil {
					return nil, fmt.Errorf("%s on %s: %w", p.name, s.name, err)
				}
				wall, cpu, rss[p.name] = wall+t.Wall, cpu+t.CPU, max(rss[p.name], t.RSS)
			}
			walls[p.name], cpus[p.name] = append(walls[p.name], wall), append(cpus[p.name], cpu)
		}
	}
	taken := map[string]result{}
	for _, p := range programs {
		taken[p.name] = result{rounds, measure.Median(walls[p.name]), measure.Median(cpus[p.name]), rss[p.name]}
	}
	return taken, nil
}

// once runs a program by way of the launcher.
func (b *bench) once(ctx context.Context, p program, file string) (measure.Taken, error) {
	if err := b.place(file); err != nil {
		return measure.Taken{}, err
	}
	return b.launcher.Run(ctx, file, environment(), append([]string{p.path}, p.args...)...)
}

// place makes a file the input.yaml of those that read no stdin.
func (b *bench) place(file string) error {
	input := filepath.Join(b.dir, "peers", "input.yaml")
	_ = os.Remove(input)
	return os.Link(file, input)
}

// check runs a program once and counts its marks.
func (b *bench) check(ctx context.Context, s stream, p program) error {
	counts := map[string]int{}
	for _, file := range s.files {
		if err := b.place(file); err != nil {
			return err
		}
		in, err := os.Open(file)
		if err != nil {
			return err
		}
		command := exec.CommandContext(ctx, p.path, p.args...)
		var messages bytes.Buffer
		command.Stdin, command.Stderr, command.Env = in, &messages, environment()
		out, err := command.StdoutPipe()
		if err != nil {
			return err
		}
		if err := command.Start(); err != nil {
			return err
		}
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			for mark := range p.marks {
				counts[mark] += strings.Count(lines.Text(), mark)
			}
		}
		if err := command.Wait(); err != nil {
			return fmt.Errorf("%s on %s: %w\n%s", p.name, s.name, err, messages.Bytes())
		}
		_ = in.Close()
	}
	for mark, each := range p.marks {
		if counts[mark] < each*s.releases {
			return fmt.Errorf("%s on %s: %q stands in its output %d times, not %d: it does not do its work", p.name, s.name, mark, counts[mark], each*s.releases)
		}
	}
	return nil
}

func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
}
