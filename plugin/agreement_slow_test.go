//go:build slow

package plugin

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// disagreements is the list of what the two halves of elk-mtls do not agree on today. TestAgreement fails on one that is not in it, and on
// one in it that is no longer so: it only gets shorter. With -update, lines are taken out, and none is put in.
const disagreements = "testdata/agreement.txt"

// TestAgreement holds post-renderer and verify together, on every golden input and, where they are there, every rendering and case, in
// every mode and stage: what the post-renderer passes is not called NOT PROVEN, and where it refuses a client that it does not know,
// verify proves nothing.
func TestAgreement(t *testing.T) {
	known, kept := map[string]bool{}, []string{}
	text, err := os.ReadFile(disagreements)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			known[line] = true
		}
	}
	var lock sync.Mutex
	seen, roots := map[string]bool{}, map[string]bool{}
	t.Run("inputs", func(t *testing.T) {
		for _, input := range agreementInputs(t) {
			roots[input.root] = true
			t.Run(input.root+"/"+input.name, func(t *testing.T) {
				t.Parallel()
				for _, w := range agreementWays {
					found := disagreement(input, w)
					if found == "" {
						continue
					}
					line := fmt.Sprintf("%s/%s %s %s: %s", input.root, input.name, w.mode, w.stage, found)
					lock.Lock()
					seen[line] = true
					lock.Unlock()
					if !known[line] {
						t.Errorf("a new disagreement: %s", line)
					}
				}
			})
		}
	})
	var gone []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if root, _, _ := strings.Cut(line, "/"); known[line] && roots[root] && !seen[line] {
			gone = append(gone, line)
			continue
		}
		kept = append(kept, line)
	}
	if len(gone) == 0 {
		return
	}
	if !*update {
		t.Errorf("no longer so, and to be taken out of %s (-update does it):\n%s", disagreements, strings.Join(gone, "\n"))
		return
	}
	if err := os.WriteFile(disagreements, []byte(strings.Join(kept, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// agreementWays are the modes, and in those with certificates the stages.
var agreementWays = []way{
	{config.ModeToken, config.None}, {config.ModePassword, config.None},
	{config.ModeCertToken, config.None}, {config.ModeCertToken, config.Optional}, {config.ModeCertToken, config.Required},
	{config.ModeCertPassword, config.Required}, {config.ModePKI, config.Required},
}

type agreementInput struct {
	root, name string // "goldens", "renders", "renders-living", "cases"
	text       []byte
	settings   func(w way) config.Settings
}

func agreementInputs(t *testing.T) []agreementInput {
	t.Helper()
	var all []agreementInput
	dirs, err := filepath.Glob("testdata/charts/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, dir := range dirs {
		all = append(all, agreementInput{"goldens", filepath.Base(dir), read(t, filepath.Join(dir, "input.yaml")), func(w way) config.Settings {
			s := settingsOf(t, filepath.Join(dir, "config.yaml"))
			s.Mode, s.ClientAuthentication = w.mode, w.stage
			return s
		}})
	}
	plain := func(name string) func(w way) config.Settings {
		return func(w way) config.Settings { return answered(name, realSettings(w.mode, w.stage)) }
	}
	server, _ := os.ReadFile("../../shared/cases/render/es.yaml")
	for _, folder := range []string{"renders", "renders-living", "cases/render"} {
		files, err := filepath.Glob(filepath.Join("../../shared", folder, "*.y*ml"))
		if err != nil || len(files) == 0 {
			t.Logf("LEFT OUT: nothing in shared/%s", folder)
		}
		root, _, _ := strings.Cut(folder, "/")
		for _, file := range files {
			name := filepath.Base(file)
			if strings.HasSuffix(name, ".config.yaml") || name == "minter.yaml" {
				continue
			}
			text := read(t, file)
			all = append(all, agreementInput{root, name, text, plain(name)})
			if root == "cases" && name != "es.yaml" && !bytes.Contains(text, []byte("/elasticsearch:")) {
				all = append(all, agreementInput{root, "es+" + name, slices.Concat(server, []byte("\n---\n"), text), plain(name)})
			}
		}
	}
	return all
}

// disagreement says how the two halves differ on an input; "" where they do not.
func disagreement(input agreementInput, w way) string {
	s := input.settings(w)
	output, outcome, err := transform(input.text, s)
	if err == nil {
		g := judged(output, s)
		if g == nil || g.Verdict != verify.NotProven {
			return ""
		}
		var codes []string
		for _, f := range g.Findings {
			if !saysToo(outcome, f) {
				codes = append(codes, string(f.Code))
			}
		}
		if slices.Sort(codes); len(codes) == 0 {
			return ""
		}
		if codes[len(codes)-1] == string(verify.NothingFound) && bytes.Equal(input.text, output) {
			return "" // neither half knows anything in it
		}
		return "passed, and NOT PROVEN by " + strings.Join(slices.Compact(codes), " ")
	}
	if !strings.Contains(err.Error(), ": it would be refused") {
		return ""
	}
	if g := judged(input.text, s); g != nil && g.Verdict != verify.NotProven {
		return "an unknown client is refused, and verify says " + string(g.Verdict)
	}
	return ""
}

// saysToo tells whether the post-renderer leaves an object alone for the reason of a finding about it, and says so in its report.
func saysToo(r *report.Report, f verify.Finding) bool {
	return slices.ContainsFunc(r.LeftAlone, func(e report.Entry) bool {
		return e.Object.Kind+"/"+e.Object.Name == f.Object && strings.HasPrefix(f.Reason, e.Why+":")
	})
}

// judged gives what verify says on a day on which the certificates of all inputs are good; nil where it refuses the input.
func judged(input []byte, s config.Settings) *verify.Graph {
	stream, err := manifest.Split(input)
	if err != nil {
		return nil
	}
	proof := proofOf(s)
	proof.Now = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)
	g, err := verify.Manifests(stream, nil, proof)
	if err != nil {
		return nil
	}
	return g
}
