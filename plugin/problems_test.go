package plugin

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// TestRefusalsPage holds the table of the codes to their descriptions.
func TestRefusalsPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("| code | what | what to do |\n| --- | --- | --- |\n")
	for _, k := range problem.Kinds() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", k.Code, inCell(k.Title), inCell(k.Remedy))
	}
	inMarkers(t, "../docs/findings/README.md", "refusals", b.String())
}

// A problem and its hint stand on two lines that belong together, wherever they are printed, and every line of stderr names the program.
func TestProblemsArePrinted(t *testing.T) {
	id := object.ID{Kind: "Deployment", Name: "desk"}
	one := problem.New(problem.InTheWay, "a is set").At("a").Do("remove it")
	err := errors.Join(problem.Join(problem.About(id, errors.Join(one, errors.New("broken")))), one)
	want := "Deployment/desk: a is set\nhint: remove it [EMR006]\nDeployment/desk: broken [EMR001]\na is set\nhint: remove it [EMR006]"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := forHelm4(err); strings.Count(got, "\n") != 2 || !strings.Contains(got, "; hint: remove it [EMR006]; ") {
		t.Errorf("Helm 4 quotes one line: %q", got)
	}
}
