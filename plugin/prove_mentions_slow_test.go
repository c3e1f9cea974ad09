//go:build slow

package plugin

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
)

// TestProveMentions is the long form of TestPlantedMentions: over every golden input and, where they are there, every rendering. MENTION_RUNS says
// how many places it tries, or "all": each, in each spelling; MENTION_SEED which.
func TestProveMentions(t *testing.T) {
	runs, seed := 3000, 16
	if n, err := strconv.Atoi(os.Getenv("MENTION_RUNS")); err == nil {
		runs = n
	}
	if n, err := strconv.Atoi(os.Getenv("MENTION_SEED")); err == nil {
		seed = n
	}
	var all []planted
	dirs, err := filepath.Glob("testdata/charts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, dir := range dirs {
		all = append(all, plants(t, filepath.Base(dir), read(t, filepath.Join(dir, "input.yaml")), settingsOf(t, filepath.Join(dir, "config.yaml")))...)
	}
	for _, folder := range []string{"renders", "renders-living"} {
		files, err := filepath.Glob(filepath.Join("../../shared", folder, "*.y*ml"))
		if err != nil || len(files) == 0 {
			t.Logf("LEFT OUT: nothing in shared/%s", folder)
		}
		for _, file := range files {
			name := filepath.Base(file)
			all = append(all, plants(t, name, read(t, file), answered(name, realSettings(config.ModeCertToken, config.Required)))...)
		}
	}
	t.Logf("%d places", len(all))
	if os.Getenv("MENTION_RUNS") == "all" {
		proveAll(t, all)
		return
	}
	proveMentions(t, all, runs, uint64(seed))
}

// proveAll tries each place in each spelling, on all processors, and says how far it is.
func proveAll(t *testing.T, all []planted) {
	var wait sync.WaitGroup
	var tried atomic.Int64
	for worker := range runtime.NumCPU() {
		wait.Go(func() {
			for i := worker; i < len(all); i += runtime.NumCPU() {
				p := all[i]
				for p.spelling = range spellings {
					p.prove(t)
				}
				if n := tried.Add(1); n%1000 == 0 {
					t.Logf("%d of %d places", n, len(all))
				}
			}
		})
	}
	wait.Wait()
}
