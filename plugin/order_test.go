package plugin

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// TestSameEveryTime holds that the same bytes give the same answer. The long form is TestSameInManyRuns, with -tags
// slow; a test in test/checks finds loops over maps, which are what would differ.
func TestSameEveryTime(t *testing.T) {
	for _, dir := range []string{"release", "bitnami-release", "other-clients", "fluent-outputs"} {
		dir = filepath.Join("testdata/charts", dir)
		sameEveryTime(t, dir, 3, read(t, filepath.Join(dir, "input.yaml")), settingsOf(t, filepath.Join(dir, "config.yaml")))
	}
}

func sameEveryTime(t *testing.T, name string, runs int, input []byte, s config.Settings) {
	t.Helper()
	first := answers(input, s)
	for range runs - 1 {
		if diff := cmp.Diff(first, answers(input, s)); diff != "" {
			t.Errorf("%s: another run says something else:\n%s", name, diff)
			return
		}
	}
}

// answers is all that the post-renderer and verify say about a stream.
func answers(input []byte, s config.Settings) string {
	output, outcome, err := transform(input, s)
	text := fmt.Sprintf("%s\n%v\n", output, err)
	if err == nil {
		text += outcome.Text() + outcome.Diff()
	}
	return text + proof(input, s) + proof(output, s)
}

func proof(text []byte, s config.Settings) string {
	stream, err := manifest.Split(text)
	if err != nil {
		return err.Error()
	}
	options := proofOf(s)
	options.Now = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	graph, err := verify.Manifests(stream, nil, options)
	if err != nil {
		return err.Error()
	}
	all, err := graph.JSON()
	return fmt.Sprintf("%s\n%v\n%s\n%s", all, err, graph.Text(), graph.Mermaid())
}
