package plugin

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

var update = flag.Bool("update", os.Getenv("UPDATE_GOLDEN") != "", "rewrite the expected side of the golden files (make golden)")

const testImage = "registry.example/elk-mtls-init:1.0"

// TestGolden holds the output and the report for releases in the shape of real charts.
func TestGolden(t *testing.T) {
	dirs, err := filepath.Glob("testdata/charts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			input := read(t, filepath.Join(dir, "input.yaml"))
			settings := settingsOf(t, filepath.Join(dir, "config.yaml"))
			output, outcome, err := transform(input, settings)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(dir, "output.yaml"), output)
			golden(t, filepath.Join(dir, "report.txt"), []byte(outcome.Text()))
			golden(t, filepath.Join(dir, "diff.txt"), []byte(outcome.Diff()))
			onlyReported(t, input, output, outcome)
			twiceIsOnce(t, output, settings)

			crlf := []byte(strings.ReplaceAll(string(input), "\n", "\r\n"))
			output, outcome, err = transform(crlf, settings)
			if err != nil {
				t.Fatal(err)
			}
			onlyReported(t, crlf, output, outcome)
			twiceIsOnce(t, output, settings)
		})
	}
}

func twiceIsOnce(t *testing.T, output []byte, settings config.Settings) {
	t.Helper()
	again, outcome, err := transform(output, settings)
	if err != nil {
		t.Fatalf("the second run: %v", err)
	}
	if diff := cmp.Diff(string(output), string(again)); diff != "" {
		t.Errorf("the second run changes its own output:\n%s", diff)
	}
	if len(outcome.Added)+len(outcome.Removed) > 0 {
		t.Errorf("the second run adds %v and removes %v", outcome.Added, outcome.Removed)
	}
	for _, p := range outcome.Patched {
		if len(p.Changes) > 0 {
			t.Errorf("the second run reports changes to %v: %v", p.Object, p.Changes)
		}
	}
}

// settingsOf reads a configuration file; without one the defaults hold, with an image.
func settingsOf(t *testing.T, file string) config.Settings {
	t.Helper()
	var s config.Settings
	text, err := os.ReadFile(file)
	switch {
	case err == nil:
		if s, err = config.Parse(text); err != nil {
			t.Fatal(err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		t.Fatal(err)
	}
	s.InitContainer.Image = testImage
	s = s.WithDefaults()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return s
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(read(t, file)), string(got)); diff != "" {
		t.Errorf("%s (-want +got; `make golden` rewrites it):\n%s", file, diff)
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
