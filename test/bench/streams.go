package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/elk-mtls/elk-mtls/test/corpus"
)

// The streams whose names are no letters.
const (
	manyDocuments = "4,000 documents" // kustomize takes time that grows with the square of the documents
	manyReleases  = "40 releases"
	oneDocument   = "one document of 1 MB"

	fewest = 5_000 // documents, of those that show how time grows
	most   = 40_000
)

// measured is one row of a table for each program.
type measured struct {
	stream
	results map[string]result
}

func (b *bench) write(name string, text []byte, releases int) (stream, error) {
	file := filepath.Join(b.dir, "stream.yaml")
	_ = os.Remove(file) // its other name keeps the old one
	return stream{name, []string{file}, len(text), releases}, os.WriteFile(file, text, 0o600)
}

// all measures everything that the document shows, in its order.
func (b *bench) all(ctx context.Context, renders string) (results, error) {
	var all results
	take := func(s stream, names ...string) error {
		taken, err := b.compare(ctx, s, b.named(names))
		all = append(all, measured{s, taken})
		return err
	}
	add := func(name string, shape []byte, releases int, names ...string) error {
		s, err := b.write(name, shape, releases)
		if err != nil {
			return err
		}
		return take(s, names...)
	}
	everyone := []string{plainCopy, ours, "kio", "kustomize", "ytt", "yq", "gojq"}
	steps := []func() error{
		func() error { return add("S", corpus.S.Stream(), 1, everyone...) },
		func() error { return add("M", corpus.M.Stream(), 1, everyone...) },
		func() error { return add("L", corpus.L.Stream(), 1, plainCopy, ours, "kio", "ytt", "yq", "gojq") },
		func() error {
			return add(manyDocuments, corpus.Growing(4_000).Stream(), 1, plainCopy, ours, "kustomize")
		},
		func() error {
			return add(manyReleases, corpus.Dense.Stream(), corpus.Dense.Releases, plainCopy, ours, "kio", "ytt", "yq", "gojq")
		},
		func() error { return add(oneDocument, corpus.Large(1<<20), 1, plainCopy, ours, "kio") },
		func() error {
			s := b.renderings(ctx, renders)
			if len(s.files) == 0 {
				fmt.Fprintf(os.Stderr, "ATTENTION: REAL RENDERINGS ARE LEFT OUT: none in %s; name their folder by ELK_MTLS_RENDERS\n", renders)
				b.lacks = append(b.lacks, "real renderings: there were none")
				return nil
			}
			return take(s, everyone...)
		},
	}
	for documents := fewest; documents <= most; documents *= 2 {
		steps = append(steps, func() error {
			return add(growth(documents), corpus.Growing(documents).Stream(), 1, plainCopy, ours)
		})
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func growth(documents int) string { return fmt.Sprintf("growth to %d", documents) }

func (b *bench) named(names []string) []program {
	return slices.DeleteFunc(slices.Clone(b.programs), func(p program) bool { return !slices.Contains(names, p.name) })
}

// renderings gives the real renderings that every program takes: elk-mtls refuses those that need a configuration, kustomize those with
// two objects of one name.
func (b *bench) renderings(ctx context.Context, dir string) stream {
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	s := stream{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		own := filepath.Join(b.dir, filepath.Base(file)) // on one file system with what links to it
		if os.WriteFile(own, text, 0o600) != nil {
			continue
		}
		one := stream{name: file, files: []string{own}}
		if !slices.ContainsFunc(b.programs, func(p program) bool { return b.check(ctx, one, p) != nil }) {
			s.files, s.bytes = append(s.files, own), s.bytes+len(text)
		}
	}
	s.name = fmt.Sprintf("%d of %d real renderings", len(s.files), len(files))
	return s
}
