// Package corpus makes manifest streams as Helm prints them, for benchmarks and tests: releases of Elasticsearch, Kibana, Beats and
// Logstash among documents of other applications. A Shape goes in, bytes come out; the same Shape gives the same bytes everywhere.
//
// The text is our own, in the shape of the stock charts, and no rendered chart. What elk-mtls is asked to secure in it, it secures
// without any configuration but an image.
package corpus

import (
	"bytes"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Shape says what a stream holds. Bytes is met closely, never exactly: documents are whole.
type Shape struct {
	Documents int // releases included; fewer than these have: nothing else
	Bytes     int // 0: as it falls
	Releases  int // spread evenly
	Seed      uint64
}

// The shapes that benchmarks quote.
var (
	S     = Shape{Documents: 24, Bytes: 60_000, Releases: 1, Seed: 1}
	M     = Shape{Documents: 1_000, Bytes: 4_000_000, Releases: 1, Seed: 1}
	L     = Shape{Documents: 20_000, Bytes: 90_000_000, Releases: 1, Seed: 1}
	Dense = Shape{Documents: 1_200, Bytes: 5_000_000, Releases: 40, Seed: 1}
)

// Growing is a stream of n documents of the mean size of L, to see how time grows with n.
func Growing(n int) Shape {
	return Shape{Documents: n, Bytes: n * (L.Bytes / L.Documents), Releases: 1, Seed: 1}
}

// Stream gives the stream of that shape.
func (s Shape) Stream() []byte {
	r := rand.New(rand.NewPCG(s.Seed, 0))
	per := strings.Count(release, "---\n")
	others := max(0, s.Documents-s.Releases*per)
	every := others
	if s.Releases > 0 {
		every = others/s.Releases + 1
	}
	aim := max(0, s.Bytes-s.Releases*len(release))
	var out bytes.Buffer
	out.Grow(s.Bytes + s.Bytes/16)
	placed, spent := 0, 0
	for i := range others {
		if placed < s.Releases && i%every == every/2 {
			out.WriteString(Release(placed))
			placed++
		}
		owed := 0 // how far the stream is behind its aim
		if s.Bytes > 0 {
			owed = (i+1)*aim/others - spent
		}
		before := out.Len()
		filler{out: &out, r: r}.document(i, owed, i == others-1)
		spent += out.Len() - before
	}
	for ; placed < s.Releases; placed++ {
		out.WriteString(Release(placed))
	}
	return out.Bytes()
}

//go:embed release.yaml
var release string

// Release gives the documents of release number n, each behind its marker. Releases of different numbers share no name.
func Release(n int) string {
	return strings.ReplaceAll(release, "RELEASE", Name(n))
}

// Name is the name of release number n: its Kibana is the Deployment NAME-kibana, which reads the ConfigMap NAME-kibana-config.
func Name(n int) string {
	if n == 0 {
		return "elk"
	}
	return "elk-" + strconv.Itoa(n)
}

// Large gives one release behind one document of about size bytes: a ConfigMap with one value, in a literal block full of decoys.
func Large(size int) []byte {
	r := rand.New(rand.NewPCG(1, 0))
	var out bytes.Buffer
	out.WriteString("---\n# Source: large/templates/configmap.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: large\ndata:\n  notes.txt: |\n")
	for out.Len() < size {
		_, _ = fmt.Fprintf(&out, "    --- kind: Deployment # kibana %s\n", sentence(r, 12))
	}
	out.WriteString(Release(0))
	return out.Bytes()
}
