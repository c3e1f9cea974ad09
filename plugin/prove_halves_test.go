package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/mention"
	"github.com/elk-mtls/elk-mtls/plugin/internal/plan"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/verify"
)

// half is what one half makes of an input: each place that names a server, by object, path, line of the stream, strength and reader.
type half struct {
	answers map[string]mention.Answer
	says    []string // what the post-renderer prints
	refuses bool     // then it prints what is wrong, and nothing else
	served  bool     // the input has a server
	ruled   []string // objects of which the user says by a rule what their program reads
	graph   *verify.Graph
}

func byPlace(all []mention.Answer) map[string]mention.Answer {
	places := map[string]mention.Answer{}
	for _, a := range all {
		places[a.Place()] = a
	}
	return places
}

// halvesOf gives what the post-renderer and verify make of an input; false where the post-renderer cannot read it.
func halvesOf(t *testing.T, text []byte, s config.Settings) (planned, judged half, ok bool) {
	t.Helper()
	split := func() *manifest.Stream {
		stream, err := manifest.Split(text)
		if err != nil {
			t.Fatal(err)
		}
		return stream
	}
	release, err := recognise.All(split(), unmanaged(s))
	if err != nil {
		return half{}, half{}, false
	}
	answers, decided, err := plan.ForAnswering(release, s)
	planned = half{answers: byPlace(answers), refuses: err != nil, served: len(release.Nodes) > 0}
	for _, r := range s.Rules {
		if object := strings.Join(strings.SplitN(r.Ref, "/", 3)[:2], "/"); r.As == "" {
			planned.ruled = append(planned.ruled, object)
		}
	}
	if err != nil {
		planned.says = strings.Split(err.Error(), "\n")
	} else {
		for _, note := range slices.Concat(decided.Actions, decided.Assumed) {
			planned.says = append(planned.says, note.Object.String()+": "+note.Text)
		}
		for _, passed := range decided.Passed {
			planned.says = append(planned.says, passed.ID.String()+": "+passed.Why)
		}
	}
	answers, graph, err := verify.Answering(split(), proofOf(s))
	if err != nil {
		t.Fatal(err)
	}
	return planned, half{answers: byPlace(answers), graph: graph}, true
}

// unlike gives the places of which the halves do not make the same, and what each does not speak of although it has to.
func unlike(planned, judged half) (all []string) {
	places := maps.Clone(planned.answers)
	maps.Copy(places, judged.answers)
	for _, place := range slices.Sorted(maps.Keys(places)) {
		p, v := planned.answers[place], judged.answers[place]
		switch {
		case p.State == "" && planned.refuses && !planned.served: // it stops at the program that would say how the server is called
			continue
		case p.State == "" || v.State == "":
			all = append(all, fmt.Sprintf("%s: the post-renderer: %q, verify: %q", place, p.State, v.State))
			continue
		case p.State == mention.Gone: // verify reads the input
		case p.State == mention.Told && slices.Contains(planned.ruled, p.Object.ID.String()):
		case p.State == mention.Told:
			if !planned.refuses && p.Reader == "" && !planned.speaks(p.Object.ID.String()) {
				all = append(all, place+": the post-renderer says nothing of it")
			}
		case p.State == mention.Claimed && v.State == mention.Open && planned.refuses && planned.speaks(p.Object.ID.String()): // at the call
		case p.State == mention.Open && v.State == mention.Claimed && judged.lacks(v): // verify follows the call, and tells what it lacks
		case p.State != v.State:
			all = append(all, fmt.Sprintf("%s: the post-renderer: %s, verify: %s", place, p.State, v.State))
		}
		isNoted := p.Strength == mention.Address || !planned.refuses
		if p.State == mention.Open && isNoted && !planned.speaks(p.Object.ID.String(), p.Says, p.Name) {
			all = append(all, place+": is open, and the post-renderer is silent")
		}
		if v.State == mention.Open && !judged.finds(v) {
			all = append(all, place+": is open, and verify is silent")
		}
	}
	return all
}

// speaks tells whether a line that the post-renderer prints has all of some words.
func (h half) speaks(words ...string) bool {
	return slices.ContainsFunc(h.says, func(line string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) })
	})
}

// finds tells whether verify prints a place, with its line: an address as a finding, what may be one as an assumption.
func (h half) finds(a mention.Answer) bool {
	line := a.StreamLine()
	return slices.ContainsFunc(h.graph.Findings, func(f verify.Finding) bool {
		return a.Strength == mention.Address && f.Object == a.Object.ID.String() && f.Path == a.Says && f.Line == line
	}) || slices.ContainsFunc(h.graph.Assumptions, func(text string) bool {
		said := a.Strength == mention.May || strings.Contains(text, "as its rule says")
		return said && strings.HasPrefix(text, a.Object.ID.String()) && strings.Contains(text, fmt.Sprintf("%s (line %d)", a.Says, line))
	})
}

// lacks tells whether verify has a client of that object and container, or one that reads it, which it does not prove.
func (h half) lacks(a mention.Answer) bool {
	return slices.ContainsFunc(h.graph.Edges, func(e *verify.Edge) bool {
		isIt := e.Client == a.Object.ID.String() && e.Container == a.Container || e.Client+"/"+e.Container == a.Reader
		return isIt && e.Verdict == verify.NotProven
	})
}
