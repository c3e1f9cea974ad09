package plugin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/plan"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/report"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// apply makes the changes of a plan. It reports only what really changed: the rest was in place already.
func apply(stream *manifest.Stream, release *recognise.Release, decided *plan.Plan) (*report.Report, error) {
	r := report.New()
	r.Todo, r.Assumed = lines(decided.Actions), lines(decided.Assumed)
	patched := map[*object.Object]int{}
	touched := map[*manifest.Document]bool{}
	outcomes, err := edit(decided.Changes)
	if err != nil {
		return nil, err
	}
	for i, c := range decided.Changes {
		at, ok := patched[c.Object]
		if !ok {
			at = len(r.Patched)
			patched[c.Object] = at
			touched[c.Object.Doc] = true
			r.Patched = append(r.Patched, describe(slices.Concat(release.Nodes, release.Kibanas, decided.Ruled,
				release.Clients), c.Object))
		}
		if !outcomes[i].Changed {
			r.Patched[at].InPlace++
			continue
		}
		r.Patched[at].Changes = append(r.Patched[at].Changes, change(c, outcomes[i].Before))
	}
	for _, a := range decided.Additions {
		if err := insert(stream, a); err != nil {
			return nil, fmt.Errorf("%s: %w", a.ID, err)
		}
		r.Added = append(r.Added, report.Entry{Object: report.Of(a.ID), Why: a.Why})
	}
	for _, removal := range decided.Removals {
		if err := drop(stream, removal.Object); err != nil {
			return nil, err
		}
		touched[removal.Object.Doc] = true
		r.Removed = append(r.Removed, report.Entry{Object: report.Of(removal.Object.ID), Why: removal.Why})
	}
	for _, p := range decided.Passed {
		r.LeftAlone = append(r.LeftAlone, report.Entry{Object: report.Of(p.ID), Why: p.Why})
	}
	r.Untouched = release.Objects - len(touched)
	slices.SortStableFunc(r.Patched, func(a, b report.Patched) int { return a.Line - b.Line })
	return r, nil
}

func lines(notes []plan.Note) []report.Line {
	all := []report.Line{}
	for _, n := range notes {
		all = append(all, report.Line{About: report.Of(n.Object), Text: n.Text})
	}
	return all
}

// edit makes the edits of each object, and gives the outcome of each.
func edit(changes []plan.Change) ([]patch.Outcome, error) {
	edits := map[*object.Object][]patch.Edit{}
	var objects []*object.Object // in the order of their first change
	for _, c := range changes {
		if edits[c.Object] == nil {
			objects = append(objects, c.Object)
		}
		edits[c.Object] = append(edits[c.Object], c.Edit)
	}
	made := map[*object.Object][]patch.Outcome{}
	for _, o := range objects {
		var err error
		if made[o], err = patch.Apply(o, edits[o]); err != nil {
			return nil, problem.Join(problem.About(o.ID, problem.Advise(err, inBlockStyle)))
		}
	}
	outcomes := make([]patch.Outcome, 0, len(changes))
	for _, c := range changes {
		outcomes = append(outcomes, made[c.Object][0])
		made[c.Object] = made[c.Object][1:]
	}
	return outcomes, nil
}

func describe(recognised []*recognise.Workload, o *object.Object) report.Patched {
	p := report.Patched{Object: report.Of(o.ID), Line: o.Doc.Line()}
	for _, w := range recognised {
		if w.Object == o && p.RecognisedAs == "" {
			p.RecognisedAs, p.Signs = string(w.App), w.Signs
		}
	}
	return p
}

// insert puts a new object in front of its first user: as a document, or as an item of the ResourceList, which is all
// there is.
func insert(stream *manifest.Stream, a plan.Addition) error {
	if root, err := a.Before.Doc.Root(); err == nil && object.Text(root, "kind") == object.ResourceList {
		return a.Before.Doc.Edit(func(root *yaml.Node) error {
			items := object.Get(root, "items")
			at := slices.Index(items.Content, a.Before.Node)
			items.Content = slices.Insert(items.Content, at, a.Node)
			return nil
		})
	}
	text, err := manifest.Print(a.Node)
	if err != nil {
		return err
	}
	stream.InsertBefore(a.Before.Doc, text)
	return nil
}

// drop removes an object: with its document, or as an item of a list.
func drop(stream *manifest.Stream, o *object.Object) error {
	if o.Path == nil {
		stream.Remove(o.Doc)
		return nil
	}
	return o.Doc.Edit(func(root *yaml.Node) error {
		items := object.Get(root, "items")
		items.Content = slices.DeleteFunc(items.Content, func(n *yaml.Node) bool { return n == o.Node })
		return nil
	})
}

// change tells what an edit did, without anything in it that may be a secret.
func change(c plan.Change, before *yaml.Node) report.Change {
	was, is := patch.Shown(c.Edit.Name(), before), patch.Flow(c.Edit.Value)
	if before != nil && c.Edit.Value != nil && before.Kind == yaml.ScalarNode {
		was, is = differingWords(was, is)
	}
	return report.Change{Path: withoutCredentials(c.Edit.String()), Before: withoutCredentials(was),
		After: withoutCredentials(is), Why: c.Why, Link: c.Link}
}

// differingWords drops from two texts the words that both have at the same place: of a script that changes, only the
// addresses are shown, and not what stands beside them.
func differingWords(a, b string) (string, string) {
	wordsA, wordsB := strings.Fields(a), strings.Fields(b)
	if len(wordsA) != len(wordsB) || len(wordsA) < 2 {
		return a, b
	}
	var onlyA, onlyB []string
	for i := range wordsA {
		if wordsA[i] != wordsB[i] {
			onlyA, onlyB = append(onlyA, wordsA[i]), append(onlyB, wordsB[i])
		}
	}
	return strings.Join(onlyA, " "), strings.Join(onlyB, " ")
}

// withoutCredentials masks what stands before the @ of an address: a report holds no secret.
func withoutCredentials(text string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "://")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("://")
		authority := rest
		if end := strings.IndexAny(rest, "/ \t\n\"'`,;"); end >= 0 {
			authority = rest[:end]
		}
		if at := strings.LastIndex(authority, "@"); at >= 0 {
			b.WriteString("…")
			rest = rest[at:]
		}
		text = rest
	}
}
