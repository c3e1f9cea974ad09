package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// FuzzTransform holds for any stream that it is patched or refused, never in between, and that a patched one is patched once.
func FuzzTransform(f *testing.F) {
	files, err := filepath.Glob("testdata/charts/*/input.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	settings := realSettings(config.ModeCertToken, config.Required)
	settings.Certificates.SecretName = "certs"
	f.Fuzz(func(t *testing.T, input []byte) {
		output, outcome, err := transform(bytes.Clone(input), settings)
		if err != nil {
			if len(output) > 0 || outcome != nil {
				t.Fatalf("refused (%v) with output", err)
			}
			return
		}
		if outcome.Changes() == 0 && !bytes.Equal(input, output) {
			t.Fatalf("nothing is reported, and %q becomes %q", input, output)
		}
		again, second, err := transform(bytes.Clone(output), settings)
		if err != nil {
			t.Fatalf("%q becomes %q, which is refused: %v", input, output, err)
		}
		if !bytes.Equal(output, again) || second.Changes() > 0 {
			t.Fatalf("the second run makes %q of %q", again, output)
		}
	})
}
