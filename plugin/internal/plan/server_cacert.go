package plan

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/patch"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/process"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/shell"
)

// trustByCurl lets the calls by curl in a node's own pod trust the CA that the configuration names, where their command
// lines name another. One that cannot be changed where it stands would fail, and is an error.
func trustByCurl(p step, w *recognise.Workload, ca object.Source) error {
	file := path.Join(w.Layout.Abs(serverFolder), fileCA)
	var problems []error
	for _, c := range w.Pod.All() {
		for _, run := range p.seen(c).Runs {
			all := otherCAs(p.In, c, run, ca)
			fresh := map[int]string{}
			for _, at := range all {
				text := or(fresh[at.Word], run.Args[at.Word].Text)
				fresh[at.Word] = text[:at.From] + file + text[at.To:]
			}
			for _, i := range slices.Sorted(maps.Keys(fresh)) {
				if run.Holder != nil || run.Args[i].Field == nil || c.Name != w.Main.Name {
					problems = append(problems, problem.New(problem.InTheWay, "container %q: %s names a CA for curl "+
						"(--cacert), and that of Elasticsearch is %s now", c.Name, run.Name, ca).
						Do("name a file with that CA there, or leave the option out"))
					continue
				}
				p.set(w.Object, argPath(w, run.Args[i]), patch.Str(fresh[i]),
					"the CA of the certificate that the configuration names", linkCurl)
			}
		}
	}
	return errors.Join(problems...)
}

// otherCAs gives where the calls of a command name a CA, each but that one in a Secret or ConfigMap, the last first: so
// each stays where it is while those behind it change.
func otherCAs(in *In, c object.Container, run process.Run, ca object.Source) []shell.Piece {
	var all []shell.Piece
	for _, r := range run.Requests() {
		named, isSet := r.Options["cacert"]
		file := c.Resolve(recognise.Absolute(c, named.Text), in.release)
		if !isSet || r.Insecure || !file.Key() || file.Source == ca || len(named.Written) == 0 {
			continue
		}
		at := named.Written[0]
		text := run.Args[at.Word].Text
		if at.To == 0 {
			at.To = len(text)
		}
		if i := strings.Index(text[at.From:at.To], named.Text); i >= 0 {
			at.From += i
			at.To = at.From + len(named.Text)
		}
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b shell.Piece) int { return b.From - a.From })
	return slices.Compact(all)
}
