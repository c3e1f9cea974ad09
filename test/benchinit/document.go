package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/measure"
)

// measured is all that one run found out.
type measured struct {
	versions string
	programs []program
	lacks    []string
	taken    map[string][]measure.Taken // by program
	behind   []time.Duration            // from ready to written, behind a proxy that let nobody in
	started  []time.Duration            // the same, with a node that really started
}

// target is one number to hold.
type target struct {
	what    string
	limit   float64
	atLeast bool // else at most
	unit    string
	number  float64
}

func (t target) met() bool {
	return t.atLeast && t.number >= t.limit || !t.atLeast && t.number <= t.limit
}

func (m measured) targets() []target {
	all := []target{
		{what: "ready → written, behind a proxy, 95 of 100", limit: 1, unit: " s", number: measure.At(m.behind, 0.95).Seconds()},
		{what: "ready → written, restarted, the longest", limit: 1, unit: " s", number: slices.Max(m.started).Seconds()},
		{what: ours + " ÷ " + bare, limit: 2, number: m.ratio(ours, bare)},
		{what: "peak memory of " + ours, limit: 16, unit: " MB", number: float64(m.rss(ours)) * 1024 / 1e6},
	}
	if len(m.taken[script]) > 0 {
		all = append(all, target{what: script + " ÷ " + ours, limit: 4, atLeast: true, number: m.ratio(script, ours)})
	}
	return all
}

func (m measured) walls(name string) (times []time.Duration) {
	for _, t := range m.taken[name] {
		times = append(times, t.Wall)
	}
	return times
}

func (m measured) ratio(a, b string) float64 {
	return float64(measure.Median(m.walls(a))) / float64(measure.Median(m.walls(b)))
}

func (m measured) rss(name string) (peak int) {
	for _, t := range m.taken[name] {
		peak = max(peak, t.RSS)
	}
	return peak
}

// describe writes all tables.
func (m measured) describe() string {
	var out strings.Builder
	fmt.Fprintf(&out, "\nWritten by `make bench-init` %s; %s.\n", measure.Machine(), m.versions)
	for _, lack := range m.lacks {
		fmt.Fprintf(&out, "\n**Left out:** %s.\n", lack)
	}
	fmt.Fprintf(&out, "\n| program | does | median of %d | 95 of 100 | processor | peak memory | ÷ %s |\n| --- | --- | --- | --- | --- | --- | --- |\n", rounds, bare)
	for _, p := range m.programs {
		var cpu []time.Duration
		for _, t := range m.taken[p.name] {
			cpu = append(cpu, t.CPU)
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s | %.2f |\n", p.name, p.does, measure.Milliseconds(measure.Median(m.walls(p.name))),
			measure.Milliseconds(measure.At(m.walls(p.name), 0.95)), measure.Milliseconds(measure.Median(cpu)), measure.Size(m.rss(p.name)*1024), m.ratio(p.name, bare))
	}
	out.WriteString("\n| ready → written | times | median | 95 of 100 | longest |\n| --- | --- | --- | --- | --- |\n")
	for _, row := range []struct {
		what  string
		times []time.Duration
	}{{"behind a proxy that refused all connections for 1 to 4 seconds", m.behind}, {"Elasticsearch restarted; ready when the user that creates tokens can log in", m.started}} {
		fmt.Fprintf(&out, "| %s | %d | %s | %s | %s |\n", row.what, len(row.times), measure.Milliseconds(measure.Median(row.times)),
			measure.Milliseconds(measure.At(row.times, 0.95)), measure.Milliseconds(slices.Max(row.times)))
	}
	out.WriteString("\n")
	return out.String()
}
