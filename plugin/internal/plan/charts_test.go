package plan

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
)

const charts = "../../testdata/charts"

// chart is a rendered chart with a configuration.
type chart struct {
	input, output string
	settings      config.Settings
}

// eachChart runs a test for each of the charts whose output is known.
func eachChart(t *testing.T, test func(t *testing.T, c chart)) {
	t.Helper()
	dirs, err := os.ReadDir(charts)
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d charts: %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(dir.Name(), func(t *testing.T) {
			c := chart{input: fileOf(t, dir.Name(), "input.yaml"), output: fileOf(t, dir.Name(), "output.yaml")}
			if c.settings, err = config.Parse([]byte(fileOf(t, dir.Name(), "config.yaml"))); err != nil {
				t.Fatal(err)
			}
			c.settings.InitContainer.Image = "registry.example/elk-mtls-init:1.0"
			test(t, c)
		})
	}
}

// fileOf reads a file of a chart; a configuration that says nothing is left out.
func fileOf(t *testing.T, chart, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(charts, chart, name))
	if errors.Is(err, fs.ErrNotExist) && name == "config.yaml" {
		return "apiVersion: " + config.APIVersion + "\nkind: " + config.Kind + "\n"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// planned plans for a stream.
func planned(t *testing.T, text string, s config.Settings) (*manifest.Stream, *Plan, error) {
	t.Helper()
	stream, err := manifest.Split([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s = s.WithDefaults()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	release, err := recognise.All(stream, func(id object.ID) bool {
		for _, u := range s.Unmanaged {
			if u.Ref == id.String() {
				return true
			}
		}
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := For(release, s)
	return stream, plan, err
}

// A plan changes nothing, gives a reason for all that it asks for, and asks for what the output of the chart has: each
// document that it does not take away is in that, with its changes, and so is each object that it adds.
func TestPlansGiveTheOutputOfCharts(t *testing.T) {
	eachChart(t, func(t *testing.T, c chart) {
		stream, plan, err := planned(t, c.input, c.settings)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := stream.Bytes(); err != nil || string(text) != c.input {
			t.Fatalf("planning has changed the input: %v", err)
		}
		holdReasons(t, plan)
		apply(t, plan)
		gone := map[*manifest.Document]bool{}
		for _, r := range plan.Removals {
			gone[r.Object.Doc] = true
		}
		for _, doc := range stream.Documents() {
			text, err := doc.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if isThere := strings.Contains(c.output, strings.TrimSpace(string(text))); isThere == gone[doc] {
				t.Errorf("line %d is in the output: %t; taken away: %t\n%s", doc.Line(), isThere, gone[doc], text)
			}
		}
		for _, a := range plan.Additions {
			text, err := manifest.Print(a.Node)
			if err != nil || !strings.Contains(c.output, strings.TrimSpace(text)) {
				t.Errorf("%s is not in the output: %v\n%s", a.ID, err, text)
			}
		}
	})
}

// apply makes the changes of a plan.
func apply(t *testing.T, plan *Plan) {
	t.Helper()
	edits := map[*object.Object][]patch.Edit{}
	for _, change := range plan.Changes {
		edits[change.Object] = append(edits[change.Object], change.Edit)
	}
	for o, all := range edits {
		if _, err := patch.Apply(o, all); err != nil {
			t.Errorf("%s: %v", o.ID, err)
		}
	}
}

// What was planned once is there: planned again, it changes nothing.
func TestPlansOfTheirOwnOutput(t *testing.T) {
	eachChart(t, func(t *testing.T, c chart) {
		stream, plan, err := planned(t, c.output, c.settings)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, plan)
		if text, err := stream.Bytes(); err != nil || string(text) != c.output {
			t.Errorf("it changes its own output: %v\n%s", err, text)
		}
		if len(plan.Additions)+len(plan.Removals) > 0 {
			t.Errorf("it adds %v and removes %v", plan.Additions, plan.Removals)
		}
	})
}

// holdReasons holds that all that a plan asks for says why.
func holdReasons(t *testing.T, plan *Plan) {
	t.Helper()
	places := map[place]bool{}
	for _, c := range plan.Changes {
		if c.Why == "" || places[c.at] {
			t.Errorf("without a reason, or twice at one place: %s", c)
		}
		places[c.at] = true
	}
	for _, a := range plan.Additions {
		if a.Why == "" || a.Before == nil {
			t.Errorf("%s is added without a reason or a user", a.ID)
		}
	}
	for _, r := range plan.Removals {
		if r.Why == "" {
			t.Errorf("%s is removed without a reason", r.Object.ID)
		}
	}
	for _, p := range plan.Passed {
		if p.Why == "" {
			t.Errorf("%s is passed without a reason", p.ID)
		}
	}
}

// Whatever is asked of a chart, with what its user has configured or with nothing, it is planned with reasons, or each
// reason why not says what to do. A mode that gives no certificates asks for none, and only who must present one is
// refused for lack of a way to.
func TestPlansInEveryMode(t *testing.T) {
	eachChart(t, func(t *testing.T, c chart) {
		bare := config.Settings{InitContainer: c.settings.InitContainer}
		for _, s := range []config.Settings{c.settings, bare} {
			for _, s.Mode = range config.Modes() {
				for _, s.ClientAuthentication = range []string{config.None, config.Optional, config.Required} {
					if s.WithDefaults().Validate() == nil {
						holdPlan(t, c.input, s)
					}
				}
			}
		}
	})
}

// presenting are the kinds of problems that somebody has who is to present a certificate.
var presenting = []problem.Code{problem.UnfitPair, problem.NoCertificate, problem.ProbePair, problem.TooOld, problem.Stranger}

func holdPlan(t *testing.T, input string, s config.Settings) {
	t.Helper()
	_, plan, err := planned(t, input, s)
	if err == nil {
		holdReasons(t, plan)
	}
	advised := map[problem.Code]bool{}
	for _, p := range problem.All(err) {
		advised[p.Code] = advised[p.Code] || p.Hint != "" // of several of one kind the first one says what to do
		isWithout := s.Mode == config.ModeToken || s.Mode == config.ModePassword
		switch {
		case p.Text == "" || !advised[p.Code]:
			t.Errorf("%s %s: nothing says what to do: %s", s.Mode, s.ClientAuthentication, p)
		case isWithout && slices.Contains(presenting, p.Code):
			t.Errorf("%s gives no certificates: %s", s.Mode, p)
		case s.ClientAuthentication != config.Required && p.Code == problem.Stranger:
			t.Errorf("nobody must present a certificate at the stage %s: %s", s.ClientAuthentication, p)
		}
	}
}
