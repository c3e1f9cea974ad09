package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const (
	begin = "<!-- measured: begin -->\n"
	end   = "<!-- measured: end -->\n"
)

// replace puts text between the marks of a document.
func replace(document, text string) error {
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	above, rest, opened := strings.Cut(string(old), begin)
	_, below, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return fmt.Errorf("%s: there are no lines %q and %q between which the tables could go", document, begin, end)
	}
	return os.WriteFile(document, []byte(above+begin+text+end+below), 0o644)
}

// describe writes all tables.
func (b *bench) describe(all results, took time.Duration) string {
	var out strings.Builder
	out.WriteString("\nWritten by `make bench`")
	fmt.Fprintf(&out, " on %s: %s, %d cores, %s, %s, in %s.\n", time.Now().UTC().Format("2 January 2006"), processor(), runtime.NumCPU(), kernel(), runtime.Version(), took.Round(time.Minute))
	for _, lack := range b.lacks {
		fmt.Fprintf(&out, "\n**Left out:** %s.\n", lack)
	}
	out.WriteString("\n### Targets\n\n| on | what | target | measured | |\n| --- | --- | --- | --- | --- |\n")
	for _, t := range targets() {
		out.WriteString(t.row(all))
	}
	out.WriteString("\n### Programs\n\n| program | built of | command | does |\n| --- | --- | --- | --- |\n")
	for _, p := range b.programs {
		command := strings.ReplaceAll(strings.Join(append([]string{p.name}, p.args...), " "), b.dir+"/", "")
		fmt.Fprintf(&out, "| %s | %s | `%s` | %s |\n", p.name, p.version, command, p.does)
	}
	out.WriteString("\n### Times\n\nMedians; ÷ is the time of a program by the time of another in the same run.\n\n" +
		"| stream | rounds | program | wall | processor | peak memory | ÷ copy | ÷ elk-mtls |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, m := range all {
		for _, p := range b.programs {
			r, ok := m.results[p.name]
			if !ok {
				continue
			}
			fmt.Fprintf(&out, "| %s, %s | %d | %s | %s | %s | %s | %.1f | %.2f |\n", m.name, size(m.bytes), r.rounds, p.name,
				milliseconds(r.wall), milliseconds(r.cpu), size(r.rss*1024), ratio(m, p.name, plainCopy), ratio(m, p.name, ours))
		}
	}
	out.WriteString("\n")
	return out.String()
}

func ratio(m measured, a, b string) float64 {
	return float64(m.results[a].wall) / float64(m.results[b].wall)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func size(bytes int) string {
	if bytes < 1_000_000 {
		return fmt.Sprintf("%d KB", bytes/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(text) {
		if name, value, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	out, err := exec.Command("uname", "-sr").Output()
	if err != nil {
		return runtime.GOOS
	}
	name, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	version, _, _ = strings.Cut(version, "-")
	return name + " " + version
}
