package sarif

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// result is what of a result is looked at.
type result struct{ Rule, Kind, Level, File, Object string }

func TestLog(t *testing.T) {
	g := &verify.Graph{
		Verdict: verify.NotProven, ClientAuthentication: "required", Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Tool: "1.0",
		Inputs: []verify.Input{{Name: "-", SHA256: "ab"}, {Name: "a b/s.yaml", SHA256: "cd"}},
		Findings: []verify.Finding{
			{Code: verify.NoCertificate, Severity: "error", Object: "Deployment/shop", Container: "api", Line: 7, Reason: "no certificate", Remedy: "set it"},
			{Code: verify.NothingFound, Severity: "error", Reason: "nothing", Remedy: "give all"},
		},
		Assumptions: []string{"somebody makes Secret/x"},
	}
	text, err := Log(g)
	if err != nil {
		t.Fatal(err)
	}
	log, err := sarif.FromBytes(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Validate(); err != nil {
		t.Errorf("by the schema of SARIF 2.1.0: %v", err)
	}
	run := log.Runs[0]
	var got []result
	for _, r := range run.Results {
		one := result{Rule: *r.RuleID, Kind: r.Kind, Level: r.Level}
		for _, l := range r.Locations {
			if l.PhysicalLocation != nil {
				one.File = *l.PhysicalLocation.ArtifactLocation.URI
			}
			if len(l.LogicalLocations) > 0 {
				one.Object = *l.LogicalLocations[0].FullyQualifiedName
			}
		}
		got = append(got, one)
	}
	want := []result{
		{"EMT008", "fail", "error", "stdin", "Deployment/shop/api"}, {"EMT027", "fail", "error", "", ""}, {"PROVEN-IF", "open", "none", "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	hashes := map[string]string{}
	for _, a := range run.Artifacts {
		hashes[*a.Location.URI] = a.Hashes["sha-256"]
	}
	if diff := cmp.Diff(map[string]string{"stdin": "ab", "a%20b/s.yaml": "cd"}, hashes); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if driver := run.Tool.Driver; *driver.Version != "1.0" || len(driver.Rules) != len(verify.Kinds())+1 || *driver.Rules[0].HelpURI != verify.Kinds()[0].Code.URL() {
		t.Errorf("tool: version %s, %d rules", *driver.Version, len(driver.Rules))
	}
}
