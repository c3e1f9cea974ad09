package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// BenchmarkTransform patches one release among unrelated documents: what they cost is what a byte copy costs, and little more.
func BenchmarkTransform(b *testing.B) {
	for _, others := range []int{0, 1000, 10000} {
		b.Run(fmt.Sprintf("%d other documents", others), func(b *testing.B) {
			input := streamOf(b, others)
			settings := realSettings(config.ModeCertToken, config.Required)
			b.SetBytes(int64(len(input)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := transform(input, settings); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCopy is the floor: the same bytes, moved once.
func BenchmarkCopy(b *testing.B) {
	input := streamOf(b, 10000)
	b.SetBytes(int64(len(input)))
	for b.Loop() {
		_ = bytes.Clone(input)
	}
}

func streamOf(b *testing.B, others int) []byte {
	b.Helper()
	var stream bytes.Buffer
	for i := range others {
		kind := []string{"ConfigMap", "Deployment", "Secret", "Service"}[i%4]
		fmt.Fprintf(&stream, "---\n# Source: other/templates/%d.yaml\napiVersion: v1\nkind: %s\nmetadata:\n  name: other-%d\n  labels:\n    app: other\nspec:\n", i, kind, i)
		for line := range 100 {
			fmt.Fprintf(&stream, "  key-%d: a value of no interest at all\n", line)
		}
	}
	release, err := filepath.Abs("testdata/charts/release/input.yaml")
	if err != nil {
		b.Fatal(err)
	}
	stream.Write(read(b, release))
	return stream.Bytes()
}
