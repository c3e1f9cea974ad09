package sarif

import (
	"bytes"
	"fmt"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/elk-mtls/elk-mtls/plugin/internal/survey"
)

// The rules of a survey.
const (
	noCertificate = "SURVEY-WITHOUT-CERTIFICATE"
	unknown       = "SURVEY-UNKNOWN"
	neverSeen     = "SURVEY-NEVER-SEEN"
	refused       = "SURVEY-REFUSED"
	notCovered    = "SURVEY-NOT-COVERED"
	notReady      = "SURVEY-NOT-READY"
)

// Survey gives a survey's report as SARIF. What was seen is in no line of any file, so its place is the workload or the address.
func Survey(r *survey.Report, input string) ([]byte, error) {
	run := sarif.NewRunWithInformationURI("elk-mtls survey", home)
	const page = home + "/blob/main/docs/migration.md"
	run.Tool.Driver.WithVersion(r.Tool).WithRules([]*sarif.ReportingDescriptor{
		rule(noCertificate, "A client connects without a certificate", "give it one, by a rule of elk-mtls or its own settings", page, "error"),
		rule(unknown, "A connection sent nothing while it was watched", "look for longer, or restart its client", page, "warning"),
		rule(neverSeen, "A client of the manifests was never seen", "look for longer, or find out whether it runs", page, "note"),
		rule(refused, "Elasticsearch refused a client", "see the message", page, "warning"),
		rule(notCovered, "Something was not watched", "survey again", page, "note"),
		rule(notReady, "Client authentication must not be required yet", "see the message", page, "error"),
	})
	run.AddArtifact(sarif.NewArtifact().WithLocation(location(input)))
	run.Results = []*sarif.Result{}
	add := func(id, level, at, text string, args ...any) {
		result := sarif.NewResult().WithRuleID(id).WithKind("fail").WithLevel(level).WithMessage(sarif.NewMessage().WithText(fmt.Sprintf(text, args...)))
		if at != "" {
			result.AddLocation(sarif.NewLocation().AddLogicalLocation(sarif.NewLogicalLocation().WithKind("resource").WithFullyQualifiedName(at)))
		}
		run.Results = append(run.Results, result)
	}
	for _, c := range r.Without {
		add(noCertificate, "error", c.Name(), "%s, agent %q, connects without a certificate: %d requests, last at %s", c.Name(), c.Agent, c.Requests, c.Last.Format(time.RFC3339))
	}
	for _, c := range r.Unknown {
		add(unknown, "warning", c.Name(), "%s, agent %q, has a connection that sent nothing while it was watched", c.Name(), c.Agent)
	}
	for _, p := range r.Never {
		add(neverSeen, "note", p.Workload, "%s is promised by the manifests (%s) and was never seen", p, p.Verdict)
	}
	for _, f := range r.Refused {
		add(refused, "warning", f.Where(), "%s was refused %d times: %s. %s.", f.Where(), f.Times, f.Reason, f.Remedy)
	}
	for _, g := range r.Gaps {
		add(notCovered, "note", g.Node, "not watched from %s to %s: %s", g.From.Format(time.RFC3339), g.To.Format(time.RFC3339), g.Reason)
	}
	for _, text := range r.NotLooked {
		add(notCovered, "note", "", "not covered: %s", text)
	}
	for _, text := range r.Gate.Reasons {
		add(notReady, "error", "", "%s", text)
	}
	run.AddInvocation(sarif.NewInvocation().WithExecutionSuccessful(true).WithProperties(
		sarif.NewPropertyBag().Add("ready", r.Gate.Open).Add("from", r.From).Add("to", r.To).Add("watched", r.Watched)))
	var b bytes.Buffer
	if err := sarif.NewReport().AddRun(run).PrettyWrite(&b); err != nil {
		return nil, fmt.Errorf("writing SARIF: %w", err)
	}
	return append(b.Bytes(), '\n'), nil
}
