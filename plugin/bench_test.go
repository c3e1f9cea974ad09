package plugin

import (
	"bytes"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/plan"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
	"github.com/elk-mtls/elk-mtls/test/corpus"
)

var benchmarked = map[string]corpus.Shape{"S": corpus.S, "M": corpus.M, "L": corpus.L, "40 releases": corpus.Dense}

// BenchmarkTransform is the whole; its steps are below, and the screen by itself is in package recognise.
func BenchmarkTransform(b *testing.B) {
	for name, shape := range benchmarked {
		b.Run(name, func(b *testing.B) {
			input := shape.Stream()
			b.SetBytes(int64(len(input)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := transformSpans(input, realSettings(config.ModeCertToken, config.Required)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerify is the proof of the same streams. What is patched and proven is of one size.
func BenchmarkVerify(b *testing.B) {
	settings := realSettings(config.ModeCertToken, config.Required)
	for name, shape := range map[string]corpus.Shape{"S": corpus.S, "20,000 documents": corpus.Growing(20_000), "40,000 documents": corpus.Growing(40_000)} {
		b.Run(name, func(b *testing.B) {
			input := shape.Stream()
			output, _, err := transform(input, settings)
			if err != nil {
				b.Fatal(err)
			}
			start := time.Now()
			if _, _, err := transformSpans(input, settings); err != nil {
				b.Fatal(err)
			}
			patching := time.Since(start)
			b.SetBytes(int64(len(output)))
			for b.Loop() {
				stream, err := manifest.Split(output)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := verify.Manifests(stream, nil, proofOf(settings)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/patching.Seconds(), "÷patching")
		})
	}
}

// BenchmarkCopy is the floor: the same bytes, moved once.
func BenchmarkCopy(b *testing.B) {
	input := corpus.M.Stream()
	b.SetBytes(int64(len(input)))
	for b.Loop() {
		_ = bytes.Clone(input)
	}
}

// BenchmarkStep measures each step on what the steps before it made, which is made anew without being counted.
func BenchmarkStep(b *testing.B) {
	settings := realSettings(config.ModeCertToken, config.Required)
	steps := []string{"split", "recognise", "plan", "edit", "join"}
	for name, shape := range benchmarked {
		input := shape.Stream()
		for measured, step := range steps {
			b.Run(step+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					var (
						stream  *manifest.Stream
						release *recognise.Release
						decided *plan.Plan
						err     error
					)
					work := []func(){
						func() { stream, err = manifest.Split(input) },
						func() { release, err = recognise.All(stream, unmanaged(settings)) },
						func() { decided, err = plan.For(release, settings) },
						func() { _, err = apply(stream, release, decided) },
						func() { _, err = stream.Spans() },
					}
					b.StopTimer()
					for i := range measured + 1 {
						if i == measured {
							b.StartTimer()
						}
						if work[i](); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}
