package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/export"
	"github.com/elk-mtls/elk-mtls/plugin/internal/manifest"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// exportOptions are the command line of elk-mtls export.
type exportOptions struct {
	*options
	format string
	out    string
}

var exportFormats = []string{"kustomize", "flux"}

func exportCommand(o *options) *cobra.Command {
	e := &exportOptions{options: o}
	cmd := &cobra.Command{
		Use:   "export --format FORMAT --out DIR [flags] [FILE|-]",
		Short: "Write the changes as patches, for Flux and other tools that cannot run elk-mtls",
		Long: `elk-mtls export reads manifests like the post-renderer and writes patches with which kustomize alone
makes the same changes. They fit this rendering of the chart. They fail if a later rendering lacks an object, or
differs where they change something or in what a patched pod runs and reads. Images, ports, resources and replicas may
differ. Export again after an upgrade of the chart. See docs/flux.md.`,
		Example: `  # a component, for the components of a kustomization
  helm template elk ./chart --skip-tests | elk-mtls export --format kustomize --out elk-mtls

  # the part of a HelmRelease, and what a Kustomization applies beside it
  helm template elk ./chart --skip-tests | elk-mtls export --format flux --out elk-mtls`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return e.run(args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&e.format, "format", "", strings.Join(exportFormats, " | "))
	f.StringVar(&e.out, "out", "", "write into this `DIR`; what an earlier export wrote there is replaced")
	o.settingsFlags(f)
	return cmd
}

func (e *exportOptions) run(args []string) error {
	e.gitOps = true
	var problems []error
	if !slices.Contains(exportFormats, e.format) {
		problems = append(problems, fmt.Errorf("--format: %q is not one of %s%s", e.format,
			strings.Join(exportFormats, ", "), closest.Hint(e.format, exportFormats)))
	}
	if e.out == "" {
		problems = append(problems, errors.New("--out: name the folder for the patches"))
	}
	settings, err := e.settings()
	if err := errors.Join(append(problems, err)...); err != nil {
		return usageError{err}
	}
	input, err := e.manifests(args)
	if err != nil {
		return err
	}
	files, err := e.files(input, settings)
	if err != nil {
		return explained(err, input)
	}
	if err := os.MkdirAll(e.out, 0o755); err != nil { //nolint:gosec // manifests are no secret
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(e.out, f.name), f.text, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// files makes all that is written.
func (e *exportOptions) files(input []byte, settings config.Settings) (newFiles, error) {
	output, _, err := transform(input, settings)
	if err != nil {
		return nil, err
	}
	before, err := allObjects(input)
	if err != nil {
		return nil, err
	}
	after, err := allObjects(output)
	if err != nil {
		return nil, err
	}
	result, err := export.Compare(before, after)
	if err != nil {
		return nil, err
	}
	if len(result.Changes)+len(result.Added) == 0 {
		return nil, errors.New("nothing in the input needs a change: either elk-mtls has patched it already, or it " +
			"contains neither Elasticsearch nor a client of it")
	}
	for _, id := range result.Tests {
		_, _ = fmt.Fprintf(e.stderr, "elk-mtls: %s is a test of the chart and not in the export: its name may be "+
			"another at each rendering\n", id)
	}
	for _, id := range result.Large {
		_, _ = fmt.Fprintf(e.stderr,
			"elk-mtls: %s holds more than 64 KiB: the patches do not notice when its content changes, so compare it "+
				"yourself\n", id)
	}
	name, text, err := e.patches(before, result)
	if err != nil {
		return nil, err
	}
	var objects strings.Builder
	for _, o := range result.Added {
		objects.WriteString("---\n" + strings.TrimPrefix(string(o.Doc.Text()), "---\n"))
	}
	var files newFiles
	files.add(name, []byte(text), 0o644)
	files.add(export.Objects, []byte(objects.String()), 0o644)
	return files, nil
}

// patches gives the one file that is not the same for all formats.
func (e *exportOptions) patches(before []*object.Object, result export.Result) (name, text string, err error) {
	if e.format == "flux" {
		hooks := slices.ContainsFunc(before, func(o *object.Object) bool { return o.Hook != "" })
		text, err = export.HelmRelease(result.Changes, hooks)
		return "helmrelease.yaml", text, err
	}
	text, err = export.Component(result.Changes, result.Added)
	return "kustomization.yaml", text, err
}

func allObjects(text []byte) ([]*object.Object, error) {
	stream, err := manifest.Split(text)
	if err != nil {
		return nil, err
	}
	var all []*object.Object
	for _, doc := range stream.Documents() {
		objects, err := object.In(doc)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	return all, nil
}
