package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/elk-mtls/elk-mtls/test/measure"
)

// describe writes all tables.
func (b *bench) describe(all results, took time.Duration) string {
	var out strings.Builder
	fmt.Fprintf(&out, "\nWritten by `make bench` %s, in %s.\n", measure.Machine(), took.Round(time.Minute))
	for _, lack := range b.lacks {
		fmt.Fprintf(&out, "\n**Left out:** %s.\n", lack)
	}
	out.WriteString("\n### Programs\n\n| program | built from | command | does |\n| --- | --- | --- | --- |\n")
	for _, p := range b.programs {
		command := strings.ReplaceAll(strings.Join(append([]string{p.name}, p.args...), " "), b.dir+"/", "")
		fmt.Fprintf(&out, "| %s | %s | `%s` | %s |\n", p.name, p.version, command, p.does)
	}
	out.WriteString("\n### Times\n\nMedians; ÷ is the time of a program by the time of another in the same run.\n\n" +
		"| input | rounds | program | wall | processor | peak memory | ÷ copy | ÷ elk-mtls |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, m := range all {
		for _, p := range b.programs {
			r, ok := m.results[p.name]
			if !ok {
				continue
			}
			fmt.Fprintf(&out, "| %s, %s | %d | %s | %s | %s | %s | %.1f | %.2f |\n", m.name, measure.Size(m.bytes), r.rounds, p.name,
				measure.Milliseconds(r.wall), measure.Milliseconds(r.cpu), measure.Size(r.rss*1024), ratio(m, p.name, plainCopy), ratio(m, p.name, ours))
		}
	}
	out.WriteString("\n")
	return out.String()
}

func ratio(m measured, a, b string) float64 {
	return float64(m.results[a].wall) / float64(m.results[b].wall)
}
