package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

var programs = []string{"elk-mtls", "elk-mtls-init"}

// The images are made by the project's own Dockerfile, with a text in place of each program.
func TestImages(t *testing.T) {
	context := newContext(t, "amd64")
	build(t, context, "amd64")
	for _, program := range programs {
		t.Run(program, func(t *testing.T) {
			index := unpack(t, filepath.Join(context, "dist", program+".oci.tar"))
			manifest, err := index.IndexManifest()
			if err != nil || len(manifest.Manifests) != 1 {
				t.Fatalf("want one image: %v, %v", manifest, err)
			}
			descriptor := manifest.Manifests[0]
			if got, want := descriptor.Annotations["io.containerd.image.name"], "localhost/"+program+":v1"; got != want {
				t.Errorf("name %q, want %q", got, want)
			}
			image, err := index.Image(descriptor.Digest)
			if err != nil {
				t.Fatal(err)
			}
			checkConfig(t, image, program)
			checkLayer(t, image, program)
		})
	}
}

func checkConfig(t *testing.T, image v1.Image, program string) {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" {
		t.Errorf("user %q: Kubernetes must be able to tell that it is not root", config.Config.User)
	}
	if !slices.Equal(config.Config.Entrypoint, []string{"/" + program}) {
		t.Errorf("entry point %q", config.Config.Entrypoint)
	}
	if config.OS != "linux" || config.Architecture != "amd64" {
		t.Errorf("platform %s/%s", config.OS, config.Architecture)
	}
	if !config.Created.Equal(epoch) {
		t.Errorf("created %s", config.Created)
	}
}

func checkLayer(t *testing.T, image v1.Image, program string) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("want one layer: %v, %v", layers, err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewReader(content)
	header, err := files.Next()
	if err != nil {
		t.Fatal(err)
	}
	if header.Name != program || header.Mode != 0o755 || header.Uid != 0 || !header.ModTime.Equal(epoch) {
		t.Errorf("unexpected entry: %+v", header)
	}
	text, err := io.ReadAll(files)
	if err != nil || string(text) != program+" for amd64" {
		t.Errorf("content %q, %v", text, err)
	}
	if extra, err := files.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("more than one file: %v, %v", extra, err)
	}
}

func TestSameProgramsSameBytes(t *testing.T) {
	first, second := newContext(t, "amd64"), newContext(t, "amd64")
	old := time.Now().Add(-1000 * time.Hour)
	for _, program := range programs {
		if err := os.Chtimes(filepath.Join(second, "bin/linux/amd64", program), old, old); err != nil {
			t.Fatal(err)
		}
	}
	build(t, first, "amd64")
	build(t, second, "amd64")
	for _, program := range programs {
		if !bytes.Equal(read(t, first, "dist", program+".oci.tar"), read(t, second, "dist", program+".oci.tar")) {
			t.Errorf("%s: two runs gave two archives", program)
		}
	}
}

func TestSeveralArchitecturesShareAName(t *testing.T) {
	context := newContext(t, "amd64", "arm64")
	build(t, context, "amd64 arm64")
	outer, err := unpack(t, filepath.Join(context, "dist/elk-mtls.oci.tar")).IndexManifest()
	if err != nil || len(outer.Manifests) != 1 {
		t.Fatalf("want one index: %v, %v", outer, err)
	}
	index, err := unpack(t, filepath.Join(context, "dist/elk-mtls.oci.tar")).ImageIndex(outer.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, image := range inner.Manifests {
		got = append(got, image.Platform.String())
	}
	if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(got, want) {
		t.Errorf("platforms %v, want %v", got, want)
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ dockerfile, want string }{
		"another base":         {"FROM alpine AS x", "line 1: FROM: only FROM scratch AS NAME"},
		"no name":              {"FROM scratch", "line 1: FROM: only FROM scratch AS NAME"},
		"a command":            {"FROM scratch AS x\nRUN true", "line 2: RUN: is not understood"},
		"a label":              {"FROM scratch AS x\nLABEL a=b", "line 2: LABEL: is not understood"},
		"a flag":               {"FROM scratch AS x\nCOPY --chmod=0555 a /a", "line 2: COPY: flags [--chmod=0555]"},
		"a folder as target":   {"FROM scratch AS x\nCOPY a /b/", "line 2: COPY: only COPY FILE /FILE"},
		"several sources":      {"FROM scratch AS x\nCOPY a b /c", "line 2: COPY: only COPY FILE /FILE"},
		"another variable":     {"FROM scratch AS x\nCOPY ${X} /x", "line 2: COPY: no variable but"},
		"another argument":     {"FROM scratch AS x\nARG X=1", "line 2: ARG: only ARG TARGETARCH"},
		"a user by name":       {"FROM scratch AS x\nUSER nobody", "line 2: USER: only a numeric"},
		"root":                 {"FROM scratch AS x\nUSER 0:0", "line 2: USER: only a numeric"},
		"a shell entry point":  {"FROM scratch AS x\nENTRYPOINT /x", "line 2: ENTRYPOINT: only the JSON form"},
		"a line before a FROM": {"ARG TARGETARCH\nFROM scratch AS x", "line 1: ARG: comes before the first FROM"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(strings.NewReader(c.dockerfile))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s…", err, c.want)
			}
		})
	}
}

// newContext is a folder with the project's Dockerfile, and a text in place of each program.
func newContext(t *testing.T, archs ...string) string {
	t.Helper()
	context := t.TempDir()
	put(t, read(t, "..", "..", "..", "Dockerfile"), context, "Dockerfile")
	for _, arch := range archs {
		for _, program := range programs {
			put(t, []byte(program+" for "+arch), context, "bin", "linux", arch, program)
		}
	}
	return context
}

func build(t *testing.T, context, archs string) {
	t.Helper()
	args := append([]string{"-context", context, "-archs", archs, "-tag", "v1"}, programs...)
	if err := run(args, io.Discard); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, archive string) v1.ImageIndex {
	t.Helper()
	folder := t.TempDir()
	files := tar.NewReader(bytes.NewReader(read(t, archive)))
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		put(t, content, folder, header.Name)
	}
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func put(t *testing.T, content []byte, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
