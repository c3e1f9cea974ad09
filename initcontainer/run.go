package initcontainer

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/elk-mtls/elk-mtls/initcontainer/internal/config"
	"github.com/elk-mtls/elk-mtls/initcontainer/internal/failure"
	"github.com/elk-mtls/elk-mtls/internal/closest"
	"github.com/elk-mtls/elk-mtls/internal/version"
)

const program = "elk-mtls-init"

// run is the whole program but for the exit.
func run(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report := &reporter{stderr: stderr, terminationLog: config.DefaultTerminationLog()}
	root := rootCommand()
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	addGroup(root, "Run in pods:", ensureCommand(environ, report), keystoreCommand(environ, report))
	addGroup(root, "Run by you:", doctorCommand(environ, report), surveyCommand(environ, report),
		rotateCommand(environ, report),
		renewCommand(environ, report), revokeCommand(environ, report))
	root.AddCommand(versionCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	report.fail(err)
	return failure.Of(err).Code()
}

func rootCommand() *cobra.Command {
	asked := false
	root := &cobra.Command{
		Use:   program,
		Short: "Create Kibana's service token over mutual TLS and keep it in a Secret",
		Long: `elk-mtls-init creates the credential with which Kibana logs in to Elasticsearch, and keeps it in a
Secret. The post-renderer elk-mtls puts the first commands into pods. The others are for you: they read their settings
from the init container of a workload.`,
		Example: `  # is everything that Kibana's login needs in order?
  elk-mtls-init doctor -n elastic deployment/elk-kibana

  # replace the token without an outage
  elk-mtls-init rotate -n elastic deployment/elk-kibana

  # before an uninstall: delete the token in Elasticsearch
  elk-mtls-init revoke -n elastic deployment/elk-kibana`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // cobra's own message has no exit code
		RunE: func(c *cobra.Command, args []string) error {
			if asked {
				return printVersion(c, nil)
			}
			var names []string
			for _, sub := range c.Commands() {
				if sub.IsAvailableCommand() {
					names = append(names, sub.Name())
				}
			}
			all := strings.Join(names, ", ")
			if len(args) == 0 {
				return usage(fmt.Errorf("which command? One of %s", all))
			}
			return usage(fmt.Errorf("unknown command %q, want one of %s%s", args[0], all, closest.Hint(args[0], names)))
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	// cobra's own takes a template, with 4 MB behind it
	root.Flags().BoolVarP(&asked, "version", "v", false, "print the version")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w%s", err, closest.FlagHint(err, c.Flags())))
	})
	return root
}

// addGroup adds commands that the help shows under a title of their own.
func addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
		root.AddCommand(c)
	}
}

func usage(err error) error {
	return failure.New(failure.Usage, err, "elk-mtls-init ensure --help lists the settings; so do the other commands")
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, got %q", c.Name(), args[0]))
	}
	return nil
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE:  printVersion,
	}
}

func printVersion(c *cobra.Command, _ []string) error {
	_, err := fmt.Fprintln(c.OutOrStdout(), program, version.Text())
	return err
}

func lookup(environ []string) func(string) string {
	return func(name string) string {
		for _, entry := range environ {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				return value
			}
		}
		return ""
	}
}
