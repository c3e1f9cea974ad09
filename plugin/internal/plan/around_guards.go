package plan

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
)

// guards plans to take out the objects that keep a stream from being installed unless elk-mtls has seen it: no API
// server knows their kind. A stream of nothing else would leave as an empty one.
func guards(in *In) Part {
	p := begin(in)
	rest := p.release.Objects
	inDoc := map[*manifest.Document]int{}
	for _, g := range p.release.Guards {
		p.removal(g, "it stops an installation that elk-mtls has not seen, and elk-mtls has seen this one")
		inDoc[g.Doc]++
		if all, err := p.release.In(g.Doc); err == nil && len(all) == inDoc[g.Doc] {
			rest--
		}
	}
	if rest == 0 && len(p.release.Guards) > 0 {
		p.fail(problem.New(problem.GuardAlone, "the input contains only %s: an empty answer would delete the "+
			"release", p.release.Guards[0].ID).
			Do("render the whole release"))
	}
	return *p.Part
}
