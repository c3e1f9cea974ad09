package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/internal/version"
	"github.com/elk-mtls/elk-mtls/plugin/internal/config"
	"github.com/elk-mtls/elk-mtls/plugin/internal/object"
)

// Exit codes.
const (
	exitDone  = 0
	exitError = 1 // could not
	exitUsage = 2 // wrong usage
	exitDiff  = 2 // diff --detailed-exitcode found changes, as with helm diff
)

// usageError marks what the caller did wrong on the command line, in the environment or in the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run is the whole program but for os.Exit. On an error stdout stays empty, except towards Helm 4.
func run(args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o := &options{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr}
	cmd := command(o)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(context.Background())
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errChanged):
		return exitDiff
	}
	if o.host == hostHelm4 {
		_, _ = io.WriteString(stdout, forHelm4(err))
		return exitDone
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		_, _ = fmt.Fprintf(stderr, "elk-mtls: %s\n", line)
	}
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitError
}

const hostHelm4 = "helm4"

// forHelm4 makes an answer that Helm 4 rejects with our words. It drops the stderr of a post-renderer and its exit
// code, but quotes the text behind a document marker that it cannot read.
func forHelm4(err error) string {
	return "x: 1\n--- elk-mtls: " + strings.ReplaceAll(err.Error(), "\n", "; ") + "\n"
}

// options are the command line, with the world around it.
type options struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer

	config       string
	mode         string
	stage        string
	hooks        string
	initImage    string
	report       string
	reportFormat string
	host         string

	allowRendered bool
	gitOps        bool // what calls us renders the chart again at every sync
}

func command(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "elk-mtls [flags] [FILE|-]",
		Short: "Require client certificates in Elasticsearch, on the Basic licence, with the Helm charts you have",
		Long: `elk-mtls reads the manifests that Helm rendered and changes them. Afterwards Elasticsearch requires a
client certificate, every client presents one, probes keep working, and Kibana logs in with a service token that
nobody creates by hand. Documents it does not change pass through byte for byte. It needs no cluster and no network.

What needs a cluster is in the other program, elk-mtls-init: doctor, renew, revoke and rotate.`,
		Example: `  # Helm 4, once: helm plugin install ./dist/helm4/elk-mtls
  helm upgrade --install elk ./chart --post-renderer elk-mtls

  # Helm 3 does not pass hooks to a post-renderer; with a Kibana 8 chart they must not run
  helm upgrade --install elk ./chart --no-hooks --post-renderer elk-mtls --post-renderer-args --hooks=off

  # see the result first
  helm template elk ./chart | elk-mtls --init-image registry.example/elk-mtls-init:1.0 --report - >patched.yaml

  # on a cluster that has clients: none, optional, required
  helm template elk ./chart | elk-mtls --client-authentication optional`,
		Args:          fileOrCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	f := cmd.Flags()
	o.settingsFlags(f)
	f.StringVar(&o.report, "report", "", "write a report of what was done and what is left to do to this `FILE`; - "+
		"is stderr")
	f.StringVar(&o.reportFormat, "report-format", "", "text | json (default text)")
	f.StringVar(&o.host, "host", "", "")
	_ = f.MarkHidden("host")
	// cobra's own flag takes a template, with 4 MB behind it
	asked := f.BoolP("version", "v", false, "print the version")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *asked {
			return printVersion(cmd, nil)
		}
		return o.filter(args)
	}
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(diffCommand(o), exportCommand(o), certsCommand(o), verifyCommand(o), surveyCommand(o), cmpCommand(o),
		versionCommand(), settingsTopic())
	return cmd
}

// flagError says of an unknown flag which one was meant.
func flagError(cmd *cobra.Command, err error) error {
	return usageError{fmt.Errorf("%w%s; see %s --help", err, closest.FlagHint(err, cmd.Flags()), cmd.CommandPath())}
}

// settingsFlags declares the flags of what is patched and how.
func (o *options) settingsFlags(f *pflag.FlagSet) {
	f.StringVar(&o.config, "config", "", "configuration `FILE` (kind MutualTLS); see elk-mtls help settings")
	f.StringVar(&o.mode, "mode", "", strings.Join(config.Modes(), " | ")+" (default cert-token)")
	f.StringVar(&o.stage, "client-authentication", "", "none | optional | required (default required in certificate "+
		"modes)")
	f.StringVar(&o.hooks, "hooks", "", "auto | off; off says that the chart's hooks will not run (--no-hooks)")
	f.StringVar(&o.initImage, "init-image", "", "image of the init container elk-mtls-init")
	f.BoolVar(&o.allowRendered, "allow-rendered-certs", false, "accept manifests that contain the private key of "+
		"Elasticsearch (certificates.rendered: allow)")
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		},
		RunE: printVersion,
	}
}

func printVersion(cmd *cobra.Command, _ []string) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "elk-mtls %s\n", version.Text())
	return err
}

// filter is the post-renderer: everything is read before anything is written.
func (o *options) filter(args []string) error {
	input, unread := o.manifests(args)
	if bytes.Contains(input, []byte(object.ResourceList)) {
		if stream, list, err := resourceList(input); list != nil || err != nil {
			return o.function(stream, list, err)
		}
	}
	settings, err := o.settings()
	if err != nil {
		return usageError{err}
	}
	if unread != nil {
		return unrendered(unread, input, args)
	}
	output, outcome, err := transformSpans(input, settings)
	if err != nil {
		return unrendered(err, input, args)
	}
	if err := o.writeReport(outcome); err != nil {
		return err
	}
	if !outcome.Recognised {
		_, _ = io.WriteString(o.stderr, "elk-mtls: the input contains no Elasticsearch, no Kibana and no known "+
			"client: it passes through unchanged\n")
	}
	return o.write(output)
}

// Room for stdin. Most releases fit into the first. A larger stream gets address space, which is no memory: of it only
// what is read into becomes resident, and nothing is copied as the stream grows.
const (
	roomForRelease = 256 << 10
	roomForStream  = 256 << 20
)

// write gives out the spans, which nobody may have seen before all of them are there.
func (o *options) write(spans [][]byte) error {
	for _, span := range spans {
		if _, err := o.stdout.Write(span); err != nil {
			return err
		}
	}
	return nil
}
