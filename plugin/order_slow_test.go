//go:build slow

package plugin

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// TestSameInManyRuns is TestSameEveryTime for every fixture, and for the cases whose folder ELK_MTLS_CASES names: in 3 runs, or in as many as
// ORDER_RUNS says. A loop over a map is found by test/checks without a run.
func TestSameInManyRuns(t *testing.T) {
	runs := 3
	if text := os.Getenv("ORDER_RUNS"); text != "" {
		var err error
		if runs, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dirs, err := filepath.Glob("testdata/charts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			sameEveryTime(t, dir, runs, read(t, filepath.Join(dir, "input.yaml")), settingsOf(t, filepath.Join(dir, "config.yaml")))
		})
	}
	dir := os.Getenv("ELK_MTLS_CASES")
	if dir == "" {
		dir = "../../shared/cases"
	}
	var files []string
	for _, pattern := range []string{"*.yaml", "*/*.yaml", "*/*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Logf("LEFT OUT: no cases in %s; name their folder in ELK_MTLS_CASES", dir)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			sameEveryTime(t, file, runs, read(t, file), realSettings(config.ModeCertToken, config.Required))
		})
	}
}
