package sarif

import (
	"fmt"
	"time"

	"github.com/owenrumney/go-sarif/v2/sarif"

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

// Survey gives a survey's report as SARIF. What was seen is in no line of any file, so its place is the workload or the
// address.
func Survey(r *survey.Report, input string) ([]byte, error) {
	const page = home + "/blob/main/docs/migration.md"
	run := begin("elk-mtls survey", r.Tool, []*sarif.ReportingDescriptor{
		rule(noCertificate, "A client connects without a certificate",
			"give it one, by a rule of elk-mtls or its own settings", page, "error"),
		rule(unknown, "A connection sent nothing while it was watched", "survey for longer, or restart its client",
			page, "warning"),
		rule(neverSeen, "A client of the manifests was never seen", "survey for longer, or find out whether it runs",
			page, "note"),
		rule(refused, "Elasticsearch refused a client", "see the message", page, "warning"),
		rule(notCovered, "Something was not watched", "survey again", page, "note"),
		rule(notReady, "Client authentication must not be required yet", "see the message", page, "error"),
	})
	run.Artifacts = []*sarif.Artifact{artifact(input)}
	add := func(id, level, at, text string, args ...any) {
		result := sarif.NewRuleResult(id).WithKind("fail").WithLevel(level).
			WithMessage(sarif.NewTextMessage(fmt.Sprintf(text, args...)))
		if at != "" {
			location := sarif.NewLocation().WithLogicalLocations([]*sarif.LogicalLocation{resource(at)})
			result.Locations = []*sarif.Location{location}
		}
		run.Results = append(run.Results, result)
	}
	for _, c := range r.Without {
		add(noCertificate, "error", c.Name(), "%s, agent %q, connects without a certificate: %s, last at %s", c.Name(),
			c.Agent, survey.Count(c.Requests, "request"), c.Last.Format(time.RFC3339))
	}
	for _, c := range r.Unknown {
		add(unknown, "warning", c.Name(), "%s, agent %q, has a connection that sent nothing while it was watched",
			c.Name(), c.Agent)
	}
	for _, p := range r.Never {
		add(neverSeen, "note", p.Workload, "%s is promised by the manifests (%s) and was never seen", p, p.Verdict)
	}
	for _, f := range r.Refused {
		add(refused, "warning", f.Where(), "%s was refused, %s: %s. %s.", f.Where(), survey.Count(f.Times, "time"),
			f.Reason, f.Remedy)
	}
	for _, g := range r.Gaps {
		add(notCovered, "note", g.Node, "not watched from %s to %s: %s", g.From.Format(time.RFC3339),
			g.To.Format(time.RFC3339), g.Reason)
	}
	for _, text := range r.NotLooked {
		add(notCovered, "note", "", "not covered: %s", text)
	}
	for _, text := range r.Gate.Reasons {
		add(notReady, "error", "", "%s", text)
	}
	return written(run, sarif.Properties{"ready": r.Gate.Open, "from": r.From, "to": r.To, "watched": r.Watched})
}
