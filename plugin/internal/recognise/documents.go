package recognise

import (
	"github.com/elk-mtls/elk-mtls/plugin/internal/encoded"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
	"github.com/elk-mtls/elk-mtls/plugin/internal/parallel"
	"github.com/elk-mtls/elk-mtls/plugin/internal/words"
)

// Kinds gives the objects of the kinds for which holds does, each of which has one of the words in its name. A
// document that cannot be read is an error only when it says that its kind is one of them.
func (r *Input) Kinds(kindWords []string, holds func(kind string) bool) ([]*object.Object, error) {
	wanted := words.Of(kindWords)
	var all []*object.Object
	for _, doc := range r.where(func(s screened) bool { return holds(s.kind) || s.mayBe() && s.mentions(wanted) }) {
		objects, err := r.In(doc)
		if err != nil && holds(screen(doc).kind) {
			return nil, err
		}
		for _, o := range objects {
			if holds(o.Kind) {
				all = append(all, o)
			}
		}
	}
	return all, nil
}

// Hooks gives the objects that Helm runs as hooks.
func (r *Input) Hooks() ([]*object.Object, error) {
	var hooks []*object.Object
	for _, s := range r.screened {
		if !s.hook {
			continue
		}
		objects, err := r.In(s.doc)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if o.Hook != "" {
				hooks = append(hooks, o)
			}
		}
	}
	return hooks, nil
}

// Naming gives the documents that may hold one of names, in any case, plainly, in base64 or behind escapes, but for
// those for which silent holds by their kind and text.
func (r *Input) Naming(names []string, silent func(kind string, text []byte) bool) []*manifest.Document {
	wanted := words.Folded(names)
	return r.where(func(s screened) bool {
		text := s.doc.Text()
		if silent(s.kind, text) {
			return false
		}
		return wanted.In(text) || encoded.HidesName(text) || encoded.Holds(text, wanted) ||
			s.mayEncode() && s.holdsEncoded(wanted)
	})
}

// where gives the documents for which holds does, of which many are asked side by side, and parsed.
func (r *Input) where(holds func(screened) bool) []*manifest.Document {
	hold := make([]bool, len(r.screened))
	parallel.Do(len(hold), func(i int) {
		s := r.screened[i]
		if hold[i] = holds(s); hold[i] {
			_, _ = s.doc.Root() // In asks again, and takes the error then
		}
	})
	var docs []*manifest.Document
	for i, s := range r.screened {
		if hold[i] {
			docs = append(docs, s.doc)
		}
	}
	return docs
}
