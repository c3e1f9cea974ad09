package plugin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/internal/closest"
)

// diffOptions are the command line of elk-mtls diff.
type diffOptions struct {
	*options
	format   string
	detailed bool
}

// errChanged is no failure: it makes the exit code that --detailed-exitcode asks for.
var errChanged = errors.New("there are changes")

var diffFormats = []string{"text", "diff", "markdown", "json"}

func diffCommand(o *options) *cobra.Command {
	d := &diffOptions{options: o}
	cmd := &cobra.Command{
		Use:   "diff [flags] [FILE|-]",
		Short: "Show every change that the post-renderer makes: where, before, after, why",
		Long: `elk-mtls diff reads manifests like the post-renderer and shows what it would change: the object and the
field, the old and the new value, the reason, and the documentation behind it. It writes no manifests. Credentials in
addresses are masked.`,
		Example: `  helm template elk ./chart --namespace elastic | elk-mtls diff --config elk-mtls.yaml

  # as a comment on a pull request
  helm template elk ./chart | elk-mtls diff -o markdown >comment.md

  # as a diff that other tools colour
  elk-mtls diff -o diff rendered.yaml | less

  # exit code 2 when there is something to change: is this file patched?
  elk-mtls diff --detailed-exitcode rendered.yaml`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return d.run(args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&d.format, "output", "o", "text", strings.Join(diffFormats, " | ")+"; text has colours on a "+
		"terminal, unless NO_COLOR is set")
	f.BoolVar(&d.detailed, "detailed-exitcode", false, "exit with 2 when there are changes, 0 when there are none, 1 "+
		"on any error")
	o.settingsFlags(f)
	return cmd
}

func (d *diffOptions) run(args []string) error {
	err := d.show(args)
	var usage usageError
	if d.detailed && errors.As(err, &usage) { // 2 has another meaning now
		return usage.error
	}
	return err
}

func (d *diffOptions) show(args []string) error {
	if !slices.Contains(diffFormats, d.format) {
		return usageError{fmt.Errorf("--output: %q is not one of %s%s", d.format, strings.Join(diffFormats, ", "),
			closest.Hint(d.format, diffFormats))}
	}
	settings, err := d.settings()
	if err != nil {
		return usageError{err}
	}
	input, err := d.manifests(args)
	if err != nil {
		return err
	}
	_, outcome, err := transform(input, settings)
	if err != nil {
		return explained(err, input)
	}
	var text []byte
	switch d.format {
	case "diff":
		text = []byte(foldDiff(outcome.Unified(), width(d.stdout)))
	case "markdown":
		text = []byte(outcome.Markdown())
	case "json":
		if text, err = outcome.JSON(); err != nil {
			return err
		}
	default:
		text = []byte(d.diffText(outcome.Diff()))
	}
	if _, err := d.stdout.Write(text); err != nil {
		return err
	}
	if d.detailed && outcome.Changes() > 0 {
		return errChanged
	}
	return nil
}

// diffText is a diff as the terminal shows it.
func (o *options) diffText(text string) string {
	if o.coloured() {
		return paintDiff(text, width(o.stdout))
	}
	return fold(text, width(o.stdout))
}
