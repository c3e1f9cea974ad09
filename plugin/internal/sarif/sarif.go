// Package sarif writes a verdict in the format that code scanners exchange: a graph comes in, a SARIF 2.1.0 log goes
// out.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
package sarif

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/owenrumney/go-sarif/v2/sarif"

	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

const (
	home       = "https://github.com/elk-mtls/elk-mtls"
	assumption = "PROVEN-IF" // the rule of assumptions, which have no code
)

// Log gives the graph as SARIF. A finding is a failed result on its line of the manifests; an assumption is an open
// one: the manifests do not decide it.
func Log(g *verify.Graph) ([]byte, error) {
	run := begin("elk-mtls verify", g.Tool, rules())
	for _, in := range g.Inputs {
		run.Artifacts = append(run.Artifacts, artifact(in.Name).WithHashes(map[string]string{"sha-256": in.SHA256}))
	}
	run.Results = append(findings(g), assumptions(g)...)
	return written(run, summary(g))
}

// begin gives a run of a tool, with the rules of its results. What the format has as defaults is said: not every reader
// knows them.
func begin(name, version string, rules []*sarif.ReportingDescriptor) *sarif.Run {
	language := "en-US"
	run := sarif.NewRunWithInformationURI(name, home)
	run.Tool.Driver.Version, run.Tool.Driver.Rules = &version, rules
	run.Language, run.Tool.Driver.Language, run.NewlineSequences = &language, &language, []string{"\r\n", "\n"}
	return run
}

// written gives a run as a log. The properties are what no result tells.
func written(run *sarif.Run, properties sarif.Properties) ([]byte, error) {
	invocation := sarif.NewInvocation().WithExecutionSuccess(true)
	invocation.Properties = properties
	run.Invocations = []*sarif.Invocation{invocation}
	log, err := sarif.New(sarif.Version210)
	if err != nil {
		return nil, fmt.Errorf("writing SARIF: %w", err)
	}
	log.AddRun(run)
	var b bytes.Buffer
	if err := log.PrettyWrite(&b); err != nil {
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
	return sarif.NewRule(id).WithHelpURI(page).
		WithShortDescription(sarif.NewMultiformatMessageString(title)).
		WithHelp(sarif.NewMultiformatMessageString(remedy)).
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
			at.AddLogicalLocations(resource(name))
		}
		result := sarif.NewRuleResult(string(f.Code)).WithKind("fail").WithLevel(f.Severity).
			WithMessage(sarif.NewTextMessage(text))
		if f.Line > 0 || f.Object != "" {
			result.Locations = []*sarif.Location{at}
		}
		all = append(all, result)
	}
	return all
}

func assumptions(g *verify.Graph) []*sarif.Result {
	var all []*sarif.Result
	for _, text := range g.Assumptions {
		result := sarif.NewRuleResult(assumption).WithKind("open").WithLevel("none")
		all = append(all, result.WithMessage(sarif.NewTextMessage(text)))
	}
	return all
}

// summary is what no result tells.
func summary(g *verify.Graph) sarif.Properties {
	return sarif.Properties{
		"verdict": g.Verdict, "clientAuthentication": g.ClientAuthentication, "now": g.Now, "servers": g.Servers,
		"edges":     g.Edges,
		"unmanaged": g.Unmanaged, "lookedAt": g.LookedAt, "patched": g.Patched, "scope": verify.Scope,
	}
}

func resource(name string) *sarif.LogicalLocation {
	return sarif.NewLogicalLocation().WithKind("resource").WithFullyQualifiedName(name)
}

// artifact gives a file, whose length is not told.
func artifact(name string) *sarif.Artifact {
	const untold = -1
	return sarif.NewArtifact().WithLocation(location(name)).WithLength(untold)
}

// location gives the address of a file as it was named; standard input has no better name than that.
func location(name string) *sarif.ArtifactLocation {
	if name == "-" {
		name = "stdin"
	}
	return sarif.NewSimpleArtifactLocation((&url.URL{Path: filepath.ToSlash(name)}).String())
}
