package plan

import (
	"errors"
	"strings"

	"github.com/elk-mtls/elk-mtls/plugin/internal/catalog"
	"github.com/elk-mtls/elk-mtls/plugin/internal/certificate"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/problem"
	"github.com/elk-mtls/elk-mtls/plugin/internal/recognise"
	"github.com/elk-mtls/elk-mtls/plugin/internal/yaml"
)

// single refuses a second entry where a program takes one.
func (known program) single(in *In, w *recognise.Workload) error {
	at := catalog.Single(known.App)
	if at == "" {
		return nil
	}
	seen := in.seen(w.Main)
	files, err := openFiles(in, w, recognise.ChannelsOf(known.Files, known.Dir, seen).Files...)
	if err != nil {
		return err
	}
	var names, on []string
	for _, f := range files {
		names = append(names, below(f.root, at)...)
	}
	flags, _ := seen.Flags(known.Files.Sets...)
	for _, f := range flags {
		if rest, ok := strings.CutPrefix(f.Name, at+"."); ok && f.Sets {
			name, _, _ := strings.Cut(rest, ".")
			names = append(names, name)
		}
	}
	for _, name := range compact(names) {
		says := known.said(seen, files)(catalog.EntrySwitch(at, name))
		if text, known := in.expand(w.Main, known.Expands, says); known && !strings.EqualFold(text, "false") {
			on = append(on, name)
		}
	}
	if len(on) < 2 {
		return nil
	}
	return problem.New(problem.InTheWay, "%s has several outputs that are enabled (%s), and does not start", w.App,
		strings.Join(on, ", ")).
		Do("remove all but one")
}

// below gives the names of the entries at a place of a file, in dotted or nested spelling.
func below(root *yaml.Node, at string) []string {
	var names []string
	for _, e := range entries(root) {
		rest, isBelow := strings.CutPrefix(e.name, at+".")
		name, field, _ := strings.Cut(rest, ".")
		switch {
		case e.name == at:
			for _, inner := range entries(e.node) {
				if name, field, _ := strings.Cut(inner.name, "."); field != "" || len(entries(inner.node)) > 0 {
					names = append(names, name)
				}
			}
		case isBelow && (field != "" || len(entries(e.node)) > 0):
			names = append(names, name)
		}
	}
	return names
}

// opensStore refuses a store that its password does not open, where the input shows both: a program does not start
// with it.
func opensStore(p step, w *recognise.Workload, c *connection) error {
	store, pass := c.store.get(c.keys.Store), c.store.get(c.keys.StorePass)
	if store == nil || pass == nil || store.Value() == "" || pass.Value() == "" {
		return nil
	}
	text, known := p.expand(w.Main, c.expands, pass.Value())
	file := fileBehind(p.In, w, c, store.Value())
	if !known || !file.Key() || file.State != object.Held || file.Content.Broken {
		return nil
	}
	if _, err := certificate.OpenStore(file.Content.Text, text); errors.Is(err, certificate.ErrStorePassword) {
		return problem.New(problem.UnfitPair, "%s is %s in %s, which %v", store.Key, file.What(), store.Place,
			err).At(pass.Key).
			Do("correct %s", pass.Key)
	}
	return nil
}

// startsWith refuses a value with which a program does not start.
func startsWith(in *In, w *recognise.Workload, c *connection) error {
	s := c.store.get(c.keys.Verify.Name)
	if s == nil || s.Hidden {
		return nil
	}
	if text, known := in.expand(w.Main, c.expands, s.Value()); known && !c.keys.Verify.Takes(text) {
		return problem.New(problem.InTheWay, "%s is %q in %s, which %s does not know: it does not start", s.Key, text,
			s.Place, w.App).At(s.Key).
			Do("remove it")
	}
	return nil
}

// readsKey refuses a private key that its program does not read as it is stored, where the input shows it and a
// certificate is required.
func readsKey(in *In, w *recognise.Workload, c *connection, key object.Source) error {
	known, ok := in.release.Program(w.App)
	held, state, _ := object.Look(in.release, key)
	if !ok || state != object.Held || !in.requires() {
		return nil
	}
	form, ok := certificate.FormOf(held.Text)
	if !ok {
		return nil
	}
	hasPass := c.keys.Hidden || c.keys.KeyPass != "" && c.store.get(c.keys.KeyPass) != nil ||
		c.keys.KeyPassIn != "" && c.store.get(c.keys.KeyPassIn) != nil
	why := known.Runtime.Refuses(recognise.VersionOf(w.Object, w.Main), form, hasPass)
	if why == "" || why == catalog.UnknownVersion {
		return nil
	}
	return problem.New(problem.UnfitPair, "the private key in %s %s", key, why).
		Do("store it in another form, or name another Secret in certificates.clients (ref: %s)", w.ID)
}
