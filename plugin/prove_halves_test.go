package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// answer is what a half makes of a planted place.
type answer string

const (
	silent   answer = "silent, or claims it"
	assumed  answer = "assumes that it is no client, or a right one"
	rejected answer = "takes it for a client that it does not know"
)

// halves holds that both halves make the same of a planted place, and no less than it says.
func (p planted) halves(t *testing.T, text []byte, strength mention.Strength) {
	t.Helper()
	g := verified(t, text, p.settings)
	judged, claimed := p.byVerify(g)
	switch {
	case strength == mention.Nothing && judged != silent:
		t.Errorf("%s: says nothing, and verify %s", p, judged)
	case strength == mention.Address && judged == silent && !claimed:
		t.Errorf("%s: is an address, and verify neither reads it nor says a word", p)
	case strength == mention.May && judged == silent && !claimed:
		t.Errorf("%s: may be an address, and verify neither reads it nor says a word", p)
	}
	output, outcome, err := transform(text, p.settings)
	if p.base.refused {
		return
	}
	said := fmt.Sprint(err)
	if err == nil {
		said = outcome.Text()
	}
	planned := p.byPlan(said)
	switch {
	case err == nil && planned == silent && p.isMended(t, output):
	case strings.Contains(said, p.object.String()+" fails once Elasticsearch speaks HTTPS"): // a test that calls by plain HTTP: all of it is told of
	case p.isOfRule(): // whatever names Elasticsearch in the container is an address of it
	case err != nil && planned == silent: // refused for another reason: what the address has taken the place of
	case claimed && judged == silent && (planned != rejected || p.fails(g)):
	case planned != judged:
		t.Errorf("%s (%s): verify %s, and the post-renderer %s:\n%s", p, strength, judged, planned, p.fresh(said))
	}
}

// isMended tells whether the post-renderer has made of the place what is no client any more: it takes out hooks and logins.
func (p planted) isMended(t *testing.T, output []byte) bool {
	t.Helper()
	path := p.path[len(p.path)-1]
	return !slices.ContainsFunc(verified(t, output, p.settings).Findings, func(f verify.Finding) bool {
		return f.Code == "EMT021" && f.Object == p.object.String() && strings.Contains(f.Path, path)
	})
}

// isOfRule tells whether the input has a rule that describes a program by itself.
func (p planted) isOfRule() bool {
	return slices.ContainsFunc(p.settings.Rules, func(r config.Rule) bool { return r.As == "" })
}

// fails tells whether verify has a finding of the object that it does not have of the input as it was.
func (p planted) fails(g *verify.Graph) bool {
	return slices.ContainsFunc(g.Findings, func(f verify.Finding) bool {
		return f.Object == p.object.String() && !p.base.named[fmt.Sprintf("%s line %d", f.Object, f.Line)]
	})
}

// byVerify gives what verify makes of the place, and whether an edge, or a finding of one, has read it.
func (p planted) byVerify(g *verify.Graph) (made answer, claimed bool) {
	made = silent
	at := fmt.Sprintf("(line %d)", p.line+1)
	for _, a := range g.Assumptions {
		if strings.Contains(a, at) && strings.HasPrefix(a, p.object.String()) && strings.Contains(a, ", which names ") {
			made = assumed
		}
	}
	for _, f := range g.Findings {
		if f.Line != p.line+1 || f.Object != p.object.String() {
			continue
		}
		if claimed = claimed || f.Code != "EMT021"; f.Code == "EMT021" {
			made = rejected
		}
	}
	for _, e := range g.Edges {
		superseded := e.Client == p.object.String() && slices.Contains(p.path, "env") // a variable that something stronger than it overrules
		claimed = claimed || superseded || slices.ContainsFunc(e.Addresses, func(a string) bool { return strings.Contains(strings.ToLower(a), strings.ToLower(p.name)) })
	}
	return made, claimed
}

// fresh gives the lines of the post-renderer that it does not say of the input as it was.
func (p planted) fresh(said string) string {
	var fresh strings.Builder
	for line := range strings.Lines(said) {
		if !p.base.said[line] {
			fresh.WriteString(line)
		}
	}
	return fresh.String()
}

// byPlan gives what the post-renderer makes of the place.
func (p planted) byPlan(said string) answer {
	made := silent
	for line := range strings.Lines(p.fresh(said)) {
		line = strings.TrimPrefix(strings.TrimLeft(line, " -"), "elk-mtls: ")
		names := strings.Contains(line, " names Elasticsearch (") || strings.Contains(line, " leads to Elasticsearch (")
		switch {
		case !strings.Contains(line, p.object.String()) || p.row > 0 && p.object.Kind != "Pod" && strings.Contains(line, " line ") && !strings.Contains(line+" ", fmt.Sprintf(" line %d ", p.row)) && !strings.Contains(line, fmt.Sprintf(" line %d,", p.row)):
		case strings.HasPrefix(line, p.object.String()+": ") && names && (strings.Contains(line, "nothing tells how") || strings.Contains(line, ", too") || strings.Contains(line, "leads to")):
			return rejected
		case strings.Contains(line, ": it is not called, or by https") || names && strings.Contains(line, "no container of this stream reads it"):
			made = assumed
		}
	}
	return made
}
