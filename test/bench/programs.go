package main

import (
	"context"
	"debug/buildinfo"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/elk-mtls/elk-mtls/test/measure"
	"github.com/elk-mtls/elk-mtls/test/parts"
)

// program is one of those compared. It reads a stream from stdin, or finds it as input.yaml in a folder beside its own files.
type program struct {
	name, path, version string
	args                []string // DIR is the folder of input.yaml and of the peers' files
	marks               map[string]int
	does                string
}

// A program must not be fast because it does nothing: what stands in its output, and how often for each release at least.
var (
	secured = map[string]int{"elk-mtls.dev/client-authentication": 9}
	patched = map[string]int{"client-certificate": 3, "elasticsearch.ssl.key": 1}
)

// The programs by name.
const (
	plainCopy = "copy"
	ours      = "elk-mtls"
)

//go:embed peers
var peers embed.FS

// programs are those that need not be there, in the order of the tables: the floor, ours, then the peers, which are parts of that name.
func programs() []program {
	return []program{
		{name: plainCopy, does: "moves stdin to stdout: the floor of a Go program"},
		{name: ours, args: []string{"--init-image", "x:1"}, marks: secured,
			does: "secures Elasticsearch, Kibana, Filebeat, Metricbeat and Logstash of each release: nine documents, four of them with a file inside"},
		{name: "kio", marks: patched, does: "a program with kyaml's `kio` pipeline, as kpt and KRM functions are: the patch below, two settings set in the file as YAML"},
		{name: "kustomize", args: []string{"build", "DIR"}, marks: patched,
			does: "the patch below as a strategic merge; it cannot edit the file inside a ConfigMap and replaces it as a whole"},
		{name: "ytt", args: []string{"-f", "-", "--file-mark", "stdin.yml:type=yaml-plain", "-f", "DIR/overlay.yaml"}, marks: patched,
			does: "the patch below as an overlay; two lines appended to the file"},
		{name: "yq", args: []string{"--from-file", "DIR/patch.yq"}, marks: patched, does: "the patch below as an expression; two lines appended to the file"},
		{name: "gojq", args: []string{"--yaml-input", "--yaml-output", "--from-file", "DIR/patch.jq"}, marks: patched, does: "the same"},
	}
}

// prepare builds what is ours and finds or builds the peers. A peer that cannot be had is named, here and in the document.
func (b *bench) prepare(ctx context.Context) error {
	var err error
	if b.launcher, err = measure.NewLauncher(ctx, b.dir); err != nil {
		return err
	}
	for name, source := range map[string]string{plainCopy: "./test/bench/copy", ours: "./plugin/elk-mtls"} {
		if err := measure.Build(ctx, filepath.Join(b.dir, name), source); err != nil {
			return err
		}
	}
	if err := os.CopyFS(b.dir, peers); err != nil {
		return err
	}
	for _, p := range programs() {
		switch p.name {
		case plainCopy, ours:
			p.path = filepath.Join(b.dir, p.name)
		default:
			path, err := parts.Program(ctx, p.name)
			if err != nil {
				fmt.Fprintf(os.Stderr, "ATTENTION: %s is LEFT OUT of the comparison: %v\n", p.name, err)
				b.lacks = append(b.lacks, fmt.Sprintf("%s: %s", p.name, strings.SplitN(err.Error(), "\n", 2)[0]))
				continue
			}
			p.path = path
			p.version = builtOf(path, p.name)
		}
		for i := range p.args {
			p.args[i] = strings.ReplaceAll(p.args[i], "DIR", filepath.Join(b.dir, "peers"))
		}
		b.programs = append(b.programs, p)
	}
	if len(b.lacks) > 0 && parts.Required() {
		return errors.New("peers are missing, and ELK_MTLS_REQUIRE_REAL is set: " + strings.Join(b.lacks, "; "))
	}
	return nil
}

// builtOf gives the module and version that a program was built of: its own, or kyaml's for the pipeline.
func builtOf(path, name string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for _, m := range info.Deps {
		if strings.Contains(m.Path, "/"+name) || name == "kio" && strings.HasSuffix(m.Path, "/kyaml") {
			return m.Path + " " + m.Version
		}
	}
	return info.Main.Path + " " + info.Main.Version
}
