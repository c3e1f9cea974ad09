package main

import (
	"fmt"
	"slices"
)

// target is one number to hold.
type target struct {
	on, what string
	limit    float64
	atLeast  bool // else at most
	unit     string
	number   func(all results) (float64, bool) // false: it was not measured
}

// results are those of all streams.
type results []measured

func (all results) of(stream string, programs ...string) (measured, bool) {
	at := slices.IndexFunc(all, func(m measured) bool { return m.name == stream })
	if at < 0 {
		return measured{}, false
	}
	for _, p := range programs {
		if _, ok := all[at].results[p]; !ok {
			return measured{}, false
		}
	}
	return all[at], true
}

func targets() []target {
	all := []target{
		slower("S", 4), slower("M", 4), slower("L", 5),
		faster("S", "kustomize", 8), faster("M", "kustomize", 100), faster(manyDocuments, "kustomize", 1000),
		faster("S", "ytt", 3), faster("M", "ytt", 40), faster("L", "ytt", 60),
		faster("S", "kio", 2), faster("M", "kio", 30), faster("L", "kio", 40), faster(manyReleases, "kio", 8),
		faster("S", "yq", 2), faster("M", "yq", 15), faster("L", "yq", 40),
		memory("S", func(int) float64 { return 12 }), memory("M", func(int) float64 { return 16 }),
		memory("L", func(bytes int) float64 { return 1.1*float64(bytes)/mib + 12 }),
		{on: oneDocument, what: "wall time of elk-mtls", limit: 60, unit: " ms", number: func(all results) (float64, bool) {
			m, ok := all.of(oneDocument, ours)
			return m.results[ours].wall.Seconds() * 1000, ok
		}},
	}
	for documents := fewest; documents < most; documents *= 2 {
		all = append(all, grows(documents))
	}
	return all
}

func slower(stream string, limit float64) target {
	return target{on: stream, what: "elk-mtls ÷ copy", limit: limit, number: func(all results) (float64, bool) {
		m, ok := all.of(stream, ours, plainCopy)
		return ratio(m, ours, plainCopy), ok
	}}
}

func faster(stream, peer string, limit float64) target {
	return target{on: stream, what: peer + " ÷ elk-mtls", limit: limit, atLeast: true, number: func(all results) (float64, bool) {
		m, ok := all.of(stream, ours, peer)
		return ratio(m, peer, ours), ok
	}}
}

const mib = 1 << 20 // as memory is counted

// memory has a limit in MiB that may depend on the stream: what is shown is how far below it elk-mtls stays.
func memory(stream string, limit func(bytes int) float64) target {
	return target{on: stream, what: "peak memory of elk-mtls ÷ its limit", limit: 1, number: func(all results) (float64, bool) {
		m, ok := all.of(stream, ours)
		return float64(m.results[ours].rss) * 1024 / mib / limit(m.bytes), ok
	}}
}

func grows(documents int) target {
	what := fmt.Sprintf("time(%d documents) ÷ time(%d)", 2*documents, documents)
	return target{on: "growth", what: what, limit: 2.2, number: func(all results) (float64, bool) {
		less, ok := all.of(growth(documents), ours)
		more, also := all.of(growth(2*documents), ours)
		return float64(more.results[ours].wall) / float64(less.results[ours].wall), ok && also
	}}
}

// line says what was measured, and whether that meets the target.
func (t target) line(all results) string {
	sign := "≤"
	if t.atLeast {
		sign = "≥"
	}
	number, ok := t.number(all)
	verdict, shown := "not measured", ""
	if ok {
		shown = fmt.Sprintf("%.2f%s", number, t.unit)
		verdict = "met"
		if t.atLeast && number < t.limit || !t.atLeast && number > t.limit {
			verdict = "missed"
		}
	}
	return fmt.Sprintf("%s: %s %s %g%s: %s %s\n", t.on, t.what, sign, t.limit, t.unit, shown, verdict)
}
