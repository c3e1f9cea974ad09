// Package sarif writes a verdict in the format that code scanners exchange: a graph comes in, a SARIF 2.1.0 log goes out.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
package sarif

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

const (
	home       = "https://github.com/elk-mtls/elk-mtls"
	assumption = "PROVEN-IF" // the rule of assumptions, which have no code
)

// Log gives the graph as SARIF. A finding is a failed result on its line of the manifests; an assumption is an open one: the
// manifests do not decide it.
func Log(g *verify.Graph) ([]byte, error) {
	run := sarif.NewRunWithInformationURI("elk-mtls verify", home)
	run.Tool.Driver.WithVersion(g.Tool).WithRules(rules())
	for _, in := range g.Inputs {
		run.AddArtifact(sarif.NewArtifact().WithLocation(location(in.Name)).
			WithHashes(map[string]string{"sha-256": in.SHA256}))
	}
	run.Results = append(findings(g), assumptions(g)...)
	run.AddInvocation(sarif.NewInvocation().WithExecutionSuccessful(true).WithProperties(summary(g)))
	var b bytes.Buffer
	if err := sarif.NewReport().AddRun(run).PrettyWrite(&b); err != nil {
		return nil, fmt.Errorf("writing SARIF: %w", err)
	}
	return append(b.Bytes(), '\n'), nil
}

func rules() []*sarif.ReportingDescriptor {
	var all []*sarif.ReportingDescriptor
	for _, k := range verify.Kinds() {
		all = append(all, rule(string(k.Code), k.Title, k.Remedy, k.Code.URL(), k.Severity))
	}
	const page = home + "/blob/main/docs/verification.md"
	return append(all, rule(assumption, "Something is taken for granted that the manifests do not show",
		"give the Secrets with --with, or see to it that it holds", page, "none"))
}

func rule(id, title, remedy, page, level string) *sarif.ReportingDescriptor {
	return sarif.NewReportingDescriptor().WithID(id).WithHelpURI(page).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(title)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(remedy)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level))
}

func findings(g *verify.Graph) []*sarif.Result {
	all := []*sarif.Result{}
	for _, f := range g.Findings {
		text := fmt.Sprintf("%s. Remedy: %s.", f, f.Remedy)
		at := sarif.NewLocation()
		if f.Line > 0 && len(g.Inputs) > 0 {
			at.WithPhysicalLocation(sarif.NewPhysicalLocation().
				WithArtifactLocation(location(g.Inputs[0].Name).WithIndex(0)).
				WithRegion(sarif.NewRegion().WithStartLine(f.Line)))
		}
		if f.Object != "" {
			name := f.Object
			if f.Container != "" {
				name += "/" + f.Container
			}
			at.AddLogicalLocation(sarif.NewLogicalLocation().WithKind("resource").WithFullyQualifiedName(name))
		}
		result := sarif.NewResult().WithRuleID(string(f.Code)).WithKind("fail").WithLevel(f.Severity).
			WithMessage(sarif.NewMessage().WithText(text))
		if f.Line > 0 || f.Object != "" {
			result.AddLocation(at)
		}
		all = append(all, result)
	}
	return all
}

func assumptions(g *verify.Graph) []*sarif.Result {
	var all []*sarif.Result
	for _, text := range g.Assumptions {
		all = append(all, sarif.NewResult().WithRuleID(assumption).WithKind("open").WithLevel("none").
			WithMessage(sarif.NewMessage().WithText(text)))
	}
	return all
}

// summary is what no result tells.
func summary(g *verify.Graph) *sarif.PropertyBag {
	return sarif.NewPropertyBag().Add("verdict", g.Verdict).Add("clientAuthentication", g.ClientAuthentication).
		Add("now", g.Now).Add("servers", g.Servers).Add("edges", g.Edges).Add("unmanaged", g.Unmanaged).
		Add("lookedAt", g.LookedAt).Add("patched", g.Patched).Add("scope", verify.Scope)
}

// location gives the address of a file as it was named; standard input has no better name than that.
func location(name string) *sarif.ArtifactLocation {
	if name == "-" {
		name = "stdin"
	}
	return sarif.NewArtifactLocation().WithURI((&url.URL{Path: filepath.ToSlash(name)}).String())
}
